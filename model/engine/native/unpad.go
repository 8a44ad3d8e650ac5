package native

import (
	"slices"

	"harness/model/engine"
)

// texts says which rows of a value [B, L, w] are held: the first of each sample, one sample behind the other. Padding is neither stored
// nor computed. Every number comes out with the bits that it has where padding is computed: rows do not depend on one another, and sums
// over rows are made in the same blocks, in which padding counts as the zeros that its gradients are.
type texts struct {
	before  int     // positions of every sample
	lengths string  // the input that says how many come behind them
	length  int     // L
	start   []int32 // [B+1]: the first row of each sample; outside of Go's heap
	blocks  []int32 // [blocks+1]: the first row of each block of sums, see columns_job
}

// Unpad is x without the rows behind the first before + lengths[b] of each sample.
func (r *run) Unpad(x engine.Value, before int, lengths string) engine.Value {
	xs := r.of(x)
	if len(xs.shape) != 3 {
		refuse("unpad: x %v is not [batch, positions, width]", xs.shape)
	}
	t := r.textsOf(before, lengths, xs.shape[0], xs.shape[1])
	if t == nil {
		return xs
	}
	y := r.freshTexts(xs.shape, t, xs)
	data, width := r.flat(xs), xs.width()
	t.each(func(padded, held, n int) { copy(y.data[held*width:][:n*width], data[padded*width:]) })
	return r.then(y, true, func(dy []float32) {
		dx := r.wantZeroed(xs)
		t.each(func(padded, held, n int) { accumulate(dx[padded*width:][:n*width], dy[held*width:]) })
	})
}

// padded is a value with all its rows, for operations that want them: padding holds zeros.
func (r *run) padded(v *value) *value {
	if v.texts == nil {
		return v
	}
	t, width := v.texts, v.width()
	y := r.fresh(v.shape, v)
	clear(y.data)
	data := r.flat(v)
	t.each(func(padded, held, n int) { copy(y.data[padded*width:][:n*width], data[held*width:]) })
	return r.then(y, true, func(dy []float32) {
		dx := r.wantZeroed(v)
		t.each(func(padded, held, n int) { accumulate(dx[held*width:][:n*width], dy[padded*width:]) })
	})
}

func accumulate(to, from []float32) {
	for i := range to {
		to[i] += from[i]
	}
}

// textsOf are the texts of that many samples and positions; nil where there is no padding to leave out, or where texts are so short that
// attention takes them another way.
func (r *run) textsOf(before int, lengths string, samples, length int) *texts {
	for _, t := range r.texts {
		if t.before == before && t.lengths == lengths && t.samples() == samples && t.length == length {
			return t
		}
	}
	given := r.intInput(lengths, samples).I32
	short := func(n int32) bool { return before+int(n) < length }
	if length <= fewQueries || !slices.ContainsFunc(given, short) {
		return nil
	}
	t := &texts{before: before, lengths: lengths, length: length, start: int32sOf(r.take(samples + 1))}
	t.start[0] = 0
	for b, n := range given {
		t.start[b+1] = t.start[b] + int32(max(0, min(before+int(n), length)))
	}
	for row := 0; row < samples*length; row += sumRows {
		t.blocks = append(t.blocks, t.heldBefore(row))
	}
	t.blocks = append(t.blocks, int32(t.rows()))
	r.texts = append(r.texts, t)
	return t
}

// samples is B.
func (t *texts) samples() int { return len(t.start) - 1 }

// rows is how many are held.
func (t *texts) rows() int { return int(t.start[t.samples()]) }

// each calls f for the rows of each sample: where they begin, counted over B·L and among those that are held, and how many they are.
func (t *texts) each(f func(padded, held, n int)) {
	for b := range t.samples() {
		f(b*t.length, int(t.start[b]), int(t.start[b+1]-t.start[b]))
	}
}

// heldBefore is how many rows are held of those before row i, counted over B·L.
func (t *texts) heldBefore(i int) int32 {
	sample, at := i/t.length, i%t.length
	return min(t.start[sample]+int32(at), t.start[sample+1])
}

// heldRows are the numbers of the rows that hold those that the input named ids asks for.
func (t *texts) heldRows(ids string, rows []int32) []int32 {
	own := make([]int32, len(rows))
	for i, row := range rows {
		own[i] = t.heldBefore(int(row))
		if own[i] == t.start[int(row)/t.length+1] {
			refuse("embedding: %s[%d] is %d, which %s says is padding", ids, i, row, t.lengths)
		}
	}
	return own
}

// hiddenBy reports whether a mask hides keys that are left out from the queries q.
func (t *texts) hiddenBy(mask engine.Mask, q *value) bool {
	itself := q.texts == t && mask.Causal && mask.CausalRows == ""
	return itself || t.before == 0 && mask.KeyLengths == t.lengths
}
