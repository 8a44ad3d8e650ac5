package native

// #cgo CFLAGS: -std=gnu17 -O3 -Wall
// #cgo LDFLAGS: -lm -lpthread
// #include "native.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// This file is all there is between Go and C. Pointers into Go memory are passed for the time of a call only.

// device is the threads of an engine and the kernels that they run.
type device C.device

// kind is a kind of kernels; a machine runs all up to bestKind.
type kind int

const (
	plainKernels  kind = C.KIND_PLAIN
	avx2Kernels   kind = C.KIND_AVX2
	avx512Kernels kind = C.KIND_AVX512
)

func bestKind() kind { return kind(C.native_best()) }

// bf16Kind is what computes products in bfloat16; a machine runs all up to bestBF16.
type bf16Kind int

const (
	noBF16     bf16Kind = C.BF16_NONE
	avx512BF16 bf16Kind = C.BF16_AVX512
	amxBF16    bf16Kind = C.BF16_AMX
)

func bestBF16() bf16Kind { return bf16Kind(C.native_bf16_best()) }

func openDevice(threads int, k kind, b bf16Kind) *device {
	d := C.native_open(C.int(threads), C.int(k), C.int(b))
	if d == nil {
		panic(fmt.Sprintf("native engine: the system refuses %d threads", threads))
	}
	return (*device)(d)
}

// resize computes on another number of threads from the next operation on, and returns how many there are.
func (d *device) resize(threads int) int { return int(C.native_resize(d.c(), C.int(threads))) }

func (d *device) close()       { C.native_close(d.c()) }
func (d *device) name() string { return C.GoString(C.native_kernels(d.c())) }

// bf16Name is that of the kernels for products in bfloat16; "" where products stay in float32.
func (d *device) bf16Name() string {
	if name := C.native_bf16(d.c()); name != nil {
		return C.GoString(name)
	}
	return ""
}

// mapFloats is zeroed memory outside of Go's heap.
func mapFloats(n int) []float32 {
	memory := C.native_map(C.size_t(4 * n))
	if memory == nil {
		panic(misuse{fmt.Sprintf("out of memory: %d MB are not to be had", n>>18)})
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(memory)), n)
}

func unmapFloats(x []float32) { C.native_unmap(floats(x), C.size_t(4*cap(x))) }

func (d *device) c() *C.device { return (*C.device)(d) }

func floats(x []float32) *C.float { return (*C.float)(unsafe.Pointer(unsafe.SliceData(x))) }
func ints(x []int32) *C.int32_t   { return (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(x))) }

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// matrix is a view of an array: element (i, j) lies at data[i*row + j*col]; one of the strides is 1.
type matrix struct {
	data     []float32
	row, col int
}

func rowMajor(x []float32, width int) matrix { return matrix{x, width, 1} }
func (m matrix) transposed() matrix          { return matrix{m.data, m.col, m.row} }

// gemm is c [m, n] = a [m, k] b [k, n] + bias, or c + a b.
func (d *device) gemm(m, n, k int, a, b matrix, bias, c []float32, add bool) {
	C.native_gemm(d.c(), C.long(m), C.long(n), C.long(k), floats(a.data), C.long(a.row), C.long(a.col),
		floats(b.data), C.long(b.row), C.long(b.col), floats(bias), floats(c), C.long(n), flag(add))
}

// product is gemm in the precision of the device: for the layers of models.
func (d *device) product(m, n, k int, a, b matrix, bias, c []float32, add bool) {
	if d.bf16 != nil {
		d.bf16GEMM(m, n, k, a, b, nil, bias, c, add)
	} else {
		d.gemm(m, n, k, a, b, bias, c, add)
	}
}

// packedProduct is product for rows a [m, k] and a b that pack has packed.
func (d *device) packedProduct(m, n, k int, a, packed, bias, c []float32) {
	if d.bf16 != nil {
		d.bf16GEMM(m, n, k, rowMajor(a, k), matrix{}, packed, bias, c, false)
	} else {
		d.panelsGEMM(m, n, k, a, packed, bias, c)
	}
}

// packedSize is how many floats pack writes for a matrix [k, n].
func (d *device) packedSize(n, k int) int {
	if d.bf16 != nil {
		return bf16Panels(n, k)
	}
	return int(C.native_panels(d.c(), C.long(n), C.long(k)))
}

// pack writes b [k, n] as packedProduct reads it.
func (d *device) pack(n, k int, b matrix, packed []float32) {
	if d.bf16 != nil {
		d.bf16Pack(n, k, b, packed)
		return
	}
	C.native_pack(d.c(), C.long(n), C.long(k), floats(b.data), C.long(b.row), C.long(b.col), floats(packed))
}

