// Files that a reader takes from the page.
const pageFiles = (() => {
  const { html } = pageElements;
  const save = (content, type, name) => {
    const blob = content instanceof Blob ? content : new Blob([content], { type });
    const link = html("a", { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  // An SVG document as a picture of twice its size.
  const png = (svg, name) => {
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = html("canvas", { width: 2 * image.naturalWidth, height: 2 * image.naturalHeight });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(blob, "image/png", name), "image/png");
    });
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  };
  // Rows of values as CSV; a missing value is an empty cell.
  const csv = (rows) => {
    const cell = (value) => {
      const text = String(value ?? "");
      return /[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
  };
  // Buttons below a table or a figure. `about` names it to readers who do not see it.
  const tools = (block, about, kinds) => {
    const kept = html("div", { class: "kept" });
    block.replaceWith(kept);
    const row = html("div", { class: "tools" });
    kept.append(block, row);
    Object.entries(kinds).forEach(([kind, act]) => {
      const button = html("button", { type: "button", "aria-label": `${kind} of ${about}`, "data-save": kind.toLowerCase() }, kind);
      button.addEventListener("click", act);
      row.append(button);
    });
  };
  // The Tab key stops at a box only if the box has something to scroll.
  const watchWidth = (box) => {
    const look = () => {
      const rest = box.scrollWidth - box.clientWidth;
      box.classList.toggle("more", rest - box.scrollLeft > 1);
      box.classList.toggle("moved", rest > 1 && box.scrollLeft > 1);
      if (rest > 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    };
    box.addEventListener("scroll", look, { passive: true });
    if (typeof ResizeObserver === "function") {
      const observer = new ResizeObserver(look);
      observer.observe(box);
      if (box.firstElementChild) observer.observe(box.firstElementChild);
    }
    look();
  };
  return { save, png, csv, tools, watchWidth };
})();
