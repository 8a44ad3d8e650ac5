package native

// #include <stdlib.h>
// #include "native.h"
import "C"

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// groupRows is how many rows a thread takes through the layers together: few enough for its cache, and enough that reading
// the weights costs little beside.
const groupRows = 140

// Encode takes rows x [rows, width] of sentences of the given lengths, one behind the other, through all layers, in place.
// When ctx ends it returns at the next layer with the error of ctx, and x is worth nothing.
func (enc *Encoder) Encode(ctx context.Context, x []float32, lengths []int) error {
	if err := ctx.Err(); err != nil || len(lengths) == 0 {
		return err
	}
	b, err := enc.newBatch(len(x), lengths)
	if err != nil {
		return err
	}
	defer b.free()
	defer runtime.KeepAlive(enc)
	stopped := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		atomic.StoreInt32(b.stop, 1)
		close(stopped)
	})
	C.native_encode(enc.device().c(), &b.job, floats(x), C.long(b.groups))
	if !unwatch() { // the flag must outlive the one who sets it
		<-stopped
	}
	return ctx.Err()
}

// batch is one call of Encode as C sees it; its arrays lie outside of Go's heap.
type batch struct {
	job    C.encode_job
	groups int
	stop   *int32
	blocks []unsafe.Pointer
}

func (b *batch) free() {
	for _, block := range b.blocks {
		C.free(block)
	}
}

// outside copies numbers out of Go's heap until the batch is freed.
func outside[T any](b *batch, x []T) *T {
	var one T
	size := C.size_t(unsafe.Sizeof(one)) * C.size_t(max(len(x), 1))
	block := C.malloc(size)
	b.blocks = append(b.blocks, block)
	copy(unsafe.Slice((*T)(block), len(x)), x)
	return (*T)(block)
}

// newBatch lays out the sentences in groups of about groupRows rows.
func (enc *Encoder) newBatch(floatCount int, lengths []int) (*batch, error) {
	start, group := []int64{0}, []int64{0}
	longest, most := 0, int64(0)
	for i, n := range lengths {
		if n < 1 {
			return nil, fmt.Errorf("encode: sentence %d has %d rows", i, n)
		}
		longest = max(longest, n)
		first := start[group[len(group)-1]]
		if rows := start[i] - first; rows > 0 && rows+int64(n) > groupRows {
			group = append(group, int64(i))
			first = start[i]
		}
		start = append(start, start[i]+int64(n))
		most = max(most, start[i+1]-first)
	}
	group = append(group, int64(len(lengths)))
	if want := int(start[len(lengths)]) * enc.shape.Width; want != floatCount {
		return nil, fmt.Errorf("encode: %d floats, want %d", floatCount, want)
	}
	s, b := enc.shape, &batch{groups: len(group) - 1}
	b.stop = outside(b, []int32{0})
	b.job = C.encode_job{
		width: C.long(s.Width), heads: C.long(s.Heads), inner: C.long(s.Inner), layers: C.long(len(enc.layers)),
		activation: C.activation(s.Activation), eps: C.float(s.Eps),
		scale: C.float(1 / math.Sqrt(float64(s.Width/s.Heads*s.ScoreShare))),
		layer: outside(b, enc.layers), start: (*C.int64_t)(outside(b, start)), group: (*C.int64_t)(outside(b, group)),
		group_rows: C.long(most), longest: C.long(longest), stop: (*C.int)(unsafe.Pointer(b.stop)),
	}
	if s.RowOfDistance != nil {
		enc.relative(b, longest)
	}
	if c := enc.conv; c != nil {
		b.job.taps, b.job.conv_activation = C.long(c.Taps), C.activation(c.Activation)
		b.job.conv, b.job.conv_bias = floats(c.Matrix.Weight), floats(c.Matrix.Bias)
		b.job.conv_norm, b.job.conv_norm_bias = floats(c.Norm.Weight), floats(c.Norm.Bias)
	}
	return b, nil
}

// relative makes the table of the rows of all distances.
func (enc *Encoder) relative(b *batch, longest int) {
	rows := make([]int32, 2*longest-1)
	for i := range rows {
		rows[i] = int32(enc.shape.RowOfDistance(i - longest + 1))
	}
	b.job.relative, b.job.relative_middle = (*C.int32_t)(outside(b, rows)), C.long(longest-1)
	panel := int(C.native_panels(enc.device().c(), 1, 1))
	b.job.relative_panels = C.long((enc.shape.DistanceRows + panel - 1) / panel)
	b.job.uses_key = flag(enc.layers[0].key_of_distance != nil)
	b.job.uses_query = flag(enc.layers[0].query_of_distance != nil)
}
