// The curves' names: each shows or hides its curve; of many arms, the grey ones become coloured.
(() => {
  const { html, marks } = chartParts;

  // Says of each entry whether its curve is shown; the grey ones' buttons colour, so they are not pressed.
  const press = (app) => document.querySelectorAll(".entry [data-series]").forEach((button) => {
    const isShown = !app.model.state.hidden.has(button.dataset.series);
    if (button.hasAttribute("aria-label")) button.toggleAttribute("data-off", !isShown);
    else button.setAttribute("aria-pressed", String(isShown));
  });

  const entry = (app, curve) => {
    const { data, model } = app;
    const { state } = model;
    const name = (app.isNarrow() && curve.short) || curve.name;
    // Entries that move are made anew; others stay, so that a second click meets the same one.
    const act = (change) => { change(); app.hide(); app.draw(); press(app); };
    const move = (change) => {
      act(change);
      app.legend();
      app.focus(`[data-series=${curve.id}]`);
    };
    const button = html("button", { type: "button", "data-series": curve.id, title: name === curve.name ? null : curve.name,
      "aria-label": curve.isGrey ? `Colour ${name}` : null },
    marks.sample(data.markers, curve), html("span", {}, name));
    const colour = () => { state.coloured.add(curve.id); state.hidden.delete(curve.id); };
    const toggle = () => { if (!state.hidden.delete(curve.id)) state.hidden.add(curve.id); };
    const only = () => (curve.isArm ? model.arms() : model.published()).forEach((other) => {
      if (other.id === curve.id) state.hidden.delete(other.id); else state.hidden.add(other.id);
    });
    button.addEventListener("click", () => (curve.isGrey ? move(colour) : act(toggle)));
    button.addEventListener("pointerenter", () => app.highlight(curve.id));
    button.addEventListener("pointerleave", () => app.highlight(null));
    // A mouse that has clicked has left.
    button.addEventListener("focus", () => app.highlight(button.matches(":focus-visible") ? curve.id : null));
    button.addEventListener("blur", () => app.highlight(null));
    const more = (kind, label, click) => {
      const small = html("button", { type: "button", class: "more", [`data-${kind}`]: curve.id, "aria-label": label }, kind);
      small.addEventListener("click", click);
      return small;
    };
    const isAlone = (curve.isArm ? model.arms() : model.published()).length === 1;
    const item = html("div", { class: "entry" }, button,
      isAlone ? null : more("only", `Show only ${curve.name}`, () => (curve.isGrey ? move(() => { colour(); only(); }) : act(only))),
      model.isMany() && curve.isArm && !curve.isGrey
        ? more("grey", `Show ${curve.name} in grey`, () => move(() => state.coloured.delete(curve.id))) : null);
    // The two clicks of a double-click have hidden the curve and shown it again.
    if (!isAlone && !curve.isGrey) button.addEventListener("dblclick", () => act(only));
    return item;
  };

  // A group with its heading; `all` and `none` show and hide `reached`, which may be more than its entries.
  const group = (app, heading, name, curves, reached) => {
    const { state } = app.model;
    if (!curves.length) return [];
    const title = html("legend", {}, html("span", {}, heading));
    if (reached.length > 1) {
      [["all", (id) => state.hidden.delete(id)], ["none", (id) => state.hidden.add(id)]].forEach(([word, change]) => {
        const button = html("button", { type: "button", "data-all": word, "aria-label": `${heading}: show ${word}` }, word);
        button.addEventListener("click", () => {
          reached.forEach((curve) => change(curve.id));
          app.hide();
          app.draw();
          press(app);
        });
        title.append(button);
      });
    }
    const entries = html("div", { class: "entries" }, ...curves.map((curve) => entry(app, curve)));
    return [html("fieldset", { class: `legend ${name}` }, title, entries)];
  };

  chartParts.legend = (app, place) => {
    const arms = app.model.arms();
    const [coloured, grey] = [arms.filter((curve) => !curve.isGrey), arms.filter((curve) => curve.isGrey)];
    // Folded rows have no entries.
    const published = app.drawn.folded && !app.model.state.isFoldOpen ? [] : app.model.published();
    place.replaceChildren(
      ...group(app, "Samplers", "ours", coloured.length ? coloured : grey, arms),
      ...(coloured.length ? group(app, "Others, in grey: choose one to colour it", "others", grey, grey) : []),
      ...group(app, app.data.published_heading, "published", published, published));
    press(app);
  };
})();
