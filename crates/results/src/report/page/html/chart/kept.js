// On the page of a run, which loads itself again, what the reader chose stays.
(() => {
  const KEY = `pt4al-chart ${location.pathname}`;

  const keep = ({ state }) => {
    const { view, hidden, coloured, ...rest } = state;
    const kept = { ...rest, view: [view.metric, view.rule], hidden: [...hidden], coloured: [...coloured] };
    // Storage may be forbidden; then the chart begins anew.
    try { sessionStorage.setItem(KEY, JSON.stringify(kept)); } catch { /* as it is */ }
  };
  const restore = ({ state }, data) => {
    try {
      const { view: [metric, rule], hidden, coloured, ...rest } = JSON.parse(sessionStorage.getItem(KEY));
      const view = data.views.find((other) => other.metric === metric && other.rule === rule);
      if (!view || (rest.y === "difference" && !view.reference)) return;
      Object.assign(state, rest, { view, hidden: new Set(hidden), coloured: new Set(coloured) });
    } catch { /* nothing was kept */ }
  };

  chartParts.kept = (model, data) => {
    if (!document.getElementById("updated")) return;
    restore(model, data);
    addEventListener("pagehide", () => keep(model));
  };
})();
