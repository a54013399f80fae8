// The picture of curves over the number of labels.
(() => {
  const { svg, thousands, words, measure, wrap, marks, scales } = chartParts;
  // Up to this many coloured curves have their names at their ends, unless the picture is narrow.
  const NAMED = 6;

  // The names at the ends; none if they are too many or too long.
  const endNames = (curves, width, isNarrow) => {
    const named = curves.filter((curve) => curve.isArm && !curve.isGrey);
    if (isNarrow || !named.length || named.length > NAMED) return null;
    const widest = (name) => Math.max(...named.map((curve) => measure(name(curve))));
    const name = [(c) => c.name, (c) => c.short || c.name].find((name) => widest(name) < width * 0.3);
    return name && { named, name, width: widest(name), isShort: named.some((curve) => name(curve) !== curve.name) };
  };

  const axes = ({ model }, frame, curves, x, y, [low, high]) => {
    const { state } = model;
    const { width, height, margin, title } = frame;
    const group = svg("g", {});
    scales.nice(low, high, 7).forEach((v) => group.append(
      svg("line", { class: model.isDifference() && v === 0 ? "zero" : "grid", x1: margin.left, x2: width - margin.right, y1: y(v), y2: y(v) }),
      svg("text", { class: "y-tick", x: margin.left - 8, y: y(v), dy: ".35em", "text-anchor": "end" }, String(v).replace("-", "\u2212"))));
    const labels = model.labels();
    const ticks = scales.labelTicks(labels, x);
    const bottom = height - margin.bottom;
    labels.forEach((v) => {
      const isTick = ticks.includes(v);
      if (isTick || labels.length <= 25) group.append(svg("line", { class: "grid", x1: x(v), x2: x(v), y1: isTick ? margin.top : bottom - 4, y2: bottom }));
      if (isTick) group.append(svg("text", { class: "x-tick", x: x(v), y: bottom + 19, "text-anchor": "middle" }, thousands(v)));
    });
    group.append(
      svg("path", { class: "frame", d: `M${margin.left},${margin.top}V${bottom}H${width - margin.right}` }),
      marks.text(4, 15, title, { class: "axis-label" }),
      svg("text", { class: "axis-label", x: (margin.left + width - margin.right) / 2, y: height - 6, "text-anchor": "middle" },
        state.view.x_label + (state.log ? " (log)" : "")));
    return group;
  };

  const drawCurve = ({ data, model }, curve, x, y, size) => {
    const { state } = model;
    const { points } = curve;
    const { class: color, style } = marks.tint(curve);
    const group = svg("g", { class: `series ${color}`, style, "data-series": curve.id, "clip-path": "url(#plot-area)" });
    const path = (list) => `M${list.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join("L")}`;
    const ends = points.filter((p) => p.hasInterval);
    if (state.y === "seeds" && !curve.isGrey) {
      const seeds = chartParts.unique(points.flatMap((p) => p.trials.map((trial) => trial.seed)));
      seeds.forEach((seed) => {
        const values = points.flatMap((p) => p.trials.filter((trial) => trial.seed === seed).map((trial) => [p.x, trial.y]));
        group.append(svg("path", { class: "seed", d: path(values), style: "fill:none;stroke:var(--t);stroke-width:.9px;stroke-opacity:.45" }));
      });
    } else if (state.intervals === "bands" && ends.length > 1 && !curve.isGrey) {
      const to = (side) => ends.map((p) => `${x(p.x).toFixed(1)},${y(p[side]).toFixed(1)}`);
      group.append(svg("path", { class: "band", d: `M${to("high").join("L")}L${to("low").reverse().join("L")}Z`,
        style: "fill:var(--t);fill-opacity:.12" }));
    } else if (state.intervals !== "none" && !curve.isGrey) {
      ends.forEach((p) => group.append(marks.whisker(
        `M${x(p.x) - 2.5},${y(p.high)}h5M${x(p.x)},${y(p.high)}V${y(p.low)}M${x(p.x) - 2.5},${y(p.low)}h5`)));
    }
    if (points.length > 1) group.append(marks.line(curve, path(points.map((p) => [p.x, p.y]))));
    if (state.y === "value" && !curve.isGrey) {
      points.filter((p) => p.n === 2).forEach((p) => p.trials.forEach((trial) => group.append(marks.trial(x(p.x), y(trial.y)))));
    }
    // Single numbers of others may coincide: small marks show how many there are.
    const mark = !curve.isArm && points.length === 1 ? 2.8 : size;
    points.forEach((p) => group.append(svg("g", { class: "dot", transform: `translate(${x(p.x).toFixed(1)},${y(p.y).toFixed(1)})`,
      "data-labels": p.x, "data-value": p.y }, marks.marker(data.markers, curve, mark))));
    return group;
  };

  // Names are ink on paper; a line of the curve's colour leads to each.
  const drawNames = ({ named, name }, x, y, right, span) => {
    const end = (curve) => curve.points[curve.points.length - 1];
    const ordered = [...named].sort((a, b) => end(b).y - end(a).y);
    const places = scales.spread(ordered.map((curve) => y(end(curve).y)), 16, span);
    return ordered.map((curve, i) => {
      const { class: color, style } = marks.tint(curve);
      return svg("g", { class: `end ${color}`, style, "data-series": curve.id },
        svg("path", { d: `M${x(end(curve).x) + 6},${y(end(curve).y)}L${right + 6},${places[i]}H${right + 14}`,
          style: "fill:none;stroke:var(--t);stroke-width:1.5px;stroke-opacity:.8" }),
        svg("text", { x: right + 18, y: places[i], dy: ".35em", class: "end-name" }, name(curve)));
    });
  };

  chartParts.lines = (app, width, isNarrow) => {
    const { model } = app;
    const { state } = model;
    const curves = model.shown();
    const labels = model.labels();
    const names = endNames(curves, width, isNarrow);
    const title = wrap(words(model.yLabel()), width - 8);
    const height = Math.round(Math.min(Math.max(width * 0.56, 280), 480));
    const margin = { left: 54, right: names ? names.width + 26 : 14, top: 15 + 15 * title.length, bottom: 46 };
    const inside = width - margin.left - margin.right;
    const bend = (v) => (state.log ? Math.log10(Math.max(v, 1)) : Math.max(v, 1));
    const [first, last] = [bend(labels[0]), bend(labels[labels.length - 1])];
    const aside = (last - first) * 0.035;
    const x = (v) => margin.left + (bend(v) - first + aside) / (last - first + 2 * aside) * inside;
    const [low, high] = scales.range(model, curves);
    const y = (v) => height - margin.bottom - (v - low) / (high - low) * (height - margin.top - margin.bottom);

    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, height });
    const clip = svg("clipPath", { id: "plot-area" }, svg("rect", { x: margin.left, y: margin.top - 6,
      width: inside + 6, height: height - margin.top - margin.bottom + 12 }));
    picture.append(svg("defs", {}, clip), axes(app, { width, height, margin, title }, curves, x, y, [low, high]));
    const size = width < 500 || labels.length > 25 ? 3.2 : 4.2;
    curves.forEach((curve) => picture.append(drawCurve(app, curve, x, y, size)));
    if (names) picture.append(...drawNames(names, x, y, width - margin.right, [margin.top + 4, height - margin.bottom - 4]));
    const dots = curves.flatMap((curve) => curve.points.map((p) => ({ curve, p, x: x(p.x), y: y(p.y) })));
    const far = (dot, px, py) => Math.hypot(dot.x - px, dot.y - py);
    return { picture, dots, far, reach: 80, height, unnamed: curves.filter((curve) => !names?.named.includes(curve)).reverse(), hasShort: Boolean(names?.isShort), isRows: false,
      isCut: scales.isCut(model, curves, [low, high]) };
  };
})();
