package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// unknownPenalty is how far below the rarest piece an unknown character lies.
const unknownPenalty = 10

// unigram is SentencePiece's unigram model: of all ways to cut a word, the one with the largest sum of scores.
type unigram struct {
	ids     map[string]int // of the pieces; of two alike the last
	longest int            // piece, in bytes
	scores  []float64
	unknown int
	lowest  float64
	bytes   *[256]int // pieces <0x00> … <0xFF> for what is unknown, or nil
}

// newUnigram builds the model of pieces with their scores.
func newUnigram(pieces []scoredPiece, unknown int, fallback bool) (*unigram, error) {
	if len(pieces) == 0 {
		return nil, errors.New("no model.vocab")
	}
	if unknown >= len(pieces) || unknown < 0 {
		return nil, fmt.Errorf("unk_id %d in a vocabulary of %d", unknown, len(pieces))
	}
	u := &unigram{ids: make(map[string]int, len(pieces)), unknown: unknown, lowest: math.Inf(1)}
	for id, p := range pieces {
		if math.IsNaN(p.score) || math.IsInf(p.score, 0) {
			return nil, fmt.Errorf("piece %q has the score %v", p.text, p.score)
		}
		u.ids[p.text] = id
		u.scores = append(u.scores, p.score)
		u.lowest = min(u.lowest, p.score)
		u.longest = max(u.longest, len(p.text))
	}
	if fallback {
		u.bytes = new([256]int)
		for b := range 256 {
			id, ok := u.ids[fmt.Sprintf("<0x%02X>", b)]
			if !ok {
				return nil, fmt.Errorf("byte_fallback without a piece <0x%02X>", b)
			}
			u.bytes[b] = id
		}
	}
	return u, nil
}

// scoredPiece is one entry of a unigram vocabulary.
type scoredPiece struct {
	text  string
	score float64
}

func (u *unigram) size() int { return len(u.scores) }

// step is the best way to a place in a word.
type step struct {
	from, id int
	score    float64
	reached  bool
}

// appendPieces appends the best cut of word. Neighbouring unknown characters are one unknown piece.
func (u *unigram) appendPieces(ids []int, word string) []int {
	best := make([]step, len(word)+1)
	best[0].reached = true
	for at := 0; at < len(word); {
		_, size := utf8.DecodeRuneInString(word[at:])
		here, single := best[at].score, false
		reach := func(end, id int, score float64) {
			if s := &best[end]; !s.reached || score > s.score {
				*s = step{at, id, score, true}
			}
		}
		for end := at; end < min(len(word), at+u.longest); {
			_, next := utf8.DecodeRuneInString(word[end:])
			end += next
			if id, ok := u.ids[word[at:end]]; ok {
				reach(end, id, here+u.scores[id])
				single = single || end == at+size
			}
		}
		if !single {
			reach(at+size, u.unknown, here+u.lowest-unknownPenalty)
		}
		at += size
	}
	return u.appendPath(ids, word, best)
}

// appendPath appends the pieces on the best way to the end of word.
func (u *unigram) appendPath(ids []int, word string, best []step) []int {
	type stretch struct{ from, to, id int }
	var path []stretch // from the end
	for end := len(word); end > 0; end = best[end].from {
		s := best[end]
		if n := len(path); n > 0 && s.id == u.unknown && path[n-1].id == u.unknown {
			path[n-1].from = s.from
			continue
		}
		path = append(path, stretch{s.from, end, s.id})
	}
	for i := len(path) - 1; i >= 0; i-- {
		p := path[i]
		if p.id != u.unknown {
			ids = append(ids, p.id)
			continue
		}
		text := word[p.from:p.to]
		id, known := u.ids[text]
		switch {
		case known:
			ids = append(ids, id)
		case u.bytes != nil:
			for _, b := range []byte(text) {
				ids = append(ids, u.bytes[b])
			}
		default:
			ids = append(ids, u.unknown)
		}
	}
	return ids
}
