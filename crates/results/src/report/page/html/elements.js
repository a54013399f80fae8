// Elements of the page and of pictures in it.
const pageElements = (() => {
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

  return { SVG, html, svg };
})();
