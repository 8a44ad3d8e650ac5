package metrics

import (
	"context"
	"math"
)

// cider computes what the official class Cider does, which is CIDEr-D: tf-idf vectors of 1- to 4-grams with document frequencies
// from the references scored, clipped products, and a Gaussian penalty on the difference of the lengths. The corpus value is a
// mean. A row is the score.
type cider struct {
	corpus *corpus
	idf    []float64           // by n-gram number
	norms  [][maxOrder]float64 // of the tf-idf vectors, by the number of the text and the order
}

const ciderSigma = 6

func newCIDEr(c *corpus, _ Options) (scorer, error) {
	table := c.ngrams()
	frequency := make([]int32, table.count)
	last := make([]int32, table.count) // the last sample, counted from 1, in whose references the n-gram was seen
	for i := range c.samples {
		for _, ref := range c.refs[i] {
			for _, g := range ref.grams {
				if last[g.id] != int32(i+1) {
					last[g.id] = int32(i + 1)
					frequency[g.id]++
				}
			}
		}
	}
	s := &cider{corpus: c, idf: make([]float64, table.count), norms: make([][maxOrder]float64, len(c.texts))}
	logN := math.Log(float64(len(c.samples)))
	for id, df := range frequency {
		s.idf[id] = logN - math.Log(float64(max(df, 1)))
	}
	for _, t := range c.texts {
		for n := range maxOrder {
			sum := 0.0
			for _, g := range t.grams[t.ends[n]:t.ends[n+1]] {
				weight := float64(g.count) * s.idf[g.id]
				sum += weight * weight
			}
			s.norms[t.number][n] = math.Sqrt(sum)
		}
	}
	return s, nil
}

func (c *cider) width() int { return 1 }

func (c *cider) notes() []string {
	if len(c.corpus.samples) == 1 {
		return []string{"CIDEr of one sample is 0, whatever its words: they weigh by how few of the samples have them in their references"}
	}
	return nil
}

func (c *cider) newWorker() func(context.Context, int, []float64) error {
	counts := make([]int32, len(c.idf)) // in the reference, by n-gram number
	return func(_ context.Context, i int, row []float64) error {
		for _, ref := range c.corpus.refs[i] {
			for _, g := range ref.grams {
				counts[g.id] = g.count
			}
			row[0] += c.similarity(c.corpus.hyps[i], ref, counts)
			for _, g := range ref.grams {
				counts[g.id] = 0
			}
		}
		row[0] *= 10 / float64(len(c.corpus.refs[i]))
		return nil
	}
}

// similarity returns the mean over the orders; counts are those of ref.
func (c *cider) similarity(hyp, ref *text, counts []int32) float64 {
	sum := 0.0
	for n := range maxOrder {
		product := 0.0
		for _, g := range hyp.grams[hyp.ends[n]:hyp.ends[n+1]] {
			if count := counts[g.id]; count > 0 {
				idf := c.idf[g.id]
				weight := float64(count) * idf
				product += min(float64(g.count)*idf, weight) * weight
			}
		}
		if a, b := c.norms[hyp.number][n], c.norms[ref.number][n]; a != 0 && b != 0 {
			product /= a * b
		}
		sum += product
	}
	delta := max(len(hyp.words)-1, 0) - max(len(ref.words)-1, 0) // of the lengths in bigrams
	return sum / maxOrder * math.Exp(-float64(delta*delta)/(2*ciderSigma*ciderSigma))
}

func (c *cider) value(sum []float64, n float64, out []float64) { out[0] = sum[0] / n }
