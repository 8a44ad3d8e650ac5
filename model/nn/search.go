package nn

import (
	"cmp"
	"math"
	"slices"
)

// Hypothesis is a generated text: its tokens, EOS included where there is one, and its score.
type Hypothesis struct {
	Tokens []int32
	Sum    float64 // Σ log p
	Score  float64 // sum / length^penalty
}

// Search says how to generate.
type Search struct {
	Beams     int // 1 = greedy
	MaxTokens int
	Penalty   float64 // length penalty
	EOS       int32
}

// candidates are the likeliest next tokens of some rows, k of each, likeliest first.
type candidates struct {
	k            int
	logp, tokens []float32 // [rows, k], as engine.Ops.LogSoftmaxTopK gives them
}

// candidates is how many a search asks for of each row: the 2K best continuations of K beams are among those of each.
func (s Search) candidates() int {
	if s.Beams == 1 {
		return 1
	}
	return 2 * s.Beams
}

// nextTokens continues a batch: row i takes tokens[i] behind the old row parents[i]. It returns what may follow.
type nextTokens func(parents []int32, tokens []int32) (candidates, error)

// run generates one list of hypotheses a sample, best first, from what may follow the prompts. Greedy search takes the
// likeliest token until EOS; beam search follows Hugging Face's BeamSearchScorer with early_stopping=False.
func (s Search) run(first candidates, next nextTokens) ([][]Hypothesis, error) {
	if s.Beams == 1 {
		return s.greedy(first, next)
	}
	return s.beam(first, next)
}

func (s Search) greedy(may candidates, next nextTokens) ([][]Hypothesis, error) {
	samples := len(may.logp) / may.k
	found := make([][]Hypothesis, samples)
	rowOf := make([]int32, samples) // of each sample that is not done; -1: it is done
	for i := range found {
		found[i], rowOf[i] = []Hypothesis{{}}, int32(i)
	}
	var parents, tokens []int32
	for t := 1; ; t++ {
		parents, tokens = parents[:0], tokens[:0]
		for i, row := range rowOf {
			if row < 0 {
				continue
			}
			h, at := &found[i][0], int(row)*may.k
			token := int32(may.tokens[at])
			h.Tokens = append(h.Tokens, token)
			h.Sum += float64(may.logp[at])
			if token == s.EOS {
				rowOf[i] = -1
				continue
			}
			rowOf[i] = int32(len(parents))
			parents, tokens = append(parents, row), append(tokens, token)
		}
		if len(parents) == 0 || t == s.MaxTokens {
			break
		}
		var err error
		if may, err = next(parents, tokens); err != nil {
			return nil, err
		}
	}
	for i := range found {
		found[i][0].Score = found[i][0].Sum / s.norm(len(found[i][0].Tokens))
	}
	return found, nil
}

func (s Search) norm(length int) float64 { return math.Pow(float64(length), s.Penalty) }

// beams is the state of one sample's search.
type beams struct {
	open     []Hypothesis // at most K; all of the same length
	finished []Hypothesis // at most K, best first
	done     bool
}

func (s Search) beam(may candidates, next nextTokens) ([][]Hypothesis, error) {
	samples := make([]beams, len(may.logp)/may.k)
	for i := range samples {
		samples[i].open = []Hypothesis{{}}
	}
	rowOf := make([]int, len(samples)) // the first row of each sample
	for i := range rowOf {
		rowOf[i] = i
	}
	var parents, tokens []int32
	for t := 1; ; t++ {
		parents, tokens = parents[:0], tokens[:0]
		for i := range samples {
			b := &samples[i]
			if b.done {
				continue
			}
			from := s.extend(b, may, rowOf[i], t)
			if t == s.MaxTokens || b.done {
				continue
			}
			at := len(parents)
			for j, h := range b.open {
				parents = append(parents, int32(rowOf[i]+from[j]))
				tokens = append(tokens, h.Tokens[len(h.Tokens)-1])
			}
			rowOf[i] = at
		}
		if len(parents) == 0 || t == s.MaxTokens {
			break
		}
		var err error
		if may, err = next(parents, tokens); err != nil {
			return nil, err
		}
	}
	found := make([][]Hypothesis, len(samples))
	for i := range samples {
		found[i] = s.close(&samples[i])
	}
	return found, nil
}

// continuation is an open beam and one more token.
type continuation struct {
	beam  int
	token int32
	sum   float64
}

// extend takes the 2K best continuations of a sample's open beams in order: one that ends is finished if it is among
// the first K, the others fill the K open beams. It returns the old beam of each new one, and closes the search when
// the worst of K finished hypotheses is at least as good as anything that could still come.
func (s Search) extend(b *beams, may candidates, row, t int) (from []int) {
	best := s.best(b.open, may, row)
	var open []Hypothesis
	for rank, c := range best {
		h := Hypothesis{
			Tokens: append(slices.Clone(b.open[c.beam].Tokens), c.token),
			Sum:    c.sum,
		}
		if c.token == s.EOS {
			if rank < s.Beams {
				s.finish(b, h)
			}
			continue
		}
		open, from = append(open, h), append(from, c.beam)
		if len(open) == s.Beams {
			break
		}
	}
	b.open = open
	if len(b.finished) == s.Beams && b.finished[s.Beams-1].Score >= best[0].sum/s.norm(t) {
		b.done = true
	}
	if len(open) == 0 {
		b.done = true
	}
	return from
}

// best is the 2K likeliest continuations of the beams whose rows begin at row, likeliest first; among equals the earlier
// beam and the smaller token.
func (s Search) best(open []Hypothesis, may candidates, row int) []continuation {
	keep := 2 * s.Beams
	top := make([]continuation, 0, keep+1)
	for beam := range open {
		at := (row + beam) * may.k
		for j, logp := range may.logp[at : at+may.k] {
			sum := open[beam].Sum + float64(logp)
			if len(top) == keep && sum <= top[keep-1].sum {
				break // what follows in this row is not likelier
			}
			place := len(top)
			for place > 0 && top[place-1].sum < sum {
				place--
			}
			top = slices.Insert(top, place, continuation{beam, int32(may.tokens[at+j]), sum})
			top = top[:min(len(top), keep)]
		}
	}
	return top
}

func (s Search) finish(b *beams, h Hypothesis) {
	h.Score = h.Sum / s.norm(len(h.Tokens))
	b.finished = append(b.finished, h)
	slices.SortStableFunc(b.finished, func(x, y Hypothesis) int { return cmp.Compare(y.Score, x.Score) })
	if len(b.finished) > s.Beams {
		b.finished = b.finished[:s.Beams]
	}
}

// close lets the open beams of a search that ran to the last token join the finished ones.
func (s Search) close(b *beams) []Hypothesis {
	if !b.done {
		for _, h := range b.open {
			s.finish(b, h)
		}
	}
	return b.finished
}
