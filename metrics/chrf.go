package metrics

import (
	"context"
	"math"
	"strings"
	"unicode/utf8"
)

// chrF computes sacrebleu's chrF, or chrF++ with words: the F-score, recall counting twice (beta 2), of the mean precision and recall
// of 1- to 6-grams of characters without white space, and of 1- and 2-grams of words. Of several references the one with the best
// score counts. A row holds the n-grams of the hypothesis, of the reference and of both, by order; values are 0 to 100.
type chrF struct {
	corpus    *corpus
	label     string
	signature string
	words     int // the longest n-gram of words; 0 for chrF
}

const (
	chrFOrder = 6
	chrFBeta  = 2
)

func newChrF(c *corpus, opts Options) (scorer, error) {
	return &chrF{c, "chrF", signature(c, opts, "case:mixed|eff:yes|nc:6|nw:0|space:no"), 0}, nil
}

func newChrFWords(c *corpus, opts Options) (scorer, error) {
	return &chrF{c, "chrF++", signature(c, opts, "case:mixed|eff:yes|nc:6|nw:2|space:no"), 2}, nil
}

func (c *chrF) width() int      { return 3 * (chrFOrder + c.words) }
func (c *chrF) notes() []string { return []string{c.label + ", 0 to 100: " + c.signature} }

func (c *chrF) newWorker() func(context.Context, int, []float64) error {
	var w chrFWorker
	return func(ctx context.Context, i int, row []float64) error {
		s := c.corpus.samples[i]
		w.table.clear()
		w.hyp = w.number(w.hyp[:0], s.Hyp, c.words)
		best, stats := math.Inf(-1), make([]float64, len(row))
		for _, ref := range s.Refs {
			if err := ctx.Err(); err != nil {
				return err
			}
			w.ref = w.number(w.ref[:0], ref, c.words)
			w.match(stats)
			if f := chrFScore(stats); f > best {
				best = f
				copy(row, stats)
			}
		}
		return nil
	}
}

func (c *chrF) value(sum []float64, _ float64, out []float64) { out[0] = chrFScore(sum) }

// chrFScore leaves out the orders of which one side has no n-gram.
func chrFScore(row []float64) float64 {
	var precision, recall, orders float64
	for ; len(row) > 0; row = row[3:] {
		if hyp, ref, both := row[0], row[1], row[2]; hyp > 0 && ref > 0 {
			precision += both / hyp
			recall += both / ref
			orders++
		}
	}
	if precision+recall == 0 {
		return 0
	}
	precision, recall = precision/orders, recall/orders
	return 100 * (1 + chrFBeta*chrFBeta) * precision * recall / (chrFBeta*chrFBeta*precision + recall)
}

// charGram is an n-gram of a text: its number in the table, and its order counted from 0, words after characters.
type charGram struct {
	id    int32
	order int8
}

// chrFWorker is the memory of one goroutine.
type chrFWorker struct {
	table    gramTable
	hyp, ref []charGram
	inHyp    []int32 // by number
	inRef    []int32
	runes    []rune
}

// number appends the n-grams of a text.
func (w *chrFWorker) number(grams []charGram, text string, words int) []charGram {
	w.runes = w.runes[:0]
	for at := 0; at < len(text); {
		end, width := nextSpace(text, at)
		for _, r := range text[at:end] {
			w.runes = append(w.runes, r)
		}
		at = end + width
	}
	for i := range w.runes {
		id := int32(-1)
		for n := 0; n < chrFOrder && i+n < len(w.runes); n++ {
			id = w.table.id(id, w.runes[i+n])
			grams = append(grams, charGram{id, int8(n)})
		}
	}
	if words == 0 {
		return grams
	}
	last := int32(-1)
	for k, word := range wordsAndMarks(text) {
		id := w.table.word(word)
		grams = append(grams, charGram{id, chrFOrder})
		if k > 0 {
			grams = append(grams, charGram{w.table.pair(last, id), chrFOrder + 1})
		}
		last = id
	}
	return grams
}

// wordsAndMarks splits a text at white space and takes the punctuation mark at the end of a word, else that at its beginning, for a
// word of its own.
func wordsAndMarks(text string) []string {
	var words []string
	for _, word := range split(text) {
		last := len(word) - 1
		switch {
		case utf8.RuneCountInString(word) == 1:
			words = append(words, word)
		case isMark(word[last]):
			words = append(words, word[:last], word[last:])
		case isMark(word[0]):
			words = append(words, word[:1], word[1:])
		default:
			words = append(words, word)
		}
	}
	return words
}

func isMark(c byte) bool { return strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c) >= 0 }

// match writes the counts of the hypothesis, of the reference and of both.
func (w *chrFWorker) match(stats []float64) {
	clear(stats)
	for len(w.inHyp) < w.table.count() {
		w.inHyp, w.inRef = append(w.inHyp, 0), append(w.inRef, 0)
	}
	for _, g := range w.ref {
		w.inRef[g.id]++
		stats[3*int(g.order)+1]++
	}
	for _, g := range w.hyp {
		stats[3*int(g.order)]++
		if w.inHyp[g.id] < w.inRef[g.id] {
			w.inHyp[g.id]++
			stats[3*int(g.order)+2]++
		}
	}
	for _, g := range w.hyp {
		w.inHyp[g.id] = 0
	}
	for _, g := range w.ref {
		w.inRef[g.id] = 0
	}
	for n := 0; n < len(stats); n += 3 { // an order that the reference is too short for counts for neither
		if stats[n+1] == 0 {
			stats[n] = 0
		}
	}
}
