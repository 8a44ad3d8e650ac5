package method_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/method"
	"harness/model/spec"
)

// built is the first stage of a method.
func built(t *testing.T, trial spec.Trial, c *corpus.Corpus, e engine.Engine) method.Training {
	t.Helper()
	var s method.Training
	run := &method.Run{Trial: trial, Corpus: c, Engine: e}
	run.Train = func(_ context.Context, _ spec.Trial, _ spec.Stage, build func() (method.Training, error)) (method.Weights, error) {
		var err error
		if s, err = build(); err != nil {
			return nil, err
		}
		return nil, errEnough
	}
	if _, err := method.Of(trial).Pretrain(context.Background(), run, nil); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return s
}

// A batch embedded in chunks has the loss and the gradients of the whole: its negatives are those of the batch, not of a chunk.
func TestChunksAreTheBatch(t *testing.T) {
	home := t.TempDir()
	for _, m := range []spec.Method{spec.GlobalContrastive, spec.RegionalContrastive} {
		t.Run(string(m), func(t *testing.T) {
			trial, err := spec.Default(spec.Smoke)
			if err != nil {
				t.Fatal(err)
			}
			trial.Method, trial.Pretrain.BatchSize = m, 8
			c, err := corpus.Open(context.Background(), trial, home, silent{})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			e := native.New(1)
			whole := built(t, trial, c, e)
			chunked := trial
			chunked.Pretrain.Chunk = 3
			parts := built(t, chunked, c, e)
			session, err := e.New(whole.Params)
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			batch, err := whole.Batch(session, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(batch.Parts) != 1 {
				t.Fatalf("%d parts", len(batch.Parts))
			}
			loss, want, err := session.Gradients(batch.Parts[0].Key, batch.Parts[0].Program, batch.Parts[0].Inputs)
			if err != nil {
				t.Fatal(err)
			}
			if batch, err = parts.Batch(session, 1); err != nil {
				t.Fatal(err)
			}
			if len(batch.Parts) != 3 {
				t.Fatalf("%d chunks of 8 images by 3", len(batch.Parts))
			}
			sum, got := 0.0, map[string][]float64{}
			for _, part := range batch.Parts {
				one, grads, err := session.Gradients(part.Key, part.Program, part.Inputs)
				if err != nil {
					t.Fatal(err)
				}
				sum += one
				for name, g := range grads {
					if got[name] == nil {
						got[name] = make([]float64, g.Size())
					}
					for i, v := range g.F32 {
						got[name][i] += float64(v)
					}
				}
			}
			if math.Abs(sum-loss) > 1e-5*math.Abs(loss) {
				t.Errorf("loss %v, in chunks %v", loss, sum)
			}
			for name, g := range want {
				apart, size := 0.0, 1e-6 // keys' biases have no gradient but rounding
				for i, v := range g.F32 {
					apart += (got[name][i] - float64(v)) * (got[name][i] - float64(v))
					size += float64(v) * float64(v)
				}
				if apart > 1e-8*size {
					t.Errorf("gradient of %s: %g apart of %g", name, math.Sqrt(apart), math.Sqrt(size))
				}
			}
		})
	}
}
