// Runs after the page's own script, does what a reader would do, and leaves a line for each thing looked at.
(() => {
  const lines = [];
  const check = (what, holds, detail) => lines.push(holds ? `ok: ${what}` : `FAILED: ${what} (${detail})`);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const equal = (what, is, wanted) => check(what, JSON.stringify(is) === JSON.stringify(wanted), `${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
  const wanted = WANTED;
  const root = document.documentElement;
  const fits = (when) => check(`the page is no wider than its window ${when}`, root.scrollWidth <= innerWidth,
    `${root.scrollWidth} > ${innerWidth}: ${all("main *").filter((e) => !e.closest(".table, .picture, pre") && e.getBoundingClientRect().right > innerWidth + 1).slice(0, 4).map((e) => e.outerHTML.slice(0, 90))}`);

  // ---- the document ----
  equal("the window has the width that was asked for", innerWidth, wanted.width);
  check("it has a language", root.lang === "en", root.lang);
  equal("one heading of the first level", all("h1").length, 1);
  const levels = all("h1, h2, h3, h4").map((h) => Number(h.tagName[1]));
  check("no level of headings is left out", levels.every((level, i) => i === 0 || level <= levels[i - 1] + 1), levels);
  equal("the answer comes first", one("main").firstElementChild.className, "opening");
  const ids = all("[id]").map((element) => element.id);
  equal("ids are unique", ids.filter((id, i) => ids.indexOf(id) !== i), []);
  equal("links into the page lead somewhere", all("a[href^='#']").filter((a) => !document.getElementById(a.hash.slice(1))).length, 0);
  equal("every control has a name", all("button, select, a").filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).length, 0);
  equal("no markup of the title is alive", window.alive, undefined);
  fits("at first");
  all("details").forEach((details) => { details.open = true; });
  fits("with everything open");

  // ---- contrast, in both themes ----
  const theme = one("#theme");
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgb = (color) => {
    if (!known.has(color)) {
      pixel.clearRect(0, 0, 1, 1);
      pixel.fillStyle = color;
      pixel.fillRect(0, 0, 1, 1);
      known.set(color, [...pixel.getImageData(0, 0, 1, 1).data]);
    }
    return known.get(color);
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (rgb(color)[3] === 255) return color;
    }
    return "white";
  };
  const contrast = (element) => {
    const style = getComputedStyle(element);
    const [a, b] = [luminance(rgb(element.closest("svg") ? style.fill : style.color)), luminance(rgb(ground(element)))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const papers = ["light", "dark"].map((name) => {
    for (let i = 0; i < 3 && root.dataset.theme !== name; i++) theme.click();
    const texts = all("h1, h2, h3, p, li, th, td, a, button, code, .verdict, .warning, .note, .plot text, .forest-plot text");
    const faint = texts.filter((e) => contrast(e) < 4.5);
    check(`text can be read in the ${name} theme`, faint.length === 0, faint.slice(0, 3).map((e) => `${e.outerHTML.slice(0, 80)} ${contrast(e).toFixed(2)}`));
    return getComputedStyle(document.body).backgroundColor;
  });
  check("the button changes the theme", papers[0] !== papers[1] && theme.textContent === "Theme: dark", papers);

  // ---- the chart ----
  const arms = () => all(".plot .series[data-series^='arm-']");
  const values = () => all(".plot .series[data-series^='arm-'] .dot").map((dot) => dot.dataset.value);
  const button = (id) => one(`.entries [data-series='${id}']`);
  const isNarrow = one(".plot").clientWidth < 500;
  const coloured = () => all(".plot .series[data-series^='arm-']:not(.muted)").map((curve) => curve.dataset.series);
  equal("a curve for each arm", arms().length, wanted.arms);
  equal("a curve for each source", all(".plot .series[data-series^='published-']").length, wanted.published);
  equal("a button for each", all(".entries [data-series]").length, wanted.arms + wanted.published);
  equal("grey arms where there are many", wanted.arms - coloured().length, wanted.grey ?? 0);
  const names = () => all(".plot .end").map((name) => name.dataset.series);
  equal("names at the ends of the curves, if they have room", names().sort(),
    wanted.rounds > 1 && !isNarrow && coloured().length <= 6 ? coloured().sort() : []);
  const rows = all(".plot .end text").map((text) => text.getBoundingClientRect().top).sort((a, b) => a - b);
  check("and they are apart", rows.every((y, i) => i === 0 || y - rows[i - 1] > 14), rows);
  if (wanted.rounds === 1) equal("rows have names", all(".plot .row-name:not(.other)").map((name) => name.textContent), (isNarrow && wanted.short) || wanted.names);
  if (wanted.folded) {
    const rows = () => all(".plot .series[data-series^='published-']").length;
    one(".fold").click();
    equal("published numbers unfold", [rows(), all(".published [data-series]").length, one(".fold").ariaExpanded], [wanted.folded, wanted.folded, "true"]);
    one(".fold").click();
    equal("and fold", [rows(), one(".fold").ariaExpanded], [0, "false"]);
  }
  if (wanted.grey) {
    const grey = one(".others [data-series]").dataset.series;
    const before = coloured().length;
    button(grey).click();
    equal("a click colours a grey arm", [coloured().length, coloured().includes(grey), button(grey).ariaPressed], [before + 1, true, "true"]);
    one(`[data-grey='${grey}']`).click();
    equal("and it can be grey again", [coloured().length, document.activeElement.dataset.series], [before, grey]);
  }
  if (wanted.arms > 1) {
    button("arm-0").click();
    equal("a button hides its curve", [arms().length, button("arm-0").ariaPressed], [wanted.arms - 1, "false"]);
    button("arm-0").click();
    equal("and shows it again", [arms().length, button("arm-0").ariaPressed], [wanted.arms, "true"]);
    one(".ours [data-all=none]").click();
    equal("none hides all", [arms().length, all(".ours .entries [aria-pressed=true]").length], [0, 0]);
    check("and says so", one(".plot svg").textContent.includes("Nothing is chosen") || wanted.published > 0, "no word");
    one(".ours [data-all=all]").click();
    equal("all shows all", arms().length, wanted.arms);
    const shown = () => arms().map((curve) => curve.dataset.series);
    one("[data-only='arm-1']").click();
    equal("only shows one arm", [shown(), all(".entries [data-series^='arm-'][aria-pressed=true]").length], [["arm-1"], 1]);
    one(".ours [data-all=all]").click();
    button("arm-0").dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    equal("so do two clicks", shown(), ["arm-0"]);
    one(".ours [data-all=all]").click();
    const order = () => all(".ours [data-series]").map((entry) => entry.dataset.series);
    const last = (id) => Number([...all(`.plot [data-series='${id}'] .dot`)].pop().dataset.value);
    const spec = order();
    one("#sort [data-value=value]").click();
    equal("the largest final value comes first", order(), [...spec].sort((a, b) => last(b) - last(a)));
    one("#sort [data-value=spec]").click();
    equal("and the spec's order again", order(), spec);
  }
  if (wanted.published > 0) {
    button("published-0").click();
    equal("published numbers can be hidden", all(".plot .series[data-series='published-0']").length, 0);
    button("published-0").click();
  }

  const ticks = () => all(".x-tick").map((tick) => Number(tick.getAttribute("x")));
  const dots = () => all(".dot").map((dot) => dot.getAttribute("transform"));
  check("the axes have ticks", ticks().length > 0 && (wanted.rounds === 1 || all(".y-tick").length > 2), `${ticks()}`);
  const labels = all(".dot").map((dot) => Number(dot.dataset.labels));
  if (wanted.rounds > 1) {
    const strange = all(".x-tick").map((tick) => Number(tick.textContent.replace(/,/g, ""))).filter((v) => !labels.includes(v));
    equal("ticks are at numbers of labels that have values", strange, []);
  }
  check("places are numbers", !one(".plot").innerHTML.includes("NaN") && !one(".plot").innerHTML.includes("Infinity"), one(".plot").innerHTML.slice(0, 400));
  if (one("#scale")) {
    const [before, places] = [ticks(), dots()];
    one("#scale [data-value=log]").click();
    check("a logarithmic axis has other places", String(before) !== String(ticks()) && String(places) !== String(dots()), ticks());
    check("and ticks that are apart", ticks().length > 1 && ticks().every((x, i, list) => i === 0 || x - list[i - 1] > 15), ticks());
    equal("its button is pressed", one("#scale [data-value=log]").ariaPressed, "true");
    one("#scale [data-value=linear]").click();
    equal("and back", dots(), places);
  }
  equal("a choice of the axis where it changes anything", Boolean(one("#scale")), wanted.rounds > 1);
  equal("a choice of intervals where there are useful ones", Boolean(one("#intervals")), wanted.seeds > 2);
  if (wanted.seeds === 2) {
    equal("two seeds are dots", [all(".bar, .band").length, all(".plot .series:not(.muted) .trial").length > 2 * coloured().length], [0, true]);
  }
  if (one("#intervals")) {
    const count = (value) => {
      one(`#intervals [data-value=${value}]`).click();
      return [all(".band").length > 0, all(".bar").length > 0];
    };
    if (wanted.rounds > 1) equal("bands", count("bands"), [true, false]);
    equal("no intervals, and bars", ["none", "bars"].map(count), [[false, false], [false, true]]);
    // In the units of the picture: across the whiskers' direction.
    const middle = (bar) => { const box = bar.getBBox(); return wanted.rounds > 1 ? box.x + box.width / 2 : box.y + box.height / 2; };
    const place = (mark) => Number(mark.getAttribute("transform").match(/[\d.]+/g)[wanted.rounds > 1 ? 0 : 1]);
    all(".plot .series").filter((curve) => curve.querySelector(".bar")).forEach((curve) => {
      const [bars, marks] = [[...curve.querySelectorAll(".bar")].map(middle), [...curve.querySelectorAll(".dot")].map(place)];
      check(`whiskers of ${curve.dataset.series} are at their markers`, bars.every((at) => marks.some((mark) => Math.abs(mark - at) < 0.2)), `${bars} ${marks}`);
    });
  }

  const choose = (id, place) => {
    const select = one(id);
    select.value = select.options[place].value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  equal("the metrics and the rules", [one("#metric"), one("#rule")].map((s) => s?.options.length ?? 1), [wanted.metrics, wanted.rules]);
  ["#metric", "#rule"].filter((id) => one(id)).forEach((id) => {
    const before = values();
    choose(id, 1);
    check(`${id} changes the values`, String(before) !== String(values()), values());
    choose(id, 0);
    equal(`${id} and back`, values(), before);
  });
  equal("what can be shown", one("#shown") ? [...one("#shown").options].map((option) => option.value) : ["value"],
    ["value", ...(wanted.reference ? ["difference"] : []), ...(wanted.seeds > 1 ? ["seeds"] : [])]);
  const show = (kind) => choose("#shown", [...one("#shown").options].findIndex((option) => option.value === kind));
  if (wanted.reference) {
    show("difference");
    equal("the arms that are compared", arms().length, wanted.reference.arms);
    equal("their differences", [...all(`.plot [data-series='${wanted.reference.arm}'] .dot`)].map((dot) => Number(dot.dataset.value)), wanted.reference.values);
    equal("published numbers have none", all(".plot .series[data-series^='published-']").length, 0);
    check("the axis says so", one(".plot .axis-label").textContent.startsWith("Difference to "), one(".plot .axis-label").textContent);
  }
  if (wanted.seeds > 1) {
    show("seeds");
    equal("a line for each seed", all(".plot .series[data-series='arm-0'] .seed").length, wanted.rounds > 1 ? wanted.seeds : 0);
    equal("without intervals", all(".bar, .band, #intervals").length, 0);
    show("value");
  }
  fits("with the chart used");

  // ---- files ----
  const saved = [];
  const { Blob } = window;
  window.Blob = class extends Blob {
    constructor(parts, options) { super(parts, options); saved.push(parts.join("")); }
  };
  HTMLAnchorElement.prototype.click = () => {};
  ["svg", "csv"].forEach((kind) => one(`[data-save=${kind}]`).click());
  window.Blob = Blob;
  const file = new DOMParser().parseFromString(saved[0], "image/svg+xml");
  check("the SVG can be read", !file.querySelector("parsererror") && file.documentElement.tagName === "svg", saved[0].slice(0, 200));
  check("and stands by itself", !/var\(|class=|light-dark/.test(saved[0]), saved[0].match(/.{40}(var\(|class=|light-dark).{40}/)?.[0]);
  check("it is on white paper in the dark, too", root.dataset.theme === "dark" && file.querySelector("rect[fill='#ffffff']")
    && ![...file.querySelectorAll("text")].some((text) => luminance(rgb(text.closest("[fill]").getAttribute("fill"))) > 0.25), "no white or no ink");
  // Names are broken into lines, and may be short.
  const text = file.documentElement.textContent.replace(/\s/g, "");
  const has = (name) => Boolean(name) && text.includes(name.replace(/\s/g, ""));
  const entries = all(".entries [data-series^='arm-']").map((entry) => JSON.parse(one("#chart-data").textContent).arms[entry.dataset.series.slice(4)]);
  const missing = entries.filter((arm) => !has(arm.name) && !has(arm.short)).map((arm) => arm.name);
  check("it has the title and all names", has(one("h1").textContent) && missing.length === 0, `${missing}: ${text.slice(0, 300)}`);
  const table = saved[1].trim().split("\n");
  equal("the CSV has a line for each mean, and for trials of two", table.length, 1 + all(".plot .series .dot").length + all(".plot .trial").length);
  equal("and a heading", table[0], "metric,rule,curve,labels,seed,value,low,high,n");

  // ---- values: by pointer and by keys ----
  const words = (line) => (line.matches(".at") ? [...line.querySelectorAll("span")].map((span) => span.textContent).join(" ") : line.textContent);
  const tip = () => (one(".tip").hidden ? "" : [...one(".tip").children].map(words).join(" | "));
  const picture = () => one(".plot svg");
  equal("no value is shown at first", tip(), "");
  const dot = one(".series[data-series='arm-0'] .dot").getBoundingClientRect();
  const pointer = { clientX: dot.x + dot.width / 2, clientY: dot.y + dot.height / 2, bubbles: true, pointerType: "mouse" };
  picture().dispatchEvent(new PointerEvent("pointermove", pointer));
  // Another curve may have its point at the same place.
  if (wanted.tip) equal("the values under the pointer", tip(), wanted.tip);
  else check("there are values under the pointer", tip().includes(" labels, "), tip());
  if (wanted.rounds > 1) {
    const here = [...all(".dot")].filter((other) => other.dataset.labels === one(".series[data-series='arm-0'] .dot").dataset.labels);
    equal("of all that is shown there", all(".tip .at").length, here.length);
  }
  equal("one of them is the nearest", all(".tip .near").length, 1);
  const [box, ring] = [one(".tip").getBoundingClientRect(), one(".ring").getBoundingClientRect()];
  check("they stand beside the point", box.left >= ring.right || box.right <= ring.left, `${box.left} ${box.right} ${ring.left}`);
  check("and in the window", box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= Math.max(innerHeight, box.height), JSON.stringify(box));
  picture().dispatchEvent(new PointerEvent("pointerleave", pointer));
  equal("they go with the pointer", tip(), "");
  const press = (key) => picture().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  picture().focus();
  press("ArrowRight");
  if (wanted.tip) equal("the values of the first point, by keys", tip(), wanted.tip);
  if (wanted.rounds > 1) {
    const first = tip();
    press("ArrowRight");
    check("the arrow goes on", tip() !== first && tip() !== "", tip());
    check("and the tip is in the window", one(".tip").getBoundingClientRect().right <= innerWidth && one(".tip").getBoundingClientRect().left >= 0, "outside");
  }
  press("Escape");
  equal("escape hides them", tip(), "");
  fits("at last");

  // ---- the forest plot ----
  equal("a forest plot where it is wanted", Boolean(one(".forest-plot svg")), Boolean(wanted.forest));
  if (wanted.forest) {
    const rows = () => all(".forest-plot .row");
    const press = (text) => all(".forest button").find((b) => b.textContent === text).click();
    const names = () => rows().map((row) => row.ariaLabel);
    const hint = () => (one(".hint").hidden ? "" : [...one(".hint").children].map((line) => line.textContent).join(" | "));
    equal("a row for each difference", rows().length, wanted.forest.rows);
    const sorted = names();
    press("as in the spec");
    equal("the order of the spec is another one", String(names()) !== String(sorted), wanted.forest.reordered);
    press("by difference");
    equal("and back", names(), sorted);
    equal("no value is shown at first", hint(), "");
    rows()[0].focus();
    check("the row that has the focus tells its value", hint().includes(wanted.forest.first), hint());
    rows()[0].dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true, cancelable: true }));
    equal("arrows go from row to row", document.activeElement.ariaLabel, sorted[1]);
    check("the hint is in the window", one(".hint").getBoundingClientRect().right <= innerWidth && one(".hint").getBoundingClientRect().left >= 0, "outside");
    rows()[1].dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    equal("escape hides it", hint(), "");
    rows()[1].blur();
    if (wanted.forest.measure) {
      const before = sorted.join() + one(".forest h3").textContent;
      press(wanted.forest.measure);
      check("another measure has other values", names().join() + one(".forest h3").textContent !== before, before);
    }
    check("places are numbers", !/NaN|Infinity|undefined/.test(one(".forest").innerHTML.replace(/<script[^]*?<\/script>/, "")), one(".forest-plot").innerHTML.slice(0, 400));
    check("text is inside the picture", all(".forest-plot text").every((text) => {
      const [box, frame] = [text.getBoundingClientRect(), one(".forest-plot svg").getBoundingClientRect()];
      return box.left >= frame.left - 1 && box.right <= frame.right + 1;
    }), all(".forest-plot text").map((text) => text.textContent).join(" | ").slice(0, 300));
    const saved = [];
    HTMLAnchorElement.prototype.click = function () { saved.push(this.download); };
    ["SVG", "CSV"].forEach(press);
    equal("files can be saved", saved.map((name) => name.split(".")[1]), ["svg", "csv"]);
    fits("with the forest plot used");
  }

  equal("nothing was asked of a network", performance.getEntriesByType("resource").map((entry) => entry.name), []);
  equal("no error and no warning", window.complaints, []);
  const report = parent.document.createElement("pre");
  report.id = "checks";
  report.textContent = `\n${lines.join("\n")}\n`;
  parent.document.body.replaceChildren(report);
})();
