package nn

import (
	"cmp"
	"math"
	"slices"

	"harness/model/engine"
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

// nextLogits continues a batch: row i takes tokens[i] behind the old row parents[i]. It returns logits [rows][V].
type nextLogits func(parents []int32, tokens []int32) ([][]float32, error)

// Run generates one list of hypotheses a sample, best first, from the logits behind the prompts. Greedy search takes the
// likeliest token until EOS; beam search follows Hugging Face's BeamSearchScorer with early_stopping=False.
func (s Search) Run(first [][]float32, next nextLogits) ([][]Hypothesis, error) {
	if s.Beams == 1 {
		return s.greedy(first, next)
	}
	return s.beam(first, next)
}

func (s Search) greedy(logits [][]float32, next nextLogits) ([][]Hypothesis, error) {
	found := make([][]Hypothesis, len(logits))
	for i := range found {
		found[i] = []Hypothesis{{}}
	}
	parents, tokens := make([]int32, len(logits)), make([]int32, len(logits))
	done := make([]bool, len(logits))
	for t := 1; ; t++ {
		open := 0
		for i, row := range logits {
			parents[i] = int32(i)
			if done[i] {
				continue
			}
			logp := logSoftmax(row)
			best := argmax(logp)
			h := &found[i][0]
			h.Tokens = append(h.Tokens, int32(best))
			h.Sum += logp[best]
			tokens[i] = int32(best)
			done[i] = int32(best) == s.EOS
			if !done[i] {
				open++
			}
		}
		if open == 0 || t == s.MaxTokens {
			break
		}
		var err error
		if logits, err = next(parents, tokens); err != nil {
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

func (s Search) beam(logits [][]float32, next nextLogits) ([][]Hypothesis, error) {
	samples := make([]beams, len(logits))
	for i := range samples {
		samples[i].open = []Hypothesis{{}}
	}
	rowOf := make([]int, len(logits)) // the first row of each sample in logits
	for i := range rowOf {
		rowOf[i] = i
	}
	for t := 1; ; t++ {
		var parents, tokens []int32
		for i := range samples {
			b := &samples[i]
			if b.done {
				continue
			}
			from := s.extend(b, logits[rowOf[i]:rowOf[i]+len(b.open)], t)
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
		if logits, err = next(parents, tokens); err != nil {
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
func (s Search) extend(b *beams, logits [][]float32, t int) (from []int) {
	best := s.best(b.open, logits)
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

// best is the 2K likeliest continuations, likeliest first; among equals the earlier beam and the smaller token.
func (s Search) best(open []Hypothesis, logits [][]float32) []continuation {
	keep := 2 * s.Beams
	var top []continuation
	worst := math.Inf(-1)
	for beam, row := range logits {
		for token, logp := range logSoftmax(row) {
			sum := open[beam].Sum + logp
			if len(top) == keep && sum <= worst {
				continue
			}
			at, _ := slices.BinarySearchFunc(top, sum, func(c continuation, sum float64) int {
				if c.sum >= sum {
					return -1
				}
				return 1
			})
			top = slices.Insert(top, at, continuation{beam, int32(token), sum})
			if len(top) > keep {
				top = top[:keep]
			}
			worst = top[len(top)-1].sum
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

func argmax(x []float64) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// logSoftmax is computed in float64: hypotheses add many of its values.
func logSoftmax(logits []float32) []float64 {
	top := math.Inf(-1)
	for _, v := range logits {
		top = max(top, float64(v))
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	shift := top + math.Log(sum)
	out := make([]float64, len(logits))
	for i, v := range logits {
		out[i] = float64(v) - shift
	}
	return out
}

// Generator runs a model's prompt and next programs over the session's cache.
type Generator struct {
	Session engine.Session
	Name    string // of the programs, for engines that compile
	Prompt  engine.Program
	Next    engine.Program
	Search  Search
	Memory  int // visual tokens that the prompt stores for cross-attention
	// Constant keeps the number of rows when sequences end, for engines that compile a graph for each shape.
	Constant bool
}

// Run generates for a batch of prompts of one length: in holds what the prompt program reads beside "ids". offset is
// the position of the prompt's first token: the number of visual tokens before it.
func (g Generator) Run(in engine.Inputs, prompts [][]int32, offset int) ([][]Hypothesis, error) {
	rows, length := len(prompts), len(prompts[0])
	g.Session.Reset(rows*g.Search.Beams, max(g.Memory, offset+length+g.Search.MaxTokens))
	in["ids"] = engine.Ints(slices.Concat(prompts...), rows, length)
	out, err := g.Session.Run(g.Name+".prompt", g.Prompt, in)
	if err != nil {
		return nil, err
	}
	position := int32(offset + length)
	return g.Search.Run(split(out[0]), func(parents, tokens []int32) ([][]float32, error) {
		open := len(tokens)
		if g.Constant {
			parents, tokens = padRows(parents, rows*g.Search.Beams), padRows(tokens, rows*g.Search.Beams)
		}
		g.Session.Reorder(parents)
		positions := slices.Repeat([]int32{position}, len(tokens))
		position++
		out, err := g.Session.Run(g.Name+".next", g.Next, engine.Inputs{
			"ids":       engine.Ints(tokens, len(tokens), 1),
			"positions": engine.Ints(positions, len(tokens), 1),
		})
		if err != nil {
			return nil, err
		}
		return split(out[0])[:open], nil
	})
}

// padRows repeats the first value until there are n.
func padRows(values []int32, n int) []int32 {
	padded := slices.Clone(values)
	for len(padded) < n {
		padded = append(padded, values[0])
	}
	return padded
}

// split cuts a [rows, V] tensor into rows.
func split(t engine.Tensor) [][]float32 {
	rows := make([][]float32, t.Shape[0])
	for i := range rows {
		rows[i] = t.F32[i*t.Shape[1]:][:t.Shape[1]]
	}
	return rows
}
