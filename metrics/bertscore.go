package metrics

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// Embedder turns texts into contextual token vectors; BERTScore matches them.
type Embedder interface {
	// Tokenize returns the token ids of a text as Embed sees them, cut to the model's maximum length. The first and the last are the
	// model's own marks, and an empty text has only those.
	Tokenize(text string) []int
	// Embed returns for each text its token ids and a vector for each of them, [tokens][width], after the chosen layer.
	Embed(ctx context.Context, texts []string) (ids [][]int, hidden [][][]float32, err error)
	// Describe says which model, layer and weights these are, in one line.
	Describe() string
}

// noBERT is why BERTScore is blank without a model.
const noBERT = "no BERT given"

// bertScore computes BERTScore: greedy cosine matching over all tokens, the model's marks included, with weights that leave the
// marks out. It reads the texts as given, as the official package does. A row is P, R and F; of several references each takes
// its own maximum.
type bertScore struct {
	corpus *corpus
	model  Embedder
	idf    map[int]float64 // nil without idf
	unseen float64         // the weight of an id that no reference holds
}

func newBERTScore(c *corpus, opts Options) (scorer, error) {
	if opts.BERT == nil {
		return nil, errBlank{noBERT}
	}
	b := &bertScore{corpus: c, model: opts.BERT}
	if opts.IDF {
		b.weigh()
	}
	return b, nil
}

// weigh computes log((M+1)/(df+1)) from the M references.
func (b *bertScore) weigh() {
	frequency, last := map[int]int{}, map[int]int{}
	m := 0
	for _, s := range b.corpus.samples {
		for _, ref := range s.Refs {
			m++
			for _, id := range b.model.Tokenize(ref) {
				if last[id] != m {
					last[id] = m
					frequency[id]++
				}
			}
		}
	}
	b.unseen = math.Log(float64(m + 1))
	b.idf = make(map[int]float64, len(frequency))
	for id, df := range frequency {
		b.idf[id] = math.Log(float64(m+1) / float64(df+1))
	}
}

func (b *bertScore) width() int { return 3 }

func (b *bertScore) notes() []string {
	weights := "no idf"
	if b.idf != nil {
		weights = "idf"
	}
	return []string{fmt.Sprintf("BERTScore: %s, %s, no baseline rescaling", b.model.Describe(), weights)}
}

// embedded is a text as the model sees it, with vectors of length 1.
type embedded struct {
	ids     []int
	vectors [][]float32
}

func (b *bertScore) newWorker() func(context.Context, int, []float64) error {
	chunk, texts := -1, map[string]embedded(nil)
	return func(ctx context.Context, i int, row []float64) error {
		if i/chunkSamples != chunk {
			var err error
			if texts, err = b.embedChunk(ctx, i/chunkSamples*chunkSamples); err != nil {
				return err
			}
			chunk = i / chunkSamples
		}
		s := b.corpus.samples[i]
		hyp := texts[s.Hyp]
		hypWeights := b.weights(hyp.ids)
		for k, ref := range s.Refs {
			scores := matchVectors(hyp.vectors, texts[ref].vectors, hypWeights, b.weights(texts[ref].ids))
			for j, v := range scores {
				if k == 0 || v > row[j] {
					row[j] = v
				}
			}
		}
		return nil
	}
}

// embedChunk embeds each different text of a chunk of samples once. Which texts go through the model together depends on the samples
// alone, and so no bit of a result depends on the threads; texts of like length share a batch.
func (b *bertScore) embedChunk(ctx context.Context, first int) (map[string]embedded, error) {
	chunk := map[string]embedded{}
	var texts []string
	add := func(text string) {
		if _, have := chunk[text]; !have {
			chunk[text] = embedded{}
			texts = append(texts, text)
		}
	}
	for _, s := range b.corpus.samples[first:min(first+chunkSamples, len(b.corpus.samples))] {
		add(s.Hyp)
		for _, ref := range s.Refs {
			add(ref)
		}
	}
	slices.SortStableFunc(texts, func(x, y string) int { return len(x) - len(y) })
	ids, hidden, err := b.model.Embed(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("embed the samples from %q on: %w", b.corpus.samples[first].ID, err)
	}
	for k, text := range texts {
		normalize(hidden[k])
		chunk[text] = embedded{ids[k], hidden[k]}
	}
	return chunk, nil
}

// weights returns the weight of each token. Without idf the model's marks, wherever they stand, weigh nothing; with idf they do so
// by the formula, since every reference holds them.
func (b *bertScore) weights(ids []int) []float64 {
	w := make([]float64, len(ids))
	for i, id := range ids {
		if b.idf == nil {
			if id != ids[0] && id != ids[len(ids)-1] {
				w[i] = 1
			}
		} else if v, ok := b.idf[id]; ok {
			w[i] = v
		} else {
			w[i] = b.unseen
		}
	}
	return w
}

// normalize divides each vector by its Euclidean norm.
func normalize(vectors [][]float32) {
	for _, v := range vectors {
		sum := 0.0
		for _, x := range v {
			sum += float64(x) * float64(x)
		}
		scale := float32(1 / math.Sqrt(sum))
		for i := range v {
			v[i] *= scale
		}
	}
}

// matchVectors returns P, R and F of two texts; all are 0 when one of them is empty.
func matchVectors(hyp, ref [][]float32, hypWeights, refWeights []float64) [3]float64 {
	if len(hyp) <= 2 || len(ref) <= 2 {
		return [3]float64{}
	}
	bestHyp, bestRef := filled(len(hyp), -1), filled(len(ref), -1)
	for i, a := range hyp {
		for j, b := range ref {
			sim := dot(a, b)
			bestHyp[i], bestRef[j] = max(bestHyp[i], sim), max(bestRef[j], sim)
		}
	}
	p, r := weightedMean(bestHyp, hypWeights), weightedMean(bestRef, refWeights)
	f := 2 * p * r / (p + r)
	if math.IsNaN(f) {
		f = 0
	}
	return [3]float64{p, r, f}
}

func filled(n int, v float64) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func dot(a, b []float32) float64 {
	var sum0, sum1, sum2, sum3 float32
	for len(a) >= 4 && len(b) >= 4 {
		sum0 += a[0] * b[0]
		sum1 += a[1] * b[1]
		sum2 += a[2] * b[2]
		sum3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	sum := float64(sum0) + float64(sum1) + float64(sum2) + float64(sum3)
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// weightedMean returns the mean of values, 0 when the weights sum to 0.
func weightedMean(values, weights []float64) float64 {
	var sum, total float64
	for i, v := range values {
		sum += v * weights[i]
		total += weights[i]
	}
	if total == 0 {
		return 0
	}
	return sum / total
}

func (b *bertScore) value(sum []float64, n float64, out []float64) {
	for k := range out {
		out[k] = sum[k] / n
	}
}
