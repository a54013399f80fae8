// Puts the parts together.
(() => {
  const { html, svg, counted } = chartParts;
  const NARROW = 500;
  const place = document.getElementById("chart");
  if (!place) return;

  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const model = chartParts.model(data);
  const { state } = model;
  const controls = html("div", { class: "controls" });
  const plot = html("div", { class: "plot" });
  const tip = html("div", { class: "tip", role: "status", "aria-live": "polite", hidden: "" });
  const fold = html("button", { type: "button", class: "fold", hidden: "" });
  const legends = html("div", {});
  const below = html("div", { class: "controls below" });
  const note = html("p", { class: "note" });
  const warning = html("div", { class: "warning", role: "note", hidden: "" });
  let width = 0;
  const app = { data, model, plot, drawn: null, width: () => width, isNarrow: () => width < NARROW };

  // How to read what is shown, in sentences.
  app.note = () => {
    const counts = state.view.arms.flatMap((arm) => arm.points.map((p) => p[4]));
    const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
    const seeds = fewest === most ? counted(most, "seed") : `${fewest} to ${most} seeds`;
    const uncompared = model.uncompared().map((curve) => curve.name);
    const said = [
      most === 1 ? "One seed, so there are no intervals." : null,
      most === 2 && state.y === "value" ? `Means over ${seeds}, whose values are the small dots; two seeds give no useful interval.` : null,
      most > 1 && model.isDifference() ? `Mean differences over ${seeds}, paired by seed${most > 2 ? ", with their 95 % t intervals" : ""}.` : null,
      most > 2 && state.y === "value" ? `Means over ${seeds} with their 95 % t intervals.` : null,
      most > 1 && state.y === "seeds" ? `Means over ${seeds}, and each seed by itself.` : null,
      most > 2 && fewest < 3 && state.y === "value" ? "Means over two seeds or one have no interval." : null,
      app.drawn.isCut ? "Intervals that would crush the curves go on beyond the picture." : null,
      uncompared.length ? `Not compared with ${data.arms[state.view.reference.arm].name}: ${uncompared.join(", ")}.` : null,
      app.drawn.hasShort ? data.short_note : null,
    ];
    return said.filter(Boolean).join(" ");
  };
  app.focus = (selector) => legends.querySelector(selector)?.focus();
  app.legend = () => chartParts.legend(app, legends);
  app.draw = () => {
    const wasNarrow = app.isNarrow();
    width = Math.max(plot.clientWidth, 240);
    const drawing = model.labels().length > 1 ? chartParts.lines : chartParts.rows;
    app.drawn = drawing(app, width, app.isNarrow());
    const { picture, folded = 0 } = app.drawn;
    const attributes = { tabindex: "0", role: "group",
      "aria-label": `Chart: ${model.yLabel()} over ${state.view.x_label}. Arrow keys go from point to point.` };
    Object.entries(attributes).forEach(([key, value]) => picture.setAttribute(key, value));
    if (!app.drawn.dots.length) {
      picture.append(svg("text", { x: width / 2, y: app.drawn.height / 2, "text-anchor": "middle" }, "Nothing is chosen."));
    }
    picture.append(svg("circle", { class: "ring", r: 9, style: "fill:none;stroke:var(--ink);stroke-width:1.5px", visibility: "hidden" }));
    app.listen(picture);
    const hadFocus = plot.contains(document.activeElement);
    plot.replaceChildren(picture, tip);
    if (hadFocus) picture.focus();
    fold.hidden = !folded;
    fold.textContent = state.isFoldOpen ? "Hide the published numbers" : `Show ${folded} published numbers`;
    fold.setAttribute("aria-expanded", String(state.isFoldOpen));
    const short = app.isNarrow() && !app.drawn.hasShort && data.short_note ? ` ${data.short_note}` : "";
    note.textContent = `${app.note()}${short} Selection rule: ${state.view.rule_label}.`;
    warning.hidden = !state.view.warning;
    warning.replaceChildren(html("p", {}, state.view.warning || ""));
    if (wasNarrow !== app.isNarrow()) app.legend();
  };
  app.refresh = () => {
    app.hide();
    chartParts.controls(app, controls);
    app.draw();
    app.legend();
  };

  chartParts.reader(app, tip);
  fold.addEventListener("click", () => { state.isFoldOpen = !state.isFoldOpen; app.draw(); app.legend(); });
  below.append(...[chartParts.order(app), chartParts.save(app)].filter(Boolean));
  place.append(controls, plot, fold, note, warning, below, legends);
  // Bands of many arms hide each other.
  if (state.view.arms.length <= 5 && model.labels().length > 1) state.intervals = "bands";
  chartParts.kept(model, data);
  app.refresh();
  if (typeof ResizeObserver === "function") {
    new ResizeObserver(() => {
      if (Math.abs(plot.clientWidth - width) > 1 && plot.clientWidth >= 240) { app.hide(); app.draw(); }
    }).observe(plot);
  }
})();
