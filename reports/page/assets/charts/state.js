
// ---- state: what a reader has chosen, kept in the part of the address behind #, a parameter a figure, so that a link leads to it.

// words of a state: log axes x and y ('' = as the data asks for), smoothing, band, zoomed ranges, hidden rows, brushes.
const plain = () => ({ x: '', y: '', smooth: 0, band: '', from: null, to: null, low: null, high: null, off: [], brush: [] });

function encoded(state) {
  const p = new URLSearchParams();
  if (state.x) p.set('x', state.x);
  if (state.y) p.set('y', state.y);
  if (state.smooth) p.set('smooth', state.smooth);
  if (state.band) p.set('band', state.band);
  for (const name of ['from', 'to', 'low', 'high']) if (state[name] !== null) p.set(name, state[name]);
  for (const row of state.off) p.append('off', row);
  for (const b of state.brush) p.append('brush', b.join(' '));
  return p.toString();
}

function decoded(text) {
  const p = new URLSearchParams(text), state = plain();
  const one = (name, words) => { if (words.includes(p.get(name))) state[name] = p.get(name); };
  one('x', ['log', 'linear']);
  one('y', ['log', 'linear']);
  one('band', ['std', 'minmax', 'none']);
  const smooth = Number(p.get('smooth'));
  if (smooth > 0 && smooth < 1) state.smooth = smooth;
  for (const name of ['from', 'to', 'low', 'high']) {
    const v = p.get(name);
    if (v !== null && v.trim() !== '' && isNumber(Number(v))) state[name] = Number(v);
  }
  if (!(state.from < state.to)) state.from = state.to = null;
  if (!(state.low < state.high)) state.low = state.high = null;
  state.off = p.getAll('off');
  for (const text of p.getAll('brush')) {
    const b = text.split(' ').map(Number);
    if (b.length === 3 && b.every(isNumber) && b[0] >= 0) state.brush.push(b);
  }
  return state;
}

const inHash = () => new URLSearchParams(location.hash.slice(1));

const readState = name => decoded(inHash().get(name) || '');

function writeState(name, state) {
  const all = inHash(), text = encoded(state);
  if (text) all.set(name, text); else all.delete(name);
  const hash = all.toString();
  try {
    history.replaceState(history.state, '', hash ? '#' + hash : location.pathname + location.search);
  } catch (e) { /* a page from a file may not change its address in some browsers */ }
}
