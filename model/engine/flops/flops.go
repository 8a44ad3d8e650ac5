// Package flops counts the floating-point operations of a program of package engine from shapes alone: no value is read
// and nothing is computed, so a model of any size is counted in milliseconds.
//
//	New(params) --> Counter --Count(key, program, inputs, pass)--> Count: forward and backward, by operation
//
// Convention: a multiply-add is two operations, and matrix products alone are counted, as published figures and model
// FLOPs utilisation count them: linear layers, the two products of attention, MatMul and the product of SigmoidPair.
// Everything else (norms, activations, softmax, bias, lookups, RoIAlign, losses, the optimiser) is below a percent of a
// transformer and counts as zero. What a mask hides is counted as if it were computed, and so is
// what Unpad and Only let an engine leave out.
//
// The way back of a product costs one product of the same size for each operand that has a gradient. A training step is
// therefore three times its forward pass where every operand needs one, and less where parameters are frozen, inputs
// are read or gradients stopped. What an engine computes again on the way back is not counted.
package flops

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"harness/model/engine"
)

// Operation names an operation that is counted.
type Operation uint8

const (
	Linear      Operation = iota // Linear and LinearInOut
	Attention                    // scores and weighted sum; the projections around it are linear layers
	MatMul                       // MatMul
	SigmoidPair                  // the dot products of all pairs
	operations
)

func (o Operation) String() string {
	switch o {
	case Linear:
		return "linear"
	case Attention:
		return "attention"
	case MatMul:
		return "matmul"
	case SigmoidPair:
		return "sigmoid pair"
	}
	return fmt.Sprintf("operation %d", uint8(o))
}

// Pass says what is done with a program.
type Pass uint8

const (
	Inference Pass = iota // as in [engine.Session.Run]
	Training              // as in Step, Accumulate and Gradients: the way back from the first result is counted too
)

func (p Pass) String() string {
	switch p {
	case Inference:
		return "inference"
	case Training:
		return "training"
	}
	return fmt.Sprintf("pass %d", uint8(p))
}

// Work is a number of floating-point operations.
type Work struct {
	Forward  int64
	Backward int64 // zero for Inference
}

// Total is the work of both directions.
func (w Work) Total() int64 { return w.Forward + w.Backward }

// Count is what one call of a program costs. It is exact up to 9.2·10¹⁸ operations; sum the calls of a stage in float64.
type Count struct {
	work    [operations]Work
	results [][]int
}

// Of is the work of one operation.
func (c Count) Of(o Operation) Work { return c.work[o] }

// Work is that of all operations together.
func (c Count) Work() Work {
	var all Work
	for _, w := range c.work {
		all.Forward += w.Forward
		all.Backward += w.Backward
	}
	return all
}

// Total is the work of all operations in both directions.
func (c Count) Total() int64 { return c.Work().Total() }

// Results are the shapes of the program's results, in their order: the inputs of a program that continues.
func (c Count) Results() [][]int {
	shapes := make([][]int, len(c.results))
	for i, s := range c.results {
		shapes[i] = slices.Clone(s)
	}
	return shapes
}

// Counter counts programs over the parameters of one model. It is not safe for concurrent use.
type Counter struct {
	params map[string]engine.Param
	known  map[string]Count
}

// New makes a counter. Of the parameters it reads names, shapes and Frozen; their tensors need no data. Of two parameters
// of one name, which engines refuse, the later counts.
func New(params []engine.Param) *Counter {
	c := &Counter{params: map[string]engine.Param{}, known: map[string]Count{}}
	for _, p := range params {
		c.params[p.Name] = p
	}
	return c
}

// Count is the work of one call of the program. Inputs need shapes only: one without data is float32 or int32, as the
// program reads it. What does not fit is an error of one line, as in the methods of engine.Session. The same key, pass
// and shapes give the count that is known already, without running the program. Decoding states are not counted: a program
// that uses them is an error.
func (c *Counter) Count(key string, p engine.Program, in engine.Inputs, pass Pass) (count Count, err error) {
	name := signature(key, in, pass)
	if known, ok := c.known[name]; ok {
		return known, nil
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case misuse:
			count, err = Count{}, fmt.Errorf("count %s: %w", key, r)
		default:
			panic(r)
		}
	}()
	if pass != Inference && pass != Training {
		refuse("%v is not known", pass)
	}
	count = (&run{counter: c, in: in, pass: pass}).count(p)
	c.known[name] = count
	return count, nil
}

// signature names what has one count: the key, the pass, and the inputs' names and shapes.
func signature(key string, in engine.Inputs, pass Pass) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %q", pass, key)
	for _, name := range slices.Sorted(maps.Keys(in)) {
		fmt.Fprintf(&b, " %q%v", name, in[name].Shape)
	}
	return b.String()
}

// misuse is what operations panic with when their operands do not fit; Count makes it an error.
type misuse struct{ message string }

func (m misuse) Error() string { return m.message }

func refuse(format string, args ...any) { panic(misuse{fmt.Sprintf(format, args...)}) }
