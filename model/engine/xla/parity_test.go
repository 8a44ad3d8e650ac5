package xla

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"harness/model/engine"
	"harness/model/engine/enginetest"
	"harness/model/engine/native"
)

// TestNativeParity builds random programs and compares loss, gradients and two training steps with the native engine's.
// The programs chain operations that the recorded cases have alone, so shapes, masks and ways back meet each other.
func TestNativeParity(t *testing.T) {
	const lr = 0.01
	one := native.New(1)
	for seed := range randomPrograms(112) {
		options := Options{Flags: quick}
		if seed%2 == 1 {
			options.Sizes = small.Sizes
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := randomProgram(seed)
			want, got := open(t, one, p.params), open(t, tested(t, options), p.params)
			wantLoss, wantGrads, err := want.Gradients("p", p.build, p.in)
			if err != nil {
				t.Fatalf("native: %v", err)
			}
			gotLoss, gotGrads, err := got.Gradients("p", p.build, p.in)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(gotLoss-wantLoss) > 2e-6*math.Abs(wantLoss) {
				t.Errorf("loss %v, native %v", gotLoss, wantLoss)
			}
			if len(gotGrads) != len(wantGrads) {
				t.Errorf("%d gradients, native %d", len(gotGrads), len(wantGrads))
			}
			largest := float32(0)
			for _, w := range wantGrads {
				largest = max(largest, slices.Max(w.F32), -slices.Min(w.F32))
			}
			for name, w := range wantGrads {
				// Gradients far below the others are the difference of large numbers: measure them by the others.
				scale := max(slices.Max(w.F32), -slices.Min(w.F32), largest/20)
				near(t, "gradient of "+name, append(gotGrads[name].F32, scale), append(w.F32, scale), 5e-5)
			}
			opt := engine.AdamW{Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, Decay: 0.1, MaxGradNorm: 0.5}
			for step := range 2 {
				w, err := want.Step("p", p.build, p.in, lr, opt)
				if err != nil {
					t.Fatalf("native: %v", err)
				}
				g, err := got.Step("p", p.build, p.in, lr, opt)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(g.Loss-w.Loss) > 1e-5*math.Abs(w.Loss) || math.Abs(g.GradNorm-w.GradNorm) > 5e-5*w.GradNorm {
					t.Errorf("step %d: loss %v and norm %v, native %v and %v", step, g.Loss, g.GradNorm, w.Loss, w.GradNorm)
				}
				near(t, "extra", g.Extra[0].F32, w.Extra[0].F32, 1e-4)
			}
			for _, name := range want.Names() {
				w, err := want.Param(name)
				if err != nil {
					t.Fatal(err)
				}
				g, err := got.Param(name)
				if err != nil {
					t.Fatal(err)
				}
				// A parameter that ends near zero is measured by how far the two steps may move it.
				near(t, name+" after two steps", append(g.F32, 2*lr), append(w.F32, 2*lr), 1e-4)
			}
		})
	}
}

// chain is a random program: parameters, inputs, and operations that each turn x [B, S, w] into the next x.
type chain struct {
	random *rand.Rand
	params []engine.Param
	in     engine.Inputs
	links  []func(o engine.Ops, x engine.Value) engine.Value
	build  engine.Program
}

// param adds a random parameter; some are frozen, some decayed.
func (c *chain) param(shape ...int) string {
	name := fmt.Sprintf("p%d", len(c.params))
	data := noise(c.random, engine.Size(shape))
	for i := range data {
		data[i] *= 0.5
	}
	c.params = append(c.params, engine.Param{
		Name: name, Tensor: engine.Floats(data, shape...),
		Frozen: c.random.IntN(5) == 0 && len(c.params) > 0, Decay: c.random.IntN(2) == 0,
	})
	return name
}

