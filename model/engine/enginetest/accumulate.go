package enginetest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"harness/model/engine"
)

// accumulation holds Accumulate and Apply to what they promise.
func accumulation(t *testing.T, e engine.Engine) {
	t.Run("OneProgram", func(t *testing.T) { oneProgram(t, e) })
	t.Run("Sum", func(t *testing.T) { sumOfPrograms(t, e) })
	t.Run("Operations", func(t *testing.T) { twice(t, e) })
	t.Run("Waiting", func(t *testing.T) { waiting(t, e) })
	t.Run("NotFinite", func(t *testing.T) { notFiniteSum(t, e) })
}

// halves makes the first moment half of the clipped gradient, and keeps steps small.
var halves = engine.AdamW{Beta1: 0.5, Beta2: 0.9, Eps: 1e-6, Decay: 0.1}

// towers is a small model whose parameters are a and b; "unread" is read by no program.
func towers() []engine.Param {
	r := rand.New(rand.NewPCG(11, 12))
	return []engine.Param{
		{Name: "a", Tensor: random(r, 5, 7), Decay: true}, {Name: "b", Tensor: random(r, 5)},
		{Name: "still", Tensor: random(r, 5), Frozen: true}, {Name: "unread", Tensor: random(r, 5), Decay: true},
	}
}

// layer is the MSE of a GELU layer with a target, and the layer's output.
func layer(o engine.Ops) []engine.Value {
	y := o.GELU(o.Linear(o.Input("x"), o.Param("a"), o.Param("b")), engine.GELUTanh)
	return []engine.Value{o.MSE(y, o.Input("y")), y}
}

// penalty reads one of the parameters alone.
func penalty(o engine.Ops) []engine.Value {
	return []engine.Value{o.MSE(o.Param("b"), o.Param("still"))}
}

func layerInputs(r *rand.Rand, rows int) engine.Inputs {
	return engine.Inputs{"x": random(r, rows, 7), "y": random(r, rows, 5)}
}

// oneProgram: Accumulate and Apply make the step that Step makes, on the native engine bit for bit.
func oneProgram(t *testing.T, e engine.Engine) {
	tolerance := 1e-6
	if e.Name() == "native" {
		tolerance = 0
	}
	r := rand.New(rand.NewPCG(13, 14))
	opt := halves
	opt.MaxGradNorm = 0.1
	whole, parts := session(t, e, towers()), session(t, e, towers())
	for step := range 4 {
		in := layerInputs(r, 3)
		want, err := whole.Step("layer", layer, in, 0.01, opt)
		if err != nil {
			t.Fatal(err)
		}
		loss, extra, err := parts.Accumulate("layer", layer, in)
		if err != nil {
			t.Fatal(err)
		}
		norm, err := parts.Apply(0.01, opt)
		if err != nil {
			t.Fatal(err)
		}
		if apart(loss, want.Loss) > tolerance || apart(norm, want.GradNorm) > tolerance || len(extra) != 1 ||
			distance(extra[0].F32, want.Extra[0].F32) > tolerance {
			t.Errorf("step %d: loss %v, norm %v, extra %v, not %+v", step, loss, norm, extra, want)
		}
	}
	same(t, parts, whole, tolerance)
}

// apart is the relative difference of two numbers.
func apart(got, want float64) float64 {
	return math.Abs(got-want) / max(math.Abs(want), math.SmallestNonzeroFloat64)
}

// same compares the whole state of two sessions.
func same(t *testing.T, got, want engine.Session, tolerance float64) {
	t.Helper()
	g, w := saved(t, got), saved(t, want)
	for _, name := range sortedNames(w) {
		if !slices.Equal(g[name].I32, w[name].I32) || distance(g[name].F32, w[name].F32) > tolerance {
			t.Errorf("%s is %.2g apart", name, distance(g[name].F32, w[name].F32))
		}
	}
}