// panelsGEMM is c [m, n] = a [m, k] b [k, n] + bias for a packed b.
func (d *device) panelsGEMM(m, n, k int, a, packed, bias, c []float32) {
	C.native_panels_gemm(d.c(), C.long(m), C.long(n), C.long(k), floats(a), floats(packed), floats(bias), floats(c))
}

// peak is what one thread could multiply and add if no memory were in the way, in GFLOP/s.
func (d *device) peak() float64 { return float64(C.native_peak(d.c())) }

// bf16GEMM is gemm in bfloat16; b was packed by bf16Pack where packed is not nil.
func (d *device) bf16GEMM(m, n, k int, a, b matrix, packed, bias, c []float32, add bool) {
	C.native_bf16_gemm(d.c(), C.long(m), C.long(n), C.long(k), floats(a.data), C.long(a.row), C.long(a.col),
		floats(b.data), C.long(b.row), C.long(b.col), floats(packed), floats(bias), floats(c), C.long(n), flag(add))
}

// bf16Panels is how many floats bf16Pack writes for a matrix [k, n].
func bf16Panels(n, k int) int { return int(C.native_bf16_panels(C.long(n), C.long(k))) }

func (d *device) bf16Pack(n, k int, b matrix, packed []float32) {
	C.native_bf16_pack(d.c(), C.long(n), C.long(k), floats(b.data), C.long(b.row), C.long(b.col), floats(packed))
}

const (
	fewQueries = C.FEW_QUERIES // of a sample: attention reads keys and values where they lie
	sumRows    = C.ROWS        // of a block of sums over rows
)

type attentionJob C.attention_job

// heads is one operand of attention: where its rows lie.
type heads struct {
	data   []float32
	stride int
	rows   []int32 // outside of Go's heap
}

func newAttentionJob(batch, queries, keys, width, count int, q, k, v heads, rowsStride int) *attentionJob {
	return &attentionJob{
		batch: C.long(batch), queries: C.long(queries), keys: C.long(keys), width: C.long(width), heads: C.long(count),
		q: floats(q.data), k: floats(k.data), v: floats(v.data),
		q_stride: C.long(q.stride), k_stride: C.long(k.stride), v_stride: C.long(v.stride),
		k_rows: ints(k.rows), v_rows: ints(v.rows), rows_stride: C.long(rowsStride),
	}
}

// mask sets what the queries see; the slices lie outside of Go's heap.
func (t *attentionJob) mask(causal bool, lengths, causalRows []int32) {
	t.causal, t.lengths, t.causal_rows = flag(causal), ints(lengths), ints(causalRows)
}

// starts says where the rows of each sample begin, outside of Go's heap; nil where all samples have as many.
func (t *attentionJob) starts(q, k []int32) { t.q_start, t.k_start = ints(q), ints(k) }

func (d *device) attention(t *attentionJob, y, peak, inverse []float32) {
	t.y, t.peak, t.inverse = floats(y), floats(peak), floats(inverse)
	C.native_attention(d.c(), (*C.attention_job)(t))
}

// target is where a gradient goes: dst is nil when it is not wanted.
type target struct {
	dst []float32
	add bool
}

func (d *device) attentionBack(t *attentionJob, dy []float32, dq, dk, dv target) {
	t.dy = floats(dy)
	t.dq, t.dk, t.dv = floats(dq.dst), floats(dk.dst), floats(dv.dst)
	t.add_dq, t.add_dk, t.add_dv = flag(dq.add), flag(dk.add), flag(dv.add)
	C.native_attention_back(d.c(), (*C.attention_job)(t))
}

func (d *device) norm(rows, width int, x, w, b []float32, eps float64, y, mean, scale []float32) {
	C.native_norm(d.c(), C.long(rows), C.long(width), floats(x), floats(w), floats(b), C.float(eps), floats(y),
		floats(mean), floats(scale))
}

// normBack sums in blocks of rows, as columns does.
func (d *device) normBack(rows, width int, x, w, mean, scale, dy []float32, dx target, dwb []float32, blocks []int32) {
	C.native_norm_back(d.c(), C.long(rows), C.long(width), floats(x), floats(w), floats(mean), floats(scale), floats(dy),
		floats(dx.dst), flag(dx.add), floats(dwb), ints(blocks), C.long(len(blocks)-1))
}

// entropyRows is what a cross-entropy keeps of each row.
type entropyRows struct {
	labels        []int32
	weights       []float32
	smoothing     float64
	loss          []float64
	peak, inverse []float32
}

func (d *device) entropy(classes int, logits []float32, e entropyRows) float64 {
	return float64(C.native_entropy(d.c(), C.long(len(e.weights)), C.long(classes), floats(logits), ints(e.labels),
		floats(e.weights), C.double(e.smoothing), (*C.double)(unsafe.SliceData(e.loss)), floats(e.peak), floats(e.inverse)))
}

