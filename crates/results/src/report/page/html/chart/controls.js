// What the reader can choose, above the picture.
(() => {
  const { html, unique, words } = chartParts;
  const control = (label, ...inside) => html("label", { class: "control" }, html("span", {}, label), ...inside);

  const select = (id, label, options, chosen, change) => {
    const list = html("select", { id });
    options.forEach(([value, text]) => list.append(html("option", { value, selected: value === chosen ? "" : null }, text)));
    list.addEventListener("change", () => change(list.value));
    return control(label, list);
  };
  const segments = (id, label, options, chosen, change) => {
    const row = html("span", { class: "segments" });
    options.forEach(([value, text]) => {
      const button = html("button", { type: "button", "data-value": value, "aria-pressed": String(value === chosen) }, text);
      button.addEventListener("click", () => {
        [...row.children].forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
        change(value);
      });
      row.append(button);
    });
    return html("fieldset", { class: "control", id }, html("legend", {}, label), row);
  };

  // Fills the row of controls; those that would change nothing are left out.
  chartParts.controls = (app, place) => {
    const { data, model } = app;
    const { state } = model;
    const rules = (metric) => data.views.filter((view) => view.metric === metric);
    const go = (id, view) => { model.go(view); app.refresh(); document.getElementById(id).focus(); };
    const metrics = unique(data.views.map((view) => view.metric));
    const found = [];
    if (metrics.length > 1) {
      const options = metrics.map((metric) => [metric, words(rules(metric)[0].metric_label)]);
      found.push(select("metric", "Metric", options, state.view.metric,
        (metric) => go("metric", rules(metric).find((view) => view.rule === state.view.rule) || rules(metric)[0])));
    }
    const ofMetric = rules(state.view.metric);
    if (ofMetric.length > 1) {
      found.push(select("rule", "Selection rule", ofMetric.map((view) => [view.rule, words(view.rule_label)]), state.view.rule,
        (rule) => go("rule", ofMetric.find((view) => view.rule === rule))));
    }
    const shown = [["value", "Values"]];
    if (state.view.reference) shown.push(["difference", `Difference to ${data.arms[state.view.reference.arm].name}`]);
    if (model.hasSeeds()) shown.push(["seeds", "Values per seed"]);
    if (shown.length > 1) {
      found.push(select("shown", "Shown", shown, state.y, (y) => { state.y = y; go("shown", state.view); }));
    }
    const isOne = model.labels().length === 1;
    if (!isOne) {
      found.push(segments("scale", "Labels", [["linear", "linear"], ["log", "log"]], state.log ? "log" : "linear",
        (value) => { state.log = value === "log"; app.hide(); app.draw(); }));
    }
    if (model.hasIntervals() && state.y !== "seeds") {
      const kinds = [["bands", "bands"], ["bars", "whiskers"], ["none", "none"]].filter(([kind]) => !isOne || kind !== "bands");
      const chosen = isOne && state.intervals === "bands" ? "bars" : state.intervals;
      found.push(segments("intervals", "95 % intervals", kinds, chosen, (kind) => { state.intervals = kind; app.hide(); app.draw(); }));
    }
    place.replaceChildren(...found);
  };

  // The order of the arms in lists and in rows; a single arm has no such choice.
  chartParts.order = (app) => {
    if (app.model.arms().length < 2) return null;
    return segments("sort", "Order", [["spec", "as in the spec"], ["value", "by final value"]], app.model.state.sort,
      (sort) => { app.model.state.sort = sort; app.hide(); app.draw(); app.legend(); });
  };
})();
