package metrics

import (
	"context"
	"slices"
	"strings"
)

// rougeScore computes the F-measures of ROUGE-1, -2, -L and -Lsum as the package rouge_score does, from the text as given. Of several
// references the best counts, for each of the four by itself; a corpus value is the mean over the samples. A row is the four
// numbers, those that were not asked for 0.
type rougeScore struct {
	samples  []Sample
	stem     bool
	grams    bool // ROUGE-1 or -2 is asked for
	sequence bool // ROUGE-L
	summary  bool // ROUGE-Lsum
}

func newRougeScore(c *corpus, opts Options) (scorer, error) {
	return &rougeScore{
		c.samples, opts.Stem, Asks(opts.Metrics, "rouge1") || Asks(opts.Metrics, "rouge2"),
		Asks(opts.Metrics, "rougeL"), Asks(opts.Metrics, "rougeLsum"),
	}, nil
}

func (r *rougeScore) width() int { return 4 }

func (r *rougeScore) notes() []string {
	if r.stem {
		return []string{"ROUGE of rouge_score: mean F-measure, words stemmed by Porter's stemmer"}
	}
	return []string{"ROUGE of rouge_score: mean F-measure, words not stemmed"}
}

func (r *rougeScore) value(sum []float64, n float64, out []float64) {
	for k := range out {
		out[k] = sum[k] / n
	}
}

func (r *rougeScore) newWorker() func(context.Context, int, []float64) error {
	w := rougeWorker{rougeScore: r, stems: map[string]string{}}
	return func(ctx context.Context, i int, row []float64) error {
		s := r.samples[i]
		w.ids = map[string]int32{}
		hyp := w.tokens(s.Hyp)
		for _, text := range s.Refs {
			ref := w.tokens(text)
			var f [4]float64
			if r.grams {
				f[0], f[1] = overlap(hyp, ref), overlap(bigrams(hyp), bigrams(ref))
			}
			if r.sequence {
				common, err := w.common(ctx, ref, hyp)
				if err != nil {
					return err
				}
				f[2] = fMeasure(common, len(hyp), len(ref))
			}
			if r.summary {
				var err error
				if f[3], err = w.summary(ctx, text, s.Hyp); err != nil {
					return err
				}
			}
			for k, v := range f {
				row[k] = max(row[k], v)
			}
		}
		return nil
	}
}

// rougeWorker is the memory of one goroutine.
type rougeWorker struct {
	*rougeScore
	ids   map[string]int32  // of the words of one sample
	stems map[string]string // of the words seen so far
	row   []int32
	lcs   lcsTable
}

// tokens returns the numbers of the words of a text: runs of ASCII letters and digits, in lower case.
func (w *rougeWorker) tokens(text string) []int32 {
	text = fullLower(text)
	var tokens []int32
	for start := 0; start < len(text); {
		if !isAlphanumeric(text[start]) {
			start++
			continue
		}
		end := start
		for end < len(text) && isAlphanumeric(text[end]) {
			end++
		}
		if word := w.stemmed(text[start:end]); word != "" {
			id, ok := w.ids[word]
			if !ok {
				id = int32(len(w.ids))
				w.ids[word] = id
			}
			tokens = append(tokens, id)
		}
		start = end
	}
	return tokens
}

func isAlphanumeric(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' }

// stemmed returns the stem of words of more than three letters, if stems are asked for.
func (w *rougeWorker) stemmed(word string) string {
	if !w.stem || len(word) <= 3 {
		return word
	}
	stem, ok := w.stems[word]
	if !ok {
		stem = porterStem(word)
		w.stems[strings.Clone(word)] = stem
	}
	return stem
}

// fMeasure is the harmonic mean of the precision and the recall of hits.
func fMeasure(hits, hyp, ref int) float64 {
	if hits == 0 {
		return 0
	}
	p, r := float64(hits)/float64(hyp), float64(hits)/float64(ref)
	return 2 * p * r / (p + r)
}

func bigrams(tokens []int32) []uint64 {
	var pairs []uint64
	for i := 1; i < len(tokens); i++ {
		pairs = append(pairs, uint64(tokens[i-1])<<32|uint64(tokens[i]))
	}
	return pairs
}

// overlap is the F-measure of the n-grams that two texts share.
func overlap[T int32 | uint64](hyp, ref []T) float64 {
	counts := make(map[T]int, len(ref))
	for _, g := range ref {
		counts[g]++
	}
	hits := 0
	for _, g := range hyp {
		if counts[g] > 0 {
			counts[g]--
			hits++
		}
	}
	return fMeasure(hits, len(hyp), len(ref))
}

// common returns the length of the longest common subsequence.
func (w *rougeWorker) common(ctx context.Context, ref, hyp []int32) (int, error) {
	w.row = append(w.row[:0], make([]int32, len(hyp)+1)...)
	for i := range ref {
		if i%64 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		diagonal, left := int32(0), int32(0)
		for j, y := range hyp {
			up := w.row[j+1]
			if y == ref[i] {
				left = diagonal + 1
			} else if up > left {
				left = up
			}
			w.row[j+1], diagonal = left, up
		}
	}
	return int(w.row[len(hyp)]), nil
}

// summary is ROUGE-Lsum of two texts, whose sentences are their lines: for every sentence of the reference the words that are in a
// longest common subsequence with any sentence of the hypothesis, no word more often than either text has it.
func (w *rougeWorker) summary(ctx context.Context, ref, hyp string) (float64, error) {
	refs, refCounts, refSize := w.sentences(ref)
	hyps, hypCounts, hypSize := w.sentences(hyp)
	hits := 0
	for _, sentence := range refs {
		inAny := make([]bool, len(sentence))
		for _, other := range hyps {
			if err := w.lcs.mark(ctx, sentence, other, inAny); err != nil {
				return 0, err
			}
		}
		for i, id := range sentence {
			if inAny[i] && hypCounts[id] > 0 && refCounts[id] > 0 {
				hypCounts[id]--
				refCounts[id]--
				hits++
			}
		}
	}
	return fMeasure(hits, hypSize, refSize), nil
}

// sentences returns the lines of a text that are not empty, how often each word comes, and the number of words.
func (w *rougeWorker) sentences(text string) (sentences [][]int32, counts map[int32]int, size int) {
	counts = map[int32]int{}
	for line := range strings.SplitSeq(text, "\n") {
		tokens := w.tokens(line)
		for _, id := range tokens {
			counts[id]++
		}
		size += len(tokens)
		sentences = append(sentences, tokens)
	}
	return slices.DeleteFunc(sentences, func(s []int32) bool { return len(s) == 0 }), counts, size
}
