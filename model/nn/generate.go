package nn

import (
	"fmt"
	"math"
	"slices"

	"harness/model/engine"
)

// Generator runs a model's prompt and next programs over the session's cache.
type Generator struct {
	Session engine.Session
	Name    string // of the programs, for engines that compile
	Prompt  engine.Program
	Next    engine.Program
	Search  Search
	Memory  int // visual tokens that the prompt stores for cross-attention
	// Constant keeps the number of rows when sequences end, for engines that compile a graph for each shape. So that all prompts have the same
	// shapes, whatever their lengths: First is the number of tokens that the prompt program reads, the others follow in pieces; Positions is
	// that of the decoding states. 0: as each prompt has it.
	Constant         bool
	First, Positions int
}

// pieceTokens is the number of tokens of a prompt that are read at a time behind the first; what is left is read one by one.
const pieceTokens = 8

// Run generates for a batch of prompts of one length: in holds what the prompt program reads beside "ids". offset is
// the position of the prompt's first token: the number of visual tokens before it. Logits that are not finite are an error.
func (g Generator) Run(in engine.Inputs, prompts [][]int32, offset int) ([][]Hypothesis, error) {
	rows, length := len(prompts), len(prompts[0])
	g.Session.Reset(rows*g.Search.Beams, max(g.Positions, g.Memory, offset+length+g.Search.MaxTokens))
	first, err := g.read(in, prompts, offset)
	if err != nil {
		return nil, err
	}
	position := int32(offset + length)
	var positions []int32
	return g.Search.run(first, func(parents, tokens []int32) (candidates, error) {
		open := len(tokens)
		if g.Constant {
			parents, tokens = padRows(parents, rows*g.Search.Beams), padRows(tokens, rows*g.Search.Beams)
		}
		g.Session.Reorder(parents)
		positions = positions[:0]
		for range tokens {
			positions = append(positions, position)
		}
		position++
		return g.step(".next", g.Next, engine.Inputs{
			"ids":       engine.Ints(tokens, len(tokens), 1),
			"positions": engine.Ints(positions, len(tokens), 1),
		}, open)
	})
}

// read runs the prompts through the model, and returns what may follow them.
func (g Generator) read(in engine.Inputs, prompts [][]int32, offset int) (candidates, error) {
	rows, length := len(prompts), len(prompts[0])
	piece := func(from, to int) engine.Tensor {
		ids := make([]int32, 0, rows*(to-from))
		for _, prompt := range prompts {
			ids = append(ids, prompt[from:to]...)
		}
		return engine.Ints(ids, rows, to-from)
	}
	at := length
	if g.First > 0 {
		at = min(at, g.First)
	}
	in["ids"] = piece(0, at)
	first, err := g.step(".prompt", g.Prompt, in, rows)
	for err == nil && at < length {
		n := 1
		if length-at >= pieceTokens {
			n = pieceTokens
		}
		positions := make([]int32, 0, rows*n)
		for range rows {
			for i := range n {
				positions = append(positions, int32(offset+at+i))
			}
		}
		first, err = g.step(".next", g.Next, engine.Inputs{"ids": piece(at, at+n), "positions": engine.Ints(positions, rows, n)}, rows)
		at += n
	}
	return first, err
}

// step runs one of the two programs, which gives logits [rows, V], and takes the likeliest tokens of the first open rows. The rest
// of the logits stays on the device.
func (g Generator) step(name string, p engine.Program, in engine.Inputs, open int) (candidates, error) {
	wanted := g.Search.candidates()
	out, err := g.Session.Run(fmt.Sprint(g.Name, name, wanted), func(o engine.Ops) []engine.Value {
		logits := p(o)[0]
		logp, tokens := o.LogSoftmaxTopK(logits, min(wanted, logits.Shape()[1]))
		return []engine.Value{logp, tokens}
	}, in)
	if err != nil {
		return candidates{}, err
	}
	k := out[0].Shape[1]
	may := candidates{k, out[0].F32[:open*k], out[1].F32[:open*k]}
	for i, logp := range may.logp {
		if math.IsNaN(float64(logp)) {
			return candidates{}, fmt.Errorf("%s%s: the logits of row %d are not finite", g.Name, name, i/k)
		}
	}
	return may, nil
}

// padRows repeats the first value until there are n.
func padRows(values []int32, n int) []int32 {
	padded := slices.Clone(values)
	for len(padded) < n {
		padded = append(padded, values[0])
	}
	return padded
}
