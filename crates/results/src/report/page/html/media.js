// Figures leave as SVG and PNG; a thumbnail opens its image.
document.querySelectorAll(".picture").forEach((box) => {
  const image = box.querySelector("img");
  const name = image.dataset.file.replace(/\.svg$/, "");
  const svg = () => new TextDecoder().decode(Uint8Array.from(atob(image.src.split(",")[1]), (c) => c.charCodeAt(0)));
  const kinds = {
    SVG: () => pageFiles.save(svg(), "image/svg+xml", `${name}.svg`),
    PNG: () => pageFiles.png(svg(), `${name}.png`),
  };
  const [csv, tex] = ["csv", "tex"].map((kind) => box.querySelector(`template[data-kind=${kind}]`)?.content.textContent);
  if (csv) kinds.CSV = () => pageFiles.save(csv, "text/csv", `${name}.csv`);
  if (tex) kinds.LaTeX = () => pageFiles.save(tex, "application/x-tex", `${name}.tex`);
  pageFiles.tools(box, "the figure", kinds);
  pageFiles.watchWidth(box);
});

document.querySelectorAll(".thumbnails").forEach((box) => {
  const { html } = pageElements;
  const name = box.dataset.file.replace(/\.svg$/, "");
  const sheet = () => getComputedStyle(box).getPropertyValue("--sheet").trim().replace(/^url\(["']?/, "").replace(/["']?\)$/, "");
  const drawing = box.querySelector("template").content.textContent;
  const svg = () => drawing.replace("SHEET", sheet);
  const arms = [...box.querySelectorAll(".arm")];
  // Where each image stands; the arrows move within an arm, which is one stop of the keyboard.
  const places = new Map();
  arms.forEach((arm) => {
    const rounds = [...arm.querySelectorAll("li")].map((row) => [...row.children]);
    rounds.forEach((row, round) => row.forEach((button, rank) => {
      places.set(button, { arm, rounds, round, rank });
      const { index, class: kind } = button.dataset;
      button.setAttribute("aria-label", `image ${index}${kind ? `, ${kind}` : ""}: round ${round}, rank ${rank + 1}`);
      button.tabIndex = -1;
    }));
    const first = rounds.flat()[0];
    if (first) first.tabIndex = 0;
  });
  const step = (button, key) => {
    const { rounds, round, rank } = places.get(button);
    if (key === "ArrowLeft") return rounds[round][rank - 1];
    if (key === "ArrowRight") return rounds[round][rank + 1];
    if (key === "Home") return rounds[round][0];
    if (key === "End") return rounds[round][rounds[round].length - 1];
    const near = (row) => row && (row[rank] || row[row.length - 1]);
    if (key === "ArrowUp") return near(rounds[round - 1]);
    if (key === "ArrowDown") return near(rounds[round + 1]);
    return null;
  };
  box.addEventListener("keydown", (event) => {
    const button = places.has(event.target) && step(event.target, event.key);
    if (!button) return;
    event.preventDefault();
    focusOn(button);
  });
  const focusOn = (button) => {
    places.get(button).rounds.flat().forEach((other) => { other.tabIndex = other === button ? 0 : -1; });
    button.focus();
  };

  const image = html("div", { class: "image", role: "img" });
  const facts = html("dl", {});
  const [previous, next] = [["Previous", "ArrowLeft"], ["Next", "ArrowRight"]].map(([text, key]) => {
    const button = html("button", { type: "button", "data-step": key }, text);
    button.addEventListener("click", () => show(step(open, key)));
    return button;
  });
  const close = html("button", { value: "close", autofocus: "" }, "Close");
  const dialog = html("dialog", { class: "sheet", "aria-label": "Image" }, image, facts, html("form", { method: "dialog" }, previous, next, close));
  box.append(dialog);
  let open = null;
  const show = (button) => {
    if (!button) return;
    open = button;
    const { arm, round, rank } = places.get(button);
    const { index, class: kind } = button.dataset;
    image.style.cssText = button.style.cssText;
    const side = Math.max(...["--w", "--h"].map((side) => Number(button.style.getPropertyValue(side))));
    image.style.setProperty("--scale", Math.min(innerWidth - 80, innerHeight - 320, 384) / side);
    image.setAttribute("aria-label", `image ${index}`);
    const rows = [["index", index], ["class", kind || "not known"], ["arm", arm.dataset.arm], ["round", round], ["rank", rank + 1]];
    facts.replaceChildren(...rows.flatMap(([term, value]) => [html("dt", {}, term), html("dd", {}, String(value))]));
    previous.disabled = !step(button, "ArrowLeft");
    next.disabled = !step(button, "ArrowRight");
    if (!dialog.open) dialog.showModal();
  };
  box.addEventListener("click", (event) => {
    if (places.has(event.target)) show(event.target);
    // Outside of what is in the dialog is its backdrop.
    else if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => open && focusOn(open));
  dialog.addEventListener("keydown", (event) => {
    const button = event.key.startsWith("Arrow") && step(open, event.key);
    if (button) show(button);
  });
  pageFiles.tools(box.querySelector(".arms"), "the thumbnails", {
    SVG: () => pageFiles.save(svg(), "image/svg+xml", `${name}.svg`),
    PNG: () => pageFiles.png(svg(), `${name}.png`),
  });
});
