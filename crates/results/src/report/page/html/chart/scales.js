// Ticks, and the range of the values.
(() => {
  const nice = (low, high, most) => {
    const rough = (high - low) / most;
    const ten = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * ten).find((s) => s >= rough * 0.999);
    const ticks = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) ticks.push(+(k * step).toPrecision(12));
    return ticks;
  };

  // The numbers of labels that have a tick: all that fit, else round ones, else what is left from the end on. `place`
  // is where a number stands.
  const labelTicks = (labels, place) => {
    const half = (v) => chartParts.measure(chartParts.thousands(v)) / 2 + 6;
    const isApart = (ticks) => ticks.every((v, i) => i === 0 || place(v) - half(v) >= place(ticks[i - 1]) + half(ticks[i - 1]));
    const thinned = [...labels].reverse().reduce((ticks, v) => (isApart([v, ...ticks]) ? [v, ...ticks] : ticks), []);
    if (thinned.length === labels.length) return labels;
    const steps = [...Array(7).keys()].flatMap((e) => [1, 2, 5].map((m) => m * 10 ** e));
    const round = steps.map((step) => labels.filter((v) => v % step === 0)).find((ticks) => ticks.length < labels.length && isApart(ticks));
    return round && round.length > 2 && round.length * 2 > thinned.length ? round : thinned;
  };

  // What is shown, without the ends of intervals that would crush the curves.
  const range = (model, curves) => {
    const { state } = model;
    const points = curves.flatMap((curve) => curve.points.map((p) => ({ ...p, curve })));
    const [least, most] = model.bounds();
    if (!points.length) return [least, most];
    const trials = points.filter((p) => !p.curve.isGrey && (state.y === "seeds" || p.n === 2)).flatMap((p) => p.trials);
    const ys = [...points, ...trials].map((p) => p.y);
    let [low, high] = [Math.min(...ys), Math.max(...ys)];
    const spread = Math.max(high - low, state.view.most * 0.02);
    const ends = points.filter((p) => p.hasInterval && !p.curve.isGrey);
    if (state.intervals !== "none" && state.y !== "seeds" && ends.length) {
      low = Math.max(Math.min(low, ...ends.map((p) => p.low)), low - spread);
      high = Math.min(Math.max(high, ...ends.map((p) => p.high)), high + spread);
    }
    const room = Math.max((high - low) * 0.06, state.view.most * 0.005);
    return [Math.max(low - room, least), Math.min(high + room, most)];
  };

  // Whether an interval goes on beyond the range.
  const isCut = ({ state }, curves, [low, high]) => state.intervals !== "none" && state.y !== "seeds"
    && curves.some((curve) => !curve.isGrey && curve.points.some((p) => p.hasInterval && (p.low < low || p.high > high)));

  // Places at least `gap` apart and as near as possible to where they are wanted, in their order, inside the range
  // (neighbours that would meet share the mean of their places).
  const spread = (wanted, gap, [low, high]) => {
    const groups = [];
    wanted.map((y, i) => y - i * gap).forEach((z) => {
      groups.push({ sum: z, n: 1 });
      const mean = (group) => group.sum / group.n;
      while (groups.length > 1 && mean(groups[groups.length - 2]) > mean(groups[groups.length - 1])) {
        const { sum, n } = groups.pop();
        groups[groups.length - 1].sum += sum;
        groups[groups.length - 1].n += n;
      }
    });
    const places = groups.flatMap(({ sum, n }) => Array(n).fill(sum / n));
    return places.map((z, i) => Math.max(Math.min(z, high - (wanted.length - 1) * gap), low) + i * gap);
  };

  chartParts.scales = { nice, labelTicks, range, isCut, spread };
})();
