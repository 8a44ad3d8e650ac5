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
	hyps    []text
	refs    [][]text
	vocab   *vocabulary
	table   *ngramTable
}

// text is one hypothesis or reference in the chosen view.
type text struct {
	view    string  // what the metrics read: PTB tokens with single spaces, or the text as given
	words   []int32 // split at any white space
	spaced  []int32 // split at each single space, as ROUGE-L's official program does
	numbers []int32 // of the n-grams, see ngramTable.number; nil until corpus.ngrams
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
	c.hyps = c.vocab.texts(hyps)
	flat := c.vocab.texts(refs)
	for _, s := range samples {
		c.refs = append(c.refs, flat[:len(s.Refs):len(s.Refs)])
		flat = flat[len(s.Refs):]
	}
	return c, nil
}

// tokenize returns the PTB tokens of each line, joined by single spaces. The lines count as one file, as in the official pipeline.
func tokenize(ctx context.Context, lines []string, threads int) []string {
	out := make([]string, len(lines))
	step := (len(lines) + threads - 1) / threads
	var wg sync.WaitGroup
	for lo := 0; lo < len(lines); lo += step {
		wg.Go(func() {
			var lexer ptb.Lexer
			var buf []byte
			for i := lo; i < min(lo+step, len(lines)) && ctx.Err() == nil; i++ {
				buf = lexer.Append(buf[:0], lines, i)
				out[i] = string(buf)
			}
		})
	}
	wg.Wait()
	return out
}

// texts interns the words of views. The words of all texts share one array.
func (v *vocabulary) texts(views []string) []text {
	out := make([]text, len(views))
	size := 0
	for _, view := range views {
		size += strings.Count(view, " ") + 1
	}
	words := make([]int32, 0, size)
	for i, view := range views {
		start := len(words)
		plain := true // single spaces are the only white space
		for at := 0; at < len(view); {
			end, width := nextSpace(view, at)
			if end > at {
				words = append(words, v.id(view[at:end]))
			}
			plain = plain && end > at && (width == 0 || width == 1 && view[end] == ' ' && end+1 < len(view))
			at = end + width
		}
		out[i] = text{view: view, words: words[start:len(words):len(words)]}
		if plain && len(view) > 0 {
			out[i].spaced = out[i].words
		} else {
			for word := range strings.SplitSeq(view, " ") {
				out[i].spaced = append(out[i].spaced, v.id(word))
			}
		}
	}
	return out
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
