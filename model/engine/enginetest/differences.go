package enginetest

import (
	"maps"
	"math"
	"math/rand/v2"
	"testing"

	"harness/model/engine"
)

// difference is one operation whose gradients are compared with finite differences.
type difference struct {
	name   string
	params map[string]engine.Tensor
	inputs engine.Inputs
	op     func(o engine.Ops) engine.Value
}

// parameters are those of the operation, in the order of their names.
func (d difference) parameters() []engine.Param {
	var params []engine.Param
	for _, name := range sortedNames(d.params) {
		params = append(params, engine.Param{Name: name, Tensor: d.params[name]})
	}
	return params
}

// loss is the MSE of the result with a random target, which the inputs hold once the program has run, or the result itself
// where it is a scalar.
func (d difference) loss(r *rand.Rand) (engine.Program, engine.Inputs) {
	in := engine.Inputs{}
	maps.Copy(in, d.inputs)
	return func(o engine.Ops) []engine.Value {
		y := d.op(o)
		if engine.Size(y.Shape()) == 1 {
			return []engine.Value{y}
		}
		if _, ok := in["target"]; !ok {
			in["target"] = random(r, y.Shape()...)
		}
		return []engine.Value{o.MSE(y, o.Input("target"))}
	}, in
}

// finiteDifferences moves every parameter of every operation along random directions. The difference quotient is of fourth
// order, in float64.
func finiteDifferences(t *testing.T, e engine.Engine) {
	for _, d := range differences() {
		t.Run(d.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, 8))
			names := sortedNames(d.params)
			s := session(t, e, d.parameters())
			loss, in := d.loss(r)
			_, grads, err := s.Gradients("loss", loss, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				for range 3 {
					way := random(r, d.params[name].Shape...)
					want, size := 0.0, 0.0
					for i, g := range grads[name].F32 {
						want += float64(g) * float64(way.F32[i])
						size += float64(g) * float64(g)
					}
					got := quotient(t, s, loss, in, name, d.params[name], way)
					if scale := math.Sqrt(size) + 1e-2; math.Abs(got-want) > 1e-3*scale {
						t.Errorf("along %s: %.6g by differences, %.6g by the gradient (norm %.3g)", name, got, want, math.Sqrt(size))
					}
				}
			}
		})
	}
}

// quotient is the slope of the loss along way: (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h.
func quotient(t *testing.T, s engine.Session, loss engine.Program, in engine.Inputs, name string, at, way engine.Tensor) float64 {
	t.Helper()
	const h = 5e-3
	start, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	f := func(step float64) float64 {
		moved := make([]float32, len(at.F32))
		for i := range moved {
			moved[i] = float32(float64(at.F32[i]) + step*float64(way.F32[i]))
		}
		start[name] = engine.Floats(moved, at.Shape...)
		if err := s.Load(start); err != nil {
			t.Fatal(err)
		}
		value, _, err := s.Gradients("loss", loss, in)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	slope := (8*(f(h)-f(-h)) - (f(2*h) - f(-2*h))) / (12 * h)
	start[name] = at
	if err := s.Load(start); err != nil {
		t.Fatal(err)
	}
	return slope
}
