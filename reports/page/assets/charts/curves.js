
// ---- curves: a metric over the steps of training, and what a trial used over its seconds.

const visible = (chart, state) => chart.lines.map((line, i) => ({ line, i })).filter(({ line }) => !state.off.includes(line.name));

// bandOf is the low and high outline of a line's spread over seeds; null where it has none.
function bandOf(line, kind) {
  if (kind === 'none' || !(line.n > 1)) return null;
  if (kind === 'minmax') return line.low && { low: line.low, high: line.high };
  if (!line.std) return null;
  const shift = sign => line.mean.map((m, i) => (isNumber(m) && isNumber(line.std[i]) ? m + sign * line.std[i] : null));
  return { low: shift(-1), high: shift(1) };
}

const curves = {
  controls: chart => ({
    logX: chart.kind === 'curves', logY: true, zoom: true, smooth: chart.kind === 'curves',
    band: chart.lines.some(line => line.n > 1),
  }),

  legend: chart => (chart.lines.length > 1 ? chart.lines.map((line, i) => ({ name: line.name, i })) : []),

  // logs says which axes are logarithmic: as chosen, or as the data asks for, and never where nothing is above zero.
  logs(chart, state, said) {
    const values = visible(chart, state).flatMap(({ line }) => [line.mean, ...traces(line).map(t => t.mean)]);
    const steps = visible(chart, state).flatMap(({ line }) => [line.step, ...traces(line).map(t => t.step)]);
    const positive = lists => lists.some(list => list.some(v => isNumber(v) && v > 0));
    const logs = { x: state.x === 'log', y: state.y ? state.y === 'log' : chart.log_y };
    if (logs.x && !positive(steps)) { logs.x = false; said.push('Steps: straight axis, since nothing is above zero.'); }
    if (logs.y && !positive(values)) { logs.y = false; if (values.length) said.push('Values: straight axis, since nothing is above zero.'); }
    return logs;
  },

  // ranges are what the axes show.
  ranges(chart, state, logs) {
    const lines = visible(chart, state).map(({ line }) => line);
    const above = log => list => (log ? list.filter(v => isNumber(v) && v > 0) : list);
    const steps = extent(lines.flatMap(line => [line.step, ...traces(line).map(t => t.step)]).map(above(logs.x)));
    let x = steps ? steps.slice() : logs.x ? [1, 10] : [0, 1];
    if (!logs.x && x[0] > 0 && x[0] < 0.25 * (x[1] - x[0])) x[0] = 0;
    if (x[0] === x[1]) x = logs.x ? [x[0] / 2, x[1] * 2] : [x[0] - 1, x[1] + 1];
    const whole = x.slice();
    if (state.from !== null && (!logs.x || state.to > 0)) x = [logs.x ? Math.max(state.from, whole[0] > 0 ? Math.min(whole[0], state.to / 1e6) : state.to / 1e6) : state.from, state.to];
    const within = (step, list) => (list ? list.filter((v, i) => step[i] >= x[0] && step[i] <= x[1]) : []);
    const kind = state.band || 'std';
    const lists = lines.flatMap(line => {
      const band = bandOf(line, kind), own = [within(line.step, line.mean)];
      if (band) own.push(within(line.step, band.low), within(line.step, band.high));
      if (chart.kind === 'system') own.push(within(line.step, line.high));
      for (const t of traces(line)) own.push(within(t.step, t.mean));
      return own;
    }).map(above(logs.y));
    let y = roomy(extent(lists), logs.y);
    if (chart.kind === 'system' && !logs.y && y[0] < 0.3 * y[1]) y[0] = 0;
    if (state.low !== null && (!logs.y || state.low > 0)) y = [state.low, state.high];
    return { x, y, whole };
  },

  draw(chart, state, look, size) {
    const said = [], logs = curves.logs(chart, state, said), r = curves.ranges(chart, state, logs);
    const x = scaleOf(r.x[0], r.x[1], logs.x), y = scaleOf(r.y[0], r.y[1], logs.y);
    const yAxis = axisOption(y, look, { ticks: Math.max(2, size.height / 60) }, named(chart), {});
    const xAxis = axisOption(x, look, { ticks: Math.max(2, Math.min(10, size.width / 90)) }, chart.x === 'seconds' ? 'seconds' : 'step', {});
    yAxis.option.nameGap = yAxis.width + 14;
    yAxis.option.name = fitted(yAxis.option.name, size.height - 60);
    const grid = { left: yAxis.width + 34, right: 14, top: 12 + (size.top || 0), bottom: 46 + (size.bottom || 0) };
    const left = { n: 0 };
    const drawing = at => visible(chart, state).flatMap(({ line, i }) => lineShapes(chart, line, styleOf(look, i), state, x, y, at, left));
    drawing(() => [0, 0]); // counts what a logarithmic axis leaves out
    if (left.n) said.push('Not drawn on the logarithmic axis: ' + left.n + (left.n === 1 ? ' point' : ' points') + ' whose step or value is zero or negative.');
    if (state.smooth) said.push('Smoothed: exponential moving average with weight ' + state.smooth + ' over the positions drawn, without the bias of its beginning; the faint line is not smoothed.');
    if (state.band !== 'none' && chart.lines.some(line => line.n > 1)) {
      said.push(state.band === 'minmax' ? 'Band: least to greatest of the seeds.' : 'Band: ± 1 standard deviation over seeds.');
    }
    return {
      said, x, y, grid, whole: r.whole,
      option: { animation: false, backgroundColor: size.background || 'transparent', grid, xAxis: xAxis.option, yAxis: yAxis.option, series: [shapes(drawing, 3)] },
    };
  },

  // tip is what stands at a place of the x axis.
  tip(chart, state, v) {
    const rows = [];
    let step = null, distance = Infinity;
    for (const { line, i } of visible(chart, state)) {
      const sources = line.step.length ? [line] : traces(line);
      let best = null;
      for (const s of sources) {
        const at = nearest(s.step, v);
        if (at >= 0 && (!best || Math.abs(s.step[at] - v) < Math.abs(best.s.step[best.at] - v))) best = { s, at };
      }
      if (!best) continue;
      const { s, at } = best, own = s.step[at];
      if (Math.abs(own - v) < distance) { distance = Math.abs(own - v); step = own; }
      rows.push({ name: line.name, i, own, value: s.mean[at], std: s === line && line.std ? line.std[at] : null, smooth: s === line && state.smooth ? smoothed(s.mean, state.smooth)[at] : null });
    }
    const unit = chart.unit && chart.kind === 'system' ? ' ' + chart.unit : '';
    return step === null ? null : {
      at: step, head: (chart.x === 'seconds' ? 'second ' : 'step ') + short(step),
      rows: rows.map(row => ({
        name: row.name, i: row.i,
        text: (isNumber(row.value) ? short(row.value) + unit : 'no number') + (isNumber(row.std) ? ' ± ' + short(Number(row.std.toPrecision(3))) : '') +
          (isNumber(row.smooth) ? ', smoothed ' + short(row.smooth) : '') + (row.own !== step ? ' (at ' + short(row.own) + ')' : ''),
      })),
    };
  },

  // steps are the positions that the cursor stops at.
  steps(chart, state) {
    const all = new Set(visible(chart, state).flatMap(({ line }) => [line.step, ...traces(line).map(t => t.step)]).flat());
    return Array.from(all).sort((a, b) => a - b);
  },

  table(chart) {
    const head = ['row', 'part', chart.x, 'mean', 'std', 'least', 'greatest'], rows = [];
    for (const line of chart.lines) {
      line.step.forEach((s, i) => rows.push([line.name, line.n > 1 ? 'mean of ' + line.n + ' seeds' : 'seed', s, line.mean[i], line.std ? line.std[i] : null, line.low ? line.low[i] : null, line.high ? line.high[i] : null]));
      for (const [part, list] of [['one seed alone', line.lone], ['stopped early', line.stopped]]) {
        for (const t of list || []) t.step.forEach((s, i) => rows.push([line.name, part, s, t.mean[i], null, t.low ? t.low[i] : null, t.high ? t.high[i] : null]));
      }
    }
    return { head, rows };
  },

  describe(chart) {
    const ends = chart.lines.slice(0, 6).map(line => {
      const i = line.mean.findLastIndex(isNumber);
      return line.name + (i >= 0 ? ' ' + short(line.mean[i]) + ' at ' + short(line.step[i]) : '');
    });
    return 'Curves of ' + named(chart) + ' over ' + (chart.x === 'seconds' ? 'seconds' : 'steps') + ', ' + chart.lines.length + (chart.lines.length === 1 ? ' line' : ' lines') +
      (ends.length ? '. Last values: ' + ends.join('; ') : '') + '.';
  },
};

