package nn

import (
	"maps"
	"testing"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/engine/xla/xlatest"
)

func openParams(t *testing.T, e engine.Engine, params []engine.Param) engine.Session {
	t.Helper()
	s, err := e.New(params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// checkEngines holds a loss on both engines to the same value and the same gradient of every parameter, none of which is zero.
func checkEngines(t *testing.T, params []engine.Param, loss engine.Program, in engine.Inputs) {
	t.Helper()
	value, want, err := openParams(t, native.New(2), params).Gradients("loss", loss, in)
	if err != nil {
		t.Fatal(err)
	}
	e := xlatest.Open(t)
	other, got, err := openParams(t, e, params).Gradients("loss", loss, in)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "loss", other, value, 1e-5)
	for _, p := range params {
		if keyBias(p.Name) {
			continue
		}
		diff, size := norms(got[p.Name].F32, want[p.Name].F32)
		if size == 0 {
			t.Errorf("%s gets no gradient", p.Name)
		}
		if diff > 1e-4*size+1e-7 {
			t.Errorf("%s: gradients differ by %.2g of %.2g", p.Name, diff, size)
		}
	}
}

// slope is the derivative of a loss along way from the values of one parameter in start, by differences of four places h apart.
func slope(t *testing.T, s engine.Session, loss engine.Program, in engine.Inputs, start map[string]engine.Tensor, name string, way []float32, h float64) float64 {
	t.Helper()
	at := func(step float64) float64 {
		data := make([]float32, len(way))
		for i, v := range start[name].F32 {
			data[i] = v + float32(step*h*float64(way[i]))
		}
		moved := maps.Clone(start)
		moved[name] = engine.Floats(data, start[name].Shape...)
		if err := s.Load(moved); err != nil {
			t.Fatal(err)
		}
		value, _, err := s.Gradients("loss", loss, in)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	return (8*(at(1)-at(-1)) - (at(2) - at(-2))) / (12 * h)
}

// checkLearns makes steps on one batch: they must bring the loss below a share of its start.
func checkLearns(t *testing.T, s engine.Session, loss engine.Program, in engine.Inputs, steps int, share float64) {
	t.Helper()
	adam := engine.AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, MaxGradNorm: 1}
	var first, last float64
	for step := range steps {
		result, err := s.Step("loss", loss, in, 0.01, adam)
		if err != nil {
			t.Fatal(err)
		}
		if step == 0 {
			first = result.Loss
		}
		last = result.Loss
	}
	if last > share*first {
		t.Errorf("loss went from %v to %v only", first, last)
	}
}
