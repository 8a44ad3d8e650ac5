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
		w.words = vocabulary{map[string]int32{}}
		hypLines := w.lines(s.Hyp)
		hyp := slices.Concat(hypLines...)
		for _, text := range s.Refs {
			refLines := w.lines(text)
			ref := slices.Concat(refLines...)
			var f [4]float64
			if r.grams {
				f[0], f[1] = overlap(hyp, ref), overlap(bigrams(hyp), bigrams(ref))
			}
			if r.sequence {
				common, err := w.lcs.length(ctx, ref, hyp)
				if err != nil {
					return err
				}
				f[2] = fMeasure(common, len(hyp), len(ref))
			}
			if r.summary {
				var err error
				if f[3], err = w.summary(ctx, refLines, hypLines, ref, hyp); err != nil {
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
	words vocabulary        // of one sample
	stems map[string]string // of the words seen so far
	lcs   lcsTable
}

// lines returns the words of each line of a text that has any. No word goes over the end of a line, so together they are the words of
// the text.
func (w *rougeWorker) lines(text string) [][]int32 {
	var lines [][]int32
	for line := range strings.SplitSeq(fullLower(text), "\n") {
		if tokens := w.tokens(line); len(tokens) > 0 {
			lines = append(lines, tokens)
		}
	}
	return lines
}

// tokens returns the numbers of the words of a text in lower case: runs of ASCII letters and digits.
func (w *rougeWorker) tokens(text string) []int32 {
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
			tokens = append(tokens, w.words.id(word))
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

// occurrences counts how often each n-gram comes.
func occurrences[T int32 | uint64](grams []T) map[T]int {
	counts := make(map[T]int, len(grams))
	for _, g := range grams {
		counts[g]++
	}
	return counts
}

// overlap is the F-measure of the n-grams that two texts share.
func overlap[T int32 | uint64](hyp, ref []T) float64 {
	left := occurrences(ref)
	hits := 0
	for _, g := range hyp {
		if left[g] > 0 {
			left[g]--
			hits++
		}
	}
	return fMeasure(hits, len(hyp), len(ref))
}

// summary is ROUGE-Lsum of two texts, whose sentences are their lines: for every sentence of the reference the words that are in a
// longest common subsequence with any sentence of the hypothesis, no word more often than either text has it. ref and hyp are all
// words of the lines.
func (w *rougeWorker) summary(ctx context.Context, refLines, hypLines [][]int32, ref, hyp []int32) (float64, error) {
	refLeft, hypLeft := occurrences(ref), occurrences(hyp)
	hits := 0
	for _, sentence := range refLines {
		inAny := make([]bool, len(sentence))
		for _, other := range hypLines {
			if err := w.lcs.mark(ctx, sentence, other, inAny); err != nil {
				return 0, err
			}
		}
		for i, id := range sentence {
			if inAny[i] && hypLeft[id] > 0 && refLeft[id] > 0 {
				hypLeft[id]--
				refLeft[id]--
				hits++
			}
		}
	}
	return fMeasure(hits, len(hyp), len(ref)), nil
}
