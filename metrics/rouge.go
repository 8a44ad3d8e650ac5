package metrics

import "context"

// rouge computes ROUGE-L as the official caption scorer does: the best precision and the best recall over the references, which may
// come from different ones, with beta 1.2; the corpus value is a mean. A row is the score.
type rouge struct{ corpus *corpus }

const rougeBeta = 1.2

func newROUGE(c *corpus, _ Options) (scorer, error) { return &rouge{c}, nil }

func (r *rouge) width() int      { return 1 }
func (r *rouge) notes() []string { return nil }

func (r *rouge) newWorker() func(context.Context, int, []float64) error {
	var lcs lcsTable
	return func(ctx context.Context, i int, row []float64) error {
		hyp := r.corpus.hyps[i].spaced
		var precision, recall float64
		for _, ref := range r.corpus.refs[i] {
			common, err := lcs.length(ctx, hyp, ref.spaced)
			if err != nil {
				return err
			}
			precision = max(precision, float64(common)/float64(len(hyp)))
			recall = max(recall, float64(common)/float64(len(ref.spaced)))
		}
		if precision > 0 && recall > 0 {
			row[0] = (1 + rougeBeta*rougeBeta) * precision * recall / (recall + rougeBeta*rougeBeta*precision)
		}
		return nil
	}
}

func (r *rouge) value(sum []float64, n float64, out []float64) { out[0] = sum[0] / n }
