package model

import (
	"context"
	"fmt"

	"harness/metrics"
	"harness/metrics/meteor"
)

// scorerOf says how texts are scored, for tables that compare trials: the tokens, METEOR's paraphrase table by the first digits of its
// SHA-256, and BERTScore's model.
func scorerOf(table *meteor.Paraphrases) string {
	paraphrases := "without paraphrases"
	if table != nil {
		paraphrases = fmt.Sprintf("paraphrases %.8s", table.Digest())
	}
	return metrics.TokenizePTB + "; METEOR " + paraphrases + "; no BERT"
}

// scoreTexts records the caption metrics of generated texts, on PTB tokens, under the given prefix, and as PREFIXscorer how they were scored.
func (r *trialRun) scoreTexts(ctx context.Context, prefix string, list []metrics.Sample) error {
	scores, err := metrics.Score(ctx, list, metrics.Options{Threads: r.env.Threads, Paraphrases: r.paraphrases})
	if err != nil {
		return err
	}
	if err := r.rec.Note(prefix+"scorer", scorerOf(r.paraphrases)); err != nil {
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
