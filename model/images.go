package model

import (
	"context"
	"fmt"

	"harness/model/dataset"
	"harness/model/spec"
)

// OpenData opens the data set of a trial as the trial read it, without pixels, to look at its images. Synthetic data that are no longer
// below home are written again. hash is the data hash that the trial recorded; "" is not known. Other data are an error.
func OpenData(ctx context.Context, t spec.Trial, home, hash string) (*dataset.Set, error) {
	root := t.Data.Root
	if t.Data.Source == spec.SourceSynthetic {
		var err error
		if root, err = synthesise(ctx, t.Data.Synthetic, Env{Home: home}, unrecorded{}); err != nil {
			return nil, err
		}
	}
	set, err := dataset.Open(ctx, root, dataset.Options{Splits: dataset.Splits(t.Data.Splits), KeepPriorSentences: t.Data.KeepPrior})
	if err != nil {
		return nil, err
	}
	if hash != "" && set.Hash() != hash {
		return nil, fmt.Errorf("data set %s: its contents are %.12s, those that the trial was tested on were %.12s", root, set.Hash(), hash)
	}
	return set, nil
}

// unrecorded is the recorder of who runs no trial.
type unrecorded struct{}

func (unrecorded) Point(string, int, float64) error   { return nil }
func (unrecorded) Progress(string, int, int, float64) {}
func (unrecorded) Note(key, text string) error        { return nil }
func (unrecorded) Sync() error                        { return nil }
