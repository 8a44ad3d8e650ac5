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
	// Constant keeps the number of rows when sequences end, for engines that compile a graph for each shape.
	Constant bool
}

// Run generates for a batch of prompts of one length: in holds what the prompt program reads beside "ids". offset is
// the position of the prompt's first token: the number of visual tokens before it. Logits that are not finite are an error.
func (g Generator) Run(in engine.Inputs, prompts [][]int32, offset int) ([][]Hypothesis, error) {
	rows, length := len(prompts), len(prompts[0])
	g.Session.Reset(rows*g.Search.Beams, max(g.Memory, offset+length+g.Search.MaxTokens))
	in["ids"] = engine.Ints(slices.Concat(prompts...), rows, length)
	first, err := g.step(".prompt", g.Prompt, in, rows)
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
