// Runs after the page's own scripts on a committed folder's page: what is on the first screen, and what can be pressed.
(async () => {
  const lines = [];
  const check = (what, holds, detail) => lines.push(holds ? `ok: ${what}` : `FAILED: ${what} (${detail})`);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);
  const equal = (what, is, wanted) => check(what, JSON.stringify(is) === JSON.stringify(wanted), `${JSON.stringify(is)}, not ${JSON.stringify(wanted)}`);
  const root = document.documentElement;
  const box = (element) => element.getBoundingClientRect();
  const isDesk = innerWidth > 1000;
  const fits = (when) => check(`the page is no wider than its window ${when}`, root.scrollWidth <= innerWidth, `${root.scrollWidth} > ${innerWidth}`);

  try {
    // ---- the first screen, with everything folded as it is ----
    fits("at first");
    const verdicts = all(".lead .claims > li");
    const answers = [one("h1"), one(".badge"), ...(verdicts.length ? verdicts : [one(".lead p")])];
    const low = answers.map((element) => Math.round(box(element).bottom)).filter((bottom) => bottom > innerHeight);
    if (isDesk) equal("title, badge and verdicts end on the first screen", low, []);
    else check("title and badge end on the first screen", box(one(".badge")).bottom < innerHeight / 2, box(one(".badge")).bottom);
    const top = Math.round(box(one(".shown")).top);
    check("the picture starts on the first screen", top < innerHeight - (isDesk ? 400 : 60), `${top} of ${innerHeight}`);
    check("the contents are one line", box(one("nav")).height < 50, box(one("nav")).height);
    all("details").forEach((fold) => { fold.open = true; });
    // A ResizeObserver reports in the next frame.
    await new Promise((done) => { setTimeout(done, 200); });
    fits("with everything open");

    // ---- tables ----
    const joints = /[@\-/_\s]/;
    const broken = all("tbody th").filter((head) => {
      // A line of a name ends at a joint.
      const range = document.createRange();
      let before = null;
      return all("*", head).concat(head).flatMap((e) => [...e.childNodes]).filter((n) => n.nodeType === 3).some((text) => {
        return [...text.data].some((c, i) => {
          range.setStart(text, i);
          range.setEnd(text, i + 1);
          const place = { top: range.getBoundingClientRect().top, c };
          const isBroken = before && place.top > before.top + 4 && !joints.test(before.c) && !joints.test(c) && c.trim();
          before = place;
          return isBroken;
        });
      });
    });
    equal("no name of a row is broken but at its joints", broken.map((head) => head.textContent).slice(0, 5), []);
    const scrolling = all(".table").filter((table) => table.scrollWidth > table.clientWidth + 1);
    scrolling.forEach((table) => { table.scrollLeft = 80; });
    const gone = scrolling.filter((table) => Math.abs(box(table.querySelector("tbody th")).left - box(table).left) > 1);
    equal("the first column stays where a table scrolls", gone.map((table) => table.ariaLabel), []);
    equal("what scrolls can be reached by keys", scrolling.filter((table) => table.tabIndex !== 0).length, 0);
    const table = all(".table:not(.verdicts) table").find((t) => t.tBodies[0].rows.length > 1) || one("table");
    const column = table.querySelector("td[data-value]")?.cellIndex;
    const values = () => all("tbody tr", table).map((row) => Number(row.cells[column].dataset.value)).filter((v) => !Number.isNaN(v));
    if (table.tBodies[0].rows.length > 1) {
      const before = values();
      const head = table.tHead.rows[0].cells[column];
      const press = () => { head.querySelector("button").click(); return values(); };
      equal("a head sorts from the largest value", press(), [...before].sort((a, b) => b - a));
      equal("and says so", head.ariaSort, "descending");
      equal("then from the smallest", press(), [...before].sort((a, b) => a - b));
      equal("then as it was", [press(), head.getAttribute("aria-sort")], [before, null]);
    } else {
      ["a", "b", "c", "d"].forEach((part) => check(`one row is not sorted (${part})`, !table.querySelector(".sort"), "a button"));
    }

    // ---- downloads ----
    const saved = [];
    // Reading a blob takes time that a browser without a window does not wait for.
    const texts = [];
    window.Blob = class extends Blob {
      constructor(parts, options) {
        super(parts, options);
        texts.push(parts.join(""));
      }
    };
    HTMLAnchorElement.prototype.click = function () { saved.push(this.download); };
    const tools = (block) => all(".tools button", block.closest(".kept"));
    tools(table).forEach((button) => button.click());
    equal("a table leaves as CSV and LaTeX", saved.map((name) => name.split(".")[1]), ["csv", "tex"]);
    const [csv, tex] = texts;
    equal("the CSV has all rows", csv.trim().split("\n").length, table.rows.length);
    check("the LaTeX is a table", tex.startsWith("\\begin{tabular}") && tex.includes("\\bottomrule"), tex.slice(0, 80));
    const drawn = one(".picture img");
    if (drawn) {
      tools(drawn)[0].click();
      check("a figure leaves as SVG", texts[2].startsWith("<svg"), texts[2].slice(0, 80));
    }

    // ---- thumbnails ----
    const [tile, second] = all(".thumbnails .arm li:not(:empty)")[0].children;
    tile.click();
    const dialog = one("dialog");
    check("a thumbnail opens its image", dialog.open && dialog.textContent.includes(`index${tile.dataset.index}class${tile.dataset.class}`), dialog.textContent);
    check("the image is larger", box(one("dialog .image")).width > 2.5 * box(tile).width, box(one("dialog .image")).width);
    check("and in the window", box(dialog).left >= 0 && box(dialog).right <= innerWidth && box(dialog).bottom <= innerHeight, JSON.stringify(box(dialog)));
    if (second) {
      all("dialog button").find((button) => button.textContent === "Next").click();
      check("next shows the next image", dialog.textContent.includes(`index${second.dataset.index}`), dialog.textContent);
    }
    dialog.close();
    check("one image of an arm is a stop of the keyboard", all(".arm").every((arm) => all("button", arm).filter((b) => b.tabIndex === 0).length <= 1), "more");

    // ---- the dark theme, by pixels ----
    const theme = one("#theme");
    const dress = (name) => { for (let i = 0; i < 3 && root.dataset.theme !== name; i++) theme.click(); };
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const light = (color, filter) => {
      canvas.filter = filter || "none";
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    dress("dark");
    if (drawn) {
      const filter = getComputedStyle(drawn).filter;
      const paper = light(getComputedStyle(document.body).backgroundColor);
      const contrast = (color) => (light(color, filter) + 0.05) / (paper + 0.05);
      check("white becomes the paper", Math.abs(light("#ffffff", filter) - paper) < 0.01, light("#ffffff", filter));
      check("zero is darkest in a heat map", light("#f7fafd", filter) < light("#7fb8dc", filter) && light("#7fb8dc", filter) < light("#083a75", filter), filter);
      check("the first of a sequence can be seen", contrast("#440154") > 3, contrast("#440154"));
      check("text can be read", contrast("#222222") > 7 && contrast("#555555") > 4.5, `${contrast("#222222")} ${contrast("#555555")}`);
    }

    // ---- accessibility, where axe-core is there ----
    if (window.axe) {
      for (const name of ["light", "dark"]) {
        dress(name);
        const { violations } = await axe.run(document, { resultTypes: ["violations"] });
        equal(`axe-core finds nothing in the ${name} theme`,
          violations.map(({ id, help, nodes }) => `${id}: ${help}, ${nodes.length} times, first ${nodes[0].html.slice(0, 160)} ${nodes[0].failureSummary}`), []);
      }
    }
    equal("no error and no warning", window.complaints, []);
  } catch (error) {
    check("the checks come to an end", false, `${error} ${error.stack}`);
  }
  const report = parent.document.createElement("pre");
  report.id = "checks";
  report.textContent = `\n${lines.join("\n")}\n`;
  parent.document.body.replaceChildren(report);
})();
