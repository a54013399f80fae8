// The chart of the learning curves; without JavaScript there are pictures in its place. Each file adds a part.
// This one: elements, and numbers and text as people read them.
const chartParts = (() => {
  const SVG = "http://www.w3.org/2000/svg";

  // An element with attributes and children; those that are null are left out.
  const make = (space, name, attributes = {}, ...children) => {
    const element = space ? document.createElementNS(space, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null && value !== undefined) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  };
  const html = (name, attributes, ...children) => make(null, name, attributes, ...children);
  const svg = (name, attributes, ...children) => make(SVG, name, attributes, ...children);

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
