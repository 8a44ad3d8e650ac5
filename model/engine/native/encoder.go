package native

// #include "native.h"
import "C"

import (
	"fmt"
	"runtime"
)

// Activation is what an encoder applies between the two matrices of its MLP.
type Activation int

// The activations.
const (
	GELUErf  Activation = C.ACTIVATION_GELU_ERF
	GELUTanh Activation = C.ACTIVATION_GELU_TANH
	ReLU     Activation = C.ACTIVATION_RELU
	SiLU     Activation = C.ACTIVATION_SILU
	Tanh     Activation = C.ACTIVATION_TANH
)

// Linear is a matrix [out, in] and a bias [out].
type Linear struct{ Weight, Bias []float32 }

// Norm is the weight and the bias of a layer norm.
type Norm struct{ Weight, Bias []float32 }

// EncoderLayer is one layer: attention, norm of the sum, MLP, norm of the sum. QKV is [3 width, width].
type EncoderLayer struct {
	QKV, Out, FC1, FC2 Linear
	Norm1, Norm2       Norm
	// KeyOfDistance and QueryOfDistance [rows, width] are the vectors of relative positions in this layer; nil: that product
	// does not count.
	KeyOfDistance, QueryOfDistance []float32
}

// Convolution over Taps neighbouring rows of the first layer's input is added to that layer's output before a norm. Matrix is
// [width, Taps · width], the taps one behind the other.
type Convolution struct {
	Matrix     Linear
	Norm       Norm
	Taps       int
	Activation Activation
}

// EncoderShape is what the layers of an encoder have in common.
type EncoderShape struct {
	Width, Heads, Inner int
	Activation          Activation
	Eps                 float64
	ScoreShare          int // scores are divided by sqrt(width of a head · ScoreShare); 0 means 1
	// RowOfDistance is the row of EncoderLayer's vectors for the distance query - key; nil without them.
	RowOfDistance func(distance int) int
	DistanceRows  int
}

// Encoder is a BERT-like encoder for inference alone. Unlike a [Session] it takes sentences of any lengths at once without
// padding, and each thread takes a group of sentences through all layers. It computes every row in the same way whatever
// stands beside it, so no bit of a result depends on the threads or on what shares a call. It may be used concurrently.
type Encoder struct {
	engine *Engine
	shape  EncoderShape
	memory []float32
	used   int
	layers []C.encode_layer // pointers into memory, which is not Go's
	conv   *Convolution     // in memory
}

// NewEncoder packs the weights; convolution may be nil. The caller's slices are not kept.
func (e *Engine) NewEncoder(shape EncoderShape, layers []EncoderLayer, convolution *Convolution) (*Encoder, error) {
	if shape.Heads < 1 || shape.Width%shape.Heads != 0 || len(layers) == 0 {
		return nil, fmt.Errorf("encoder: width %d, %d heads, %d layers", shape.Width, shape.Heads, len(layers))
	}
	shape.ScoreShare = max(shape.ScoreShare, 1)
	enc := &Encoder{engine: e, shape: shape}
	if err := e.guarded(func() { enc.load(layers, convolution) }); err != nil {
		enc.Close()
		return nil, err
	}
	return enc, nil
}

// load takes the memory of all weights and packs them there.
func (enc *Encoder) load(layers []EncoderLayer, convolution *Convolution) {
	shape, w := enc.shape, enc.shape.Width
	size := len(layers) * (enc.panels(3*w, w) + enc.panels(w, w) + enc.panels(shape.Inner, w) + enc.panels(w, shape.Inner) +
		roundUp(3*w) + roundUp(shape.Inner) + 6*roundUp(w) + 2*shape.Heads*enc.panels(shape.DistanceRows, w/shape.Heads))
	if convolution != nil {
		size += enc.panels(w, convolution.Taps*w) + 3*roundUp(w)
	}
	enc.memory = mapFloats(size)
	enc.layers = make([]C.encode_layer, len(layers))
	for i, l := range layers {
		enc.place(&enc.layers[i], l)
	}
	if c := convolution; c != nil {
		enc.conv = &Convolution{Linear{enc.pack(c.Matrix.Weight, w, c.Taps*w), enc.keep(c.Matrix.Bias, w)},
			Norm{enc.keep(c.Norm.Weight, w), enc.keep(c.Norm.Bias, w)}, c.Taps, c.Activation}
	}
}

