package model

import (
	"context"
	"fmt"
	"path/filepath"

	"harness/model/bert"
	"harness/model/checkpoint"
	"harness/model/checkpoint/hub"
	"harness/model/dataset"
	"harness/model/digest"
	"harness/model/spec"
)

// Seal fills in the digests of the data, weights and paraphrases that the trial reads, as they are now; they count in its ID instead
// of the paths. Weights named as hf:ORG/NAME are found as from allows. What was digested before is remembered below home/cache,
// until a file changes. Programs, and synthetic data without weights, have no digests.
func Seal(ctx context.Context, home string, from *hub.Hub, t *spec.Trial) error {
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
		folder, err := from.Locate(ctx, *w.dir, w.need)
		if err != nil {
			return fmt.Errorf("%s %s: %w", w.field, *w.dir, err)
		}
		sum, err := w.sum(ctx, folder.Dir, cache)
		if err != nil {
			return fmt.Errorf("%s %s: %w", w.field, *w.dir, err)
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
	if path := string(t.Eval.BERTScore.Rescale); path != "" {
		sum, err := digest.OfFile(ctx, path, cache)
		if err != nil {
			return fmt.Errorf("test.bertscore.rescale: %w", err)
		}
		t.Eval.BERTScore.RescaleDigest = sum
	}
	return nil
}

func cacheDir(home string) string { return filepath.Join(home, "cache") }

// weights is a folder of weights that a trial starts from or is scored with.
type weights struct {
	field       string
	dir, digest *string
	need        hub.Need
}

// sum is the digest of what is read of the weights in dir.
func (w weights) sum(ctx context.Context, dir, cache string) (string, error) {
	if w.need == hub.Texts {
		return bert.Digest(ctx, dir, cache)
	}
	return checkpoint.Digest(ctx, dir, cache)
}

func weightsOf(t *spec.Trial) []weights {
	var list []weights
	for _, w := range []weights{
		{"encoder.weights", &t.Encoder.Weights, &t.Encoder.WeightsDigest, hub.Weights},
		{"lm.weights", &t.LM.Weights, &t.LM.WeightsDigest, hub.Weights},
		{"test.bertscore.model", &t.Eval.BERTScore.Model, &t.Eval.BERTScore.ModelDigest, hub.Texts},
	} {
		if *w.dir != "" {
			list = append(list, w)
		}
	}
	return list
}

// commit says which commit of a repository a reference of a trial is.
type commit struct{ field, text string }

// located is the trial with folders where it names weights as hf:ORG/NAME, and the commits that these are.
func located(ctx context.Context, from *hub.Hub, t spec.Trial) (spec.Trial, []commit, error) {
	var commits []commit
	for _, w := range weightsOf(&t) {
		folder, err := from.Locate(ctx, *w.dir, w.need)
		if err != nil {
			return t, nil, fmt.Errorf("%s %s: %w", w.field, *w.dir, err)
		}
		if folder.Commit != "" {
			commits = append(commits, commit{w.field, folder.Reference.String() + " is commit " + folder.Commit})
		}
		*w.dir = folder.Dir
	}
	return t, commits, nil
}

// checkSeals refuses weights that changed since the trial was named.
func checkSeals(ctx context.Context, t spec.Trial, home string) error {
	for _, w := range weightsOf(&t) {
		if *w.digest == "" {
			continue
		}
		sum, err := w.sum(ctx, *w.dir, cacheDir(home))
		if err != nil {
			return fmt.Errorf("%s %s: %w", w.field, *w.dir, err)
		}
		if err := digest.Match("the weights in", *w.dir, *w.digest, sum); err != nil {
			return err
		}
	}
	return nil
}
