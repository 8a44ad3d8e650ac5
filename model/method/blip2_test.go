package method

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"harness/model/engine"
	"harness/model/engine/xla/xlatest"
	"harness/model/nn"
	"harness/model/spec"
)

// blip2Run is a small trial of BLIP-2 with its data.
func blip2Run(t *testing.T) *Run {
	t.Helper()
	trial := smallTrial(t, spec.BLIP2)
	trial.QFormer = spec.QFormer{Width: 16, Depth: 2, MLP: 24, Queries: 4}
	r := openTrial(t, trial)
	r.PublishedLM = func(nn.LanguageModel) (Weights, error) { return nil, nil }
	return r
}

// openTraining makes a session of a stage as a trial does.
func openTraining(t *testing.T, e engine.Engine, s Training) engine.Session {
	t.Helper()
	session, err := OpenSession(e, s.Params, s.Start, s.Frozen)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}

// stages are both of the Q-Former's, each as it would start.
func stages(t *testing.T, r *Run) map[spec.Stage]Training {
	t.Helper()
	first, err := r.represent(nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.speak(ValuesOf(first.Params))
	if err != nil {
		t.Fatal(err)
	}
	return map[spec.Stage]Training{spec.StageQFormer: first, spec.StageQFormerLM: second}
}

// Both stages move everything but the encoder, the same way on both engines.
func TestBLIP2Stages(t *testing.T) {
	r := blip2Run(t)
	compiled := xlatest.Open(t)
	for name, stage := range stages(t, r) {
		session := openTraining(t, r.Engine, stage)
		batch, err := stage.Batch(session, 1)
		if err != nil {
			t.Fatal(err)
		}
		if batch.Images != r.Trial.Pretrain.BatchSize || batch.Sequences != batch.Images {
			t.Errorf("%s: a step has %d images and %d texts, want %d", name, batch.Images, batch.Sequences, r.Trial.Pretrain.BatchSize)
		}
		part := batch.Parts[0]
		loss, want, err := session.Gradients(part.Key, part.Program, part.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		other, got, err := openTraining(t, compiled, stage).Gradients(part.Key, part.Program, part.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(other-loss) > 1e-5*loss {
			t.Errorf("%s: loss %v, on the other engine %v", name, loss, other)
		}
		for _, p := range stage.Params {
			g, moves := want[p.Name]
			if ofEncoder(p.Name) {
				if moves {
					t.Errorf("%s trains %s", name, p.Name)
				}
				continue
			}
			if strings.HasSuffix(p.Name, ".k.bias") { // softmax ignores it
				continue
			}
			var diff, size float64
			for i, v := range g.F32 {
				d := float64(v) - float64(got[p.Name].F32[i])
				diff, size = diff+d*d, size+float64(v)*float64(v)
			}
			if size == 0 {
				t.Errorf("%s: %s gets no gradient", name, p.Name)
			}
			if math.Sqrt(diff) > 2e-3*math.Sqrt(size)+1e-6 {
				t.Errorf("%s: %s: gradients differ by %.2g of %.2g", name, p.Name, math.Sqrt(diff), math.Sqrt(size))
			}
		}
	}
}

// Steps on one batch bring the loss of both stages well below its start.
func TestBLIP2Learns(t *testing.T) {
	r := blip2Run(t)
	for name, stage := range stages(t, r) {
		session := openTraining(t, r.Engine, stage)
		var first, last float64
		for step := range 40 {
			batch, err := stage.Batch(session, 1)
			if err != nil {
				t.Fatal(err)
			}
			part := batch.Parts[0]
			result, err := session.Step(part.Key, part.Program, part.Inputs, 0.01, engine.AdamW{Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, MaxGradNorm: 1})
			if err != nil {
				t.Fatal(err)
			}
			if step == 0 {
				first = result.Loss
			}
			last = result.Loss
		}
		if last > 0.6*first {
			t.Errorf("%s: loss went from %v to %v only", name, first, last)
		}
	}
}

// A batch depends on the step and the parameters alone.
func TestBLIP2BatchIsRepeated(t *testing.T) {
	r := blip2Run(t)
	stage := stages(t, r)[spec.StageQFormer]
	session := openTraining(t, r.Engine, stage)
	inputs := func(step int) engine.Inputs {
		batch, err := stage.Batch(session, step)
		if err != nil {
			t.Fatal(err)
		}
		return batch.Parts[0].Inputs
	}
	a := inputs(2)
	inputs(1)
	b := inputs(2)
	if len(a) != len(b) {
		t.Fatalf("%d inputs, then %d", len(a), len(b))
	}
	for name := range a {
		for i, v := range a[name].I32 {
			if b[name].I32[i] != v {
				t.Fatalf("%s differs", name)
			}
		}
		for i, v := range a[name].F32 {
			if b[name].F32[i] != v {
				t.Fatalf("%s differs", name)
			}
		}
	}
}

// Published weights stay as they are in the second stage, and difference VQA does not take the LM from it.
func TestBLIP2FrozenLM(t *testing.T) {
	r := blip2Run(t)
	r.Trial.LM.Weights = "given"
	asked := false
	r.PublishedLM = func(lm nn.LanguageModel) (Weights, error) {
		asked = true
		p := &nn.Parameters{Seed: 7}
		lm.Params(p, make([]float32, lm.Vocab*lm.Width))
		return ValuesOf(p.List), nil
	}
	stage, err := r.speak(nil)
	if err != nil {
		t.Fatal(err)
	}
	const name = "transformer.h.0.mlp.c_fc.weight"
	if !asked || !stage.Frozen(name) || stage.Frozen("qformer.project.weight") || stage.Start[name].F32 == nil {
		t.Error("the LM does not start from its weights, or is trained, or nothing else is")
	}
	if a := queryAnswerer(r.Trial, 50); a.Keeps(name) || !a.Keeps("qformer.queries") {
		t.Error("difference VQA takes the wrong parameters")
	}
	r.Trial.LM.Weights = ""
	if !queryAnswerer(r.Trial, 50).Keeps(name) {
		t.Error("difference VQA does not go on with the LM that was trained")
	}
}

// Negatives are drawn as softmax says, never of an equal text, and none where all are equal.
func TestHardNegative(t *testing.T) {
	texts := []string{"a", "b", "a", "c", "d"}
	similarity := []float32{50, 1, 60, 0, float32(math.Inf(-1))}
	rng := rand.New(rand.NewPCG(1, 1))
	drawn := map[int]int{}
	const n = 20000
	for range n {
		drawn[hardNegative(texts, 0, similarity, rng)]++
	}
	share := math.E / (math.E + 1)
	if got := float64(drawn[1]) / n; math.Abs(got-share) > 0.02 || drawn[1]+drawn[3] != n {
		t.Errorf("drawn %v: want 1 with probability %.3f, else 3", drawn, share)
	}
	if got := hardNegative([]string{"a", "a"}, 1, []float32{1, 2}, rng); got != -1 {
		t.Errorf("of equal texts, %d was drawn", got)
	}
	nan := float32(math.NaN())
	if got := hardNegative(texts, 1, []float32{nan, nan, nan, nan, nan}, rng); got == 1 || got < 0 {
		t.Errorf("of similarities that are no numbers, %d was drawn", got)
	}
}

// Pairs without a negative have no weight.
func TestMatchInputs(t *testing.T) {
	r := blip2Run(t)
	q := nn.NewQFormer(r.Trial, r.Corpus.Tok.Size())
	in := engine.Inputs{}
	read := r.readInputs(in, q, []string{" a", " a b"}, nil)
	r.matchInputs(in, q, read, negatives{images: []int{1, -1}, texts: []int{-1, 0}}, nil)
	for name, want := range map[string][]int32{"match.image": {0, 1, 1, 1, 0, 1}, "match.labels": {1, 1, 0, 0, 0, 0}} {
		for i, v := range want {
			if in[name].I32[i] != v {
				t.Errorf("%s %v, want %v", name, in[name].I32, want)
				break
			}
		}
	}
	for i, v := range []float32{1, 1, 1, 0, 0, 1} {
		if in["match.weights"].F32[i] != v {
			t.Errorf("weights %v", in["match.weights"].F32)
			break
		}
	}
	length := in["match.ids"].Shape[1]
	if ids := in["match.ids"].I32; ids[0] != q.CLS() || in["match.lengths"].I32[5] != in["match.lengths"].I32[0] || len(read[0].IDs) > length {
		t.Errorf("ids %v, lengths %v", ids, in["match.lengths"].I32)
	}
}