func (d *device) entropyBack(classes int, logits []float32, e entropyRows, factor float64, dx target) {
	C.native_entropy_back(d.c(), C.long(len(e.weights)), C.long(classes), floats(logits), ints(e.labels),
		floats(e.weights), C.double(e.smoothing), floats(e.peak), floats(e.inverse), C.double(factor), floats(dx.dst),
		flag(dx.add))
}

// top writes the k largest of log softmax of each row and their indices.
func (d *device) top(classes, k int, logits, logp, index []float32) {
	C.native_top(d.c(), C.long(len(logits)/classes), C.long(classes), C.long(k), floats(logits), floats(logp), floats(index))
}

type elementOp C.element_op

const (
	elementAdd          elementOp = C.ELEMENT_ADD
	elementMul          elementOp = C.ELEMENT_MUL
	elementScale        elementOp = C.ELEMENT_SCALE
	elementAbs          elementOp = C.ELEMENT_ABS
	elementAbsBack      elementOp = C.ELEMENT_ABS_BACK
	elementGELUTanh     elementOp = C.ELEMENT_GELU_TANH
	elementGELUErf      elementOp = C.ELEMENT_GELU_ERF
	elementGELUTanhBack elementOp = C.ELEMENT_GELU_TANH_BACK
	elementGELUErfBack  elementOp = C.ELEMENT_GELU_ERF_BACK
)

// element computes z of x and y, which repeats when it is shorter; y nil where op has no second operand.
func (d *device) element(op elementOp, x, y []float32, factor float64, z target) {
	C.native_element(d.c(), C.element_op(op), C.long(len(x)), C.long(len(y)), floats(x), floats(y), C.float(factor),
		floats(z.dst), flag(z.add))
}

// dropout keeps the elements of x that hash at or above threshold and scales them by factor.
func (d *device) dropout(x []float32, factor float32, base, threshold uint32, z target) {
	C.native_dropout(d.c(), C.long(len(x)), floats(x), C.float(factor), C.uint32_t(base), C.uint32_t(threshold),
		floats(z.dst), flag(z.add))
}

// columns sums x [rows, width], times y where it is not nil, over the rows: first those of each block, whose first rows blocks lists, then the
// sums of the blocks in their order. nil: sumRows rows a block.
func (d *device) columns(x, y []float32, width int, out target, blocks []int32) {
	C.native_columns(d.c(), C.long(len(x)/width), C.long(width), floats(x), floats(y), floats(out.dst), flag(out.add), ints(blocks),
		C.long(len(blocks)-1))
}

// adamw moves param along g; see adamw_job for the meaning of the last three.
func (d *device) adamw(param, m, v, g []float32, clip, beta1, beta2, eps, shrink, step, root float64) {
	t := C.adamw_job{
		n: C.long(len(param)), p: floats(param), m: floats(m), v: floats(v), g: floats(g), clip: C.float(clip),
		beta1: C.float(beta1), rest1: C.float(1 - beta1), beta2: C.float(beta2), rest2: C.float(1 - beta2),
		eps: C.float(eps), shrink: C.float(shrink), step: C.float(step), root: C.float(root),
	}
	C.native_adamw(d.c(), &t)
}

func (d *device) squares(x []float32) float64 {
	return float64(C.native_squares(d.c(), C.long(len(x)), floats(x)))
}

func (d *device) gather(width int, table []float32, ids []int32, out []float32) {
	C.native_gather(d.c(), C.long(len(ids)), C.long(width), floats(table), ints(ids), floats(out))
}

func (d *device) scatter(width int, dtable []float32, ids []int32, dy []float32) {
	C.native_scatter(d.c(), C.long(len(ids)), C.long(width), floats(dtable), ints(ids), floats(dy))
}

// grid is what RoIAlign reads from: samples of height · width cells of channels.
type grid struct{ samples, height, width, channels int }

func (d *device) roi(g grid, features, boxes []float32, rows []int32, out []float32) {
	C.native_roi(d.c(), C.long(len(rows)), C.long(g.samples), C.long(g.height), C.long(g.width), C.long(g.channels),
		floats(features), floats(boxes), ints(rows), floats(out))
}

func (d *device) roiBack(g grid, dfeatures, boxes []float32, rows []int32, dy []float32) {
	C.native_roi_back(d.c(), C.long(len(rows)), C.long(g.samples), C.long(g.height), C.long(g.width), C.long(g.channels),
		floats(dfeatures), floats(boxes), ints(rows), floats(dy))
}

// copyRows copies rows of n floats between arrays whose rows lie apart.
func (d *device) copyRows(rows, n int, from []float32, fromStride int, to []float32, toStride int, add bool) {
	C.native_copy(d.c(), C.long(rows), C.long(n), floats(from), C.long(fromStride), floats(to), C.long(toStride), flag(add))
}
