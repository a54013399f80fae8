// The chart of the learning curves; without JavaScript there are pictures in its place.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const byId = (id) => document.getElementById(id);
  const place = byId("chart");
  if (!place) return;

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

  const data = JSON.parse(byId("chart-data").textContent);
  const unique = (values) => [...new Set(values)];
  const thousands = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const state = {
    view: data.views[0],
    log: false,
    intervals: "bars",
    hidden: new Set(),
  };
  const labelsOf = (curves) => unique(curves.flatMap((curve) => curve.points.map((p) => p.x))).sort((a, b) => a - b);
  const unit = () => (state.view.metric_label.includes("(%)") ? " %" : "");
  const words = (label) => label.charAt(0).toUpperCase() + label.slice(1);

  // Every curve of the view, hidden or not, in the order in which they are drawn: published ones beneath.
  const series = () => [
    ...data.published.map((curve, i) => ({ ...curve, id: `published-${i}` })).filter((c) => c.metric === state.view.metric)
      .map((c) => ({ ...c, points: c.points.map(([x, y]) => ({ x, y, low: null, high: null, n: null })) })),
    ...state.view.arms.map(({ arm, points }) => ({
      ...data.arms[arm], id: `arm-${arm}`,
      points: points.map(([x, y, low, high, n]) => ({ x, y, low, high, n })),
    })),
  ];
  const shown = () => series().filter((curve) => !state.hidden.has(curve.id));

  // Black and grey are the paper's opposite, not colours.
  const tint = (look) => ({
    class: look.color === "#000000" ? "tinted black" : look.hollow || /^#(..)\1\1$/.test(look.color) ? "tinted gray" : "tinted",
    style: `--tint:${look.color}`,
  });
  const marker = (look, size) => svg("path", {
    d: data.markers[look.marker], transform: `scale(${size})`, "vector-effect": "non-scaling-stroke",
    style: look.hollow ? "fill:var(--paper);stroke:var(--t);stroke-width:1.2px" : "fill:var(--t)",
  });
  const line = (look, d) => svg("path", {
    d, style: `fill:none;stroke:var(--t);stroke-width:${look.width}px`, "stroke-linejoin": "round",
    "stroke-dasharray": look.dashes.length ? look.dashes.join(" ") : null,
  });

  // -- scales --
  const nice = (low, high, most) => {
    const rough = (high - low) / most;
    const ten = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * ten).find((s) => s >= rough * 0.999);
    const ticks = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(+(k * step).toPrecision(12));
    return ticks;
  };
  const logTicks = (low, high, labels) => {
    const of = (digits) => {
      const found = [];
      for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
        found.push(...digits.map((d) => d * 10 ** e).filter((v) => v >= low && v <= high && v >= 1));
      }
      return found;
    };
    return [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 8]].map(of).find((ticks) => ticks.length >= 3) || labels;
  };
  // What is shown, without the ends of intervals that would crush the curves.
  const yRange = (curves) => {
    const points = curves.flatMap((curve) => curve.points);
    if (!points.length) return [0, state.view.most];
    const ys = points.map((p) => p.y);
    let [low, high] = [Math.min(...ys), Math.max(...ys)];
    const spread = Math.max(high - low, state.view.most * 0.02);
    if (state.intervals !== "none") {
      const ends = points.filter((p) => p.low !== null);
      low = Math.max(Math.min(low, ...ends.map((p) => p.low)), low - spread);
      high = Math.min(Math.max(high, ...ends.map((p) => p.high)), high + spread);
    }
    const room = Math.max((high - low) * 0.06, state.view.most * 0.005);
    return [Math.max(low - room, 0), Math.min(high + room, state.view.most)];
  };

  // -- what surrounds the picture --
  const control = (label, ...inside) => html("label", { class: "control" }, html("span", {}, label), ...inside);
  const choice = (id, options, chosen) => {
    const select = html("select", { id });
    options.forEach(([value, text]) => select.append(html("option", { value, selected: value === chosen ? "" : null }, text)));
    return select;
  };
  const segments = (id, label, options, get, set) => {
    const row = html("span", { class: "segments" });
    const press = () => [...row.children].forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.value === get())));
    options.forEach(([value, text]) => {
      const button = html("button", { type: "button", "data-value": value }, text);
      button.addEventListener("click", () => { set(value); press(); draw(); });
      row.append(button);
    });
    press();
    return html("fieldset", { class: "control", id }, html("legend", {}, label), row);
  };
  const controls = html("div", { class: "controls" });
  const plot = html("div", { class: "plot" });
  const tip = html("div", { class: "tip", role: "status", "aria-live": "polite", hidden: "" });
  const legends = html("div", {});
  const note = html("p", { class: "note" });
  const warning = html("div", { class: "warning", role: "note", hidden: "" });
  place.append(controls, plot, legends, note, warning);

  const fill = () => {
    controls.textContent = "";
    const metrics = unique(data.views.map((view) => view.metric));
    const of = (metric) => data.views.filter((view) => view.metric === metric);
    const go = (view) => { state.view = view; hide(); fill(); legend(); draw(); };
    if (metrics.length > 1) {
      const select = choice("metric", metrics.map((m) => [m, words(of(m)[0].metric_label)]), state.view.metric);
      select.addEventListener("change", () => {
        const views = of(select.value);
        go(views.find((view) => view.rule === state.view.rule) || views[0]);
        byId("metric").focus();
      });
      controls.append(control("Metric", select));
    }
    const rules = of(state.view.metric);
    if (rules.length > 1) {
      const select = choice("rule", rules.map((view) => [view.rule, words(view.rule_label)]), state.view.rule);
      select.addEventListener("change", () => {
        go(rules.find((view) => view.rule === select.value));
        byId("rule").focus();
      });
      controls.append(control("Selection rule", select));
    }
    const isOne = labelsOf(series()).length === 1;
    if (!isOne) {
      controls.append(segments("scale", "Labels", [["linear", "linear"], ["log", "log"]],
        () => (state.log ? "log" : "linear"), (value) => { state.log = value === "log"; }));
    }
    if (state.view.arms.some((arm) => arm.points.some((p) => p[2] !== null))) {
      controls.append(segments("intervals", "95 % intervals", ["bands", "bars", "none"].filter((name) => !isOne || name !== "bands").map((name) => [name, name]),
        () => state.intervals, (value) => { state.intervals = value; }));
    }
  };

  const legend = () => {
    legends.textContent = "";
    const group = (heading, curves, name) => {
      if (!curves.length) return;
      const entries = html("div", { class: "entries" });
      const title = html("legend", {}, html("span", {}, heading));
      const press = () => {
        [...entries.children].forEach((b) => b.setAttribute("aria-pressed", String(!state.hidden.has(b.dataset.series))));
        draw();
      };
      if (curves.length > 1) {
        [["all", (id) => state.hidden.delete(id)], ["none", (id) => state.hidden.add(id)]].forEach(([word, change]) => {
          const button = html("button", { type: "button", "data-all": word, "aria-label": `${heading}: show ${word}` }, word);
          button.addEventListener("click", () => { curves.forEach((curve) => change(curve.id)); press(); });
          title.append(button);
        });
      }
      curves.forEach((curve) => {
        const { look } = curve;
        const single = curve.points.length === 1 && curve.points[0].n === null;
        const sample = svg("svg", { viewBox: "0 0 36 14", "aria-hidden": "true", ...tint(look) },
          single ? null : line(look, "M1,7H35"), svg("g", { transform: "translate(18,7)" }, marker(look, 4)));
        const button = html("button", { type: "button", "data-series": curve.id }, sample, html("span", {}, curve.name));
        button.addEventListener("click", () => {
          if (!state.hidden.delete(curve.id)) state.hidden.add(curve.id);
          hide();
          press();
        });
        const light = (id) => () => highlight(id);
        button.addEventListener("pointerenter", light(curve.id));
        button.addEventListener("pointerleave", light(null));
        button.addEventListener("focus", light(curve.id));
        button.addEventListener("blur", light(null));
        entries.append(button);
      });
      legends.append(html("fieldset", { class: `legend ${name}` }, title, entries));
      [...entries.children].forEach((b) => b.setAttribute("aria-pressed", String(!state.hidden.has(b.dataset.series))));
    };
    const all = series();
    group("Samplers", all.filter((curve) => curve.id.startsWith("arm-")), "ours");
    group(data.published_heading, all.filter((curve) => !curve.id.startsWith("arm-")), "published");
  };

  // -- the picture --
  let dots = [];
  let drawn = 0;
  const draw = () => {
    const width = Math.max(plot.clientWidth, 240);
    drawn = width;
    const height = Math.round(Math.min(Math.max(width * 0.56, 280), 480));
    const margin = { left: 54, right: 14, top: 30, bottom: 46 };
    const inside = width - margin.left - margin.right;
    const curves = shown();
    const labels = labelsOf(series());
    const bend = state.log ? Math.log10 : (v) => v;
    const [least, most] = [labels[0], labels[labels.length - 1]];
    const [first, last] = [bend(Math.max(least, 1)), bend(Math.max(most, 1))];
    const aside = last > first ? (last - first) * 0.035 : Math.abs(first) * 0.5 || 1;
    const x = (v) => margin.left + (bend(Math.max(v, 1)) - first + aside) / (last - first + 2 * aside) * inside;
    const [low, high] = yRange(curves);
    const y = (v) => height - margin.bottom - (v - low) / (high - low) * (height - margin.top - margin.bottom);

    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, tabindex: "0", role: "group",
      "aria-label": `Chart: ${state.view.metric_label} over ${state.view.x_label}. Arrow keys go from point to point.` });
    const axes = svg("g", {});
    nice(low, high, 7).forEach((v) => axes.append(
      svg("line", { class: "grid", x1: margin.left, x2: width - margin.right, y1: y(v), y2: y(v) }),
      svg("text", { class: "y-tick", x: margin.left - 8, y: y(v), dy: ".35em", "text-anchor": "end" }, String(v))));
    const fit = Math.max(2, Math.floor((width - margin.left) / 85));
    let ticks = labels;
    if (labels.length > fit || width < 500) {
      ticks = state.log ? logTicks(least, most, labels) : nice(least, most, fit).filter((v) => v > 0 || least === 0);
    }
    if (ticks.length < 2) ticks = labels.length > 1 ? [least, most] : labels;
    let end = -Infinity;
    ticks.forEach((v) => {
      // A label that would meet its neighbour is left out; its line stays.
      const half = thousands(v).length * 3.8 + 5;
      axes.append(svg("line", { class: "grid", x1: x(v), x2: x(v), y1: margin.top, y2: height - margin.bottom }));
      if (x(v) - half < end) return;
      end = x(v) + half;
      axes.append(svg("text", { class: "x-tick", x: x(v), y: height - margin.bottom + 19, "text-anchor": "middle" }, thousands(v)));
    });
    axes.append(
      svg("path", { class: "frame", d: `M${margin.left},${margin.top}V${height - margin.bottom}H${width - margin.right}` }),
      svg("text", { class: "axis-label", x: 4, y: 15 }, words(state.view.metric_label)),
      svg("text", { class: "axis-label", x: (margin.left + width - margin.right) / 2, y: height - 6, "text-anchor": "middle" },
        state.view.x_label + (state.log ? " (log)" : "")));
    const clip = svg("clipPath", { id: "plot-area" }, svg("rect", { x: margin.left, y: margin.top - 6,
      width: width - margin.left - margin.right + 6, height: height - margin.top - margin.bottom + 12 }));
    picture.append(svg("defs", {}, clip), axes);

    dots = [];
    const arms = curves.filter((curve) => curve.id.startsWith("arm-"));
    // With one number of labels all arms stand side by side.
    const isOne = labels.length === 1;
    const gap = isOne ? Math.min(56, inside * 0.8 / Math.max(curves.length, 1)) : Math.min(4, 24 / Math.max(arms.length, 1));
    const singles = curves.filter((curve) => curve.id.startsWith("published-") && curve.points.length === 1);
    const apart = Math.min(8, 1.6 * (x(most) - x(least) || 40) * 0.03 / Math.max(singles.length, 1));
    const size = width < 500 || labels.length > 25 ? 3.2 : 4.2;
    curves.forEach((curve) => {
      const { look, points } = curve;
      const { class: color, style } = tint(look);
      const group = svg("g", { class: `series ${color}`, style, "data-series": curve.id, "clip-path": "url(#plot-area)" });
      const ends = points.filter((p) => p.low !== null);
      const off = (arms.indexOf(curve) - (arms.length - 1) / 2) * gap;
      if (state.intervals === "bands" && ends.length > 1) {
        const to = (side) => ends.map((p) => `${x(p.x).toFixed(1)},${y(p[side]).toFixed(1)}`);
        group.append(svg("path", { class: "band", d: `M${to("high").join("L")}L${to("low").reverse().join("L")}Z`,
          style: "fill:var(--t);fill-opacity:.12" }));
      } else if (state.intervals !== "none") {
        ends.forEach((p) => {
          const at = x(p.x) + off;
          group.append(svg("path", { class: "bar", style: "fill:none;stroke:var(--t);stroke-width:1.2px;stroke-opacity:.75",
            d: `M${at - 2.5},${y(p.high)}h5M${at},${y(p.high)}V${y(p.low)}M${at - 2.5},${y(p.low)}h5` }));
        });
      }
      if (points.length > 1) group.append(line(look, `M${points.map((p) => `${x(p.x).toFixed(1)},${y(p.y).toFixed(1)}`).join("L")}`));
      // Numbers that stand alone, and at the same number of labels, would hide each other.
      const shift = isOne && arms.includes(curve) ? off : singles.includes(curve) ? (singles.indexOf(curve) - (singles.length - 1) / 2) * apart : 0;
      points.forEach((p) => {
        const at = x(p.x) + shift;
        group.append(svg("g", { class: "dot", transform: `translate(${at.toFixed(1)},${y(p.y).toFixed(1)})`,
          "data-labels": p.x, "data-value": p.y }, marker(look, size)));
        dots.push({ curve, p, x: at, y: y(p.y) });
      });
      picture.append(group);
    });
    if (!curves.length) {
      picture.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "Nothing is chosen."));
    }
    const ring = svg("circle", { class: "ring", r: 9, style: "fill:none;stroke:var(--ink);stroke-width:1.5px", visibility: "hidden" });
    picture.append(ring);
    listen(picture);
    const focused = plot.contains(document.activeElement);
    plot.replaceChildren(picture, tip);
    if (focused) picture.focus();
    notes();
  };

  const notes = () => {
    const counts = state.view.arms.flatMap((arm) => arm.points.map((p) => p[4]));
    const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
    const seeds = fewest === most ? `${most} seed${most === 1 ? "" : "s"}` : `${fewest} to ${most} seeds`;
    const of = most > 1 ? `Means over ${seeds} with their 95 % t intervals` : "One seed, so there are no intervals";
    const beyond = most > 1 ? " Intervals that would crush the curves go on beyond the picture." : "";
    note.textContent = `${of}; ${state.view.rule_label}.${beyond}`;
    warning.hidden = !state.view.warning;
    warning.replaceChildren(html("p", {}, state.view.warning || ""));
  };

  // -- the reader's pointer, finger and keys --
  let at = null;
  const highlight = (id) => plot.querySelectorAll(".series").forEach((group) => {
    group.classList.toggle("dimmed", id !== null && !state.hidden.has(id) && group.dataset.series !== id);
  });
  const hide = () => {
    at = null;
    tip.hidden = true;
    plot.querySelector(".ring")?.setAttribute("visibility", "hidden");
    highlight(null);
  };
  const show = (dot) => {
    at = dot;
    const { curve, p } = dot;
    const value = (v) => v.toFixed(2);
    const lines = [`${thousands(p.x)} ${state.view.x_label}: ${value(p.y)}${unit()}`];
    if (p.low !== null) lines.push(`95 % interval ${value(p.low)} to ${value(p.high)}`);
    const same = dots.filter((other) => other !== dot && Math.hypot(other.x - dot.x, other.y - dot.y) < 1).map((other) => other.curve.name);
    lines.push(p.n === null ? data.published_word : `n = ${p.n} seed${p.n === 1 ? "" : "s"}`);
    if (same.length) lines.push(`At the same place: ${same.slice(0, 3).join(", ")}${same.length > 3 ? ` and ${same.length - 3} more` : ""}`);
    tip.replaceChildren(html("b", {}, curve.name), ...lines.map((text) => html("div", {}, text)));
    tip.hidden = false;
    const scale = plot.clientWidth / drawn;
    const left = Math.min(Math.max(dot.x * scale - tip.offsetWidth / 2, 0), plot.clientWidth - tip.offsetWidth);
    const above = dot.y - tip.offsetHeight - 16;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 0 ? above : dot.y + 16}px`;
    const ring = plot.querySelector(".ring");
    ring.setAttribute("cx", dot.x);
    ring.setAttribute("cy", dot.y);
    ring.setAttribute("visibility", "visible");
    highlight(curve.id);
  };
  const listen = (picture) => {
    const nearest = (event) => {
      const box = picture.getBoundingClientRect();
      const [px, py] = [(event.clientX - box.left) * drawn / box.width, (event.clientY - box.top) * drawn / box.width];
      const far = (dot) => (dot.x - px) ** 2 + (dot.y - py) ** 2;
      const best = dots.reduce((a, b) => (a && far(a) <= far(b) ? a : b), null);
      if (best && far(best) < 80 ** 2) show(best); else hide();
    };
    picture.addEventListener("pointermove", nearest);
    picture.addEventListener("pointerdown", nearest);
    picture.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });
    picture.addEventListener("blur", hide);
    picture.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return hide();
      const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step || !dots.length) return;
      event.preventDefault();
      if (!at) return show(dots.find((dot) => dot.curve.id.startsWith("arm-")) || dots[0]);
      const of = (id) => dots.filter((dot) => dot.curve.id === id);
      if (step[0]) {
        const mine = of(at.curve.id);
        show(mine[Math.min(Math.max(mine.findIndex((dot) => dot.p.x === at.p.x) + step[0], 0), mine.length - 1)]);
      } else {
        const ids = unique(dots.map((dot) => dot.curve.id));
        const id = ids[(ids.indexOf(at.curve.id) + step[1] + ids.length) % ids.length];
        const far = (dot) => Math.abs(dot.p.x - at.p.x);
        show(of(id).reduce((a, b) => (far(a) <= far(b) ? a : b)));
      }
    });
  };

  // Bands of many arms hide each other.
  if (state.view.arms.length <= 5 && labelsOf(series()).length > 1) state.intervals = "bands";
  fill();
  legend();
  draw();
  if (typeof ResizeObserver === "function") {
    new ResizeObserver(() => { if (Math.abs(plot.clientWidth - drawn) > 1 && plot.clientWidth >= 240) { hide(); draw(); } }).observe(plot);
  }
})();
