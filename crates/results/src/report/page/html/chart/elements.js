// The chart of the learning curves; without JavaScript there are pictures in its place. Each file adds a part.
// This one: numbers and text as people read them.
const chartParts = (() => {
  const { html, svg } = pageElements;

  const unique = (values) => [...new Set(values)];
  const thousands = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const words = (label) => label.charAt(0).toUpperCase() + label.slice(1);
  const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  const number = (v, digits) => v.toFixed(digits).replace("-", "\u2212");
  // A value with half the width of its interval, if it has one; differences have a sign.
  const value = (p, digits, isDifference) => {
    const sign = isDifference && p.y.toFixed(digits) > 0 ? "+" : "";
    const half = p.hasInterval ? ` ± ${((p.high - p.low) / 2).toFixed(digits)}` : "";
    return `${sign}${number(p.y, digits)}${half}`;
  };

  // The width of a text in the picture, in pixels.
  const pen = document.createElement("canvas").getContext("2d");
  const measure = (text, weight = 400) => {
    pen.font = `${weight} 13px ${getComputedStyle(document.body).fontFamily}`;
    return pen.measureText(text).width;
  };
  // The text in lines of at most that width; words break where names have their joints.
  const wrap = (text, most) => {
    const lines = [""];
    text.split(/(?<=[\s/-])|(?=@)/).forEach((piece) => {
      const longer = lines[lines.length - 1] + piece;
      if (lines[lines.length - 1] && measure(longer.trimEnd()) > most) lines.push(piece);
      else lines[lines.length - 1] = longer;
    });
    return lines.map((line) => line.trim());
  };

  return { html, svg, unique, thousands, words, counted, number, value, measure, wrap };
})();
