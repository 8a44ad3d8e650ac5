
// ---- parallel: a line a row through all parameters to a metric.

const unsetWord = '(not set)';

// upright is an axis as it is drawn: to turns a value into its place. Words stand from below in the order of words, so that the first
// option is above; numbers of which some rows have none stand as words do.
function upright(chart, i, log) {
  const axis = chart.axes[i], values = chart.lines.map(line => line.values[i]), lacking = values.some(v => !isNumber(v)), shift = lacking ? 1 : 0;
  if (axis.options || lacking) {
    const numbers = axis.options ? null : Array.from(new Set(values.filter(isNumber))).sort((a, b) => a - b);
    const words = axis.options ? axis.options.slice().reverse() : numbers.map(short), last = words.length - 1;
    if (lacking) words.unshift(unsetWord);
    return { axis, words, to: v => (isNumber(v) ? shift + (numbers ? numbers.indexOf(v) : last - v) : 0) };
  }
  const range = extent([values]) || [0, 1], able = range[0] > 0 && log;
  const [low, high] = range[0] === range[1] ? (able ? [range[0] / 2, range[0] * 2] : [range[0] - 0.5, range[0] + 0.5]) : range;
  const scale = scaleOf(low, high, able);
  return { axis, scale, to: scale.to, values: Array.from(new Set(values)).sort((a, b) => a - b) };
}

const parallel = {
  controls: () => ({ logY: true, brush: true }),
  legend: () => [],
  wide: chart => 110 * chart.axes.length,

  uprights(chart, state) {
    const last = chart.axes.length - 1;
    return chart.axes.map((axis, i) => upright(chart, i, i === last && state.y ? state.y === 'log' : axis.log));
  },

  // chosen are the lines that every brush takes.
  chosen(chart, state) {
    const ups = parallel.uprights(chart, state);
    return chart.lines.filter(line => ups.every((up, i) => {
      const own = state.brush.filter(b => b[0] === i);
      return own.length === 0 || own.some(b => { const at = up.to(line.values[i]); return at >= b[1] - 1e-9 && at <= b[2] + 1e-9; });
    }));
  },

  draw(chart, state, look, size) {
    const said = [], last = chart.axes.length - 1, ups = parallel.uprights(chart, state), metric = ups[last];
    const height = size.fixed || Math.max(280, ...ups.map(up => (up.words ? 18 * up.words.length + 90 : 0)));
    const share = v => (metric.scale && metric.scale.max > metric.scale.min ? (metric.to(v) - metric.scale.min) / (metric.scale.max - metric.scale.min) : 0.5);
    const axes = ups.map((up, i) => {
      const values = up.words ? [] : i < last && up.values.length <= 12 ? up.values : up.scale.ticks(6);
      const ticks = up.words ? up.words.map((_, k) => k) : values.map(up.scale.to), labels = up.words || tickLabels(values, up.scale.log);
      const names = new Map(ticks.map((t, k) => [t, labels[k]]));
      const gap = size.width / (last + 1);
      return Object.assign({
        dim: i, name: fitted(up.axis.name, Math.max(60, gap - 12)), nameLocation: 'end', nameGap: 14, realtime: false,
        nameTextStyle: { color: look.fg, fontSize, fontFamily, fontWeight: 'bold' },
        axisLine: { lineStyle: { color: look.muted, width: 1 } },
        axisTick: { lineStyle: { color: look.muted }, customValues: ticks },
        axisLabel: { color: look.fg, fontSize, fontFamily, textBorderColor: look.bg, textBorderWidth: 3, customValues: ticks, hideOverlap: true, formatter: v => fitted(names.get(up.words && !isNumber(v) ? up.words.indexOf(v) : v) ?? String(v), Math.max(40, gap - 30)) },
        areaSelectStyle: { width: 18, borderWidth: 1, borderColor: look.accent, color: look.accent, opacity: 0.25 },
      }, up.words ? { type: 'value', min: -0.25, max: up.words.length - 0.75 } : { type: 'value', min: up.scale.min, max: up.scale.max });
    });
    const lines = chart.lines.map((line, i) => ({
      name: line.name, value: line.values.map((v, k) => ups[k].to(v) ?? '-'),
      lineStyle: { color: blend(look.series[0], look.series[1], Math.max(0, Math.min(1, share(line.values[last])))), width: i === chart.best ? 3.5 : 1.4, opacity: i === chart.best ? 1 : Math.max(0.25, Math.min(0.9, 40 / chart.lines.length)) },
    }));
    if (chart.best >= 0) lines.push(lines.splice(chart.best, 1)[0]); // over the others
    const scaled = metric.scale ? ' Colours: from the least ' + chart.label + ' to the greatest.' : '';
    said.push((chart.best >= 0 ? 'Wide: the best, ' + chart.lines[chart.best].name + ' (' + betterWord(chart.goal) + ').' : '') + scaled);
    return {
      said, height: height + (size.top || 0) + (size.bottom || 0),
      option: {
        animation: false, backgroundColor: size.background || 'transparent',
        parallel: { left: 60, right: 70, top: 44 + (size.top || 0), bottom: 26 + (size.bottom || 0), axisExpandable: false },
        parallelAxis: axes,
        series: [{ type: 'parallel', data: lines, inactiveOpacity: 0.06, activeOpacity: 1, smooth: false, progressive: 0, lineStyle: { width: 1.4 }, emphasis: { lineStyle: { width: 3, opacity: 1 } } }],
      },
    };
  },

  lineText: (chart, state, line) => [line.name, ...chart.axes.map((axis, i) => axis.name + ': ' + parallel.word(axis, line.values[i]))],
  word: (axis, v) => (!isNumber(v) ? unsetWord : axis.options ? axis.options[v] : short(v)),

  table: chart => ({
    head: ['row', ...chart.axes.map(axis => axis.name), 'seeds'],
    rows: chart.lines.map(line => [line.name, ...line.values.map((v, i) => (isNumber(v) ? (chart.axes[i].options ? chart.axes[i].options[v] : v) : null)), line.n]),
  }),

  describe: chart => 'Parallel coordinates: ' + chart.lines.length + (chart.lines.length === 1 ? ' row' : ' rows') + ' over ' + chart.axes.map(a => a.name).join(', ') + '.' +
    (chart.best >= 0 ? ' Best: ' + chart.lines[chart.best].name + '.' : ''),
};
