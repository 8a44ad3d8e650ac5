
// ---- figures: <figure class="chart" data-chart="KIND" data-src="URL">, or with the chart inside as <script type="application/json">.

const kinds = { curves, system: curves, forest, seeds, parallel };
const figures = new Map();

// element makes an element; text is always text.
function element(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes || {})) {
    if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (v === true) e.setAttribute(k, '');
    else if (v !== false && v !== null && v !== undefined) e.setAttribute(k, v);
  }
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
}

function swatch(style) {
  const ns = 'http://www.w3.org/2000/svg', svg = document.createElementNS(ns, 'svg'), line = document.createElementNS(ns, 'line');
  for (const [k, v] of Object.entries({ width: 24, height: 10, 'aria-hidden': 'true', class: 'chart-swatch' })) svg.setAttribute(k, v);
  for (const [k, v] of Object.entries({ x1: 1, y1: 5, x2: 23, y2: 5, stroke: style.color, 'stroke-width': 2.5 })) line.setAttribute(k, v);
  if (Array.isArray(style.dash)) line.setAttribute('stroke-dasharray', style.dash.join(' '));
  svg.append(line);
  return svg;
}

class Figure {
  constructor(figure) {
    this.figure = figure;
    this.kind = kinds[figure.dataset.chart];
    this.src = figure.dataset.src || '';
    this.name = figure.dataset.name || figure.id || figure.dataset.chart;
    this.state = readState(this.name);
    this.chart = null;
    this.url = '';
    this.cursor = null;
    figure.dataset.keep = ''; // live updates leave what is made here alone
    this.build();
  }

  // build makes the parts of a figure that do not depend on its data.
  build() {
    this.tools = element('div', { class: 'chart-tools controls', role: 'group', 'aria-label': 'Controls of the chart' });
    this.canvas = element('div', { class: 'chart-canvas' });
    this.tip = element('div', { class: 'chart-tip', 'aria-hidden': 'true', hidden: true });
    this.line = element('div', { class: 'chart-cursor', hidden: true });
    this.box = element('div', { class: 'chart-box', hidden: true });
    this.plot = element('div', { class: 'chart-plot', role: 'img', tabindex: 0, 'aria-label': 'loading' }, this.canvas, this.line, this.box, this.tip);
    this.heard = element('p', { class: 'said', role: 'status', 'aria-live': 'polite' });
    this.error = element('p', { class: 'chart-error', role: 'alert', hidden: true });
    this.legend = element('ul', { class: 'chart-legend', 'aria-label': 'Lines' });
    this.notes = element('ul', { class: 'chart-notes' });
    this.picked = element('div', { class: 'chart-picked' });
    this.tableBody = element('div', { class: 'scroll chart-scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of ' + this.name });
    this.details = element('details', { class: 'chart-table', ontoggle: () => this.showTable() }, element('summary', null, 'Show as table'), this.tableBody);
    this.figure.append(this.tools, this.error, this.plot, this.legend, this.picked, this.notes, this.details, this.heard);
    this.listen();
  }

  // wanted is where the data for the present state are.
  wanted() {
    if (!this.src) return '';
    const p = new URLSearchParams();
    if (this.state.x === 'log' && this.kind === curves) p.set('log', 'x');
    if (this.state.from !== null && this.averaged) { p.set('from', Math.floor(this.state.from)); p.set('to', Math.ceil(this.state.to)); }
    const q = p.toString();
    return q ? this.src + (this.src.includes('?') ? '&' : '?') + q : this.src;
  }

