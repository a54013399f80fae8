// Files that a reader takes from the page.
const pageFiles = (() => {
  const save = (content, type, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  // An SVG document as a picture of twice its size.
  const png = (svg, name) => {
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2 * image.naturalWidth, 2 * image.naturalHeight];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(blob, "image/png", name), "image/png");
    });
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  };
  // Buttons below a table or a figure; `of` says of what they are to who does not see it.
  const tools = (block, about, kinds) => {
    const kept = document.createElement("div");
    kept.className = "kept";
    block.replaceWith(kept);
    const row = document.createElement("div");
    row.className = "tools";
    kept.append(block, row);
    Object.entries(kinds).forEach(([kind, act]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = kind;
      button.setAttribute("aria-label", `${kind} of ${about}`);
      button.dataset.save = kind.toLowerCase();
      button.addEventListener("click", act);
      row.append(button);
    });
  };
  // What is no wider than its place needs no stop of the keyboard.
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
  return { save, png, tools, watchWidth };
})();
