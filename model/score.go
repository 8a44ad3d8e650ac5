package model

import (
	"context"
	"fmt"

	"harness/metrics"
	"harness/metrics/meteor"
)

// scorerOf says how texts are scored, for tables that compare trials: the tokens, METEOR's paraphrase table by the first digits of its
// SHA-256, and BERTScore's model by its digest, its layer, idf and baseline.
func scorerOf(table *meteor.Paraphrases, bertscore *bertScorer) string {
	paraphrases := "without paraphrases"
	if table != nil {
		paraphrases = fmt.Sprintf("paraphrases %.8s", table.Digest())
	}
	return metrics.TokenizePTB + "; METEOR " + paraphrases + "; " + bertscore.describe()
}

// recordedPrefix begins the names of what is recorded of a task, for a control or, with "", for the model.
func recordedPrefix(task, control string) string {
	if control == "" {
		return task + "/"
	}
	return "controls/" + control + "/" + task + "/"
}

// scoreTexts records the caption metrics of a task's generated texts, on PTB tokens, and as "scorer" how they were scored.
func (r *trialRun) scoreTexts(ctx context.Context, task, control string, list []metrics.Sample) error {
	prefix := recordedPrefix(task, control)
	options := metrics.Options{Threads: r.env.Threads, Paraphrases: r.paraphrases, Metrics: metrics.TextGroups}
	r.bertscore.ask(&options)
	scores, err := metrics.Score(ctx, list, options)
	if err != nil {
		return err
	}
	if err := r.rec.Note(prefix+"scorer", scorerOf(r.paraphrases, r.bertscore)); err != nil {
		return err
	}
	for _, key := range scores.Keys {
		if !metrics.IsRecorded(prefix + key) { // P and R of BERTScore
			continue
		}
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
	switch {
	case r.bertscore == nil && control == "":
		return r.rec.Note(prefix+"bertscore/blank", metrics.NoBERT)
	case r.bertscore == nil:
		return nil
	}
	return r.predictions.score(task, control, scores.IDs, scores.Sample["bertscore"])
}
