package model

import (
	"cmp"
	"math"
	"slices"

	"harness/model/engine"
)

// hypothesis is a generated text: its tokens, EOS included where there is one, and its score.
type hypothesis struct {
	tokens []int32
	sum    float64 // Σ log p
	score  float64 // sum / length^penalty
}

// search says how to generate.
type search struct {
	beams     int // 1 = greedy
	maxTokens int
	penalty   float64 // length penalty
	eos       int32
}

// nextLogits continues a batch: row i takes tokens[i] behind the old row parents[i]. It returns logits [rows][V].
type nextLogits func(parents []int32, tokens []int32) ([][]float32, error)

// run generates one list of hypotheses a sample, best first, from the logits behind the prompts. Greedy search takes the
// likeliest token until EOS; beam search follows Hugging Face's BeamSearchScorer with early_stopping=False.
func (s search) run(first [][]float32, next nextLogits) ([][]hypothesis, error) {
	if s.beams == 1 {
		return s.greedy(first, next)
	}
	return s.beam(first, next)
}

func (s search) greedy(logits [][]float32, next nextLogits) ([][]hypothesis, error) {
	found := make([][]hypothesis, len(logits))
	for i := range found {
		found[i] = []hypothesis{{}}
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
			h.tokens = append(h.tokens, int32(best))
			h.sum += logp[best]
			tokens[i] = int32(best)
			done[i] = int32(best) == s.eos
			if !done[i] {
				open++
			}
		}
		if open == 0 || t == s.maxTokens {
			break
		}
		var err error
		if logits, err = next(parents, tokens); err != nil {
			return nil, err
		}
	}
	for i := range found {
		found[i][0].score = found[i][0].sum / s.norm(len(found[i][0].tokens))
	}
	return found, nil
}

func (s search) norm(length int) float64 { return math.Pow(float64(length), s.penalty) }

// beams is the state of one sample's search.
type beams struct {
	open     []hypothesis // at most K; all of the same length
	finished []hypothesis // at most K, best first
	done     bool
}

func (s search) beam(logits [][]float32, next nextLogits) ([][]hypothesis, error) {
	samples := make([]beams, len(logits))
	for i := range samples {
		samples[i].open = []hypothesis{{}}
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
			if t == s.maxTokens || b.done {
				continue
			}
			at := len(parents)
			for j, h := range b.open {
				parents = append(parents, int32(rowOf[i]+from[j]))
				tokens = append(tokens, h.tokens[len(h.tokens)-1])
			}
			rowOf[i] = at
		}
		if len(parents) == 0 || t == s.maxTokens {
			break
		}
		var err error
		if logits, err = next(parents, tokens); err != nil {
			return nil, err
		}
	}
	found := make([][]hypothesis, len(samples))
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
func (s search) extend(b *beams, logits [][]float32, t int) (from []int) {
	best := s.best(b.open, logits)
	var open []hypothesis
	for rank, c := range best {
		h := hypothesis{
			tokens: append(slices.Clone(b.open[c.beam].tokens), c.token),
			sum:    c.sum,
		}
		if c.token == s.eos {
			if rank < s.beams {
				s.finish(b, h)
			}
			continue
		}
		open, from = append(open, h), append(from, c.beam)
		if len(open) == s.beams {
			break
		}
	}
	b.open = open
	if len(b.finished) == s.beams && b.finished[s.beams-1].score >= best[0].sum/s.norm(t) {
		b.done = true
	}
	if len(open) == 0 {
		b.done = true
	}
	return from
}

// best is the 2K likeliest continuations, likeliest first; among equals the earlier beam and the smaller token.
func (s search) best(open []hypothesis, logits [][]float32) []continuation {
	keep := 2 * s.beams
	var top []continuation
	worst := math.Inf(-1)
	for beam, row := range logits {
		for token, logp := range logSoftmax(row) {
			sum := open[beam].sum + logp
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

func (s search) finish(b *beams, h hypothesis) {
	h.score = h.sum / s.norm(len(h.tokens))
	b.finished = append(b.finished, h)
	slices.SortStableFunc(b.finished, func(x, y hypothesis) int { return cmp.Compare(y.score, x.score) })
	if len(b.finished) > s.beams {
		b.finished = b.finished[:s.beams]
	}
}

// close lets the open beams of a search that ran to the last token join the finished ones.
func (s search) close(b *beams) []hypothesis {
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

// generator runs a model's prompt and next programs over the session's cache.
type generator struct {
	session engine.Session
	name    string // of the programs, for engines that compile
	prompt  engine.Program
	next    engine.Program
	search  search
	memory  int // visual tokens that the prompt stores for cross-attention
	// constant keeps the number of rows when sequences end, for engines that compile a graph for each shape.
	constant bool
}

// run generates for a batch of prompts of one length: in holds what the prompt program reads beside "ids". offset is
// the position of the prompt's first token: the number of visual tokens before it.
func (g generator) run(in engine.Inputs, prompts [][]int32, offset int) ([][]hypothesis, error) {
	rows, length := len(prompts), len(prompts[0])
	g.session.Reset(rows*g.search.beams, max(g.memory, offset+length+g.search.maxTokens))
	in["ids"] = engine.Ints(slices.Concat(prompts...), rows, length)
	out, err := g.session.Run(g.name+".prompt", g.prompt, in)
	if err != nil {
		return nil, err
	}
	position := int32(offset + length)
	return g.search.run(split(out[0]), func(parents, tokens []int32) ([][]float32, error) {
		open := len(tokens)
		if g.constant {
			parents, tokens = padRows(parents, rows*g.search.beams), padRows(tokens, rows*g.search.beams)
		}
		g.session.Reorder(parents)
		positions := slices.Repeat([]int32{position}, len(tokens))
		position++
		out, err := g.session.Run(g.name+".next", g.next, engine.Inputs{
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