const traces = line => [...(line.lone || []), ...(line.stopped || [])];

// lineShapes are the band of a line, what seeds have alone, and the line.
function lineShapes(chart, line, style, state, x, y, at, left) {
  const list = [];
  const can = (step, values) => i => {
    const v = values[i], ok = x.to(step[i]) !== null && y.to(v) !== null;
    if (!ok && isNumber(v) && isNumber(step[i])) left.n++;
    return ok;
  };
  const place = (step, values) => i => at(x.to(step[i]), y.to(values[i]));
  const area = (step, low, high, opacity, stroke) => {
    if (!low) return;
    const floor = y.log ? v => (isNumber(v) && v <= 0 ? Math.min(y.low, 1e-300 + y.low) : v) : v => v;
    const lows = low.map(floor);
    for (const piece of pieces(step.length, i => x.to(step[i]) !== null && y.to(lows[i]) !== null && y.to(high[i]) !== null)) {
      if (piece.length > 1) list.push(areaAt([...piece.map(place(step, high)), ...piece.slice().reverse().map(place(step, lows))], style.color, opacity, stroke && style.color));
    }
  };
  const stroke = (step, values, width, opacity, dash) => {
    for (const piece of pieces(step.length, can(step, values))) {
      const points = piece.map(place(step, values));
      if (points.length === 1) list.push(dotAt(points[0][0], points[0][1], Math.max(1.5, width), style.color));
      else list.push(lineAt(points, style.color, width, dash || style.dash, opacity));
    }
  };
  const band = bandOf(line, state.band || 'std');
  if (band) area(line.step, band.low, band.high, 0.2);
  if (line.averaged > 1) area(line.step, line.low, line.high, 0.1, true);
  if (chart.kind === 'system') area(line.step, line.mean, line.high, 0.2);
  for (const t of line.lone || []) { area(t.step, t.low, t.high, 0.1, true); stroke(t.step, t.mean, 0.8, 0.9, 'solid'); }
  for (const t of line.stopped || []) {
    stroke(t.step, t.mean, 0.8, 0.9, 'solid');
    const last = t.step.length - 1;
    if (last >= 0 && x.to(t.step[last]) !== null && y.to(t.mean[last]) !== null) { const [px, py] = place(t.step, t.mean)(last); list.push(crossAt(px, py, 4, style.color)); }
  }
  if (state.smooth) {
    stroke(line.step, line.mean, 1, 0.3);
    const counted = left.n;
    stroke(line.step, smoothed(line.mean, state.smooth), 2, 1);
    left.n = counted;
  } else stroke(line.step, line.mean, 1.8, 1);
  return list;
}
