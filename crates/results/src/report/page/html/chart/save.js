// Files of what is shown: the picture as SVG and as PNG, the values as CSV.
(() => {
  const { html, svg, words, measure, wrap, marks } = chartParts;
  const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "font-family", "font-size", "font-weight"];

  // A copy that needs no page: light colours on white, below its title, above its legend.
  const standing = (app) => {
    const { plot, drawn, data, model } = app;
    const width = app.width();
    const shown = plot.querySelector("svg");
    const copy = shown.cloneNode(true);
    const legend = drawn.unnamed;
    const samples = legend.map((curve) => marks.sample(data.markers, curve));
    // Computed styles need the elements in the document; nothing is painted before they are gone.
    const stage = html("div", { class: "plot", style: "color-scheme: light; position: absolute; visibility: hidden" }, copy, ...samples);
    plot.append(stage);
    [copy, ...samples].flatMap((root) => [...root.querySelectorAll("*")]).forEach((element) => {
      const style = getComputedStyle(element);
      KEPT.filter((key) => element.closest("text") || !key.startsWith("font"))
        .forEach((key) => element.setAttribute(key, style.getPropertyValue(key)));
    });
    stage.remove();
    [copy, ...samples].flatMap((root) => [...root.querySelectorAll("*")]).forEach((element) => {
      ["style", "class", "data-series", "data-labels", "data-value"].forEach((name) => element.removeAttribute(name));
    });
    copy.querySelectorAll("circle[visibility=hidden]").forEach((ring) => ring.remove());

    const font = { "font-family": "system-ui, sans-serif", fill: "#1c2024" };
    const heading = wrap(data.title || document.querySelector("h1")?.textContent || "", (width - 8) * 0.82);
    const badge = data.badge ? wrap(data.badge, width - 8) : [];
    const { rule_label: rule, warning } = model.state.view;
    const under = wrap(`${words(rule)}. ${app.note()} ${warning || ""}`, width - 8);
    const top = heading.length * 20 + badge.length * 16 + 14;
    const file = svg("svg", { width: width + 24 });
    const page = svg("g", { transform: "translate(12,8)" });
    heading.forEach((line, i) => page.append(svg("text", { ...font, x: 4, y: 16 + i * 20, "font-size": 16, "font-weight": 600 }, line)));
    badge.forEach((line, i) => page.append(svg("text", { ...font, x: 4, y: 16 + heading.length * 20 + i * 16, "font-size": 13, fill: "#586069" }, line)));
    page.append(svg("g", { transform: `translate(0,${top})` }, ...copy.childNodes));
    let [left, y] = [4, top + drawn.height + 12];
    samples.forEach((sample, i) => {
      const lines = wrap(legend[i].name, width - 52);
      const wide = 44 + Math.max(...lines.map((line) => measure(line))) + 20;
      if (left > 4 && left + wide > width) [left, y] = [4, y + 20];
      page.append(svg("g", { transform: `translate(${left},${y})` }, ...sample.childNodes),
        svg("g", { ...font, "font-size": 13 }, marks.text(left + 42, y + 11.5, lines)));
      [left, y] = lines.length > 1 ? [4, y + lines.length * 15 + 5] : [left + wide, y];
    });
    if (samples.length) y += 26;
    page.append(svg("g", { ...font, "font-size": 13, fill: "#586069" }, marks.text(4, y + 12, under)));
    const height = y + under.length * 15 + 20;
    file.setAttribute("height", height);
    file.setAttribute("viewBox", `0 0 ${width + 24} ${height}`);
    file.append(svg("rect", { width: "100%", height: "100%", fill: "#ffffff" }), page);
    return new XMLSerializer().serializeToString(file);
  };

  // Each mean in a row, and each trial that is shown. Numbers are in the unit of the axis.
  const values = (app) => {
    const { model } = app;
    const { view } = model.state;
    const rows = [["metric", "rule", "curve", "labels", "seed", "value", "low", "high", "n"]];
    chartParts.unique(app.drawn.dots.map((dot) => dot.curve)).forEach((curve) => curve.points.forEach((p) => {
      const start = [model.yLabel(), view.rule, curve.name, p.x];
      const ends = p.hasInterval ? [p.low, p.high] : ["", ""];
      rows.push([...start, "", p.y, ...ends, p.n]);
      if (!curve.isGrey && (model.state.y === "seeds" || p.n === 2)) p.trials.forEach((trial) => rows.push([...start, trial.seed, trial.y, "", "", ""]));
    }));
    return pageFiles.csv(rows);
  };

  chartParts.save = (app) => {
    const name = (ending) => `${["curves", app.model.state.view.metric, app.model.state.y].filter((part) => part !== "value").join("-")}.${ending}`;
    const kinds = {
      SVG: () => pageFiles.save(standing(app), "image/svg+xml", name("svg")),
      PNG: () => pageFiles.png(standing(app), name("png")),
      CSV: () => pageFiles.save(values(app), "text/csv", name("csv")),
    };
    const buttons = Object.entries(kinds).map(([kind, act]) => {
      const button = html("button", { type: "button", "data-save": kind.toLowerCase(), "aria-label": `Download the chart as ${kind}` }, kind);
      button.addEventListener("click", () => { app.hide(); act(); });
      return button;
    });
    return html("fieldset", { class: "control saves" }, html("legend", {}, "Download"), html("span", { class: "segments" }, ...buttons));
  };
})();
