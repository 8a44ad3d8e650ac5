
// ---- forest: the difference of each row from its baseline; and what kinds with a lane a row share.

const narrowWidth = 560;

// lanes places rows below one another: names on the left and numbers on the right, or both above the mark where there is little room.
function lanes(chart, look, size, heading, ranges, drawLane, zero) {
  const rows = chart.rows, longest = Math.max(60, ...rows.map(row => measure(clipped(row.name, 120)))), bold = measure(heading) * 1.12;
  const narrow = size.width < narrowWidth || longest > size.width * 0.4, lane = narrow ? 44 : 26, names = longest;
  const texts = Math.min(size.width * 0.4, Math.max(bold, ...rows.map(row => measure(row.text))));
  const top = 26 + (size.top || 0), grid = {
    left: narrow ? 14 : names + 20, right: narrow ? 14 : texts + 22, top, height: rows.length * lane + 8,
  };
  const x = ranges.x, width = size.width - grid.left - grid.right;
  const xAxis = axisOption(x, look, { ticks: Math.max(2, Math.min(8, width / 80)) }, fitted(ranges.name, size.width - 20), {});
  const y = { min: 0, max: rows.length };
  const at = i => grid.top + 4 + (i + 0.5) * lane + (narrow ? 8 : 0);
  const words = rows.flatMap((row, i) => (narrow ? [
    textAt(4, at(i) - 20, fitted(row.name, size.width - 20 - measure(row.text)), look.fg, 'left', '', look.bg),
    textAt(size.width - 4, at(i) - 20, row.text, look.muted, 'right', '', look.bg),
  ] : [
    textAt(grid.left - 10, at(i), fitted(row.name, names), look.fg, 'right'),
    textAt(size.width - texts - 10, at(i), fitted(row.text, texts), look.muted),
  ]));
  words.push(textAt(narrow ? size.width - 4 : size.width - texts - 10, grid.top - 12, heading, look.muted, narrow ? 'right' : 'left', 'bold'));
  const draw = (place, box) => {
    const px = v => place(x.to(v), 0)[0], list = [];
    if (zero) { const z = px(0); list.push(lineAt([[z, box.y], [z, box.y + box.height]], look.muted, 1, [2, 2])); }
    rows.forEach((row, i) => list.push(...drawLane(row, i, at(i), px, box)));
    return list;
  };
  return {
    said: [], x, grid, laneAt: py => Math.floor((py - grid.top - 4) / lane), lane,
    height: grid.top + grid.height + 50 + (size.bottom || 0),
    option: {
      animation: false, backgroundColor: size.background || 'transparent', grid,
      xAxis: xAxis.option,
      yAxis: Object.assign({ type: 'value', show: false, inverse: true }, y),
      series: [shapes(draw, 3), writing(words)],
    },
  };
}

const whisker = (low, high, py, px, color, width, box) => {
  const end = v => Math.max(box.x - 2, Math.min(box.x + box.width + 2, px(v)));
  const a = end(low), b = end(high);
  return [lineAt([[a, py], [b, py]], color, width), lineAt([[a, py - 4], [a, py + 4]], color, width), lineAt([[b, py - 4], [b, py + 4]], color, width)];
};

const marksOf = { 'sign-flip': 'box', bootstrap: 'circle', hierarchical: 'triangle' };

const forest = {
  controls: () => ({}),
  legend: () => [],

  draw(chart, state, look, size) {
    const range = extent(chart.rows.map(row => [row.delta, row.low, row.high, 0])), [low, high] = roomy(range, false);
    const better = chart.goal === 'maximize' ? ' · better →' : chart.goal === 'minimize' ? ' (← better)' : '';
    const drawn = lanes(chart, look, size, 'difference [95% interval]', { x: scaleOf(low, high, false), name: 'difference in ' + named(chart) + better },
      (row, i, py, px, box) => {
        const color = look.series[0], list = [], bounded = isNumber(row.low) && isNumber(row.high);
        if (bounded) list.push(...whisker(row.low, row.high, py, px, color, 1.4, box));
        if (!isNumber(row.delta)) return list;
        const mark = bounded ? marksOf[row.method] : '';
        const x = px(row.delta);
        if (mark === 'box') list.push(boxAt(x, py, 4, color));
        else if (mark === 'circle') list.push(dotAt(x, py, 4.2, color));
        else if (mark === 'triangle') list.push({ type: 'polygon', silent: true, shape: { points: [[x - 5, py + 4], [x + 5, py + 4], [x, py - 5]] }, style: { fill: color } });
        else list.push(dotAt(x, py, 4.2, look.bg, color));
        return list;
      }, true);
    const kinds = [...new Set(chart.rows.filter(row => isNumber(row.low)).map(row => row.over))];
    const marks = { '95% interval over seeds': '■', '95% interval over test samples': '●', '95% interval over seeds and test samples': '▲' };
    if (kinds.length) drawn.said.push(kinds.map(k => (marks[k] || '') + ' ' + k).join('; ') + (chart.rows.some(row => !isNumber(row.low)) ? '; ○ no interval' : '') + '.');
    return drawn;
  },

  lane: row => [row.name, row.text + ' against ' + row.base, ...(isNumber(row.p) ? ['p = ' + short(row.p) + (isNumber(row.p_holm) ? ', adjusted ' + short(row.p_holm) : '')] : []), ...(row.over ? [row.over + ' (' + row.method + ')'] : [])],

  table: chart => ({
    head: ['row', 'baseline', 'difference', 'low', 'high', 'test', 'p', 'p adjusted'],
    rows: chart.rows.map(row => [row.name, row.base, row.delta, row.low, row.high, row.method || null, row.p, row.p_holm]),
  }),

  describe: chart => 'Differences in ' + named(chart) + (chart.baseline ? ' from ' + chart.baseline : ' from each baseline') + ', with 95% intervals: ' +
    chart.rows.slice(0, 8).map(row => row.name + ' ' + row.text).join('; ') + (chart.rows.length > 8 ? ' and ' + (chart.rows.length - 8) + ' more' : '') + '.',
};
