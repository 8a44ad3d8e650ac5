
// ---- numbers: pure functions, without a page.

const isNumber = v => typeof v === 'number' && Number.isFinite(v);

// short is a number as people read it: whole ones in full, others in at most six digits.
function short(v) { return isNumber(v) ? worded(v, 6) : ''; }

// worded is a number in so many digits; whole ones are in full, unless they are very large.
function worded(v, digits) {
  if (v === 0) return '0';
  const size = Math.abs(v);
  if (Number.isInteger(v) && size < 1e15) return String(v);
  const text = String(Number(v.toPrecision(Math.max(1, Math.min(15, digits)))));
  return (size >= 1e15 || size < 1e-4 ? Number(text).toExponential().replace('e+', 'e') : text);
}

// tickLabels are the words of the ticks of an axis: as many digits as tell them apart.
function tickLabels(ticks, log) {
  if (log) return ticks.map(v => (v >= 1e6 ? v.toExponential().replace('e+', 'e') : worded(v, 6)));
  let step = Infinity;
  for (let i = 1; i < ticks.length; i++) step = Math.min(step, Math.abs(ticks[i] - ticks[i - 1]));
  const largest = Math.max(...ticks.map(Math.abs));
  const digits = isNumber(step) && step > 0 ? Math.ceil(Math.log10(largest / step) - 1e-9) + 2 : 6;
  const long = largest >= 1e7 && digits <= 6;
  return ticks.map(v => (v !== 0 && long ? Number(v.toPrecision(digits)).toExponential().replace('e+', 'e') : worded(v, Math.max(6, digits))));
}

// extent is the least and the greatest number of lists; null where there is none.
function extent(lists) {
  let low = Infinity, high = -Infinity;
  for (const list of lists) for (const v of list) if (isNumber(v)) { if (v < low) low = v; if (v > high) high = v; }
  return low <= high ? [low, high] : null;
}

// linearTicks are some four to eight round numbers between low and high.
function linearTicks(low, high, most) {
  if (!(high > low)) return [low];
  let step = Math.pow(10, Math.floor(Math.log10((high - low) / most)));
  for (const factor of [2, 2.5, 2]) if ((high - low) / step > most) step *= factor;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9 && ticks.length <= 2 * most; i++) ticks.push(i * step);
  return Array.from(new Set(ticks.map(v => Number(v.toPrecision(15)) + 0)));
}

// logTicks are powers of ten between low and high, and 2 and 5 times those where there are few; of many decades some are left out.
function logTicks(low, high, most) {
  if (!(low > 0 && high > low)) return [low];
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), ticks = [];
  const every = Math.max(1, Math.ceil((last - first) / (most + 2)));
  for (const factors of [[1], [1, 2, 5]]) {
    ticks.length = 0;
    for (let e = first; e <= last; e += every) {
      for (const f of every === 1 ? factors : [1]) {
        const v = Number((f + 'e' + e));
        if (v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9)) ticks.push(v);
      }
    }
    if (ticks.length > 2) return ticks;
  }
  return ticks.length > 1 ? ticks : linearTicks(low, high, most).filter(v => v > 0);
}

// smoothed is the exponential moving average of a line, without the bias towards zero of its beginning, as TensorBoard has it: the weight
// is that of the past, between 0 and 1. Where there is no number the line is broken, and the average goes on behind it.
function smoothed(values, weight) {
  let last = 0, share = 1;
  return values.map(v => {
    if (!isNumber(v)) return null;
    last = last * weight + (1 - weight) * v;
    share *= weight;
    return last / (1 - share);
  });
}

// nearest is the place of the number in a rising list that is nearest to v; -1 where the list is empty.
function nearest(list, v) {
  let low = 0, high = list.length - 1;
  if (high < 0) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (list[middle] <= v) low = middle; else high = middle;
  }
  return Math.abs(list[low] - v) <= Math.abs(list[high] - v) ? low : high;
}

// pieces are the stretches of a line between positions where keep says no: lists of places.
function pieces(length, keep) {
  const list = [];
  let piece = [];
  for (let i = 0; i < length; i++) {
    if (keep(i)) { piece.push(i); continue; }
    if (piece.length) list.push(piece);
    piece = [];
  }
  if (piece.length) list.push(piece);
  return list;
}

// cell is a text or number in a CSV file. A text that a spreadsheet would take for a formula has an apostrophe before it.
function cell(v) {
  if (v === null || v === undefined) return '';
  if (typeof v === 'number') return String(v);
  let text = String(v);
  if (/^[=+\-@\t\r]/.test(text) && !isNumber(Number(text))) text = "'" + text;
  return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
}

const csv = (head, rows) => [head, ...rows].map(row => row.map(cell).join(',')).join('\n') + '\n';

// clipped is a text of at most so many characters.
function clipped(text, most) {
  const all = Array.from(text);
  return all.length > most ? all.slice(0, Math.max(1, most - 1)).join('') + '…' : text;
}

// blend is the colour at a share between two, all as #rrggbb.
function blend(from, to, share) {
  const part = (c, i) => parseInt(c.slice(1 + 2 * i, 3 + 2 * i), 16);
  return '#' + [0, 1, 2].map(i => Math.round(part(from, i) * (1 - share) + part(to, i) * share).toString(16).padStart(2, '0')).join('');
}
