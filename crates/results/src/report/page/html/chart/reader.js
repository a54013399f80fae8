// The reader's pointer, finger and keys: the values at a number of labels.
(() => {
  const { html, unique, thousands, counted, number, value, marks } = chartParts;
  // More published numbers at one number of labels are only counted.
  const LISTED = 4;
  // In pixels: where both sides of the point have less room, values are shorter.
  const TIGHT = 230;

  // The values to list beside a point: all that are shown at its number of labels, the largest first. Rows show their
  // values already, so they list none beside their own.
  const listed = (app, dot) => {
    if (app.drawn.isRows) return { dots: [dot], left: 0 };
    const same = app.drawn.dots.filter((other) => other.p.x === dot.p.x).sort((a, b) => b.p.y - a.p.y);
    const published = same.filter((other) => !other.curve.isArm && other !== dot);
    const left = new Set(published.length > LISTED ? published : []);
    return { dots: same.filter((other) => !left.has(other)), left: left.size };
  };
  const fill = (app, dot, tip, digits) => {
    const { model, data } = app;
    const { dots, left } = listed(app, dot);
    const counts = unique(dots.filter((other) => other.p.n !== null).map((other) => other.p.n));
    const head = [`${thousands(dot.p.x)} ${model.state.view.x_label}`];
    if (counts.length === 1) head.push(`n = ${counted(counts[0], "seed")}`);
    if (model.unit()) head.push(`in ${model.unit()}`);
    // A name may break before its variant, beside where it breaks anyway.
    const name = (curve) => ((app.isNarrow() && curve.short) || curve.name).split(/(?=@)/)
      .flatMap((part, i) => (i ? [html("wbr"), part] : [part]));
    const row = (other) => html("div", { class: other === dot ? "at near" : "at", "aria-current": other === dot ? "true" : null },
      marks.sample(data.markers, other.curve),
      html("span", {}, ...name(other.curve)),
      html("span", {}, other.curve.isReference ? "reference" : value(other.p, digits, model.isDifference())
        + (counts.length > 1 && other.p.n !== null ? ` (n = ${other.p.n})` : "")));
    const { p } = dot;
    const own = [];
    if (p.hasInterval) own.push(`95 % interval ${number(p.low, 2)} to ${number(p.high, 2)}`);
    if (p.n === 2 && p.trials.length) own.push(`the trials: ${p.trials.map((trial) => number(trial.y, 2)).join(" and ")}`);
    if (left) own.push(`and ${left} published ${left === 1 ? "number" : "numbers"}`);
    tip.replaceChildren(html("div", { class: "head" }, head.join(", ")), ...dots.map(row), ...own.map((text) => html("div", { class: "own" }, text)));
  };

  // The tooltip stands beside the point, on the side with more room, inside the window. It shrinks if there is little room.
  const place = (app, dot, tip) => {
    const { plot } = app;
    const scale = plot.clientWidth / app.width();
    const box = plot.getBoundingClientRect();
    const [px, py, gap] = [dot.x * scale, dot.y * scale, 14];
    const window = document.documentElement;
    const rooms = { right: window.clientWidth - box.left - px - gap - 4, left: box.left + px - gap - 4 };
    const isTight = Math.max(rooms.right, rooms.left) < TIGHT;
    tip.classList.toggle("tight", isTight);
    fill(app, dot, tip, isTight && !app.drawn.isRows ? 1 : 2);
    tip.hidden = false;
    tip.style.maxWidth = "26rem";
    tip.style.left = "0";
    tip.style.width = "max-content";
    const side = ["right", "left"].find((name) => tip.offsetWidth <= rooms[name]) || (rooms.right >= rooms.left ? "right" : "left");
    tip.style.maxWidth = `min(26rem, ${Math.floor(rooms[side])}px)`;
    const left = side === "right" ? px + gap : px - gap - tip.offsetWidth;
    const lowest = window.clientHeight - box.top - tip.offsetHeight - 4;
    tip.style.left = `${left}px`;
    tip.style.top = `${Math.max(Math.min(py - tip.offsetHeight / 2, lowest), 4 - box.top)}px`;
  };

  chartParts.reader = (app, tip) => {
    let at = null;
    app.highlight = (id) => app.plot.querySelectorAll(".series, .end").forEach((group) => {
      group.classList.toggle("dimmed", id !== null && !app.model.state.hidden.has(id) && group.dataset.series !== id);
    });
    app.hide = () => {
      at = null;
      tip.hidden = true;
      app.plot.querySelector(".ring")?.setAttribute("visibility", "hidden");
      app.highlight(null);
    };
    const show = (dot) => {
      at = dot;
      place(app, dot, tip);
      const ring = app.plot.querySelector(".ring");
      ring.setAttribute("cx", dot.x);
      ring.setAttribute("cy", dot.y);
      ring.setAttribute("visibility", "visible");
      app.highlight(dot.curve.id);
    };
    const nearest = (picture, event) => {
      const box = picture.getBoundingClientRect();
      const [px, py] = [(event.clientX - box.left) * app.width() / box.width, (event.clientY - box.top) * app.width() / box.width];
      const far = (dot) => app.drawn.far(dot, px, py);
      const best = app.drawn.dots.reduce((a, b) => (a && far(a) < far(b) ? a : b), null);
      return best && far(best) < app.drawn.reach ? best : null;
    };
    const keys = (event) => {
      const { dots } = app.drawn;
      if (event.key === "Escape") return app.hide();
      const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step || !dots.length) return;
      event.preventDefault();
      if (!at) return show(dots.find((dot) => dot.curve.id === app.model.arms().find(app.model.isShown)?.id) || dots[0]);
      const dotsOf = (id) => dots.filter((dot) => dot.curve.id === id);
      if (step[0]) {
        const mine = dotsOf(at.curve.id);
        return show(mine[Math.min(Math.max(mine.findIndex((dot) => dot.p.x === at.p.x) + step[0], 0), mine.length - 1)]);
      }
      const ids = unique(dots.map((dot) => dot.curve.id));
      const id = ids[(ids.indexOf(at.curve.id) + step[1] + ids.length) % ids.length];
      const far = (dot) => Math.abs(dot.p.x - at.p.x);
      show(dotsOf(id).reduce((a, b) => (far(a) <= far(b) ? a : b)));
    };
    // Listens to a picture that has just been drawn.
    app.listen = (picture) => {
      const follow = (event) => {
        const dot = nearest(picture, event);
        if (!dot) app.hide(); else if (dot !== at) show(dot);
      };
      picture.addEventListener("pointermove", follow);
      picture.addEventListener("pointerdown", follow);
      picture.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") app.hide(); });
      // A finger reads values; only a mouse also colours.
      picture.addEventListener("click", (event) => {
        const dot = event.pointerType === "touch" ? null : nearest(picture, event);
        if (!dot?.curve.isGrey) return;
        app.model.state.coloured.add(dot.curve.id);
        app.draw();
        app.legend();
      });
      picture.addEventListener("blur", app.hide);
      picture.addEventListener("keydown", keys);
    };
  };
})();
