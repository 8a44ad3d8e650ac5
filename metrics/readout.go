package metrics

import (
	"context"
	"math"
)

// boxScorer compares the boxes that the texts hold, as given, before any tokenisation: the last one of the text with the last one of the
// first reference. Samples whose reference has none do not count. A row is a hit at IoU 0.5, a hit at 0.75, the IoU, and 1 where the sample counts.
type boxScorer struct{ corpus *corpus }

func newBoxScorer(c *corpus, _ Options) (scorer, error) {
	for _, s := range c.samples {
		if _, ok := ParseBox(s.Refs[0]); ok {
			return &boxScorer{c}, nil
		}
	}
	return nil, errBlank{"no reference holds a box"}
}

func (b *boxScorer) width() int      { return 4 }
func (b *boxScorer) notes() []string { return nil }

func (b *boxScorer) newWorker() func(context.Context, int, []float64) error {
	return func(_ context.Context, i int, row []float64) error {
		if box, ok := readBoxes(b.corpus.samples[i]); ok {
			scores := ScoreBoxes([]BoxSample{box})
			row[0], row[1], row[2], row[3] = scores.Acc50, scores.Acc75, scores.MeanIoU, 1
		}
		return nil
	}
}

func (b *boxScorer) value(sum []float64, _ float64, out []float64) {
	out[0], out[1], out[2] = sum[0]/sum[3], sum[1]/sum[3], sum[2]/sum[3]
}

// readBoxes parses both boxes of a sample; ok is false when the reference holds none.
func readBoxes(s Sample) (box BoxSample, ok bool) {
	box.Region = s.Region
	if box.Ref, ok = ParseBox(s.Refs[0]); !ok {
		return box, false
	}
	box.Pred, box.OK = ParseBox(s.Hyp)
	return box, true
}

// regionScores returns the box scores of the samples that name a region.
func regionScores(samples []Sample) []RegionBoxScores {
	var boxes []BoxSample
	for _, s := range samples {
		if box, ok := readBoxes(s); ok && s.Region != "" {
			boxes = append(boxes, box)
		}
	}
	return ScoreRegions(boxes)
}

// findingScorer compares the findings that the texts state, as given, with those of the first reference. A row is the fields of
// FindingCounts.
type findingScorer struct{ corpus *corpus }

func newFindingScorer(c *corpus, _ Options) (scorer, error) {
	for _, s := range c.samples {
		if _, err := ParseAnswer(s.Refs[0]); err == nil {
			return &findingScorer{c}, nil
		}
	}
	return nil, errBlank{"no reference is a difference answer"}
}

func (f *findingScorer) width() int      { return 11 }
func (f *findingScorer) notes() []string { return nil }

func (f *findingScorer) newWorker() func(context.Context, int, []float64) error {
	return func(_ context.Context, i int, row []float64) error {
		s := f.corpus.samples[i]
		c, _ := CountFindings(s.Hyp, s.Refs[0])
		for k, n := range []int{c.Added.TP, c.Added.FP, c.Added.FN, c.Missing.TP, c.Missing.FP, c.Missing.FN, c.Rows, c.Exact, c.Nothing, c.Levels, c.LevelsRight} {
			row[k] = float64(n)
		}
		return nil
	}
}

func (f *findingScorer) value(sum []float64, _ float64, out []float64) {
	n := func(k int) int { return int(sum[k]) }
	c := FindingCounts{
		Added: Matches{n(0), n(1), n(2)}, Missing: Matches{n(3), n(4), n(5)},
		Rows: n(6), Exact: n(7), Nothing: n(8), Levels: n(9), LevelsRight: n(10),
	}
	for k, m := range []Matches{c.Both(), c.Added, c.Missing} {
		out[3*k], out[3*k+1], out[3*k+2] = m.Precision(), m.Recall(), m.F1()
		if m == (Matches{}) { // nothing stated and nothing to state: no value, not 0
			out[3*k], out[3*k+1], out[3*k+2] = math.NaN(), math.NaN(), math.NaN()
		}
	}
	out[9], out[10], out[11] = c.ExactAccuracy(), c.NothingAccuracy(), c.LevelAccuracy()
}
