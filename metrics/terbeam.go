package metrics

import (
	"context"
	"math"
	"slices"
)

// beam is the edit distance of a hypothesis and a reference in cells near the diagonal only, as tercom and sacrebleu look for it: far
// from the diagonal a shorter way may be missed, and the official numbers miss it too. Row i is about the first i words of the
// hypothesis; which cells it has depends on the two lengths alone.
type beam struct {
	ref   []int32
	rows  []beamRow
	costs []int32
	ops   []uint8
}

// beamRow is the cells low <= j < high of a row, which begin at start in costs and ops.
type beamRow struct{ low, high, start int }

// The edits that lead to a cell.
const (
	opNone uint8 = iota
	opKeep
	opReplace
	opDelete // a word of the hypothesis is left out
	opInsert // a word of the reference is put in
)

const (
	beamWidth = 25
	beamFar   = 1 << 30 // the cost of a cell that is not looked at
)

// reset chooses the cells for a hypothesis of that length.
func (b *beam) reset(hyp int, ref []int32) {
	b.ref = ref
	n := len(ref)
	b.rows = append(b.rows[:0], beamRow{0, n + 1, 0})
	size := n + 1
	ratio, width := 1.0, beamWidth
	if hyp > 0 {
		ratio = float64(n) / float64(hyp)
	}
	if beamWidth < ratio/2 {
		width = int(math.Ceil(ratio/2 + beamWidth))
	}
	for i := 1; i <= hyp; i++ {
		diagonal := int(float64(i) * ratio)
		row := beamRow{max(0, diagonal-width), min(n+1, diagonal+width), size}
		if i == hyp {
			row.high = n + 1
		}
		row.high = max(row.high, row.low)
		b.rows = append(b.rows, row)
		size += row.high - row.low
	}
	b.costs = slices.Grow(b.costs[:0], size)[:size]
	b.ops = slices.Grow(b.ops[:0], size)[:size]
	for j := range n + 1 {
		b.costs[j], b.ops[j] = int32(j), opInsert
	}
}

// fill computes the rows for words. With other, a beam of the same lengths, the rows of the first words are those of other.
func (b *beam) fill(ctx context.Context, words []int32, first int, other *beam) error {
	if other != nil {
		b.ref, b.rows = other.ref, other.rows
		b.costs = slices.Grow(b.costs[:0], len(other.costs))[:len(other.costs)]
		b.ops = slices.Grow(b.ops[:0], len(other.ops))[:len(other.ops)]
		row := b.rows[first]
		copy(b.costs[row.start:], other.costs[row.start:row.start+row.high-row.low])
	}
	for i := first + 1; i <= len(words); i++ {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		b.fillRow(i, words[i-1])
	}
	return nil
}

// fillRow computes row i from the one before. On equal cost a pair comes before a word left out and that before a word put in.
func (b *beam) fillRow(i int, word int32) {
	row, above := b.rows[i], b.rows[i-1]
	left := int32(beamFar)
	for j := row.low; j < row.high; j++ {
		cost, op := int32(beamFar), opNone
		up := b.at(above, j)
		if j == 0 {
			cost, op = up+1, opDelete
		} else {
			c, o := b.at(above, j-1)+1, opReplace
			if word == b.ref[j-1] {
				c, o = c-1, opKeep
			}
			if c < cost {
				cost, op = c, o
			}
			if up+1 < cost {
				cost, op = up+1, opDelete
			}
			if left+1 < cost {
				cost, op = left+1, opInsert
			}
		}
		k := row.start + j - row.low
		b.costs[k], b.ops[k], left = cost, op, cost
	}
}

func (b *beam) at(row beamRow, j int) int32 {
	if j < row.low || j >= row.high {
		return beamFar
	}
	return b.costs[row.start+j-row.low]
}

// op returns the edit that leads to a cell.
func (b *beam) op(i, j int) uint8 {
	row := b.rows[i]
	if j < row.low || j >= row.high {
		return opNone
	}
	return b.ops[row.start+j-row.low]
}

// distance returns the cost of the last cell.
func (b *beam) distance() int { return int(b.at(b.rows[len(b.rows)-1], len(b.ref))) }
