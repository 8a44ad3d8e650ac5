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
	idf    []float64 // by n-gram number
}

const ciderSigma = 6

func newCIDEr(c *corpus, _ Options) (scorer, error) {
	table := c.ngrams()
	frequency := make([]int32, table.count)
	last := make([]int32, table.count) // the last sample, counted from 1, in whose references the n-gram was seen
	for i := range c.samples {
		for k := range c.refs[i] {
			c.refs[i][k].ngrams(func(_ int, id int32) {
				if last[id] != int32(i+1) {
					last[id] = int32(i + 1)
					frequency[id]++
				}
			})
		}
	}
	idf := make([]float64, table.count)
	logN := math.Log(float64(len(c.samples)))
	for id, df := range frequency {
		idf[id] = logN - math.Log(float64(max(df, 1)))
	}
	return &cider{c, idf}, nil
}

func (c *cider) width() int { return 1 }

func (c *cider) notes() []string {
	if len(c.corpus.samples) == 1 {
		return []string{"CIDEr of one sample is 0, whatever its words: they weigh by how few of the samples have them in their references"}
	}
	return nil
}

func (c *cider) newWorker() func(context.Context, int, []float64) error {
	table := c.corpus.ngrams()
	hyp, ref := newCounter(table), newCounter(table)
	return func(_ context.Context, i int, row []float64) error {
		words := c.corpus.hyps[i].words
		c.corpus.hyps[i].ngrams(hyp.add)
		hypNorm := c.norms(hyp)
		for k := range c.corpus.refs[i] {
			r := &c.corpus.refs[i][k]
			r.ngrams(ref.add)
			refNorm := c.norms(ref)
			row[0] += c.similarity(hyp, ref, hypNorm, refNorm, max(len(words)-1, 0)-max(len(r.words)-1, 0))
			ref.clear()
		}
		hyp.clear()
		row[0] *= 10 / float64(len(c.corpus.refs[i]))
		return nil
	}
}

// norms returns the Euclidean norms of the tf-idf vectors by order.
func (c *cider) norms(k *counter) (norms [maxOrder]float64) {
	for j, id := range k.seen {
		g := float64(k.counts[id]) * c.idf[id]
		norms[k.orders[j]-1] += g * g
	}
	for n := range norms {
		norms[n] = math.Sqrt(norms[n])
	}
	return norms
}

// similarity returns the mean over the orders; delta is the difference of the lengths in bigrams.
func (c *cider) similarity(hyp, ref *counter, hypNorm, refNorm [maxOrder]float64, delta int) float64 {
	var products [maxOrder]float64
	for j, id := range hyp.seen {
		if ref.counts[id] > 0 {
			idf := c.idf[id]
			g := float64(ref.counts[id]) * idf
			products[hyp.orders[j]-1] += min(float64(hyp.counts[id])*idf, g) * g
		}
	}
	sum := 0.0
	for n, p := range products {
		if hypNorm[n] != 0 && refNorm[n] != 0 {
			p /= hypNorm[n] * refNorm[n]
		}
		sum += p
	}
	return sum / maxOrder * math.Exp(-float64(delta*delta)/(2*ciderSigma*ciderSigma))
}

func (c *cider) value(sum []float64, n float64, out []float64) { out[0] = sum[0] / n }
