// The look of a curve: its colour, its marker, its line, and the sample in lists.
(() => {
  const { svg } = chartParts;

  // Black and grey are the paper's opposite, not colours.
  const tint = ({ look, isGrey }) => ({
    class: isGrey ? "tinted muted" : look.color === "#000000" ? "tinted black"
      : look.hollow || /^#(..)\1\1$/.test(look.color) ? "tinted gray" : "tinted",
    style: `--tint:${look.color}`,
  });
  const marker = (markers, { look, isGrey }, size) => svg("path", {
    d: markers[look.marker], transform: `scale(${isGrey ? size * 0.6 : size})`, "vector-effect": "non-scaling-stroke",
    style: look.hollow ? "fill:var(--paper);stroke:var(--t);stroke-width:1.2px" : "fill:var(--t)",
  });
  const line = ({ look, isGrey }, d) => svg("path", {
    d, style: `fill:none;stroke:var(--t);stroke-width:${isGrey ? 1 : look.width}px`, "stroke-linejoin": "round",
    "stroke-dasharray": look.dashes.length && !isGrey ? look.dashes.join(" ") : null,
  });
  const sample = (markers, curve) => {
    const isSingle = curve.points.length === 1;
    return svg("svg", { viewBox: "0 0 36 14", "aria-hidden": "true", ...tint(curve) },
      isSingle ? null : line(curve, "M1,7H35"), svg("g", { transform: "translate(18,7)" }, marker(markers, curve, 4)));
  };
  const whisker = (d) => svg("path", { class: "bar", d, style: "fill:none;stroke:var(--t);stroke-width:1.2px;stroke-opacity:.75" });
  // A single trial.
  const trial = (x, y) => svg("circle", { class: "trial", cx: x.toFixed(1), cy: y.toFixed(1), r: 2.1,
    style: "fill:var(--t);fill-opacity:.55" });
  const text = (x, y, lines, attributes = {}) => svg("text", { x, y, ...attributes },
    ...lines.map((line, i) => svg("tspan", { x, dy: i ? 15 : 0 }, line)));

  chartParts.marks = { tint, marker, line, sample, whisker, trial, text };
})();