func (enc *Encoder) device() *device { return enc.engine.device }

// panels is how many floats a packed matrix [out, in] takes.
func (enc *Encoder) panels(out, in int) int {
	return roundUp(int(C.native_panels(enc.device().c(), C.long(out), C.long(in))))
}

// place packs one layer.
func (enc *Encoder) place(to *C.encode_layer, l EncoderLayer) {
	w, inner := enc.shape.Width, enc.shape.Inner
	to.qkv, to.qkv_bias = floats(enc.pack(l.QKV.Weight, 3*w, w)), floats(enc.keep(l.QKV.Bias, 3*w))
	to.out, to.out_bias = floats(enc.pack(l.Out.Weight, w, w)), floats(enc.keep(l.Out.Bias, w))
	to.norm1, to.norm1_bias = floats(enc.keep(l.Norm1.Weight, w)), floats(enc.keep(l.Norm1.Bias, w))
	to.fc1, to.fc1_bias = floats(enc.pack(l.FC1.Weight, inner, w)), floats(enc.keep(l.FC1.Bias, inner))
	to.fc2, to.fc2_bias = floats(enc.pack(l.FC2.Weight, w, inner)), floats(enc.keep(l.FC2.Bias, w))
	to.norm2, to.norm2_bias = floats(enc.keep(l.Norm2.Weight, w)), floats(enc.keep(l.Norm2.Bias, w))
	to.key_of_distance = floats(enc.packHeads(l.KeyOfDistance))
	to.query_of_distance = floats(enc.packHeads(l.QueryOfDistance))
}

func (enc *Encoder) take(n int) []float32 {
	block := enc.memory[enc.used : enc.used+n]
	enc.used += roundUp(n)
	return block
}

// keep copies a vector of n floats; nil stands for zeros.
func (enc *Encoder) keep(x []float32, n int) []float32 {
	if x != nil && len(x) != n {
		refuse("encoder: a vector of %d floats, want %d", len(x), n)
	}
	own := enc.take(n)
	copy(own, x)
	return own
}

// pack packs a matrix [out, in].
func (enc *Encoder) pack(x []float32, out, in int) []float32 {
	if len(x) != out*in {
		refuse("encoder: a matrix of %d floats, want [%d, %d]", len(x), out, in)
	}
	own := enc.take(enc.panels(out, in))
	C.native_pack(enc.device().c(), C.long(out), C.long(in), floats(x), 1, C.long(in), floats(own))
	return own
}

// packHeads packs the vectors of distances, head by head.
func (enc *Encoder) packHeads(x []float32) []float32 {
	if x == nil {
		return nil
	}
	rows, w := enc.shape.DistanceRows, enc.shape.Width
	if len(x) != rows*w {
		refuse("encoder: vectors of distances of %d floats, want [%d, %d]", len(x), rows, w)
	}
	d := w / enc.shape.Heads
	size := int(C.native_panels(enc.device().c(), C.long(rows), C.long(d)))
	own := enc.take(enc.shape.Heads * size)
	for h := range enc.shape.Heads {
		C.native_pack(enc.device().c(), C.long(rows), C.long(d), floats(x[h*d:]), 1, C.long(w), floats(own[h*size:]))
	}
	return own
}

// Close frees the weights.
func (enc *Encoder) Close() {
	if enc.memory != nil {
		unmapFloats(enc.memory)
		enc.memory = nil
	}
}

// Normalise is a layer norm of the rows of x in place.
func (e *Engine) Normalise(x []float32, n Norm, eps float64) {
	width := len(n.Weight)
	rows := len(x) / width
	kept := make([]float32, 2*rows) // the mean and the scale of each row, which only a way back would read
	e.device.norm(rows, width, x, n.Weight, n.Bias, eps, x, kept[:rows], kept[rows:])
	runtime.KeepAlive(e)
}

// Product is a bᵀ (+ bias [m]) for a [n, width] and b [m, width].
func (e *Engine) Product(a, b []float32, width int, bias []float32) []float32 {
	n, m := len(a)/width, len(b)/width
	c := make([]float32, n*m)
	e.device.gemm(n, m, width, rowMajor(a, width), rowMajor(b, width).transposed(), bias, c, false)
	runtime.KeepAlive(e)
	return c
}
