package model

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// A published SigLIP sees the same in a gray image as in the image copied to three channels, at any resolution.
func TestPretrainedEncoder(t *testing.T) {
	trial := smokeTrial(t)
	trial.Encoder = spec.Encoder{Width: 32, Depth: 2, Heads: 2, MLP: 64, Patch: 14, Weights: tinyFolder(t, "tiny_siglip")}
	r := rand.New(rand.NewPCG(1, 2))
	gray := make([]float32, 256*196)
	for i := range gray {
		gray[i] = r.Float32()*2 - 1
	}
	var got [2][]float32
	for k, channels := range []int{1, 3} {
		trial.Encoder.Channels = channels
		run := &trialRun{trial: trial, engine: native.New(1)}
		weights, err := run.pretrainedEncoder()
		if err != nil {
			t.Fatal(err)
		}
		e := nn.NewEncoder(trial)
		p := &nn.Parameters{}
		e.Params(p)
		s, err := method.OpenSession(run.engine, p.List, weights, method.Everything)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var patches []float32
		for i := range 256 {
			for range channels {
				patches = append(patches, gray[i*196:][:196]...)
			}
		}
		out, err := s.Run("encode", func(o engine.Ops) []engine.Value { return []engine.Value{e.Forward(o, o.Input("patches"))} },
			engine.Inputs{"patches": engine.Floats(patches, 1, 256, channels*196)})
		if err != nil {
			t.Fatal(err)
		}
		got[k] = out[0].F32
	}
	if diff, top := maxima(got[0], got[1]); diff > 1e-5*top || top == 0 {
		t.Errorf("gray and colour differ by %g of %g", diff, top)
	}
	trial.Encoder.Width = 64
	if _, err := (&trialRun{trial: trial}).pretrainedEncoder(); err == nil || !strings.Contains(err.Error(), "width 32") {
		t.Errorf("weights of another width: error %v", err)
	}
}

// A published GPT-2 keeps its first positions for the text; the visual part is interpolated from the others.
func TestPretrainedLM(t *testing.T) {
	trial := smokeTrial(t)
	trial.LM = spec.LM{Width: 32, Depth: 2, Heads: 2, MLP: 128, MaxPositionEmbeddings: 40, Weights: tinyFolder(t, "tiny_gpt2")}
	r := &trialRun{trial: trial}
	m := nn.NewLanguageModel(trial, 300, 50)
	values, err := r.pretrainedLM(m)
	if err != nil {
		t.Fatal(err)
	}
	file, err := checkpoint.LoadAny(trial.LM.Weights)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	name := "wpe.weight"
	if !file.Has(name) {
		name = "transformer." + name
	}
	wpe, err := file.F32(name)
	if err != nil {
		t.Fatal(err)
	}
	got := values["transformer.wpe.weight"].F32
	row := func(table []float32, i int) []float32 { return table[i*32:][:32] }
	for _, c := range []struct{ ours, theirs int }{{50, 0}, {89, 39}, {0, 40}, {49, 63}} {
		if diff, _ := maxima(row(got, c.ours), row(wpe, c.theirs)); diff > 1e-6 {
			t.Errorf("position %d is not the published %d", c.ours, c.theirs)
		}
	}
	if _, err := r.pretrainedLM(nn.NewLanguageModel(trial, 299, 50)); err == nil || !strings.Contains(err.Error(), "vocabulary 300") {
		t.Errorf("weights of another vocabulary: error %v", err)
	}
	for _, c := range []struct{ text, visual int }{{65, 0}, {64, 50}} {
		long := nn.NewLanguageModel(trial, 300, c.visual)
		long.MaxPositionEmbeddings = c.text
		if _, err := r.pretrainedLM(long); err == nil || !strings.Contains(err.Error(), "64 positions are too few") {
			t.Errorf("%d of text and %d visual: error %v", c.text, c.visual, err)
		}
	}
}

func tinyFolder(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join("..", "testdata", "metrics", name)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("no tiny model: %v", err)
	}
	return dir
}

// maxima are the largest difference between a and b, and the largest value of b.
func maxima(a, b []float32) (diff, top float64) {
	for i := range b {
		diff = max(diff, math.Abs(float64(a[i])-float64(b[i])))
		top = max(top, math.Abs(float64(b[i])))
	}
	return diff, top
}