func saved(t *testing.T, s engine.Session) map[string]engine.Tensor {
	t.Helper()
	state, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// sumOfPrograms: batches and programs of several kinds add up to the program of their sum, and Run between them changes
// nothing.
func sumOfPrograms(t *testing.T, e engine.Engine) {
	r := rand.New(rand.NewPCG(15, 16))
	opt := halves
	opt.MaxGradNorm = 0.5
	whole, parts := session(t, e, towers()), session(t, e, towers())
	for step := range 3 {
		first, second := layerInputs(r, 3), layerInputs(r, 3)
		all := engine.Inputs{"x": first["x"], "y": first["y"], "x2": second["x"], "y2": second["y"]}
		want, err := whole.Step("all", func(o engine.Ops) []engine.Value {
			y := o.GELU(o.Linear(o.Input("x2"), o.Param("a"), o.Param("b")), engine.GELUTanh)
			return []engine.Value{o.Add(o.Add(layer(o)[0], o.MSE(y, o.Input("y2"))), penalty(o)[0])}
		}, all, 0.01, opt)
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for _, part := range []struct {
			key     string
			program engine.Program
			in      engine.Inputs
		}{{"layer", layer, first}, {"penalty", penalty, nil}, {"layer", layer, second}} {
			loss, _, err := parts.Accumulate(part.key, part.program, part.in)
			if err != nil {
				t.Fatal(err)
			}
			total += loss
			if _, err := parts.Run("layer", layer, first); err != nil {
				t.Fatal(err)
			}
		}
		norm, err := parts.Apply(0.01, opt)
		if err != nil {
			t.Fatal(err)
		}
		if apart(total, want.Loss) > 1e-5 || apart(norm, want.GradNorm) > 1e-5 {
			t.Errorf("step %d: loss %g and norm %g, not %g and %g", step, total, norm, want.Loss, want.GradNorm)
		}
	}
	same(t, parts, whole, 1e-5)
}

// twice: every operation adds its gradients to those that wait, whatever its kernels do.
func twice(t *testing.T, e engine.Engine) {
	for _, d := range differences() {
		r := rand.New(rand.NewPCG(17, 18))
		program, in := d.loss(r)
		s := session(t, e, d.parameters())
		_, grads, err := s.Gradients("loss", program, in)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		for range 2 {
			if _, _, err := s.Accumulate("loss", program, in); err != nil {
				t.Fatalf("%s: %v", d.name, err)
			}
		}
		if _, err := s.Apply(0.01, halves); err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		state := saved(t, s)
		for _, name := range sortedNames(grads) {
			if got := distance(state["adam.m."+name].F32, grads[name].F32); got > 1e-6 {
				t.Errorf("%s: half of the sum of two gradients of %s is %.2g apart from one", d.name, name, got)
			}
		}
	}
}

// waiting: while gradients wait, nothing else may use or keep them; Apply needs some.
func waiting(t *testing.T, e engine.Engine) {
	in := layerInputs(rand.New(rand.NewPCG(19, 20)), 3)
	s, plain := session(t, e, towers()), session(t, e, towers())
	before := saved(t, s)
	if _, err := s.Apply(0.01, halves); err == nil {
		t.Error("nothing was applied")
	}
	if _, _, err := s.Accumulate("layer", layer, in); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(); err == nil {
		t.Error("half a step was saved")
	}
	if err := s.Load(before); err == nil {
		t.Error("a state was loaded into half a step")
	}
	if _, _, err := s.Gradients("layer", layer, in); err == nil {
		t.Error("gradients were computed into half a step")
	}
	if _, err := s.Step("layer", layer, in, 0.01, halves); err == nil {
		t.Error("a step was made in half a step")
	}
	if _, err := s.Apply(0.01, halves); err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Step("layer", layer, in, 0.01, halves); err != nil {
		t.Fatal(err)
	}
	same(t, s, plain, 1e-6)
	if _, err := s.Apply(0.01, halves); err == nil {
		t.Error("the gradients were applied twice")
	}
}

// notFiniteSum: a loss or a sum that is not finite, and a program that is refused, empty what waits and move nothing.
func notFiniteSum(t *testing.T, e engine.Engine) {
	in := layerInputs(rand.New(rand.NewPCG(21, 22)), 3)
	s, plain := session(t, e, towers()), session(t, e, towers())
	accumulate := func() {
		t.Helper()
		if _, _, err := s.Accumulate("layer", layer, in); err != nil {
			t.Fatal(err)
		}
	}
	scaled := func(o engine.Ops) []engine.Value {
		return []engine.Value{o.Mul(o.Mean(o.Param("b"), 0), o.Reshape(o.Input("factor")))}
	}
	factor := func(x float64) engine.Inputs { return engine.Inputs{"factor": engine.Floats([]float32{float32(x)}, 1)} }

	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		accumulate()
		loss, _, err := s.Accumulate("scaled", scaled, factor(bad))
		if err == nil || !math.IsNaN(loss) && !math.IsInf(loss, 0) {
			t.Errorf("loss %g, error %v", loss, err)
		}
		if _, err := s.Apply(0.01, halves); err == nil {
			t.Errorf("gradients waited behind a loss of %g", bad)
		}
	}
	accumulate()
	if _, _, err := s.Accumulate("refused", func(o engine.Ops) []engine.Value { return []engine.Value{o.Param("absent")} }, nil); err == nil {
		t.Error("an absent parameter was found")
	}
	if _, err := s.Apply(0.01, halves); err == nil {
		t.Error("gradients waited behind a refused program")
	}
	for range 2 { // each gradient is finite, 3e37 for every element of b; the sum of twenty is not
		for range 20 {
			if _, _, err := s.Accumulate("scaled", scaled, factor(1.5e38)); err != nil {
				t.Fatal(err)
			}
		}
		if norm, err := s.Apply(0.01, halves); err == nil || !math.IsNaN(norm) && !math.IsInf(norm, 0) {
			t.Errorf("norm %g, error %v", norm, err)
		}
	}
	same(t, s, plain, 0)
	accumulate()
	if _, err := s.Apply(0.01, halves); err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Step("layer", layer, in, 0.01, halves); err != nil {
		t.Fatal(err)
	}
	same(t, s, plain, 1e-6)
}
