package model

import (
	"context"

	"harness/metrics"
)

// scoreTexts records the caption metrics of generated texts, on PTB tokens, under the given prefix.
func (r *trialRun) scoreTexts(ctx context.Context, prefix string, list []metrics.Sample) error {
	scores, err := metrics.Score(ctx, list, metrics.Options{Threads: r.env.Threads})
	if err != nil {
		return err
	}
	for _, key := range scores.Keys {
		if reason, blank := scores.Blank[key]; blank {
			if err := r.rec.Note(prefix+key+"/blank", reason); err != nil {
				return err
			}
			continue
		}
		if err := r.rec.Point(prefix+key, 0, scores.Corpus[key]); err != nil {
			return err
		}
	}
	return nil
}
