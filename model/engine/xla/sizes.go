package xla

import (
	"cmp"

	"github.com/gomlx/compute/dtypes"
)

// Sizes choose among forms of the same arithmetic, which differ in memory and time, and in rounding. Zero means the usual size;
// tests of small programs set smaller ones.
type Sizes struct {
	// Recompute is the number of elements of a block's operand from which on the block is computed again on the way back. Where the
	// device says how much memory it has, the usual size counts only for programs that it has no room to remember.
	Recompute int
	Room      int64 // bytes that the device has, instead of what it says itself
	Scores    int   // scores of an attention from which on it goes by blocks of queries
	Queries   int   // the most queries of such a block
	Picks     int   // rows of a table, times rows that are taken of it, up to which gradients are added up by a product; -1: none
	Preload   int   // bytes of a call's inputs from which on they are copied ahead
}

// The usual sizes.
const (
	recomputeFrom = 1 << 21 // 8 MiB of float32; what a transformer block computes of it is 20 to 60 times as large
	blocksFrom    = 1 << 25 // 128 MiB of float32
	blockQueries  = 264
	picksOfGPU    = 1 << 29 // 1 GiB of bfloat16
	preloadFrom   = 1 << 27
)

// sizes are those of the options, and the usual ones where they name none.
func (d *device) sizes() Sizes {
	s, picks := d.options.Sizes, -1
	if d.onCUDA() {
		picks = picksOfGPU
	}
	return Sizes{
		Recompute: cmp.Or(s.Recompute, recomputeFrom), Room: s.Room, Scores: cmp.Or(s.Scores, blocksFrom), Queries: cmp.Or(s.Queries, blockQueries),
		Picks: cmp.Or(s.Picks, picks), Preload: cmp.Or(s.Preload, preloadFrom),
	}
}

// activations is the type of the results of layers.
func (d *device) activations() dtypes.DType {
	if d.options.BF16 {
		return dtypes.BFloat16
	}
	return dtypes.Float32
}

// wideProducts says that the device has no product of bfloat16 operands with a float32 result: the operands are rounded and then
// multiplied as float32, which gives the same.
func (d *device) wideProducts() bool {
	b, ok := d.backend.(*backend)
	return ok && b.IsCPU()
}

// onCUDA says whether the device has cuDNN's fused attention, and scatters slowly where the order of sums counts.
func (d *device) onCUDA() bool {
	b, ok := d.backend.(*backend)
	return ok && b.IsCUDA()
}
