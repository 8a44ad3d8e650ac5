package model

import (
	"context"
	"fmt"
	"path/filepath"

	"harness/model/checkpoint"
	"harness/model/dataset"
	"harness/model/digest"
	"harness/model/spec"
)

// Seal fills in the digests of the data, weights and paraphrases that the trial reads, as they are now; they count in its ID instead
// of the paths. What was digested before is remembered below home/cache, until a file changes. Programs, and synthetic
// data without weights, have no digests.
func Seal(ctx context.Context, home string, t *spec.Trial) error {
	if t.Command != "" {
		return nil
	}
	cache := cacheDir(home)
	if t.Data.Source == spec.SourceFiles {
		sum, err := dataset.Digest(ctx, t.Data.Root, cache, nil)
		if err != nil {
			return fmt.Errorf("data.root: %w", err)
		}
		t.Data.Digest = sum
	}
	for _, w := range weightsOf(t) {
		sum, err := checkpoint.Digest(ctx, w.dir, cache)
		if err != nil {
			return fmt.Errorf("%s %s: %w", w.field, w.dir, err)
		}
		*w.digest = sum
	}
	if path := t.Eval.MeteorParaphrases; path != "" {
		sum, err := digest.OfFile(ctx, path, cache)
		if err != nil {
			return fmt.Errorf("test.meteor_paraphrases: %w", err)
		}
		t.Eval.MeteorParaphrasesDigest = sum
	}
	return nil
}

func cacheDir(home string) string { return filepath.Join(home, "cache") }

// weights is a folder of weights that a trial starts from.
type weights struct {
	field, dir string
	digest     *string
}

func weightsOf(t *spec.Trial) []weights {
	var list []weights
	for _, w := range []weights{
		{"encoder.weights", t.Encoder.Weights, &t.Encoder.WeightsDigest}, {"lm.weights", t.LM.Weights, &t.LM.WeightsDigest},
	} {
		if w.dir != "" {
			list = append(list, w)
		}
	}
	return list
}

// checkSeals refuses weights that changed since the trial was named.
func checkSeals(ctx context.Context, t spec.Trial, home string) error {
	for _, w := range weightsOf(&t) {
		if *w.digest == "" {
			continue
		}
		sum, err := checkpoint.Digest(ctx, w.dir, cacheDir(home))
		if err != nil {
			return fmt.Errorf("%s %s: %w", w.field, w.dir, err)
		}
		if err := digest.Match("the weights in", w.dir, *w.digest, sum); err != nil {
			return err
		}
	}
	return nil
}
