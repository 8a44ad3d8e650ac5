package metrics

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
)

// Embedder turns texts into contextual token vectors; BERTScore matches them.
type Embedder interface {
	// Tokenize returns the token ids of a text as Embed wants them, cut to Limit. The first and the last are the model's own
	// marks, and an empty text has only those.
	Tokenize(text string) []int
	// Embed returns the vectors of each text after the chosen layer. Which texts share a call changes no bit of a result.
	// progress is called now and then with how many are done; it may be nil.
	Embed(ctx context.Context, texts [][]int, progress func(done, total int)) ([]Embedding, error)
	// Limit is how many tokens of a text are read, marks included; 0 means all.
	Limit() int
	// Name is the model's name, Layer the layer that is read, Digest what names the weights.
	Name() string
	Layer() int
	Digest() string
	// Describe says which model, layer and weights these are, in one line.
	Describe() string
}

// Embedding is a text as the model sees it: its ids and for each of them a vector of length 1, one behind the other.
type Embedding struct {
	IDs     []int
	Width   int
	Vectors []float32
}

// bertVersion is part of the line that names how a BERTScore was computed; it changes when the numbers may.
const bertVersion = "harness-1"

// noBERT is why BERTScore is blank without a model.
const noBERT = "no BERT given"

// NoBERT says how a trial gets the BERTScore that it has not.
const NoBERT = "no model was named: set test.bertscore.model to hf:ORG/NAME or to a model's folder"

// blockSamples is how many samples are embedded at once: each different text among them once.
const blockSamples = 4 * chunkSamples

// bertScore computes BERTScore: greedy cosine matching over all tokens, the model's marks included, with weights that leave the
// marks out. It reads the texts as given, as the official package does. A row is P, R and F; of several references each takes
// its own maximum.
type bertScore struct {
	corpus   *corpus
	model    Embedder
	baseline *Baseline
	idf      map[int]float64 // nil without idf
	unseen   float64         // the weight of an id that no reference holds
	blocks   []bertBlock
	opts     Options

	surveyed sync.Once
	cut      int // how many texts are longer than the model reads
	empty    int // how many samples have an empty hypothesis
}

func newBERTScore(c *corpus, opts Options) (scorer, error) {
	if opts.BERT == nil {
		return nil, errBlank{noBERT}
	}
	n := len(c.samples)
	b := &bertScore{corpus: c, model: opts.BERT, baseline: opts.Baseline, opts: opts,
		blocks: make([]bertBlock, (n+blockSamples-1)/blockSamples)}
	if b.baseline != nil && b.baseline.Layer != b.model.Layer() {
		return nil, fmt.Errorf("the baseline is of layer %d, the model is read at layer %d", b.baseline.Layer, b.model.Layer())
	}
	for k := range b.blocks {
		b.blocks[k].left.Store(int64(min(blockSamples, n-k*blockSamples)))
	}
	return b, nil
}

