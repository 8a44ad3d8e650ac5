// Package engine declares the operations in which every model is written, and what runs them.
//
// A model is a [Program]: a function that reads parameters and inputs by name from [Ops] and combines them. The same
// program runs on two engines: native computes each operation at once and keeps a tape for the way back; xla traces the
// program into one compiled graph a shape. A program must therefore be a pure function of the shapes of its inputs: no
// branch may look at a value.
//
//	Engine  -- New(params) -->  Session  -- Run | Gradients | Step (program, inputs) -->  tensors, losses
//	                            Session  -- Accumulate (program, inputs), as often as wanted, then Apply -->  one step
//
// All values are float32 arrays, row-major; ids, lengths and labels are int32 inputs. Operations are coarse (a linear
// layer, a whole attention), because that is where an engine can be fast. They panic on shapes that do not fit: package
// model turns panics into errors at its border (STYLE 9), as Session's methods do here.
package engine

// Tensor is an array on the host: float32 or int32, never both. A scalar has the shape [].
type Tensor struct {
	Shape []int
	F32   []float32
	I32   []int32
}

// Size is the number of elements that the shape holds.
func (t Tensor) Size() int { return Size(t.Shape) }

// Size is the product of the dimensions; 1 for a scalar.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Floats makes a float32 tensor of data.
func Floats(data []float32, shape ...int) Tensor { return Tensor{Shape: shape, F32: data} }

// Ints makes an int32 tensor of data.
func Ints(data []int32, shape ...int) Tensor { return Tensor{Shape: shape, I32: data} }

// Inputs are the arrays that a program reads by name.
type Inputs map[string]Tensor

// Param is a parameter of a model: its name, its first value, whether training moves it, and whether AdamW decays it.
type Param struct {
	Name   string
	Tensor Tensor
	Frozen bool
	Decay  bool
}

// Value is an array inside a running program. It belongs to the engine that made it and is dead when the program ends.
type Value interface {
	Shape() []int
}

// Program computes its results from o. For [Session.Step], [Session.Accumulate] and [Session.Gradients] the first result
// is the scalar loss.
// It may run many times (once a call on the native engine, once a shape on xla).
type Program func(o Ops) []Value

// GELU names the two forms of the activation.
type GELU uint8

const (
	GELUTanh GELU = iota // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): GPT-2, SigLIP
	GELUErf              // 0.5 x (1 + erf(x / sqrt 2)): BERT
)

// Mask says which keys a query of [Ops.Attention] sees. The zero value is: all see all.
type Mask struct {
	// Causal lets query i see the keys 0 … Skv-Sq+i: the queries are the last of the sequence.
	Causal bool
	// KeyLengths names an int32 input [B]: sample b sees its first KeyLengths[b] keys only. "" means no limit.
	// A query that sees no key gets zeros.
	KeyLengths string
	// CausalRows names an int32 input [B] that is 1 where Causal holds for the sample and 0 where every query sees every
	// key (parallel prediction); it needs Causal. "" means Causal holds for all.
	CausalRows string
}

