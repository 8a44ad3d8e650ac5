package model

import (
	"context"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/spec"
)

// TrainingImages is the number of training images below the trial's data.root that have a report or regions: a pass over them is an
// epoch of pretraining. All but the pixels is read.
func TrainingImages(ctx context.Context, t spec.Trial) (int, error) {
	set, err := dataset.Open(ctx, t.Data.Root, dataset.Options{Splits: dataset.Splits(t.Data.Splits), KeepPriorSentences: t.Data.KeepPrior})
	if err != nil {
		return 0, err
	}
	return len((&corpus.Corpus{Set: set}).Trainable(spec.AllTasks)), nil
}