// survey tokenizes all texts on all goroutines: idf needs the references, and a reader must know what was cut and what is empty.
func (b *bertScore) survey(ctx context.Context) {
	samples := b.corpus.samples
	references := make([][][]int, len(samples))
	var cut, empty atomic.Int64
	var next atomic.Int64
	var wg sync.WaitGroup
	for range b.opts.Threads {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(samples) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				hyp := b.model.Tokenize(samples[i].Hyp)
				if len(hyp) <= 2 {
					empty.Add(1)
				}
				for _, ref := range samples[i].Refs {
					references[i] = append(references[i], b.model.Tokenize(ref))
				}
				for _, ids := range append(references[i], hyp) {
					if b.model.Limit() > 0 && len(ids) >= b.model.Limit() {
						cut.Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	b.cut, b.empty = int(cut.Load()), int(empty.Load())
	if b.opts.IDF {
		b.weigh(references)
	}
}

// weigh computes log((M+1)/(df+1)) from the M references.
func (b *bertScore) weigh(references [][][]int) {
	frequency, last := map[int]int{}, map[int]int{}
	m := 0
	for _, refs := range references {
		for _, ids := range refs {
			m++
			for _, id := range ids {
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

// notes says how the numbers were made, in words and in the line that the official package would print, with what names the
// weights and the baseline beside it.
func (b *bertScore) notes() []string {
	weights, hash := "no idf", "no-idf"
	if b.idf != nil {
		weights, hash = "idf", "idf"
	}
	rescaled := "no baseline rescaling"
	line := fmt.Sprintf("%s_L%d_%s_version=%s(weights=%s)", b.model.Name(), b.model.Layer(), hash, bertVersion, short(b.model.Digest()))
	if b.baseline != nil {
		rescaled = "rescaled with the baseline of " + b.baseline.Name
		line += fmt.Sprintf("-rescaled(baseline=%s)", short(b.baseline.Digest))
	}
	notes := []string{fmt.Sprintf("BERTScore: %s, %s, %s: %s", b.model.Describe(), weights, rescaled, line)}
	if b.cut > 0 {
		notes = append(notes, fmt.Sprintf("BERTScore: %d texts reach the %d tokens that the model reads; what follows does not count", b.cut, b.model.Limit()))
	}
	if b.empty > 0 {
		notes = append(notes, fmt.Sprintf("BERTScore: %d empty hypotheses count 0 before any rescaling", b.empty))
	}
	return notes
}

// short is the beginning of a digest, enough to tell two apart.
func short(digest string) string { return digest[:min(12, len(digest))] }

// bertBlock is the texts of some neighbouring samples, embedded when the first of them is scored and freed behind the last.
type bertBlock struct {
	once  sync.Once
	left  atomic.Int64
	texts map[string]Embedding
	err   error
}

func (b *bertScore) newWorker() func(context.Context, int, []float64) error {
	return func(ctx context.Context, i int, row []float64) error {
		b.surveyed.Do(func() { b.survey(ctx) })
		block := &b.blocks[i/blockSamples]
		block.once.Do(func() { block.texts, block.err = b.embed(ctx, i/blockSamples*blockSamples) })
		if block.err != nil { // the first to ask has met it, for all
			return block.err
		}
		s := b.corpus.samples[i]
		hyp := block.texts[s.Hyp]
		hypWeights := b.weights(hyp.IDs)
		for k, ref := range s.Refs {
			other := block.texts[ref]
			for j, v := range match(hyp, other, hypWeights, b.weights(other.IDs)) {
				if k == 0 || v > row[j] {
					row[j] = v
				}
			}
		}
		if b.baseline != nil {
			b.baseline.rescale(row)
		}
		if block.left.Add(-1) == 0 {
			block.texts = nil
		}
		return nil
	}
}

// embed embeds each different text of a block of samples once.
func (b *bertScore) embed(ctx context.Context, first int) (map[string]Embedding, error) {
	samples := b.corpus.samples[first:min(first+blockSamples, len(b.corpus.samples))]
	at := map[string]int{}
	var ids [][]int
	add := func(text string) {
		if _, have := at[text]; !have {
			at[text] = len(ids)
			ids = append(ids, b.model.Tokenize(text))
		}
	}
	for _, s := range samples {
		add(s.Hyp)
		for _, ref := range s.Refs {
			add(ref)
		}
	}
	embedded, err := b.model.Embed(ctx, ids, func(done, total int) {
		if b.opts.Progress != nil {
			b.opts.Progress(first+len(samples)*done/(total+1), len(b.corpus.samples))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("embed the samples from %q on: %w", samples[0].ID, err)
	}
	texts := make(map[string]Embedding, len(at))
	for text, k := range at {
		texts[text] = embedded[k]
	}
	return texts, nil
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

// match returns P, R and F of two texts; all are 0 when one of them is empty.
func match(hyp, ref Embedding, hypWeights, refWeights []float64) [3]float64 {
	if len(hyp.IDs) <= 2 || len(ref.IDs) <= 2 {
		return [3]float64{}
	}
	bestHyp, bestRef := filled(len(hyp.IDs), -1), filled(len(ref.IDs), -1)
	similarities(hyp, ref, func(i, j int, similarity float32) {
		v := float64(similarity)
		bestHyp[i], bestRef[j] = max(bestHyp[i], v), max(bestRef[j], v)
	})
	p, r := weightedMean(bestHyp, hypWeights), weightedMean(bestRef, refWeights)
	f := 2 * p * r / (p + r)
	if math.IsNaN(f) {
		f = 0
	}
	return [3]float64{p, r, f}
}

// similarities calls seen with the inner product of each vector of hyp and each of ref. Four at a time share what is loaded: most
// of the time of matching goes here.
func similarities(hyp, ref Embedding, seen func(i, j int, similarity float32)) {
	n, m, w := len(hyp.IDs), len(ref.IDs), hyp.Width
	for i := 0; i < n; i += 2 {
		a := hyp.Vectors[i*w : (i+1)*w]
		b := hyp.Vectors[min(i+1, n-1)*w:][:w] // the last one twice where the number is odd
		for j := 0; j < m; j += 2 {
			c := ref.Vectors[j*w : (j+1)*w]
			d := ref.Vectors[min(j+1, m-1)*w:][:w]
			ac, ad, bc, bd := fourProducts(a, b, c, d)
			seen(i, j, ac)
			seen(i, min(j+1, m-1), ad)
			seen(min(i+1, n-1), j, bc)
			seen(min(i+1, n-1), min(j+1, m-1), bd)
		}
	}
}

// fourProducts are the inner products of a and b with c and d. The sums are of two halves, which keeps more of them exact.
func fourProducts(a, b, c, d []float32) (ac, ad, bc, bd float32) {
	b, c, d = b[:len(a)], c[:len(a)], d[:len(a)]
	var ac1, ad1, bc1, bd1 float32
	k := 0
	for ; k+1 < len(a); k += 2 {
		ac += a[k] * c[k]
		ad += a[k] * d[k]
		bc += b[k] * c[k]
		bd += b[k] * d[k]
		ac1 += a[k+1] * c[k+1]
		ad1 += a[k+1] * d[k+1]
		bc1 += b[k+1] * c[k+1]
		bd1 += b[k+1] * d[k+1]
	}
	if k < len(a) {
		ac += a[k] * c[k]
		ad += a[k] * d[k]
		bc += b[k] * c[k]
		bd += b[k] * d[k]
	}
	return ac + ac1, ad + ad1, bc + bc1, bd + bd1
}

func filled(n int, v float64) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = v
	}
	return s
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