// Ops are the operations of a program. Shapes: B samples, S positions, w width, N rows of anything.
// "Rows" means all leading dimensions taken together.
type Ops interface {
	// Param is the parameter of that name.
	Param(name string) Value
	// Input is the float32 input of that name. It has no gradient.
	Input(name string) Value
	// IntShape is the shape of an int32 input, for programs whose graph depends on it.
	IntShape(name string) []int

	// Linear is x wᵀ + b for x [..., in], w [out, in], b [out] or nil.
	Linear(x, w, b Value) Value
	// LinearInOut is x w + b for w [in, out]: GPT-2's Conv1D.
	LinearInOut(x, w, b Value) Value
	// LayerNorm normalises the last dimension: biased variance, eps inside the root.
	LayerNorm(x, w, b Value, eps float64) Value
	GELU(x Value, form GELU) Value
	// Attention is softmax(q kᵀ / sqrt(w/heads)) v for q [B, Sq, w] and k, v [B, Skv, w], after the projections.
	// Head h owns the columns h·w/heads … (h+1)·w/heads - 1.
	Attention(q, k, v Value, heads int, mask Mask) Value // [B, Sq, w]
	// Unpad is x [B, L, w], of which sample b is before + lengths[b] positions long (int32 input [B]) and padding the rest. An engine may leave
	// padding out of what is computed of x, so that it is anything from here on, and no result may depend on it: rows of padding are not to be
	// taken, and attention to what was made of x must hide them: it is causal and of x with itself, or before is 0 and lengths are the mask's
	// KeyLengths.
	Unpad(x Value, before int, lengths string) Value
	// Only is x [B, L, w], of which the rows that the int32 input names are read alone, counted over B·(L-before): the first before positions of a
	// sample are none of them. An engine may leave the others out, as Unpad does padding. Attention is for all positions: Only stands behind it.
	Only(x Value, before int, rows string) Value
	// Embedding takes rows of table [N, w] by the int32 input ids [...]: [..., w]. Gradients of repeated ids add up.
	// table may be any value: with a reshape it gathers samples of a batch.
	Embedding(table Value, ids string) Value
	// Add is x + y. y is either of x's shape or of its last dimensions, and is then repeated.
	Add(x, y Value) Value
	// Mul is the elementwise product, with Add's rule for y.
	Mul(x, y Value) Value
	// Scale is factor · x.
	Scale(x Value, factor float64) Value
	// Abs is |x|; its gradient at 0 is 0.
	Abs(x Value) Value
	// Concat joins values along axis; all other dimensions agree.
	Concat(axis int, xs ...Value) Value
	// Slice keeps the indices from … to-1 of axis.
	Slice(x Value, axis, from, to int) Value
	// Reshape keeps the order of the elements.
	Reshape(x Value, shape ...int) Value
	// Mean averages over axis and drops it.
	Mean(x Value, axis int) Value
	// Max takes the largest over axis and drops it; the gradient goes to the first of equals.
	Max(x Value, axis int) Value
	// MatMul is a bᵀ for a [N, w] and b [M, w]: [N, M].
	MatMul(a, b Value) Value
	// Dropout zeroes elements with probability rate and scales the others by 1/(1-rate). Which ones depends on the
	// int32 input seed [1], on the number of Dropout calls before it in the program, and on the position alone.
	// In Run it does nothing.
	Dropout(x Value, rate float64, seed string) Value
	// StopGradient is x without a gradient.
	StopGradient(x Value) Value
	// Recompute is block(x), a part of the program that an engine need not remember: it may keep x and the results alone
	// and compute the rest again on the way back (Chen et al. 2016, arXiv 1604.06174). Values and gradients are those of
	// the plain call, dropout included, which is what Run does. block must be pure, as a [Program] is: it may run twice. It may
	// read any value; of its own values, only the results may be used outside of it.
	Recompute(x Value, block func(x Value) []Value) []Value

	// CrossEntropy is Σ weight_i · ce_i / Σ weight_i over the rows of logits [N, V], with labels (int32 input [N]) and
	// weights (float32 input [N]); ce = (1-smoothing)(-log p[label]) + smoothing · mean over V of -log p. Rows of weight
	// zero get no gradient, and their labels may be anything. A scalar, summed in float64.
	CrossEntropy(logits Value, labels, weights string, smoothing float64) Value
	// SigmoidPair is -(1/B) Σ_ij log σ(sign_ij (image_i·text_j e^logScale + bias)) for image [A, w] and text [B, w], both
	// L2-normalised by the caller, logScale and bias [1], and sign a float32 input [A, B] of ±1. A scalar. It divides by
	// the texts alone, so that chunks of the images against all texts sum up to the whole batch: see [SigmoidPairChunk].
	SigmoidPair(image, text, logScale, bias Value, sign string) Value
	// MSE is the mean of (x-y)² over all elements. A scalar.
	MSE(x, y Value) Value
	// L2Normalise is x / (‖x‖ + 1e-8) over the last dimension.
	L2Normalise(x Value) Value
	// RoIAlign reads regions from features [B, H·W, C] of a grid H × W: boxes is a float32 input [R, 4] in cells
	// (x1 y1 x2 y2, cell (0,0) covering 0…1), rows an int32 input [R] that names each box's sample. torchvision's
	// aligned=True with 3 × 3 bins and 2 × 2 reads a bin; boxes have no gradient.
	RoIAlign(features Value, height, width int, boxes, rows string) Value // [R, 3, 3, C]

	// Append adds x [B, s, w] behind what the session's state of that name holds and returns all of it [B, len, w]:
	// the key/value cache of decoding. For Run only. See [Session.Reset].
	Append(state string, x Value) Value
	// State is what the session's state of that name holds. For Run only.
	State(state string) Value
	// LogSoftmaxTopK is the k largest of each row of log softmax(logits) for logits [N, V], largest first and the smaller
	// index first among equals: logp [N, k], and index [N, k] as numbers, which are exact up to V = 2²⁴. A row that holds
	// NaN or +Inf has NaN in all of logp. For Run only.
	LogSoftmaxTopK(logits Value, k int) (logp, index Value)
}

