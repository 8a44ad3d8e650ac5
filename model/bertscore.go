package model

import (
	"context"
	"fmt"
	"os"
	"slices"

	"harness/metrics"
	"harness/model/bert"
	"harness/model/digest"
	"harness/model/engine/native"
	"harness/model/spec"
)

// bertScorer is BERTScore as a trial asks for it. Nil is none.
type bertScorer struct {
	model    *bert.Model
	digest   string // of what is read of the model
	idf      bool
	baseline *metrics.Baseline // nil for none
}

// openBERTScore opens the trial's model for BERTScore, whose place is a folder by now; nil where the trial names none.
func openBERTScore(ctx context.Context, t spec.Trial, env Env) (*bertScorer, error) {
	e := t.Eval.BERTScore
	if e.Model == "" {
		return nil, nil
	}
	fail := func(err error) (*bertScorer, error) {
		return nil, fmt.Errorf("test.bertscore.model %s: %w", e.Model, err)
	}
	s := &bertScorer{idf: e.IDF, digest: e.ModelDigest} // checked with the other seals
	var err error
	if s.digest == "" {
		if s.digest, err = bert.Digest(ctx, e.Model, cacheDir(env.Home)); err != nil {
			return fail(err)
		}
	}
	if s.model, err = bert.Open(ctx, e.Model, e.Layer, native.New(env.Threads)); err != nil {
		return fail(err)
	}
	if s.baseline, err = openBaseline(e, s.model.Layer()); err != nil {
		s.model.Close()
		return nil, err
	}
	return s, nil
}

// openBaseline reads the row of a layer from the trial's baseline; nil where it names none. A file that changed since the trial was
// named is refused.
func openBaseline(e spec.BERTScore, layer int) (*metrics.Baseline, error) {
	path := string(e.Rescale)
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("test.bertscore.rescale: %w", err)
	}
	baseline, err := metrics.ReadBaseline(path, data, layer)
	if err != nil {
		return nil, fmt.Errorf("test.bertscore.rescale: %w", err)
	}
	return baseline, digest.Match("the baseline", path, e.RescaleDigest, baseline.Digest)
}

// checkBERTScore refuses a model or a baseline that cannot be read, or weights that are not finite. It keeps no values.
func checkBERTScore(t spec.Trial) error {
	e := t.Eval.BERTScore
	if e.Model == "" {
		return nil
	}
	layer, err := bert.Check(e.Model, e.Layer)
	if err != nil {
		return fmt.Errorf("test.bertscore.model %s: %w", e.Model, err)
	}
	_, err = openBaseline(e, layer)
	return err
}

// describe names the scorer for tables that compare trials: two that agree in it give the same numbers.
func (s *bertScorer) describe() string {
	if s == nil {
		return "no BERT"
	}
	idf, rescaled := "no idf", "not rescaled"
	if s.idf {
		idf = "idf"
	}
	if s.baseline != nil {
		rescaled = fmt.Sprintf("rescaled by %.12s", s.baseline.Digest)
	}
	return fmt.Sprintf("BERT %.12s, layer %d, %s, %s", s.digest, s.model.Layer(), idf, rescaled)
}

// ask adds BERTScore to what is scored.
func (s *bertScorer) ask(o *metrics.Options) {
	if s == nil {
		return
	}
	o.Metrics = append(slices.Clip(o.Metrics), "bertscore")
	o.BERT, o.IDF, o.Baseline = s.model, s.idf, s.baseline
}