  // load reads the chart, out of the page or from the server.
  async load(again) {
    const inside = this.figure.querySelector('script[type="application/json"]');
    if (!this.src) {
      if (this.chart) return;
      try { this.show(JSON.parse(inside.textContent), ''); } catch (e) { this.fail('the chart in this page cannot be read'); }
      return;
    }
    const url = this.wanted();
    if (!again && url === this.url && this.chart) return;
    if (this.asking) this.asking.abort();
    const asking = this.asking = new AbortController();
    this.figure.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(url, { credentials: 'same-origin', signal: asking.signal });
      if (!answer.ok) throw new Error(clipped((await answer.text()).trim().split('\n')[0] || answer.statusText, 300));
      const chart = await answer.json();
      if (this.asking !== asking) return;
      this.show(chart, url);
    } catch (e) {
      if (e.name !== 'AbortError' && this.asking === asking) this.fail(e.message);
    } finally {
      if (this.asking === asking) { this.asking = null; this.figure.removeAttribute('aria-busy'); }
    }
    if (this.url !== this.wanted() && !this.asking && this.error.hidden) this.later();
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(false), 150);
  }

  fail(text) {
    this.error.hidden = false;
    this.error.textContent = 'This chart could not be loaded: ' + text;
    if (!this.chart) this.plot.hidden = true;
  }

  show(chart, url) {
    this.error.hidden = true;
    this.plot.hidden = false;
    const first = !this.chart || this.controlsFor !== JSON.stringify(this.kind.controls(chart));
    this.chart = chart;
    this.url = url;
    if (this.suggested === undefined) this.suggested = chart.log_y; // a part of a curve must not turn the axis over
    chart.log_y = this.suggested;
    if (chart.lines && chart.from === null) this.averaged = chart.lines.some(line => line.averaged > 1);
    if (chart.lines && chart.from !== undefined && chart.from !== null) this.averaged = true;
    if (first) this.makeTools();
    this.draw();
    if (this.details.open) this.showTable();
    this.figure.dispatchEvent(new CustomEvent('chart:drawn', { bubbles: true }));
  }

  // change takes a new state, draws it, and asks for other data where that needs them.
  change(changes) {
    Object.assign(this.state, changes);
    writeState(this.name, this.state);
    this.draw();
    if (this.src && this.wanted() !== this.url) this.later();
  }

  heading() {
    const caption = this.figure.querySelector('figcaption'), own = caption ? caption.textContent.trim() : '';
    return this.chart.title + (own ? ': ' + own : ': ' + this.chart.label);
  }

  draw(look) {
    if (!this.chart || !this.figure.isConnected) return;
    this.look = look || pageLook();
    const width = Math.max(260, this.plot.clientWidth, this.kind.wide ? Math.min(this.kind.wide(this.chart), 6000) : 0);
    const size = { width, height: this.plot.clientWidth < narrowWidth ? 260 : 340 };
    const drawn = this.drawn = this.kind.draw(this.chart, this.state, this.look, size);
    if (this.chart.from === null) this.whole = drawn.whole; else if (this.whole) drawn.whole = this.whole; // a part does not know how long the curve is
    const height = drawn.height || size.height;
    this.canvas.style.width = width + 'px';
    this.canvas.style.height = height + 'px';
    const empty = (this.chart.lines || this.chart.rows).length === 0;
    this.plot.hidden = empty;
    if (!empty) {
      if (!this.instance) { this.instance = echarts.init(this.canvas, null, { renderer: 'canvas', width, height }); this.listenLines(); }
      this.instance.resize({ width, height });
      this.drawing = true;
      this.instance.setOption(drawn.option, { notMerge: true });
      if (this.kind.wide) brushed(this.instance, this.state);
      this.drawing = false;
    }
    this.plot.setAttribute('aria-label', this.kind.describe(this.chart));
    this.writeNotes(drawn.said);
    this.writeLegend();
    this.writePicked();
    this.refreshTools();
    if (this.cursor !== null) this.point(this.cursor, false);
  }

  writeNotes(said) {
    this.notes.replaceChildren(...[...said, ...this.chart.notes].filter(Boolean).map(note => element('li', null, note)));
  }

  writeLegend() {
    const entries = this.kind.legend(this.chart), off = this.state.off;
    const key = JSON.stringify([entries, off, this.look.series]);
    if (key === this.legendKey) return;
    this.legendKey = key;
    const had = this.legend.contains(document.activeElement) ? document.activeElement.dataset.row : null;
    this.legend.replaceChildren(...entries.map(entry => element('li', null, element('button', {
      type: 'button', class: 'chart-key', 'data-row': entry.name, 'aria-pressed': String(!off.includes(entry.name)), title: entry.name,
      onclick: () => this.change({ off: off.includes(entry.name) ? off.filter(n => n !== entry.name) : [...off, entry.name] }),
    }, swatch(styleOf(this.look, entry.i)), element('span', { class: 'clip' }, clipped(entry.name, 200))))));
    this.legend.hidden = entries.length === 0;
    if (had !== null) for (const b of this.legend.querySelectorAll('button')) if (b.dataset.row === had) b.focus();
  }

  // writePicked names the lines that the brushes take.
  writePicked() {
    if (!this.kind.chosen) return;
    if (!this.state.brush.length) { this.picked.replaceChildren(); return; }
    const chosen = this.kind.chosen(this.chart, this.state);
    this.picked.replaceChildren(element('p', { role: 'status' }, chosen.length + ' of ' + this.chart.lines.length + ' rows: ' + clipped(chosen.slice(0, 12).map(l => clipped(l.name, 80)).join('; '), 1000) + (chosen.length > 12 ? ' and ' + (chosen.length - 12) + ' more' : '')));
  }

  showTable() {
    if (!this.details.open || !this.chart) { this.tableBody.replaceChildren(); return; }
    const { head, rows } = this.kind.table(this.chart), most = 1000;
    const show = v => (v === null || v === undefined ? '' : typeof v === 'number' ? short(v) : clipped(v, 200));
    const table = element('table', null,
      element('thead', null, element('tr', null, ...head.map(h => element('th', { scope: 'col' }, h)))),
      element('tbody', null, ...rows.slice(0, most).map(row => element('tr', null, ...row.map((v, i) => element(i ? 'td' : 'th', { scope: i ? null : 'row', class: typeof v === 'number' ? 'num' : null }, show(v)))))));
    this.tableBody.replaceChildren(table, ...(rows.length > most ? [element('p', null, 'These are the first ' + most + ' of ' + rows.length + ' lines: the CSV file has all.')] : []));
  }

  dispose() {
    clearTimeout(this.timer);
    if (this.asking) this.asking.abort();
    if (this.instance) this.instance.dispose();
    this.resizing.disconnect();
  }
}
