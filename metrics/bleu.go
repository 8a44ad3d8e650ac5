package metrics

import (
	"context"
	"math"
)

// bleu computes BLEU-1..4 as the official caption scorer does: clipped counts, the closest reference length (the shorter on a tie),
// and small constants in place of smoothing. A row is correct[4], guessed[4], length, reference length.
type bleu struct{ corpus *corpus }

const bleuWidth = 2*maxOrder + 2

// The constants that keep the official quotients finite.
const (
	bleuTiny  = 1e-15
	bleuSmall = 1e-9
)

func newBLEU(c *corpus, _ Options) (scorer, error) {
	c.ngrams()
	return &bleu{c}, nil
}

func (b *bleu) width() int      { return bleuWidth }
func (b *bleu) notes() []string { return nil }

func (b *bleu) newWorker() func(context.Context, int, []float64) error {
	most := make([]int32, b.corpus.ngrams().count) // in one of the references, by n-gram number
	return func(_ context.Context, i int, row []float64) error {
		hyp, refs := b.corpus.hyps[i], b.corpus.refs[i]
		for _, ref := range refs {
			for _, g := range ref.grams {
				most[g.id] = max(most[g.id], g.count)
			}
		}
		for n := range maxOrder {
			for _, g := range hyp.grams[hyp.ends[n]:hyp.ends[n+1]] {
				row[n] += float64(min(g.count, most[g.id]))
			}
			row[maxOrder+n] = float64(max(0, len(hyp.words)-n))
		}
		for _, ref := range refs {
			for _, g := range ref.grams {
				most[g.id] = 0
			}
		}
		row[2*maxOrder] = float64(len(hyp.words))
		row[2*maxOrder+1] = float64(closestLength(len(hyp.words), refs))
		return nil
	}
}

// closestLength returns the reference length nearest to n, the shorter of two as near.
func closestLength(n int, refs []*text) int {
	best := len(refs[0].words)
	for _, r := range refs[1:] {
		l := len(r.words)
		if d, e := abs(l-n), abs(best-n); d < e || d == e && l < best {
			best = l
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

func (b *bleu) value(sum []float64, _ float64, out []float64) {
	penalty := 1.0
	if r := (sum[2*maxOrder] + bleuTiny) / (sum[2*maxOrder+1] + bleuSmall); r < 1 {
		penalty = math.Exp(1 - 1/r)
	}
	product := 1.0
	for n := range maxOrder {
		product *= (sum[n] + bleuTiny) / (sum[maxOrder+n] + bleuSmall)
		out[n] = math.Pow(product, 1/float64(n+1)) * penalty
	}
}
