
// ---- download: a chart as a file, in the colours of paper whatever the page has, with its title, key and notes.

const paper = { width: 860, height: 460 };

// wrapped breaks a text into lines of so many pixels.
function wrapped(text, width) {
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line ? line + ' ' + word : word;
    if (line && measure(longer) > width) { lines.push(line); line = word; } else line = longer;
  }
  if (line) lines.push(line);
  return lines.map(l => fitted(l, width));
}

// keyRows places the names of lines below a chart, and gives the height that they need.
function keyRows(entries, look, width) {
  const places = [];
  let x = 12, y = 0;
  for (const entry of entries) {
    const text = fitted(entry.name, width / 2), needed = measure(text) + 54;
    if (x > 12 && x + needed > width) { x = 12; y += 20; }
    places.push({ text, x, y, style: styleOf(look, entry.i) });
    x += needed;
  }
  return { places, height: entries.length ? y + 24 : 0 };
}

// framed is what is drawn of a chart in a file: the chart, its title above, key and notes below.
function framed(kind, chart, state, heading) {
  const look = lightLook, width = Math.max(paper.width, kind.wide ? kind.wide(chart) : 0);
  const probe = kind.draw(chart, state, look, { width, height: paper.height, top: 34, background: look.bg });
  const key = keyRows(kind.legend(chart).filter(e => !state.off.includes(e.name)), look, width);
  const notes = [...probe.said, ...chart.notes].filter(Boolean).flatMap(note => wrapped(note, width - 24));
  const below = key.height + notes.length * 17 + 10;
  const base = (probe.height || paper.height) , height = base + below;
  const drawn = kind.draw(chart, state, look, { width, height, top: 34, bottom: below, background: look.bg, fixed: kind.wide ? base - 34 : 0 });
  const words = [textAt(12, 18, fitted(heading, width - 24), look.fg, 'left', 'bold')];
  for (const p of key.places) {
    words.push(lineAt([[p.x, base + p.y + 8], [p.x + 28, base + p.y + 8]], p.style.color, 2.2, p.style.dash), textAt(p.x + 34, base + p.y + 8, p.text, look.fg));
  }
  notes.forEach((note, i) => words.push(textAt(12, base + key.height + 8 + 17 * i, note, look.muted)));
  drawn.option.series.push(writing(words));
  return { width, height, option: drawn.option };
}

function svgOf(kind, chart, state, heading) {
  const f = framed(kind, chart, state, heading);
  const instance = echarts.init(null, null, { renderer: 'svg', ssr: true, width: f.width, height: f.height });
  instance.setOption(f.option);
  if (kind.wide) brushed(instance, state);
  const text = instance.renderToSVGString();
  instance.dispose();
  return new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n', text], { type: 'image/svg+xml' });
}

function pngOf(kind, chart, state, heading) {
  const f = framed(kind, chart, state, heading);
  const instance = echarts.init(document.createElement('div'), null, { renderer: 'canvas', width: f.width, height: f.height, devicePixelRatio: 2 });
  instance.setOption(f.option);
  if (kind.wide) brushed(instance, state);
  const canvas = instance.renderToCanvas({ pixelRatio: 2, backgroundColor: lightLook.bg });
  return new Promise((done, failed) => canvas.toBlob(blob => { instance.dispose(); if (blob) done(blob); else failed(new Error('the browser gave no picture')); }, 'image/png'));
}

// brushed shows the brushes of a state.
function brushed(instance, state) {
  for (const b of state.brush) instance.dispatchAction({ type: 'axisAreaSelect', parallelAxisIndex: b[0], intervals: [[b[1], b[2]]] });
}

function csvOf(kind, chart) {
  const { head, rows } = kind.table(chart);
  return new Blob([csv(head, rows)], { type: 'text/csv' });
}

function saved(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const fileName = chart => (chart.title + '-' + chart.kind + '-' + chart.metric).replace(/[^\w.-]+/g, '-').slice(0, 120);
