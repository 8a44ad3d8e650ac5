package metrics

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"harness/metrics/ptb"
)

// corpus holds the samples as texts and as interned tokens.
type corpus struct {
	samples []Sample // as given
	hyps    []*text
	refs    [][]*text
	texts   []*text // the different ones
	vocab   *vocabulary
	table   *ngramTable
}

// text is a hypothesis or a reference in the chosen view. Equal ones are the same text: answers of a test set occur again and again.
type text struct {
	number int32   // its place in corpus.texts
	view   string  // what the metrics read: PTB tokens with single spaces, or the text as given
	words  []int32 // split at any white space
	spaced []int32 // split at each single space, as ROUGE-L's official program does

	grams []gram              // its different n-grams by order, then by their first place; nil until corpus.ngrams
	ends  [maxOrder + 1]int32 // those of order n are grams[ends[n-1]:ends[n]]
}

// vocabulary numbers words in the order of their first occurrence.
type vocabulary struct{ ids map[string]int32 }

func (v *vocabulary) id(word string) int32 {
	id, ok := v.ids[word]
	if !ok {
		id = int32(len(v.ids))
		v.ids[word] = id
	}
	return id
}

// newCorpus tokenises the samples.
func newCorpus(ctx context.Context, samples []Sample, opts Options) (*corpus, error) {
	var hyps, refs []string
	for _, s := range samples {
		hyps = append(hyps, s.Hyp)
		refs = append(refs, s.Refs...)
	}
	switch opts.Tokenize {
	case TokenizePTB, "":
		hyps, refs = tokenize(ctx, hyps, opts.Threads), tokenize(ctx, refs, opts.Threads)
	case TokenizeNone:
	default:
		return nil, fmt.Errorf("unknown tokenizer %q; known are %s, %s", opts.Tokenize, TokenizePTB, TokenizeNone)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := &corpus{samples: samples, vocab: &vocabulary{map[string]int32{}}}
	known := make(map[string]*text, len(hyps)+len(refs))
	c.hyps = c.intern(hyps, known)
	flat := c.intern(refs, known)
	for _, s := range samples {
		c.refs = append(c.refs, flat[:len(s.Refs):len(s.Refs)])
		flat = flat[len(s.Refs):]
	}
	return c, nil
}

// intern returns the texts of views; known are those that there are already.
func (c *corpus) intern(views []string, known map[string]*text) []*text {
	out := make([]*text, len(views))
	for i, view := range views {
		t, ok := known[view]
		if !ok {
			t = c.vocab.text(view)
			t.number = int32(len(c.texts))
			c.texts, known[view] = append(c.texts, t), t
		}
		out[i] = t
	}
	return out
}

// tokenize returns the PTB tokens of each line, joined by single spaces. The lines count as one file, as in the official pipeline.
func tokenize(ctx context.Context, lines []string, threads int) []string {
	out := make([]string, len(lines))
	inParts(len(lines), threads, func(lo, hi int) {
		var lexer ptb.Lexer
		var buf []byte
		for i := lo; i < hi && ctx.Err() == nil; i++ {
			buf = lexer.Append(buf[:0], lines, i)
			out[i] = string(buf)
		}
	})
	return out
}

// inParts calls do for each of at most so many parts of n, all at once.
func inParts(n, parts int, do func(lo, hi int)) {
	step := (n + parts - 1) / parts
	var wg sync.WaitGroup
	for lo := 0; lo < n; lo += step {
		wg.Go(func() { do(lo, min(lo+step, n)) })
	}
	wg.Wait()
}

// text interns the words of a view.
func (v *vocabulary) text(view string) *text {
	t := &text{view: view, words: make([]int32, 0, strings.Count(view, " ")+1)}
	plain := len(view) > 0 // single spaces are the only white space
	for at := 0; at < len(view); {
		end, width := nextSpace(view, at)
		if end > at {
			t.words = append(t.words, v.id(view[at:end]))
		}
		plain = plain && end > at && (width == 0 || width == 1 && view[end] == ' ' && end+1 < len(view))
		at = end + width
	}
	if t.spaced = t.words; !plain {
		t.spaced = nil
		for word := range strings.SplitSeq(view, " ") {
			t.spaced = append(t.spaced, v.id(word))
		}
	}
	return t
}

// nextSpace returns where the next white space begins at or after at and its width in bytes; the end of the view is of width 0.
func nextSpace(view string, at int) (end, width int) {
	for i := at; i < len(view); {
		c := view[i]
		if c < utf8.RuneSelf {
			if c == ' ' || c >= '\t' && c <= '\r' || c >= 0x1c && c <= 0x1f {
				return i, 1
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(view[i:])
		if unicode.IsSpace(r) {
			return i, n
		}
		i += n
	}
	return len(view), 0
}
