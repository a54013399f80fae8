// The picture of a single number of labels: a row for each arm, values to the right.
(() => {
  const { svg, thousands, words, value, measure, wrap, marks, scales } = chartParts;
  // More published numbers are folded.
  const UNFOLDED = 6;

  const drawRow = ({ data, model }, row, x, frame) => {
    const { state } = model;
    const { curve, p, middle } = row;
    const { class: color, style } = marks.tint(curve);
    const group = svg("g", { class: `series ${color}`, style, "data-series": curve.id },
      svg("line", { class: "grid", x1: frame.left, x2: frame.right, y1: middle, y2: middle }));
    const inside = (v) => Math.min(Math.max(x(v), frame.left), frame.right);
    if (state.y === "seeds" && p.trials.length || p.n === 2) {
      p.trials.forEach((trial) => group.append(marks.trial(x(trial.y), middle)));
    } else if (p.hasInterval && state.intervals !== "none") {
      const cap = (v) => (inside(v) === x(v) ? `M${x(v)},${middle - 4}v8` : "");
      group.append(marks.whisker(`${cap(p.low)}${cap(p.high)}M${inside(p.low)},${middle}H${inside(p.high)}`));
    }
    const name = marks.text(frame.nameAt, row.nameTop, row.lines, { class: curve.isArm ? "row-name" : "row-name other" });
    group.append(name,
      svg("g", { class: "dot", transform: `translate(${x(p.y).toFixed(1)},${middle.toFixed(1)})`, "data-labels": p.x, "data-value": p.y },
        marks.marker(data.markers, curve, 4.6)),
      svg("text", { class: curve.isArm ? "row-value" : "row-name other", x: frame.right + 14, y: middle, dy: ".35em" }, row.value));
    return group;
  };

  chartParts.rows = (app, width, isNarrow) => {
    const { model, state = model.state } = app;
    const published = model.published().filter(model.isShown);
    const isFolded = published.length > UNFOLDED && !state.isFoldOpen;
    const curves = [...model.arms().filter(model.isShown), ...(isFolded ? [] : published)];
    const naming = (curve) => (isNarrow && curve.short) || curve.name;
    const values = curves.map((curve) => (curve.isReference ? "reference" : value(curve.points[0], 1, model.isDifference())));
    const widest = (texts, weight) => Math.max(0, ...texts.map((text) => measure(text, weight)));
    // Long names stand above their rows, others before them.
    const before = Math.min(widest(curves.map(naming)), width * 0.32);
    const isAbove = isNarrow || curves.some((curve) => wrap(naming(curve), before).length > 2);
    const [left, right] = [isAbove ? 4 : before + 18, width - widest(values, 600) - 16];
    let at = 8;
    const rows = curves.map((curve, i) => {
      const lines = wrap(naming(curve), isAbove ? width - 8 : before);
      const tall = isAbove ? lines.length * 15 + 24 : Math.max(lines.length * 15 + 12, 32);
      const middle = isAbove ? at + lines.length * 15 + 10 : at + tall / 2;
      const nameTop = isAbove ? at + 12 : middle - (lines.length - 1) * 7.5 + 4.5;
      at += tall;
      return { curve, p: curve.points[0], value: values[i], lines, middle, nameTop };
    });
    const [low, high] = scales.range(model, curves);
    const x = (v) => left + (v - low) / (high - low) * (right - left);
    const bottom = at + 4;
    const labels = curves.length ? model.labels()[0] : null;
    const title = wrap(`${words(model.yLabel())}${labels === null ? "" : ` at ${thousands(labels)} ${state.view.x_label}`}`, width - 8);
    const height = bottom + 28 + 15 * title.length;

    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, class: "rows" });
    scales.nice(low, high, Math.max(2, Math.floor((right - left) / 70))).forEach((v) => picture.append(
      svg("line", { class: model.isDifference() && v === 0 ? "zero" : "grid", x1: x(v), x2: x(v), y1: 4, y2: bottom }),
      svg("text", { class: "x-tick", x: x(v), y: bottom + 17, "text-anchor": "middle" }, String(v).replace("-", "\u2212"))));
    picture.append(svg("path", { class: "frame", d: `M${left},${bottom}H${right}` }),
      marks.text((left + right) / 2, bottom + 37, title, { class: "axis-label", "text-anchor": "middle" }));
    rows.forEach((row) => picture.append(drawRow(app, row, x, { left, right, nameAt: 4 })));
    const dots = rows.map(({ curve, p, middle }) => ({ curve, p, x: x(p.y), y: middle }));
    const far = (dot, px, py) => Math.abs(dot.y - py);
    const folded = published.length > UNFOLDED ? published.length : 0;
    return { picture, dots, far, reach: 24, height, unnamed: [], hasShort: curves.some((curve) => naming(curve) !== curve.name), isRows: true, folded,
      isCut: scales.isCut(model, curves, [low, high]) };
  };
})();