// ints adds an int32 input of numbers from … to-1.
func (c *chain) ints(n, from, to int) string {
	name := fmt.Sprintf("i%d", len(c.in))
	data := make([]int32, n)
	for i := range data {
		data[i] = int32(from + c.random.IntN(to-from))
	}
	c.in[name] = engine.Ints(data, n)
	return name
}

func (c *chain) link(f func(o engine.Ops, x engine.Value) engine.Value) { c.links = append(c.links, f) }

func randomProgram(seed uint64) *chain {
	c := &chain{random: rand.New(rand.NewPCG(seed, 9)), in: engine.Inputs{}}
	batch, positions, heads := 1+c.random.IntN(3), 2+c.random.IntN(6), 1+c.random.IntN(3)
	width := heads * (2 + c.random.IntN(4))
	table := c.param(7, width)
	ids := c.ints(batch*positions, 0, 7)
	for range 3 + c.random.IntN(4) {
		c.add(batch, positions, width, heads)
	}
	finish := c.loss(batch, positions, width)
	c.build = func(o engine.Ops) []engine.Value {
		x := o.Reshape(o.Embedding(o.Param(table), ids), batch, positions, width)
		for _, link := range c.links {
			x = link(o, x)
		}
		return []engine.Value{finish(o, x), o.Mean(x, 1)}
	}
	return c
}

// add appends one random operation, or a few that belong together.
func (c *chain) add(batch, positions, width, heads int) {
	switch c.random.IntN(10) {
	case 0:
		w, b := c.param(width, width), c.param(width)
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			return o.Add(x, o.Linear(o.GELU(x, engine.GELUTanh), o.Param(w), o.Param(b)))
		})
	case 1:
		w := c.param(width, width)
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			return o.LinearInOut(o.GELU(x, engine.GELUErf), o.Param(w), nil)
		})
	case 2:
		w, b := c.param(width), c.param(width)
		c.link(func(o engine.Ops, x engine.Value) engine.Value { return o.LayerNorm(x, o.Param(w), o.Param(b), 1e-3) })
	case 3:
		mask := engine.Mask{Causal: c.random.IntN(2) == 0}
		if c.random.IntN(2) == 0 {
			mask.KeyLengths = c.ints(batch, 0, positions+1)
		}
		if mask.Causal && c.random.IntN(2) == 0 {
			mask.CausalRows = c.ints(batch, 0, 2)
		}
		w := c.param(width, width)
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			return o.Add(x, o.Attention(o.Linear(x, o.Param(w), nil), x, o.Scale(x, 0.7), heads, mask))
		})
	case 4:
		memory := c.param(batch, 1+c.random.IntN(6), width)
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			return o.Add(x, o.Attention(x, o.Param(memory), o.Param(memory), heads, engine.Mask{}))
		})
	case 5:
		bias, factor := c.param(positions, width), c.param(width)
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			return o.Mul(o.Add(x, o.Param(bias)), o.Abs(o.Param(factor)))
		})
	case 6:
		seed := c.ints(1, 0, 1000)
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			return o.Dropout(o.Dropout(x, 0.2, seed), 0.4, seed)
		})
	case 7:
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			left, right := o.Slice(x, 1, 0, 1), o.Slice(x, 1, 1, positions)
			return o.Concat(1, right, o.Add(left, o.StopGradient(left)))
		})
	case 8:
		rows := c.ints(batch, 0, batch)
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			samples := o.Reshape(x, batch, positions*width)
			top := o.Reshape(o.Max(x, 1), batch, 1, width)
			return o.Add(o.Reshape(o.Embedding(samples, rows), batch, positions, width), o.Concat(1, repeat(top, positions)...))
		})
	case 9:
		before := len(c.links)
		for range 1 + c.random.IntN(3) {
			c.add(batch, positions, width, heads)
		}
		block := slices.Clone(c.links[before:])
		c.links = c.links[:before]
		memory, both := c.param(width), c.random.IntN(2) == 0
		c.link(func(o engine.Ops, x engine.Value) engine.Value {
			outside := o.Scale(o.Param(memory), 0.5)
			results := o.Recompute(x, func(x engine.Value) []engine.Value {
				for _, link := range block {
					x = link(o, x)
				}
				return []engine.Value{o.Add(x, outside), o.Mean(x, 1)}
			})
			if both {
				return o.Concat(1, o.Slice(results[0], 1, 0, positions-1), o.Reshape(results[1], batch, 1, width))
			}
			return results[0]
		})
	}
}

