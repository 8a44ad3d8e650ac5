package native

import (
	"slices"

	"harness/model/engine"
)

// selection says which rows of a value [B, L, w] are held, one behind the other: the others are neither stored nor computed. In float32 every
// number comes out with the bits that it has where all are computed: rows do not depend on one another, and sums over rows are made in the
// same blocks, in which the others count as the zeros that their gradients are. Products in bfloat16 add up groups of rows, which are others.
type selection struct {
	by              chosen
	samples, length int     // B and L
	at              []int32 // [rows]: what is held, counted over B·L, in rising order
	start           []int32 // [B+1]: the first row of each sample; outside of Go's heap
	blocks          []int32 // [blocks+1]: the first row of each block of sums, see columns_job
	stretches       []stretch
}

// chosen is how rows were chosen: by Unpad or by Only.
type chosen struct {
	before        int
	lengths, rows string
}

// stretch is rows one behind the other: where they begin, counted over B·L and among those that are held, and how many they are.
type stretch struct{ all, held, n int }

// Unpad is x without the rows behind the first before + lengths[b] of each sample.
func (r *run) Unpad(x engine.Value, before int, lengths string) engine.Value {
	xs := r.batched("unpad", x)
	samples, length := xs.shape[0], xs.shape[1]
	if length <= fewQueries { // attention takes so short texts another way
		return xs
	}
	return r.selected(xs, chosen{before: before, lengths: lengths}, func() (at []int32) {
		for b, n := range r.intInput(lengths, samples).I32 {
			for i := range max(0, min(before+int(n), length)) {
				at = append(at, int32(b*length+i))
			}
		}
		return at
	})
}

// Only is the rows of x that the input names, counted over B·(L-before).
func (r *run) Only(x engine.Value, before int, rows string) engine.Value {
	xs := r.batched("only", x)
	samples, length := xs.shape[0], xs.shape[1]
	return r.selected(xs, chosen{before: before, rows: rows}, func() []int32 {
		own := length - before
		at := slices.Clone(r.indices("only", rows, -1, samples*own).I32)
		for i, row := range at {
			at[i] += int32((int(row)/own + 1) * before)
		}
		slices.Sort(at)
		return slices.Compact(at)
	})
}

func (r *run) batched(op string, x engine.Value) *value {
	xs := r.held(x)
	if len(xs.shape) != 3 {
		refuse("%s: x %v is not [batch, positions, width]", op, xs.shape)
	}
	return xs
}

// selected is the rows of x that were chosen; list says which, in rising order.
func (r *run) selected(x *value, by chosen, list func() []int32) *value {
	t := r.selection(by, x.shape[0], x.shape[1], list)
	if len(t.at) == t.samples*t.length {
		return x
	}
	from := t.at // where they lie in x
	if x.selection != nil {
		from = x.selection.numbers("what is chosen", t.at)
	}
	y := r.freshOf(x.shape, t, x)
	r.device().gather(x.width(), r.flat(x), from, y.data)
	return r.then(y, true, func(dy []float32) { r.device().scatter(x.width(), r.wantZeroed(x), from, dy) })
}

// whole is a value with all its rows, for operations that want them; those that were left out hold zeros.
func (r *run) whole(v *value) *value {
	if v.selection == nil {
		return v
	}
	r.restored++
	t, width := v.selection, v.width()
	y := r.fresh(v.shape, v)
	clear(y.data)
	data := r.flat(v)
	for _, s := range t.stretches {
		copy(y.data[s.all*width:][:s.n*width], data[s.held*width:])
	}
	return r.then(y, true, func(dy []float32) {
		dx := r.want(v)
		for _, s := range t.stretches {
			r.device().copyRows(1, s.n*width, dy[s.all*width:], 0, dx.dst[s.held*width:], 0, dx.add)
		}
	})
}

// selection is what was chosen of that many samples and positions: made once a run.
func (r *run) selection(by chosen, samples, length int, list func() []int32) *selection {
	for _, t := range r.selections {
		if t.by == by && t.samples == samples && t.length == length {
			return t
		}
	}
	t := &selection{by: by, samples: samples, length: length, at: list(), start: int32sOf(r.take(samples + 1))}
	for b := range samples + 1 {
		t.start[b] = t.before(b * length)
	}
	for row := 0; row < samples*length; row += sumRows {
		t.blocks = append(t.blocks, t.before(row))
	}
	t.blocks = append(t.blocks, int32(len(t.at)))
	for i, row := range t.at {
		if i == 0 || row != t.at[i-1]+1 {
			t.stretches = append(t.stretches, stretch{all: int(row), held: i})
		}
		t.stretches[len(t.stretches)-1].n++
	}
	r.selections = append(r.selections, t)
	return t
}

// before is how many rows are held of those before row i, counted over B·L.
func (t *selection) before(i int) int32 {
	n, _ := slices.BinarySearch(t.at, int32(i))
	return int32(n)
}

// numbers are those under which rows are held; who asks for one that is left out is refused.
func (t *selection) numbers(who string, rows []int32) []int32 {
	own := make([]int32, len(rows))
	next := 0 // most rows are asked for one behind the other
	for i, row := range rows {
		if next == len(t.at) || t.at[next] != row {
			var ok bool
			if next, ok = slices.BinarySearch(t.at, row); !ok {
				refuse("%s: row %d was left out before, by %s", who, row, t.by.lengths+t.by.rows)
			}
		}
		own[i] = int32(next)
		next++
	}
	return own
}

// attends reports whether attention can take the rows as they lie: all, or the first of each sample.
func (t *selection) attends() bool { return t == nil || t.by.rows == "" }

// hiddenBy reports whether a mask hides keys that are left out from the queries q.
func (t *selection) hiddenBy(mask engine.Mask, q *value) bool {
	itself := q.selection == t && mask.Causal && mask.CausalRows == ""
	return itself || t.by.before == 0 && mask.KeyLengths == t.by.lengths
}
