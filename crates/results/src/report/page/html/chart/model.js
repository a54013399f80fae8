// What the reader chose, and the curves that follow from it.
(() => {
  // With more arms, only chosen ones have their colours.
  const COLOURED = 8;

  chartParts.model = (data) => {
    const { unique } = chartParts;
    const state = {
      view: data.views[0],
      // What the y axis shows: value, difference, or seeds.
      y: "value",
      log: false,
      intervals: "bars",
      sort: "spec",
      hidden: new Set(),
      coloured: new Set(data.arms.flatMap((arm, i) => (arm.chosen ? [`arm-${i}`] : []))),
      isFoldOpen: false,
    };
    const isMany = () => state.view.arms.length > COLOURED;
    const isDifference = () => state.y === "difference";

    // Two seeds have an interval of 12.7 standard errors: their trials tell more.
    const point = ([x, y, low, high, n], trials = []) => ({ x, y, low, high, n, trials, hasInterval: low !== null && n > 2 });
    const pointsOf = ({ arm, points, differences = [], seeds = [], trials = [] }) => {
      const trialsAt = (i) => seeds.flatMap((seed, k) => (trials[k][i] === null ? [] : [{ seed, y: trials[k][i] }]));
      if (!isDifference()) return points.map((p, i) => point(p, trialsAt(i)));
      if (arm === state.view.reference.arm) return points.map(([x, , , , n]) => point([x, 0, null, null, n]));
      return differences.map((p) => point(p));
    };
    const arms = () => state.view.arms.map((values) => {
      const id = `arm-${values.arm}`;
      return { ...data.arms[values.arm], id, isArm: true, isGrey: isMany() && !state.coloured.has(id),
        isReference: isDifference() && values.arm === state.view.reference.arm, points: pointsOf(values) };
    });
    const published = () => (isDifference() ? [] : data.published
      .map((curve, i) => ({ ...curve, id: `published-${i}`, isArm: false, isGrey: false, isReference: false }))
      .filter((curve) => curve.metric === state.view.metric)
      .map((curve) => ({ ...curve, points: curve.points.map(([x, y]) => point([x, y, null, null, null])) })));
    const last = (curve) => curve.points[curve.points.length - 1].y;
    const sorted = (curves) => (state.sort === "spec" ? curves : [...curves].sort((a, b) => last(b) - last(a)));

    const model = { state, isMany, isDifference };
    // Arms in the reader's order, hidden or not; those that are not compared with the reference have no difference.
    model.arms = () => sorted(arms().filter((curve) => curve.points.length));
    model.published = published;
    model.uncompared = () => arms().filter((curve) => !curve.points.length);
    model.isShown = (curve) => !state.hidden.has(curve.id);
    // In the order in which they are drawn: published ones and grey ones beneath.
    model.shown = () => {
      const mine = arms().filter((curve) => curve.points.length && model.isShown(curve));
      return [...published().filter(model.isShown), ...mine.filter((c) => c.isGrey), ...mine.filter((c) => !c.isGrey)];
    };
    // The range covers all curves, so that the axis stays when one is hidden.
    model.labels = () => unique([...arms(), ...published()].flatMap((curve) => curve.points.map((p) => p.x))).sort((a, b) => a - b);
    model.hasSeeds = () => state.view.arms.some((arm) => arm.trials);
    model.hasIntervals = () => arms().some((curve) => curve.points.some((p) => p.hasInterval));
    model.yLabel = () => (isDifference() ? state.view.reference.label : state.view.metric_label);
    model.unit = () => (!state.view.metric_label.includes("(%)") ? "" : isDifference() ? "points" : "%");
    // What is possible: differences go both ways.
    model.bounds = () => [isDifference() ? -state.view.most : 0, state.view.most];
    model.go = (view) => {
      state.view = view;
      if (isDifference() && !view.reference || state.y === "seeds" && !model.hasSeeds()) state.y = "value";
    };
    return model;
  };
})();