func repeat(x engine.Value, n int) []engine.Value {
	list := make([]engine.Value, n)
	for i := range list {
		list[i] = x
	}
	return list
}

// loss ends the chain.
func (c *chain) loss(batch, positions, width int) func(o engine.Ops, x engine.Value) engine.Value {
	rows := batch * positions
	switch c.random.IntN(4) {
	case 0:
		labels, weights := c.ints(rows, 0, 7), make([]float32, rows)
		for i := range weights {
			weights[i] = float32(c.random.IntN(3))
		}
		weights[0] = 1
		c.in["weights"] = engine.Floats(weights, rows)
		head, smoothing := c.param(7, width), 0.1*float64(c.random.IntN(2))
		return func(o engine.Ops, x engine.Value) engine.Value {
			return o.CrossEntropy(o.MatMul(o.Reshape(x, rows, width), o.Param(head)), labels, "weights", smoothing)
		}
	case 1:
		count := 1 + c.random.IntN(2*batch)
		texts, scale, bias := c.param(count, width), c.param(1), c.param(1)
		sign := make([]float32, batch*count)
		for i := range sign {
			sign[i] = float32(2*c.random.IntN(2) - 1)
		}
		c.in["sign"] = engine.Floats(sign, batch, count)
		return func(o engine.Ops, x engine.Value) engine.Value {
			image := o.L2Normalise(o.Mean(x, 1))
			return o.SigmoidPair(image, o.L2Normalise(o.Param(texts)), o.Param(scale), o.Param(bias), "sign")
		}
	case 2:
		count := 1 + c.random.IntN(3)
		boxes := make([]float32, 0, 4*count)
		for range count {
			x, y := c.random.Float32()*4-2, c.random.Float32()*2-1
			boxes = append(boxes, x, y, x+c.random.Float32()*float32(positions), y+c.random.Float32()*2)
		}
		c.in["boxes"] = engine.Floats(boxes, count, 4)
		which := c.ints(count, 0, batch)
		return func(o engine.Ops, x engine.Value) engine.Value {
			regions := o.Reshape(o.RoIAlign(x, 1, positions, "boxes", which), count*9*width)
			return o.Mean(o.Mul(regions, o.Add(regions, o.Abs(regions))), 0)
		}
	default:
		c.in["target"] = engine.Floats(noise(c.random, rows*width), batch, positions, width)
		return func(o engine.Ops, x engine.Value) engine.Value { return o.MSE(x, o.Input("target")) }
	}
}

// TestNativeParityPeer trains a model of 1.5 million parameters for two steps on both engines.
func TestNativeParityPeer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	work := enginetest.Peer.New()
	want, got := open(t, native.New(0), work.Params), open(t, tested(t, Options{}), work.Params)
	for step := range 2 {
		w, err := want.Step("step", work.Program, work.Inputs, 1e-3, work.AdamW)
		if err != nil {
			t.Fatalf("native: %v", err)
		}
		g, err := got.Step("step", work.Program, work.Inputs, 1e-3, work.AdamW)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(g.Loss-w.Loss) > 1e-5*w.Loss || math.Abs(g.GradNorm-w.GradNorm) > 1e-4*w.GradNorm {
			t.Errorf("step %d: loss %v and norm %v, native %v and %v", step, g.Loss, g.GradNorm, w.Loss, w.GradNorm)
		}
	}
}
