
// ---- axes and colours: what all kinds draw with.

const lightLook = {
  bg: '#ffffff', fg: '#1a1f24', muted: '#59636e', line: '#d5dae0', accent: '#0b5cad', card: '#f6f8fa',
  series: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#9a7d00', '#2f8fc4', '#6a3d9a', '#4d4d4d'],
};

// pageLook are the colours of the page as it is shown.
function pageLook() {
  const css = getComputedStyle(document.documentElement);
  const of = (name, otherwise) => { const v = css.getPropertyValue(name).trim(); return /^#[0-9a-f]{6}$/i.test(v) ? v : otherwise; };
  const look = {};
  for (const name of ['bg', 'fg', 'muted', 'line', 'accent', 'card']) look[name] = of('--' + name, lightLook[name]);
  look.series = lightLook.series.map((c, i) => of('--s' + i, c));
  return look;
}

const dashes = ['solid', [7, 3], [2, 2], [8, 3, 2, 3]];

// styleOf is the colour and the dashes of the i-th line: 32 are distinct.
const styleOf = (look, i) => ({ color: look.series[i % look.series.length], dash: dashes[Math.floor(i / look.series.length) % dashes.length] });

const fontFamily = 'system-ui, Segoe UI, Roboto, Liberation Sans, Arial, sans-serif'; // no quotation marks: the SVG has it in an attribute
const fontSize = 12;

const measure = (function () {
  let context = null;
  return text => {
    if (!context) { context = document.createElement('canvas').getContext('2d'); context.font = fontSize + 'px ' + fontFamily; }
    return context.measureText(text).width;
  };
})();

// fitted is a text that is no wider than so many pixels.
function fitted(text, width) {
  if (text.length < 400 && measure(text) <= width) return text;
  let low = 1, high = Math.min(400, text.length);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (measure(clipped(text, middle)) <= width) low = middle; else high = middle - 1;
  }
  return clipped(text, low);
}

// scaleOf is an axis from low to high: drawn are the numbers that to gives. A logarithmic one takes only what is above zero.
function scaleOf(low, high, log) {
  if (log) {
    const to = v => (isNumber(v) && v > 0 ? Math.log10(v) : null);
    return { log, low, high, to, from: t => Math.pow(10, t), min: Math.log10(low), max: Math.log10(high), ticks: most => logTicks(low, high, most) };
  }
  return { log, low, high, to: v => (isNumber(v) ? v : null), from: t => t, min: low, max: high, ticks: most => linearTicks(low, high, most) };
}

// roomy leaves room around data from low to high; zero keeps a floor at zero.
function roomy(range, log) {
  if (!range) return log ? [1, 10] : [0, 1];
  let [low, high] = range;
  if (log) {
    const room = Math.max(Math.pow(high / low, 0.04), 1.02);
    return [low / room, high * room];
  }
  const room = (high - low) * 0.05 || Math.abs(high) * 0.1 || 0.5;
  return [low - room, high + room];
}

// axisOption is an axis of the library for a scale.
function axisOption(scale, look, size, name, extra) {
  const ticks = scale.ticks(size.ticks || 6), places = ticks.map(scale.to), words = tickLabels(ticks, scale.log), labels = new Map(places.map((p, i) => [p, words[i]]));
  const width = Math.max(8, ...[...labels.values()].map(measure));
  const line = { lineStyle: { color: look.line, width: 1 } };
  return {
    width,
    option: Object.assign({
      type: 'value', min: scale.min, max: scale.max, name, nameLocation: 'middle', nameGap: 28, silent: true, animation: false,
      nameTextStyle: { color: look.muted, fontSize, fontFamily },
      axisLine: { show: true, onZero: false, lineStyle: { color: look.muted, width: 1 } },
      axisTick: { show: true, customValues: places, lineStyle: { color: look.muted, width: 1 } },
      axisLabel: { customValues: places, formatter: v => labels.get(v) ?? '', color: look.muted, fontSize, fontFamily, hideOverlap: true, showMinLabel: true, showMaxLabel: true },
      splitLine: Object.assign({ show: true, customValues: places }, line), minorTick: { show: false },
    }, extra),
  };
}

// shapes is a series of our own shapes; draw gets the functions that turn numbers on the axes into pixels.
function shapes(draw, z) {
  return {
    type: 'custom', coordinateSystem: 'cartesian2d', silent: true, clip: true, animation: false, z: z || 2, data: [[0, 0]],
    renderItem: (params, api) => ({ type: 'group', children: draw((x, y) => api.coord([x, y]), params.coordSys) }),
  };
}

// writing is a series of texts and keys at places in pixels, outside of the axes.
const writing = children => ({
  type: 'custom', coordinateSystem: 'none', silent: true, clip: false, animation: false, z: 20, data: [[0, 0]],
  renderItem: () => ({ type: 'group', children }),
});

const textAt = (x, y, text, fill, align, weight, halo) => ({
  type: 'text', silent: true, style: { stroke: halo || 'none', lineWidth: halo ? 3 : 0, x, y, text: text.replace(/\n/g, ' '), fill, align: align || 'left', verticalAlign: 'middle', fontSize, fontFamily, fontWeight: weight || 'normal' },
});

const lineAt = (points, stroke, width, dash, opacity) => ({
  type: 'polyline', silent: true, shape: { points }, style: { stroke, fill: 'none', lineWidth: width, lineDash: dash || 'solid', opacity: opacity ?? 1, lineJoin: 'round' },
});

const areaAt = (points, fill, opacity, stroke) => ({
  type: 'polygon', silent: true, shape: { points }, style: { fill, opacity, stroke: stroke || 'none', lineWidth: stroke ? 0.6 : 0 },
});

const dotAt = (x, y, r, fill, stroke) => ({ type: 'circle', silent: true, shape: { cx: x, cy: y, r }, style: { fill: fill || 'none', stroke: stroke || 'none', lineWidth: stroke ? 1.3 : 0 } });

const crossAt = (x, y, r, stroke) => ({
  type: 'group', silent: true,
  children: [lineAt([[x - r, y - r], [x + r, y + r]], stroke, 1.5), lineAt([[x - r, y + r], [x + r, y - r]], stroke, 1.5)],
});

const boxAt = (x, y, r, fill) => ({ type: 'rect', silent: true, shape: { x: x - r, y: y - r, width: 2 * r, height: 2 * r }, style: { fill } });

// named is a metric at an axis.
const named = chart => chart.label + (chart.unit ? ' (' + chart.unit + ')' : '');

const betterWord = goal => (goal === 'maximize' ? 'greater is better' : goal === 'minimize' ? 'less is better' : '');
