package method

import (
	"context"
	"math"
	"strings"
	"testing"

	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/engine/xla/xlatest"
	"harness/model/spec"
)

// silent is a recorder of nothing.
type silent struct{}

func (silent) Note(key, text string) error                          { return nil }
func (silent) Progress(stage string, step, total int, loss float64) {}

// smallTrial is a trial of a method with a small encoder and few patients.
func smallTrial(t *testing.T, m spec.Method) spec.Trial {
	t.Helper()
	trial, err := spec.Default(spec.Smoke)
	if err != nil {
		t.Fatal(err)
	}
	trial.Method = m
	trial.Data.Synthetic.Patients = 10
	trial.Encoder.Width, trial.Encoder.MLP = 16, 24
	return trial
}

// openTrial is a trial with its data.
func openTrial(t *testing.T, trial spec.Trial) *Run {
	t.Helper()
	c, err := corpus.Open(context.Background(), trial, t.TempDir(), silent{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &Run{Trial: trial, Corpus: c, Engine: native.New(2)}
}

// smallRun is a small trial of a method with its data, its decoder and LM small too.
func smallRun(t *testing.T, m spec.Method) *Run {
	t.Helper()
	trial := smallTrial(t, m)
	trial.Decoder.Width, trial.Decoder.MLP = 16, 24
	trial.LM.Width, trial.LM.MLP = 16, 24
	r := openTrial(t, trial)
	r.Progress = func(spec.Stage, int, int) {}
	r.Keep = func(_ context.Context, _ spec.Trial, _ spec.Stage, images []int, compute func([]int) (Weights, error)) (Weights, error) {
		return compute(images)
	}
	return r
}

func openSmall(t *testing.T, e engine.Engine, params []engine.Param) engine.Session {
	t.Helper()
	session, err := e.New(params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}

// gradientsOf are the loss and the gradients of all parts of a step together.
func gradientsOf(t *testing.T, s engine.Session, parts []Part) (loss float64, sum map[string][]float64) {
	t.Helper()
	sum = map[string][]float64{}
	for _, part := range parts {
		one, grads, err := s.Gradients(part.Key, part.Program, part.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		loss += one
		for name, g := range grads {
			if sum[name] == nil {
				sum[name] = make([]float64, len(g.F32))
			}
			for i, v := range g.F32 {
				sum[name][i] += float64(v)
			}
		}
	}
	return loss, sum
}

// checkParts holds the parts of a step to what every loss must do: each parameter gets a gradient, the one that finite differences
// give, and the same on both engines.
func checkParts(t *testing.T, params []engine.Param, parts []Part) {
	t.Helper()
	compiled := xlatest.Open(t)
	loss, grads := gradientsOf(t, openSmall(t, native.New(2), params), parts)
	other, same := gradientsOf(t, openSmall(t, compiled, params), parts)
	if math.Abs(other-loss) > 1e-5*loss {
		t.Errorf("loss %v, on the other engine %v", loss, other)
	}
	var moved float64
	for _, p := range params {
		g := grads[p.Name]
		var diff, size float64
		for i, v := range g {
			d := v - same[p.Name][i]
			diff, size = diff+d*d, size+v*v
		}
		if size == 0 {
			t.Errorf("%s gets no gradient", p.Name)
		}
		if math.Sqrt(diff) > 2e-3*math.Sqrt(size)+2e-6 {
			t.Errorf("%s: gradients differ by %.2g of %.2g", p.Name, math.Sqrt(diff), math.Sqrt(size))
		}
		if strings.HasSuffix(p.Name, ".k.bias") { // softmax ignores it: noise alone
			continue
		}
		// Along its own gradient the loss must rise by the gradient's length.
		norm := math.Sqrt(size)
		h := 2e-3 * (1 + parameterNorm(p)) / 4
		rise := (lossAlong(t, params, p.Name, g, h/norm, parts) - lossAlong(t, params, p.Name, g, -h/norm, parts)) / (2 * h)
		if math.Abs(rise-norm) > 0.05*norm+2e-3 {
			t.Errorf("%s: the loss rises by %.4g along a gradient of %.4g", p.Name, rise, norm)
		}
		moved++
	}
	if moved < 10 {
		t.Errorf("only %v parameters were checked", moved)
	}
}

func parameterNorm(p engine.Param) float64 {
	var sum float64
	for _, v := range p.Tensor.F32 {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// lossAlong is the loss with one parameter moved along a direction.
func lossAlong(t *testing.T, params []engine.Param, name string, direction []float64, by float64, parts []Part) float64 {
	t.Helper()
	list := append([]engine.Param(nil), params...)
	for i, p := range list {
		if p.Name != name {
			continue
		}
		data := make([]float32, len(p.Tensor.F32))
		for k, v := range p.Tensor.F32 {
			data[k] = float32(float64(v) + by*direction[k])
		}
		list[i].Tensor = engine.Floats(data, p.Tensor.Shape...)
	}
	session, err := native.New(2).New(list)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	loss := 0.0
	for _, part := range parts {
		out, err := session.Run(part.Key, part.Program, part.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		loss += float64(out[0].F32[0])
	}
	return loss
}

// checkLearns trains on one step again and again: its loss must fall well below its start.
func checkLearns(t *testing.T, params []engine.Param, parts []Part, steps int) engine.Session {
	t.Helper()
	session := openSmall(t, native.New(2), params)
	adam := engine.AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, MaxGradNorm: 1}
	var first, last float64
	for step := range steps {
		last = 0
		for _, part := range parts {
			loss, _, err := session.Accumulate(part.Key, part.Program, part.Inputs)
			if err != nil {
				t.Fatal(err)
			}
			last += loss
		}
		if _, err := session.Apply(0.01, adam); err != nil {
			t.Fatal(err)
		}
		if step == 0 {
			first = last
		}
	}
	if last > 0.6*first {
		t.Errorf("loss went from %v to %v only", first, last)
	}
	return session
}
