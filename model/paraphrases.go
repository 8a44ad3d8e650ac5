package model

import (
	"context"
	"fmt"

	"harness/metrics/meteor"
	"harness/model/digest"
	"harness/model/spec"
)

// openParaphrases reads the trial's paraphrase table for METEOR, or what home/cache keeps of it; nil where the trial names none. A table
// that changed since the trial was named is refused.
func openParaphrases(ctx context.Context, t spec.Trial, home string) (*meteor.Paraphrases, error) {
	path := t.Eval.MeteorParaphrases
	if path == "" {
		return nil, nil
	}
	table, err := meteor.OpenParaphrases(ctx, path, meteor.Opening{Cache: cacheDir(home)}) // not kept: it is read again
	if err != nil {
		return nil, fmt.Errorf("test.meteor_paraphrases: %w", err)
	}
	if err := digest.Match("the paraphrase table", path, t.Eval.MeteorParaphrasesDigest, table.Digest()); err != nil {
		_ = table.Close()
		return nil, err
	}
	return table, nil
}

// checkParaphrases refuses a paraphrase table that cannot be read.
func checkParaphrases(ctx context.Context, t spec.Trial, home string) error {
	table, err := openParaphrases(ctx, t, home)
	if table == nil {
		return err
	}
	return table.Close()
}
