package census

import (
	"context"
	"math"

	"harness/metrics"
	"harness/model/corpus"
	"harness/model/dataset"
)

// MeanBox scores, on all test regions, the mean box that each region has in training: what CAREF must beat.
type MeanBox struct {
	Regions int     `json:"regions"`
	Acc50   float64 `json:"acc50"`
	Acc75   float64 `json:"acc75"`
	IoU     float64 `json:"iou"`
}

func scoreMeanBox(c *corpus.Corpus) *MeanBox {
	mean := c.MeanBoxes()
	var samples []metrics.BoxSample
	for i := range c.Set.Images {
		m := &c.Set.Images[i]
		if m.RegionSplit != dataset.Test {
			continue
		}
		for k := range m.Regions {
			region := &m.Regions[k]
			if _, ok := corpus.Quantised(m, region); !ok {
				continue
			}
			box, ok := mean[region.Name]
			for axis := range box { // as the control of a trial writes it: whole bins
				box[axis] = math.Floor(box[axis] + 0.5)
			}
			samples = append(samples, metrics.BoxSample{
				Region: region.Name, Pred: box, Ref: dataset.ToBins(region.Box, m.Width, m.Height), OK: ok,
			})
		}
	}
	if len(samples) == 0 || len(mean) == 0 {
		return nil
	}
	scores := metrics.ScoreBoxes(samples)
	return &MeanBox{Regions: scores.N, Acc50: scores.Acc50, Acc75: scores.Acc75, IoU: scores.MeanIoU}
}

// FrequentAnswer scores, on all test pairs, the answer that is most frequent in training to the same question: what needs no image.
type FrequentAnswer struct {
	Pairs     int     `json:"pairs"`
	Nothing   int     `json:"nothing"`    // test pairs of which nothing has changed
	LevelOnly int     `json:"level_only"` // test pairs whose question asks for the level in one area
	BLEU4     float64 `json:"bleu4"`      // of the corpus
	METEOR    float64 `json:"meteor"`     // without paraphrases
	ROUGEL    float64 `json:"rouge_l"`    // mean of the pairs
	CIDEr     float64 `json:"cider"`      // mean of the pairs
	F1        float64 `json:"f1"`         // of findings
}

func scoreFrequentAnswer(ctx context.Context, set *dataset.Set) (*FrequentAnswer, error) {
	train, test := corpus.OfSplit(set.Pairs, dataset.Train), corpus.OfSplit(set.Pairs, dataset.Test)
	if len(train) == 0 || len(test) == 0 {
		return nil, nil
	}
	frequent := corpus.FrequentAnswers(train)
	out := &FrequentAnswer{Pairs: len(test)}
	samples := make([]metrics.Sample, len(test))
	var counts metrics.FindingCounts
	for i, pair := range test {
		answer := frequent(pair.Question)
		samples[i] = metrics.Sample{ID: pair.ID, Hyp: answer, Refs: []string{pair.Answer}}
		if n, ok := metrics.CountFindings(answer, pair.Answer); ok {
			counts = counts.Plus(n)
		}
		if parsed, err := metrics.ParseAnswer(pair.Answer); err == nil && parsed.Nothing {
			out.Nothing++
		}
		if pair.LevelOnly {
			out.LevelOnly++
		}
	}
	scores, err := metrics.Score(ctx, samples, metrics.Options{Metrics: []string{"bleu4", "meteor", "rouge_l", "cider"}})
	if err != nil {
		return nil, err
	}
	out.BLEU4, out.METEOR = scores.Corpus["bleu4"], scores.Corpus["meteor"]
	out.ROUGEL, out.CIDEr = scores.Corpus["rouge_l"], scores.Corpus["cider"]
	out.F1 = counts.Both().F1()
	return out, nil
}
