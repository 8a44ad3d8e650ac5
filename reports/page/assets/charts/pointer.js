
// ---- pointer: values at the pointer, zoom by drag, wheel and keyboard.

Object.assign(Figure.prototype, {
  listen() {
    const plot = this.plot;
    plot.addEventListener('pointermove', e => this.moved(e));
    plot.addEventListener('pointerleave', () => { if (!this.drag) this.leave(); });
    plot.addEventListener('pointerdown', e => this.pressed(e));
    plot.addEventListener('pointerup', e => this.released(e));
    plot.addEventListener('pointercancel', () => this.undrag());
    plot.addEventListener('blur', () => this.leave());
    plot.addEventListener('keydown', e => this.key(e));
    plot.addEventListener('dblclick', () => { if (this.zooms()) this.change({ from: null, to: null, low: null, high: null }); });
    plot.addEventListener('wheel', e => this.wheel(e), { passive: false });
    let width = 0;
    this.resizing = new ResizeObserver(() => {
      if (plot.clientWidth && plot.clientWidth !== width) { width = plot.clientWidth; this.draw(); }
    });
    this.resizing.observe(this.figure);
  },

  // listenLines follows what happens inside of the canvas of parallel coordinates.
  listenLines() {
    if (!this.kind.wide) return;
    this.instance.on('axisareaselected', () => {
      if (this.drawing) return;
      const brush = [];
      this.chart.axes.forEach((_, i) => {
        const axis = this.instance.getModel().getComponent('parallelAxis', i);
        for (const [a, b] of axis.activeIntervals || []) brush.push([i, Math.min(a, b), Math.max(a, b)].map(v => Number(v.toPrecision(8))));
      });
      this.state.brush = brush;
      writeState(this.name, this.state);
      this.writePicked();
      this.brushFields();
    });
    this.instance.on('mousemove', e => {
      const line = e.seriesType === 'parallel' && this.chart.lines.find(l => l.name === e.name);
      if (line) this.showTip(this.kind.lineText(this.chart, this.state, line).map(text => ({ text })), e.event.offsetX, e.event.offsetY);
    });
    this.instance.on('mouseout', () => this.leave());
  },

  zooms() { return Boolean(this.chart && this.kind.controls(this.chart).zoom); },

  // place is where an event is: in pixels of the plot, and on the axes.
  place(e) {
    const frame = this.canvas.getBoundingClientRect(), g = this.drawn.grid;
    const px = e.clientX - frame.left, py = e.clientY - frame.top;
    const width = frame.width - g.left - g.right, height = frame.height - g.top - g.bottom;
    return { px, py, width, height, inside: px >= g.left && px <= frame.width - g.right && py >= g.top && py <= frame.height - g.bottom, x: this.valueAt('x', px), y: this.valueAt('y', py) };
  },

  valueAt(axis, pixel) {
    const g = this.drawn.grid, s = this.drawn[axis], box = this.canvas.getBoundingClientRect();
    if (!s) return null;
    const share = axis === 'x' ? (pixel - g.left) / (box.width - g.left - g.right) : 1 - (pixel - g.top) / (box.height - g.top - g.bottom);
    return s.from(s.min + share * (s.max - s.min));
  },

  pixelOf(v) {
    const g = this.drawn.grid, s = this.drawn.x, width = this.canvas.getBoundingClientRect().width - g.left - g.right;
    const t = s.to(v);
    return t === null ? null : g.left + width * (t - s.min) / (s.max - s.min);
  },

  moved(e) {
    if (!this.chart || !this.drawn || !this.drawn.grid) return;
    const at = this.place(e);
    if (this.drag) { this.dragged(at); return; }
    if (this.kind.tip) { if (at.inside) this.point(at.x, false, at); else this.leave(); return; }
    const i = this.drawn.laneAt(at.py), row = this.chart.rows[i];
    if (row) this.showTip(this.kind.lane(row).map(text => ({ text })), at.px, at.py); else this.leave();
  },

  pressed(e) {
    if (!this.zooms() || e.button !== 0 || e.pointerType === 'touch') return;
    const at = this.place(e);
    if (!at.inside) return;
    this.drag = { from: at, to: at };
    this.plot.setPointerCapture(e.pointerId);
  },

  // isBox says whether a drag chooses a range of values, too: one that goes up or down only a little chooses steps.
  isBox: d => Math.abs(d.to.py - d.from.py) > 30,

  dragged(at) {
    const d = this.drag, g = this.drawn.grid, frame = this.canvas.getBoundingClientRect();
    const hold = (v, low, high) => Math.max(low, Math.min(high, v));
    d.to = { px: hold(at.px, g.left, frame.width - g.right), py: hold(at.py, g.top, frame.height - g.bottom) };
    const box = this.isBox(d), top = box ? Math.min(d.from.py, d.to.py) : g.top, height = box ? Math.abs(d.to.py - d.from.py) : frame.height - g.top - g.bottom;
    Object.assign(this.box.style, { left: Math.min(d.from.px, d.to.px) + 'px', width: Math.abs(d.to.px - d.from.px) + 'px', top: top + 'px', height: height + 'px' });
    this.box.hidden = Math.abs(d.to.px - d.from.px) < 6;
    this.tip.hidden = this.line.hidden = true;
  },

  released() {
    const d = this.drag;
    this.undrag();
    if (!d || Math.abs(d.to.px - d.from.px) < 6) return;
    const sorted = (axis, a, b) => [this.valueAt(axis, a), this.valueAt(axis, b)].sort((p, q) => p - q);
    const [from, to] = sorted('x', d.from.px, d.to.px), changes = { from, to };
    if (this.isBox(d)) [changes.low, changes.high] = sorted('y', d.from.py, d.to.py); else changes.low = changes.high = null;
    this.zoomTo(changes);
  },

  undrag() { this.drag = null; this.box.hidden = true; },

  // zoomTo takes ranges, rounded to what a pixel shows, so that links are short.
  zoomTo(changes) {
    for (const [a, b] of [['from', 'to'], ['low', 'high']]) {
      if (changes[a] === undefined || changes[a] === null) continue;
      if (!(changes[b] > changes[a])) return;
      const digits = Math.max(0, Math.min(15, 3 - Math.floor(Math.log10(changes[b] - changes[a]))));
      changes[a] = Number(changes[a].toFixed(digits));
      changes[b] = Number(changes[b].toFixed(digits));
    }
    this.change(changes);
  },

  // zoom shows factor times as many steps as now, around the cursor or the middle.
  zoom(factor, around) {
    const s = this.drawn.x, whole = this.drawn.whole.map(v => s.to(v) ?? s.min);
    const middle = around !== undefined ? s.to(around) : this.cursor !== null ? s.to(this.cursor) : (s.min + s.max) / 2;
    if (middle === null) return;
    const span = (s.max - s.min) * factor, share = (middle - s.min) / (s.max - s.min);
    if (!(span > 1e-12)) return;
    const low = Math.max(whole[0], middle - share * span), high = Math.min(whole[1], low + span);
    if (low <= whole[0] && high >= whole[1]) this.change({ from: null, to: null }); else this.zoomTo({ from: s.from(low), to: s.from(high) });
  },

  // pan moves what is shown by a share of its width.
  pan(share) {
    const s = this.drawn.x, whole = this.drawn.whole.map(v => s.to(v) ?? s.min), span = s.max - s.min;
    const low = Math.max(whole[0], Math.min(whole[1] - span, s.min + share * span));
    if (this.state.from !== null) this.zoomTo({ from: s.from(low), to: s.from(low + span) });
  },

  // wheel zooms while the chart has the focus or Ctrl is held: else the page scrolls.
  wheel(e) {
    if (!this.zooms() || !this.drawn || !this.drawn.grid || (document.activeElement !== this.plot && !e.ctrlKey)) return;
    e.preventDefault();
    this.zoom(e.deltaY > 0 ? 1.25 : 0.8, this.place(e).x);
  },

  key(e) {
    if (!this.chart || e.target !== this.plot || e.ctrlKey || e.metaKey || e.altKey) return;
    const act = this.zooms() ? {
      '+': () => this.zoom(0.5), '=': () => this.zoom(0.5), '-': () => this.zoom(2), 0: () => this.change({ from: null, to: null, low: null, high: null }),
      Escape: () => { this.leave(); this.change({ from: null, to: null, low: null, high: null }); },
      ArrowLeft: () => (e.shiftKey ? this.pan(-0.25) : this.step(-1)), ArrowRight: () => (e.shiftKey ? this.pan(0.25) : this.step(1)),
      Home: () => this.step(-Infinity), End: () => this.step(Infinity),
    }[e.key] : this.kind.lane ? { ArrowUp: () => this.stepLane(-1), ArrowDown: () => this.stepLane(1) }[e.key] : null;
    if (act) { e.preventDefault(); act(); }
  },

  // step moves the cursor over the positions that are shown, and says the values there.
  step(by) {
    const s = this.drawn.x, all = this.kind.steps(this.chart, this.state).filter(v => v >= s.low && v <= s.high && s.to(v) !== null);
    if (!all.length) return;
    const at = this.cursor === null ? (by < 0 ? all.length : -1) : nearest(all, this.cursor);
    this.point(all[Math.max(0, Math.min(all.length - 1, at + by))], true);
  },

  stepLane(by) {
    const rows = this.chart.rows;
    this.lane = Math.max(0, Math.min(rows.length - 1, (this.lane ?? (by > 0 ? -1 : rows.length)) + by));
    const lines = this.kind.lane(rows[this.lane]);
    this.heard.textContent = lines.map(l => clipped(l, 200)).join(', ');
    this.showTip(lines.map(text => ({ text })), 40, this.drawn.grid.top + (this.lane + 0.5) * this.drawn.lane);
  },

  // point shows the values at a place of the x axis.
  point(v, aloud, at) {
    const tip = this.kind.tip ? this.kind.tip(this.chart, this.state, v) : null;
    if (!tip) { this.leave(); return; }
    this.cursor = aloud || !at ? v : this.cursor;
    const px = this.pixelOf(tip.at), g = this.drawn.grid;
    if (px === null || px < g.left - 1 || px > this.canvas.clientWidth - g.right + 1) { this.leave(); return; }
    this.line.hidden = false;
    Object.assign(this.line.style, { left: px + 'px', top: g.top + 'px', height: this.canvas.clientHeight - g.top - g.bottom + 'px' });
    this.showTip([{ text: tip.head, strong: true }, ...tip.rows], at ? at.px : px, at ? at.py : g.top + 10);
    if (aloud) this.heard.textContent = tip.head + ': ' + tip.rows.slice(0, 8).map(r => clipped(r.name, 60) + ' ' + r.text).join('; ');
  },

  // showTip writes lines beside a place of the plot.
  showTip(lines, px, py) {
    this.tip.replaceChildren(...lines.map(line => element('div', { class: line.strong ? 'chart-tip-head' : null },
      line.i !== undefined ? swatch(styleOf(this.look, line.i)) : null, line.name !== undefined ? element('span', { class: 'chart-tip-name' }, clipped(line.name, 60)) : null, element('span', null, clipped(line.text, 200)))));
    this.tip.hidden = false;
    const width = this.plot.clientWidth, x = px - this.plot.scrollLeft;
    const left = x + 14 + this.tip.offsetWidth > width ? Math.max(0, x - 14 - this.tip.offsetWidth) : x + 14;
    Object.assign(this.tip.style, { left: left + this.plot.scrollLeft + 'px', top: Math.max(0, Math.min(py + 10, this.plot.clientHeight - this.tip.offsetHeight)) + 'px' });
  },

  leave() { this.tip.hidden = this.line.hidden = true; this.cursor = null; },
});
