
// ---- tools: the controls of a figure. Each names what it changes in data-control.

Object.assign(Figure.prototype, {
  // makeTools makes the controls that the kind of chart has.
  makeTools() {
    const able = this.kind.controls(this.chart);
    this.controlsFor = JSON.stringify(able);
    this.parts = {};
    const toggle = (name, label, axis) => {
      const box = this.parts[name] = element('input', { type: 'checkbox', 'data-control': name, onchange: () => this.change(Object.assign({ [axis]: box.checked ? 'log' : 'linear' }, axis === 'x' ? { from: null, to: null } : { low: null, high: null })) });
      return element('label', null, box, label);
    };
    const button = (name, label, act, title) => this.parts[name] = element('button', { type: 'button', 'data-control': name, title, 'aria-label': title, onclick: act }, label);
    const list = [];
    if (able.logX) list.push(toggle('logx', 'log x', 'x'));
    if (able.logY) list.push(toggle('logy', able.logX ? 'log y' : 'log axis', 'y'));
    if (able.band) {
      this.parts.band = element('select', { 'data-control': 'band', onchange: () => this.change({ band: this.parts.band.value === 'std' ? '' : this.parts.band.value }) },
        ...[['std', '± std'], ['minmax', 'min–max'], ['none', 'none']].map(([value, text]) => element('option', { value }, text)));
      list.push(element('label', null, 'band', this.parts.band));
    }
    if (able.smooth) {
      this.parts.smooth = element('input', { type: 'range', min: 0, max: 0.99, step: 0.01, 'data-control': 'smooth', oninput: () => this.change({ smooth: Number(this.parts.smooth.value) }) });
      this.parts.smoothValue = element('output', null, '');
      list.push(element('label', { title: 'weight of the past in an exponential moving average' }, 'smoothing', this.parts.smooth, this.parts.smoothValue));
    }
    if (able.zoom) {
      list.push(element('span', { class: 'chart-buttons', role: 'group', 'aria-label': 'Zoom' },
        button('in', '+', () => this.zoom(0.5), 'zoom in'), button('out', '−', () => this.zoom(2), 'zoom out'),
        button('reset', 'reset', () => this.change({ from: null, to: null, low: null, high: null }), 'reset: show all steps and values')));
    }
    if (able.brush) list.push(this.brushTools());
    const file = (name, make) => async () => {
      try { saved(await make(), fileName(this.chart) + '.' + name); } catch (e) { this.fail('no ' + name.toUpperCase() + ': ' + e.message); }
    };
    list.push(element('span', { class: 'chart-buttons', role: 'group', 'aria-label': 'Download' },
      button('svg', 'SVG', file('svg', () => svgOf(this.kind, this.chart, this.state, this.heading())), 'download SVG'),
      button('png', 'PNG', file('png', () => pngOf(this.kind, this.chart, this.state, this.heading())), 'download PNG'),
      button('csv', 'CSV', file('csv', () => csvOf(this.kind, this.chart)), 'download CSV')));
    this.tools.replaceChildren(...list);
    if (able.brush) this.brushFields();
  },

  // refreshTools shows the state in the controls.
  refreshTools() {
    const p = this.parts, s = this.state, log = this.kind.logs ? this.kind.logs(this.chart, s, []) : { y: s.y ? s.y === 'log' : this.logByData() };
    if (p.logx) p.logx.checked = log.x;
    if (p.logy) p.logy.checked = log.y;
    if (p.band) p.band.value = s.band || 'std';
    if (p.smooth) {
      if (Number(p.smooth.value) !== s.smooth) p.smooth.value = s.smooth;
      p.smoothValue.textContent = s.smooth ? s.smooth.toFixed(2) : 'off';
    }
    if (p.reset) p.reset.disabled = s.from === null && s.low === null;
  },

  logByData() {
    const axes = this.chart.axes;
    return axes ? axes[axes.length - 1].log : Boolean(this.chart.log_y);
  },

  // brushTools choose lines of parallel coordinates from the keyboard: a range on each axis.
  brushTools() {
    const ups = this.kind.uprights(this.chart, this.state), rows = [];
    ups.forEach((up, i) => {
      const make = side => {
        const about = { 'data-control': 'brush', 'data-axis': i, 'data-side': side, 'aria-label': up.axis.name + (side === 1 ? ' from' : ' to'), onchange: () => this.brushFrom() };
        if (!up.words) return element('input', Object.assign({ type: 'number', step: 'any', placeholder: 'any' }, about));
        return element('select', about, element('option', { value: '' }, 'any'), ...up.words.map((w, k) => element('option', { value: k }, clipped(w, 40))).reverse());
      };
      rows.push(element('div', { class: 'chart-brush' }, element('span', { class: 'clip', title: up.axis.name }, up.axis.name), make(1), '–', make(2)));
    });
    this.parts.brushes = element('details', { class: 'chart-brushes' }, element('summary', null, 'Choose rows'), ...rows,
      element('button', { type: 'button', 'data-control': 'reset', onclick: () => { this.change({ brush: [] }); this.brushFields(); } }, 'choose all'));
    return this.parts.brushes;
  },

  // brushFields shows in the fields what was chosen with the pointer.
  brushFields() {
    this.kind.uprights(this.chart, this.state).forEach((up, i) => {
      const b = this.state.brush.find(b => b[0] === i), inside = b && up.words ? up.words.map((_, k) => k).filter(k => k >= b[1] && k <= b[2]) : null;
      [1, 2].forEach(side => {
        const at = !b ? null : inside ? (side === 1 ? inside[0] : inside[inside.length - 1]) : Number(up.scale.from(b[side]).toPrecision(6));
        this.tools.querySelector('[data-axis="' + i + '"][data-side="' + side + '"]').value = at ?? '';
      });
    });
  },

  // brushFrom takes the ranges from the fields.
  brushFrom() {
    const ups = this.kind.uprights(this.chart, this.state), brush = [];
    ups.forEach((up, i) => {
      const values = [1, 2].map(side => {
        const field = this.tools.querySelector('[data-axis="' + i + '"][data-side="' + side + '"]');
        return field.value === '' ? null : up.words ? Number(field.value) : up.scale.to(Number(field.value));
      });
      if (values[0] === null && values[1] === null) return;
      const whole = up.words ? [0, up.words.length - 1] : [up.scale.min, up.scale.max];
      let [low, high] = [values[0] ?? whole[0], values[1] ?? whole[1]];
      if (low > high) [low, high] = [high, low];
      const room = up.words ? 0.25 : 0;
      brush.push([i, low - room, high + room]);
    });
    this.change({ brush });
  },
});
