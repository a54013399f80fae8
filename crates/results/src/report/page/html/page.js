"use strict";
(() => {
  const byId = (id) => document.getElementById(id);

  // ---- the theme: what the system says, light, dark ----
  const theme = byId("theme");
  const THEMES = ["auto", "light", "dark"];
  let chosen = "auto";
  // Storage may be forbidden; then the choice lasts as long as the page.
  try { chosen = localStorage.getItem("pt4al-theme") || chosen; } catch { /* as it is */ }
  const setTheme = (name) => {
    chosen = THEMES.includes(name) ? name : "auto";
    if (chosen === "auto") document.documentElement.removeAttribute("data-theme");
    else document.documentElement.setAttribute("data-theme", chosen);
    theme.textContent = `Theme: ${chosen}`;
    try { localStorage.setItem("pt4al-theme", chosen); } catch { /* as it is */ }
  };
  setTheme(chosen);
  theme.hidden = false;
  theme.addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length]));

  // ---- a phone's first screen is for the picture ----
  if (innerWidth < 960) document.querySelectorAll(".lead > .warning > details").forEach((fold) => { fold.open = false; });

  // ---- paper: everything is unfolded while it is printed ----
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((fold) => { fold.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((fold) => { fold.open = false; }));

  // ---- contents: the section that is being read; a link opens what is folded ----
  const links = [...document.querySelectorAll("nav a")];
  const section = (link) => byId(link.hash.slice(1));
  const open = () => {
    const target = location.hash && byId(location.hash.slice(1));
    const fold = target && target.querySelector(":scope > details");
    if (fold) fold.open = true;
  };
  addEventListener("hashchange", open);
  links.forEach((link) => link.addEventListener("click", () => {
    const fold = section(link).querySelector(":scope > details");
    if (fold) fold.open = true;
  }));
  open();
  const mark = () => {
    const read = links.filter((link) => section(link).getBoundingClientRect().top < Math.min(innerHeight / 3, 200));
    const current = read[read.length - 1] || links[0];
    links.forEach((link) => link === current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"));
    // In one line, the section that is being read is in view.
    const nav = document.querySelector("nav");
    const [at, all] = [current?.getBoundingClientRect(), nav.getBoundingClientRect()];
    if (at && nav.scrollWidth > nav.clientWidth && (at.left < all.left || at.right > all.right)) nav.scrollLeft += at.left - all.left - 24;
  };
  let marking = false;
  addEventListener("scroll", () => {
    if (marking) return;
    marking = true;
    requestAnimationFrame(() => { marking = false; mark(); });
  }, { passive: true });
  mark();
})();
