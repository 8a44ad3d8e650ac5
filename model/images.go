package model

import (
	"context"
	"fmt"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/spec"
)

// OpenData opens the data set of a trial as the trial read it, without pixels, to look at its images. Synthetic data that are no longer
// below home are written again. hash is the data hash that the trial recorded; "" is not known. Other data are an error.
func OpenData(ctx context.Context, t spec.Trial, home, hash string) (*dataset.Set, error) {
	set, err := corpus.Data(ctx, t, home, unrecorded{})
	return checked(set, hash, err)
}

// ExistingData is [OpenData] for who may not write: synthetic data that are missing are an error, too.
func ExistingData(ctx context.Context, t spec.Trial, home, hash string) (*dataset.Set, error) {
	set, err := corpus.Existing(ctx, t, home)
	return checked(set, hash, err)
}

// checked is a set whose contents are those of a hash.
func checked(set *dataset.Set, hash string, err error) (*dataset.Set, error) {
	if err != nil {
		return nil, err
	}
	if hash != "" && set.Hash() != hash {
		return nil, fmt.Errorf("data set %s: its contents are %.12s, those that the trial was tested on were %.12s", set.Root, set.Hash(), hash)
	}
	return set, nil
}

// TrainingImages is the number of training images of a trial that have a report or regions: a pass over them is an epoch of pretraining.
// All but the pixels is read.
func TrainingImages(ctx context.Context, t spec.Trial, home string) (int, error) {
	set, err := corpus.Data(ctx, t, home, unrecorded{})
	if err != nil {
		return 0, err
	}
	return len((&corpus.Corpus{Set: set}).Trainable(spec.AllTasks)), nil
}

// unrecorded is the recorder of who runs no trial.
type unrecorded struct{}

func (unrecorded) Progress(string, int, int, float64) {}
func (unrecorded) Note(key, text string) error        { return nil }
