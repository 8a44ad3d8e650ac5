package metrics

import (
	"context"
	"fmt"
	"math"

	"harness/metrics/reportlabel"
)

// labelScorer compares the observations that the texts state, as given, by the rules of package reportlabel: label F1. They are
// neither CheXbert's labels nor the CheXpert labeler's, and no number here may be called by those names.
//
// The arithmetic is that of f1chexbert 0.0.2: positive and uncertain count as present, all else as absent; micro-F1 is of the counts
// of all observations together; macro-F1 is the mean of every observation's F1, where one that neither side ever has counts as 0.
// Of one report there is no macro-F1. A row holds true positives, false positives and false negatives of each observation.
type labelScorer struct {
	samples []Sample
	refs    []reportlabel.Labels
}

// labelNote says what label F1 is, wherever it is printed.
const labelNote = "label F1: labels by rules, not CheXbert's; uncertain counts as present; in macro-F1 an observation that neither side has counts as 0"

func newLabelScorer(c *corpus, opts Options) (scorer, error) {
	for _, s := range c.samples {
		if len(s.Refs) > 1 {
			return nil, errBlank{fmt.Sprintf("label F1 compares a report with one reference; sample %q has more", s.ID)}
		}
	}
	l := &labelScorer{samples: c.samples, refs: make([]reportlabel.Labels, len(c.samples))}
	inParts(len(c.samples), opts.Threads, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			l.refs[i] = reportlabel.Read(c.samples[i].Refs[0])
		}
	})
	told := 0
	for _, ref := range l.refs {
		if ref.Any() {
			told++
		}
	}
	if 2*told < len(c.samples) { // a caption or an answer may hold a word such as "line" by chance
		return nil, errBlank{"most references state no observation of a chest X-ray"}
	}
	return l, nil
}

func (l *labelScorer) width() int      { return 3 * int(reportlabel.Count) }
func (l *labelScorer) notes() []string { return []string{labelNote} }

func (l *labelScorer) newWorker() func(context.Context, int, []float64) error {
	return func(_ context.Context, i int, row []float64) error {
		hyp := reportlabel.Read(l.samples[i].Hyp)
		for o := range reportlabel.Count {
			switch got, want := hyp.Present(o), l.refs[i].Present(o); {
			case got && want:
				row[3*o]++
			case got:
				row[3*o+1]++
			case want:
				row[3*o+2]++
			}
		}
		return nil
	}
}

func (l *labelScorer) value(sum []float64, n float64, out []float64) {
	for k, observations := range [][]reportlabel.Observation{reportlabel.All, reportlabel.Five} {
		var together Matches
		mean := 0.0
		for _, o := range observations {
			m := labelMatches(sum, o)
			together = together.plus(m)
			mean += m.F1() / float64(len(observations))
		}
		micro := together.F1()
		if together == (Matches{}) { // nothing stated and nothing to state: no value, not 0
			micro, mean = math.NaN(), math.NaN()
		}
		if n == 1 {
			mean = math.NaN()
		}
		out[2*k], out[2*k+1] = micro, mean
	}
}

// labelMatches reads the counts of one observation from a row or a sum of rows.
func labelMatches(sum []float64, o reportlabel.Observation) Matches {
	return Matches{TP: int(sum[3*o]), FP: int(sum[3*o+1]), FN: int(sum[3*o+2])}
}

// ObservationScore is the label comparison of one observation over all samples.
type ObservationScore struct {
	Observation string
	Matches
}

// observationScores returns the counts of every observation for the sum of a label scorer's rows.
func observationScores(st Statistics) []ObservationScore {
	sum := make([]float64, st.Width)
	for i, v := range st.Rows {
		sum[i%st.Width] += v
	}
	scores := make([]ObservationScore, len(reportlabel.All))
	for i, o := range reportlabel.All {
		scores[i] = ObservationScore{o.String(), labelMatches(sum, o)}
	}
	return scores
}
