package main

import (
	"fmt"
	"math"

	gorgonia "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"harness/model/engine"
)

// openGorgonia writes the two blocks in what Gorgonia has: products of matrices, softmax, elementwise functions. Layer
// norm it does not have, and we do not write one for it: there is no training step of the peer.
func openGorgonia(work workload) (contestant, error) {
	b := &expression{graph: gorgonia.NewGraph(), learned: map[string]*gorgonia.Node{}}
	for _, p := range work.params {
		b.learned[p.Name] = b.matrix(p.Name, p.Tensor)
	}
	var out *gorgonia.Node
	switch work.name {
	case "mlp":
		out = b.mlp(b.matrix("x", work.inputs["x"]))
	case "attention":
		out = b.attention(b.matrix("x", work.inputs["x"]))
	default:
		return contestant{}, errCannotExpress
	}
	apart := b.do(gorgonia.Sub(out, b.matrix("target", work.inputs["target"])))
	loss := b.do(gorgonia.Mean(b.do(gorgonia.Square(apart))))
	if b.err != nil {
		return contestant{}, fmt.Errorf("gorgonia: %w", b.err)
	}
	var learned gorgonia.Nodes
	for _, p := range work.params {
		learned = append(learned, b.learned[p.Name])
	}
	if _, err := gorgonia.Grad(loss, learned...); err != nil {
		return contestant{}, fmt.Errorf("gorgonia: %w", err)
	}
	machine := gorgonia.NewTapeMachine(b.graph, gorgonia.BindDualValues(learned...))
	return contestant{
		name: versioned("Gorgonia", "gorgonia.org/gorgonia"),
		step: clocked(func() error {
			machine.Reset()
			for _, n := range learned { // gradients add up; before the first step there are none
				if g, err := n.Grad(); err == nil && g != nil {
					g.(tensor.Tensor).Zero()
				}
			}
			return machine.RunAll()
		}),
		result: func() (float64, map[string][]float32) {
			gradients := map[string][]float32{}
			for name, n := range b.learned {
				if g, err := n.Grad(); err == nil {
					gradients[name] = g.Data().([]float32)
				}
			}
			return float64(loss.Value().Data().(float32)), gradients
		},
		close: func() { machine.Close() },
	}, nil
}

// expression is a graph that is being written; its first error stays.
type expression struct {
	graph   *gorgonia.ExprGraph
	learned map[string]*gorgonia.Node
	err     error
}

// do keeps the error of an operation. Operations after a failed one are skipped.
func (b *expression) do(n *gorgonia.Node, err error) *gorgonia.Node {
	if b.err == nil {
		b.err = err
	}
	return n
}

// matrix is a leaf: all but the last dimension become one, since biases are broadcast over matrices only.
func (b *expression) matrix(name string, t engine.Tensor) *gorgonia.Node {
	last := t.Shape[len(t.Shape)-1]
	shape := tensor.Shape{len(t.F32) / last, last}
	value := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(append([]float32(nil), t.F32...)))
	return gorgonia.NewMatrix(b.graph, tensor.Float32, gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(value))
}

func (b *expression) linear(name string, x *gorgonia.Node) *gorgonia.Node {
	product := b.do(gorgonia.Mul(x, b.learned[name+".w"]))
	return b.do(gorgonia.BroadcastAdd(product, b.learned[name+".b"], nil, []byte{0}))
}

func (b *expression) scale(x *gorgonia.Node, factor float64) *gorgonia.Node {
	return b.do(gorgonia.HadamardProd(x, gorgonia.NewConstant(float32(factor))))
}

func (b *expression) mlp(x *gorgonia.Node) *gorgonia.Node {
	return b.linear("proj", b.gelu(b.linear("fc", x)))
}

// gelu is 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))) in elementwise steps.
func (b *expression) gelu(x *gorgonia.Node) *gorgonia.Node {
	cubic := b.scale(b.do(gorgonia.Cube(x)), 0.044715)
	inner := b.scale(b.do(gorgonia.Add(x, cubic)), math.Sqrt(2/math.Pi))
	gate := b.do(gorgonia.Add(b.do(gorgonia.Tanh(inner)), gorgonia.NewConstant(float32(1))))
	return b.scale(b.do(gorgonia.HadamardProd(x, gate)), 0.5)
}

func (b *expression) attention(x *gorgonia.Node) *gorgonia.Node {
	q, k, v := b.split(b.linear("q", x)), b.split(b.linear("k", x)), b.split(b.linear("v", x)) // [B·H, T, D/H]
	scores := b.do(gorgonia.BatchedMatMul(q, b.do(gorgonia.Transpose(k, 0, 2, 1))))            // [B·H, T, T]
	weights := b.do(gorgonia.SoftMax(b.scale(scores, 1/math.Sqrt(width/heads)), 2))
	return b.linear("o", b.join(b.do(gorgonia.BatchedMatMul(weights, v))))
}

// split cuts rows [B·T, D] into heads [B·H, T, D/H].
func (b *expression) split(x *gorgonia.Node) *gorgonia.Node {
	apart := b.do(gorgonia.Reshape(x, tensor.Shape{batch, positions, heads, width / heads}))
	return b.do(gorgonia.Reshape(b.do(gorgonia.Transpose(apart, 0, 2, 1, 3)), tensor.Shape{batch * heads, positions, width / heads}))
}

// join undoes split.
func (b *expression) join(x *gorgonia.Node) *gorgonia.Node {
	apart := b.do(gorgonia.Reshape(x, tensor.Shape{batch, heads, positions, width / heads}))
	return b.do(gorgonia.Reshape(b.do(gorgonia.Transpose(apart, 0, 2, 1, 3)), tensor.Shape{rows, width}))
}
