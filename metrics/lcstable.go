package metrics

import (
	"context"
	"fmt"
)

// lcsTable finds longest common subsequences of two texts; its memory is used again.
type lcsTable struct {
	row  []int32
	left []uint64 // a bit for each cell: the way back goes to the cell on the left
}

// lcsCells is how many cells a table may have: 1 GiB of bits.
const lcsCells = 1 << 33

// length returns how many words a longest common subsequence has.
func (t *lcsTable) length(ctx context.Context, a, b []int32) (int, error) {
	t.row = append(t.row[:0], make([]int32, len(b)+1)...)
	for i, x := range a {
		if i%64 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		diagonal, left := int32(0), int32(0)
		for j, y := range b {
			up := t.row[j+1]
			if x == y {
				left = diagonal + 1
			} else if up > left {
				left = up
			}
			t.row[j+1], diagonal = left, up
		}
	}
	return int(t.row[len(b)]), nil
}

// mark sets in[i] for the words of ref that are in one longest common subsequence with hyp: of several the one to which rouge_score's
// way back through the table leads, for the choice changes ROUGE-Lsum.
func (t *lcsTable) mark(ctx context.Context, ref, hyp []int32, in []bool) error {
	stride := (len(hyp) + 63) / 64
	if int64(len(ref))*int64(len(hyp)) > lcsCells {
		return fmt.Errorf("a line of %d words is too long for ROUGE-Lsum beside one of %d", len(ref), len(hyp))
	}
	t.row = append(t.row[:0], make([]int32, len(hyp)+1)...)
	t.left = append(t.left[:0], make([]uint64, stride*len(ref))...)
	for i, x := range ref {
		if i%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		diagonal, left := int32(0), int32(0)
		bits := t.left[i*stride : (i+1)*stride]
		for j, y := range hyp {
			up := t.row[j+1]
			switch {
			case x == y:
				left = diagonal + 1
			case left > up:
				bits[j/64] |= 1 << (j % 64)
			default:
				left = up
			}
			t.row[j+1], diagonal = left, up
		}
	}
	for i, j := len(ref)-1, len(hyp)-1; i >= 0 && j >= 0; {
		switch {
		case ref[i] == hyp[j]:
			in[i] = true
			i--
			j--
		case t.left[i*stride+j/64]&(1<<(j%64)) != 0:
			j--
		default:
			i--
		}
	}
	return nil
}
