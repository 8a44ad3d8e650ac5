package metrics

import (
	"context"
	"fmt"

	"harness/metrics/meteor"
)

// meteorScorer computes METEOR 1.5; a row is the statistics of the best reference, and the corpus value their aggregate.
type meteorScorer struct {
	corpus      *corpus
	paraphrases *meteor.Paraphrases
}

func newMETEOR(c *corpus, opts Options) (scorer, error) {
	if _, err := meteor.New(nil); err != nil {
		return nil, err
	}
	return &meteorScorer{c, opts.Paraphrases}, nil
}

func (m *meteorScorer) width() int { return meteor.Width }

func (m *meteorScorer) notes() []string {
	if m.paraphrases == nil {
		return []string{"METEOR 1.5 exact, stem, synonym: without paraphrase table"}
	}
	return []string{fmt.Sprintf("METEOR 1.5 exact, stem, synonym, paraphrase: table %.8s of %d entries", m.paraphrases.Digest(), m.paraphrases.Len())}
}

// label says where the number is not the one that papers print.
func (m *meteorScorer) label(name string) string {
	if m.paraphrases == nil {
		return name + " (no paraphrases)"
	}
	return name
}

func (m *meteorScorer) newWorker() func(context.Context, int, []float64) error {
	scorer, err := meteor.New(m.paraphrases)
	hyps, known := make([]meteor.Line, len(m.corpus.texts)), make([]meteor.Line, len(m.corpus.texts)) // by number of the text
	var refs []meteor.Line
	return func(_ context.Context, i int, row []float64) error {
		if err != nil {
			return err
		}
		hyp := m.corpus.hyps[i]
		if hyps[hyp.number] == nil {
			hyps[hyp.number] = scorer.Hypothesis(hyp.view)
		}
		refs = refs[:0]
		for _, ref := range m.corpus.refs[i] {
			if known[ref.number] == nil {
				known[ref.number] = scorer.Reference(ref.view)
			}
			refs = append(refs, known[ref.number])
		}
		return scorer.LineStats(hyps[hyp.number], refs, row)
	}
}

func (m *meteorScorer) value(sum []float64, _ float64, out []float64) { out[0] = meteor.Score(sum) }
