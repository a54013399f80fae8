// Forest plots of paired differences; without JavaScript there is a picture in the place of each.
(() => {
  const { SVG, html, svg } = pageElements;
  const FAMILY = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, 'DejaVu Sans', sans-serif";
  const pen = document.createElement("canvas").getContext("2d");
  const long = (text, size, weight = 400) => {
    pen.font = `${weight} ${size}px ${FAMILY}`;
    return pen.measureText(text).width;
  };
  const wrap = (text, size, limit, weight = 400) => text.split(" ").reduce((lines, word) => {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length && long(longer, size, weight) <= limit) lines[lines.length - 1] = longer;
    else lines.push(word);
    return lines;
  }, []);

  const SIZE = 14;
  const LINE = 20;
  const FILLED = "significant after Holm's correction (*)";
  const HOLLOW = "not significant, or not tested";

  // One measure as a picture of this width. `color` gives the colour of a variable of the page; a picture that leaves the
  // page has title and caption in it.
  const picture = (effects, { width, color, byEffect, leaves }) => {
    const { axis: [low, high], groups } = effects;
    const all = groups.flatMap((group) => group.rows);
    const whole = (row) => (row.mark ? `${row.name} ${row.mark}` : row.name);
    const names = Math.max(...all.map((row) => long(whole(row), SIZE)));
    const numbers = Math.max(...all.map((row) => long(row.shown, SIZE)));
    // Where names would take the room of the axis, each stands above its row.
    const above = width < 500 || names > width * 0.45;
    const pad = leaves ? 20 : 4;
    const left = above ? pad + 8 : pad + names + 22;
    const right = width - pad - numbers - 16;
    const x = (value) => left + (Math.min(Math.max(value, low), high) - low) / (high - low) * (right - left);

    // Text that crosses the lines of ticks has a rim in the colour of the paper.
    const halo = `;paint-order:stroke;stroke:${color("--paper")};stroke-width:4px;stroke-linejoin:round`;
    const words = (text, at, y, { size = SIZE, ink = "--ink", anchor = null, weight = null, over = false } = {}) => svg("text", {
      x: at, y, dy: ".35em", "text-anchor": anchor, "font-size": size, "font-weight": weight,
      style: `fill:${color(ink)}${over ? halo : ""}`,
    }, text);
    let y = leaves ? 20 : 0;
    const lines = (text, options = {}) => {
      const { size = SIZE, weight = 400 } = options;
      return wrap(text, size, width - 2 * pad, weight).map((line) => {
        y += size * 1.4;
        return words(line, pad, y - size * 0.7, options);
      });
    };
    const stroke = (d, ink, wide) => svg("path", { d, style: `fill:none;stroke:${color(ink)};stroke-width:${wide}px` });
    const marker = (at, middle, filled) => svg("circle", { cx: at, cy: middle, r: 5,
      style: `fill:${color(filled ? "--effect" : "--paper")};stroke:${color("--effect")};stroke-width:2px` });

    const head = leaves
      ? [...lines(`${document.querySelector("h1").textContent}: ${effects.title}`, { size: 19, weight: 600 }), ...[effects.subtitle, effects.badge].filter((t) => t).flatMap((t) => lines(t))]
      : [];
    const top = y + 6;
    const drawn = groups.flatMap((group) => {
      y += 10;
      const heading = lines(group.heading, { weight: 600, over: true });
      y += 2;
      const rows = byEffect ? [...group.rows].sort((a, b) => b.mean - a.mean) : group.rows;
      return [...heading, ...rows.map((row) => {
        const start = y;
        const fits = long(whole(row), SIZE) <= width - 2 * pad;
        const name = above && !fits ? [row.name, row.mark] : [whole(row)];
        y += above ? name.length * LINE : 4;
        const middle = y + LINE / 2;
        y = middle + LINE / 2 + (above ? 2 : 4);
        const label = name.map((line, i) => words(line, pad, above ? start + (i + 0.5) * LINE : middle, { over: above }));
        const [from, to] = row.interval || [row.mean, row.mean];
        const end = (value, beyond, side) => (beyond
          ? svg("path", { d: `M${x(value)},${middle}l${side * 8},-4v8Z`, style: `fill:${color("--effect")}` })
          : stroke(`M${x(value)},${middle - 4}v8`, "--effect", 2));
        const whisker = row.interval
          ? [stroke(`M${x(from)},${middle}H${x(to)}`, "--effect", 2), end(from, from < low, 1), end(to, to > high, -1)] : [];
        const g = svg("g", { class: "row", tabindex: leaves ? null : "0", role: "img", "aria-label": `${group.heading}: ${row.words.join("; ")}` },
          leaves ? null : svg("rect", { class: "hit", x: 1, y: start, width: width - 2, height: y - start, rx: 4 }),
          ...label, ...whisker, marker(x(row.mean), middle, row.significant), words(row.shown, right + 16, middle));
        g.effect = { row, x: x(row.mean), y: middle };
        return g;
      })];
    });
    const bottom = y + 4;
    // Ticks whose labels would meet are left out; zero stays.
    const zero = Math.max(effects.ticks.findIndex(([value]) => value === 0), 0);
    const room = Math.max(...effects.ticks.map(([, label]) => long(label, SIZE))) + 12;
    const step = effects.ticks.length > 1 ? x(effects.ticks[1][0]) - x(effects.ticks[0][0]) : room;
    const each = Math.max(Math.ceil(room / step), 1);
    const ticks = effects.ticks.filter((_, i) => (i - zero) % each === 0);
    const scale = ticks.flatMap(([value, label]) => [
      stroke(`M${x(value)},${top}V${bottom}`, "--grid", 1), words(label, x(value), bottom + 12, { ink: "--faint", anchor: "middle" })]);
    scale.push(stroke(`M${x(0)},${top}V${bottom}`, "--ink", 1.5));
    y = bottom + 24;
    const label = wrap(effects.x_label, SIZE, width - 2 * pad);
    const half = Math.max(...label.map((line) => long(line, SIZE))) / 2;
    const center = Math.min(Math.max((left + right) / 2, pad + half), width - pad - half);
    const under = label.map((line) => {
      y += LINE;
      return words(line, center, y - LINE / 2, { anchor: "middle" });
    });
    y += 6;
    let at = pad;
    y += LINE;
    const legend = [[true, FILLED], [false, HOLLOW]].flatMap(([filled, text]) => {
      if (at > pad && at + 20 + long(text, SIZE) > width - pad) [at, y] = [pad, y + LINE];
      const entry = [marker(at + 7, y - LINE / 2, filled), words(text, at + 20, y - LINE / 2, { ink: "--faint" })];
      at += 20 + long(text, SIZE) + 24;
      return entry;
    });
    y += 6;
    const caption = leaves ? lines(effects.caption, { ink: "--faint", size: 13 }) : [];
    const height = Math.ceil(y + (leaves ? 20 : 2));
    const paper = leaves ? svg("rect", { width, height, style: `fill:${color("--paper")}` }) : null;
    return svg("svg", { xmlns: SVG, viewBox: `0 0 ${width} ${height}`, width, height, role: leaves ? "img" : "group",
      "aria-label": `${effects.title}. ${effects.x_label}`, "font-family": FAMILY },
    paper, ...head, ...scale, ...drawn, ...under, ...legend, ...caption);
  };

  // Downloads have light colours, whatever the theme of the page.
  const light = (place) => (name) => {
    const probe = html("span", { style: `color-scheme:light;color:var(${name})` });
    place.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const csv = (effects) => {
    const rows = effects.groups.flatMap(({ heading, rows }) => rows.map((row) => [effects.measure, heading, row.arm, row.versus,
      row.n, row.mean, ...(row.interval || ["", ""]), row.p, row.significant]));
    const names = ["measure", "group", "arm", "versus", "n", "mean_points", "low", "high", "p_holm", "significant"];
    return pageFiles.csv([names, ...rows]);
  };

  document.querySelectorAll(".forest").forEach((place) => {
    const { measures } = JSON.parse(place.querySelector("script").textContent);
    const state = { effects: measures[0], byEffect: true };
    const controls = html("div", { class: "controls" });
    const plot = html("div", { class: "forest-plot" });
    const hint = html("div", { class: "hint", role: "status", hidden: "" });
    const note = html("p", { class: "note" });
    const title = html("h3", {});
    const subtitle = html("p", { class: "note" });
    // The download buttons stand below the picture.
    const below = html("div", { class: "controls" });
    place.append(title, subtitle, controls, plot, note, below);

    const row = (label, buttons, where = controls) => {
      const inside = html("span", { class: "segments" }, ...buttons);
      where.append(html("fieldset", { class: "control" }, html("legend", {}, label), inside));
    };
    const choice = (label, options, get, set) => {
      const buttons = options.map(([value, text]) => {
        const button = html("button", { type: "button" }, text);
        button.addEventListener("click", () => { set(value); press(); draw(); });
        return [value, button];
      });
      const press = () => buttons.forEach(([value, button]) => button.setAttribute("aria-pressed", String(value === get())));
      press();
      row(label, buttons.map(([, button]) => button));
    };
    if (measures.length > 1) {
      choice("Difference in", measures.map((effects) => [effects, effects.label]), () => state.effects, (value) => { state.effects = value; });
    }
    if (measures.some((effects) => effects.groups.some((group) => group.rows.length > 1))) {
      choice("Sorted", [[true, "by difference"], [false, "as in the spec"]], () => state.byEffect, (value) => { state.byEffect = value; });
    }
    const leaving = () => new XMLSerializer().serializeToString(
      picture(state.effects, { width: 830, color: light(place), byEffect: state.byEffect, leaves: true }));
    const file = (ending) => `forest-${state.effects.measure}.${ending}`;
    const downloads = {
      SVG: () => pageFiles.save(leaving(), "image/svg+xml", file("svg")),
      PNG: () => pageFiles.png(leaving(), file("png")),
      CSV: () => pageFiles.save(csv(state.effects), "text/csv", file("csv")),
    };
    row("Download", Object.entries(downloads).map(([name, download]) => {
      const button = html("button", { type: "button", "aria-label": `Download the differences as ${name}` }, name);
      button.addEventListener("click", download);
      return button;
    }), below);

    let width = 0;
    const rows = () => [...plot.querySelectorAll(".row")];
    const draw = () => {
      const focused = rows().indexOf(document.activeElement);
      width = Math.max(plot.clientWidth, 240);
      hint.hidden = true;
      title.textContent = state.effects.title;
      subtitle.textContent = state.effects.subtitle;
      note.textContent = state.effects.caption;
      plot.replaceChildren(picture(state.effects, { width, color: (name) => `var(${name})`, byEffect: state.byEffect }), hint);
      rows()[focused]?.focus();
    };
    const show = (target) => {
      const row = target?.closest?.(".row");
      hint.hidden = !row;
      if (!row) return;
      const { row: { words }, x, y } = row.effect;
      hint.replaceChildren(html("b", {}, words[0]), ...words.slice(1).map((text) => html("div", {}, text)));
      const most = plot.clientWidth - hint.offsetWidth;
      hint.style.left = `${Math.min(Math.max(x - hint.offsetWidth / 2, 0), most)}px`;
      hint.style.top = `${y - hint.offsetHeight - 14 > 0 ? y - hint.offsetHeight - 14 : y + 14}px`;
    };
    plot.addEventListener("pointermove", (event) => show(event.target));
    plot.addEventListener("pointerdown", (event) => show(event.target));
    plot.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") show(null); });
    plot.addEventListener("focusin", (event) => show(event.target));
    plot.addEventListener("focusout", () => show(null));
    plot.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return show(null);
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const next = step && rows()[rows().indexOf(document.activeElement) + step];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
    draw();
    if (typeof ResizeObserver === "function") {
      new ResizeObserver(() => { if (Math.abs(plot.clientWidth - width) > 1 && plot.clientWidth >= 240) draw(); }).observe(plot);
    }
  });
})();
