
// ---- seeds: every seed a point, with the mean of its row and its interval.

const seeds = {
  controls: () => ({ logY: true }),
  legend: () => [],

  draw(chart, state, look, size) {
    const said = [], values = chart.rows.flatMap(row => row.values);
    let log = state.y ? state.y === 'log' : chart.log_y;
    if (log && !values.some(v => isNumber(v) && v > 0)) { log = false; said.push('Straight axis, since nothing is above zero.'); }
    const take = v => !log || v > 0;
    const range = extent(chart.rows.map(row => [...row.values, row.low, row.high].filter(take))), [low, high] = roomy(range, log);
    const drawn = lanes(chart, look, size, 'mean [95% interval], n', { x: scaleOf(low, high, log), name: named(chart) },
      (row, i, py, px, box) => {
        const list = [], n = row.values.length;
        row.values.forEach((v, k) => {
          if (take(v) && isNumber(v)) list.push(dotAt(px(v), py - (n > 1 ? 5 * (1 - 2 * k / (n - 1)) : 0), 3.2, null, look.series[0]));
        });
        if (isNumber(row.low) && isNumber(row.high) && take(row.mean)) list.push(...whisker(take(row.low) ? row.low : low, row.high, py, px, look.fg, 1.2, box));
        if (isNumber(row.mean) && take(row.mean)) list.push(boxAt(px(row.mean), py, 3, look.fg));
        return list;
      }, false);
    const left = log ? values.filter(v => isNumber(v) && v <= 0).length : 0;
    if (left) said.push('Not drawn on the logarithmic axis: ' + left + (left === 1 ? ' seed that is' : ' seeds that are') + ' zero or negative.');
    drawn.said.push(...said);
    return drawn;
  },

  lane: row => [row.name, row.text, ...row.values.slice(0, 12).map((v, i) => 'seed ' + row.seeds[i] + ': ' + short(v)), ...(row.values.length > 12 ? ['and ' + (row.values.length - 12) + ' more'] : [])],

  table: chart => ({
    head: ['row', 'seed', 'value', 'mean', 'low', 'high'],
    rows: chart.rows.flatMap(row => row.values.map((v, i) => [row.name, row.seeds[i], v, row.mean, row.low, row.high])),
  }),

  describe: chart => named(chart) + ' by seed: ' + chart.rows.slice(0, 8).map(row => row.name + ' ' + row.text).join('; ') + (chart.rows.length > 8 ? ' and ' + (chart.rows.length - 8) + ' more rows' : '') + '.',
};