// AdamW holds the constants of the optimiser; the learning rate is given with each step. Decoupled decay, bias-corrected moments.
type AdamW struct {
	Beta1, Beta2, Eps float64
	Decay             float64 // of the parameters with Param.Decay
	MaxGradNorm       float64 // of the norm over all gradients together; 0 = no clipping
}

// StepResult is what a training step reports.
type StepResult struct {
	Loss     float64
	GradNorm float64  // before clipping
	Extra    []Tensor // the program's results after the loss
}

// Session holds the parameters of one model on an engine, and the state of its optimiser. It is not safe for
// concurrent use. key names a program: calls with the same key and the same input shapes may reuse what was compiled.
type Session interface {
	// Run computes the program's results without gradients.
	Run(key string, p Program, in Inputs) ([]Tensor, error)
	// Gradients computes the loss and the gradient of every parameter that is not frozen, by name, unclipped. It is an
	// error while gradients wait for Apply.
	Gradients(key string, p Program, in Inputs) (loss float64, grads map[string]Tensor, err error)
	// Step computes the loss and its gradients, clips them and moves the parameters. A loss or norm that is not finite
	// moves nothing and is an error. It is one Accumulate and Apply (bit for bit on native), and an error while gradients
	// wait for Apply.
	Step(key string, p Program, in Inputs, lr float64, opt AdamW) (StepResult, error)
	// Accumulate computes the loss and adds its gradients, with weight 1, to those that wait for Apply; no parameter moves.
	// extra are the program's results after the loss. Between Accumulate and Apply other programs may be run by Run and
	// Accumulate. A loss that is not finite is returned and is an error; with any error the waiting gradients are gone.
	Accumulate(key string, p Program, in Inputs) (loss float64, extra []Tensor, err error)
	// Apply clips the sum of the waiting gradients, moves the parameters by one step of AdamW, and leaves no gradient
	// waiting. gradNorm is that of the sum before clipping; one that is not finite is returned, moves nothing and is an
	// error, as is Apply without Accumulate.
	Apply(lr float64, opt AdamW) (gradNorm float64, err error)
	// Param copies the present value of a parameter to the host.
	Param(name string) (Tensor, error)
	// Names lists the parameters in the order given to New.
	Names() []string
	// Save copies parameters and optimiser state to the host: names NAME, adam.m.NAME, adam.v.NAME and adam.step. A state
	// holds no half step: it is an error while gradients wait for Apply.
	Save() (map[string]Tensor, error)
	// Load puts back what Save returned; a missing or misshapen tensor is an error and changes nothing, as is a call while
	// gradients wait for Apply.
	Load(state map[string]Tensor) error
	// Reset empties all decoding states and says how large they may become: batch rows and positions.
	Reset(rows, positions int)
	// Reorder makes row i of every decoding state the old row rows[i]: the surviving beams. A row may be named several
	// times, so that one sample becomes many beams.
	Reorder(rows []int32)
	// Close frees what the session holds.
	Close()
}

// Preloader is what sessions offer beyond [Session] whose device has a memory of its own.
type Preloader interface {
	// Preload copies inputs to the device ahead of the one call that will be given the same tensors, whose data must not change any more.
	// Another goroutine may call it while the session computes, but not while it is closed.
	Preload(in Inputs) error
}

// Engine makes sessions.
type Engine interface {
	// Name is what the user asked for ("native", "go", "xla:/path/plugin.so"), and Device what it runs on.
	Name() string
	Device() string
	New(params []Param) (Session, error)
}
