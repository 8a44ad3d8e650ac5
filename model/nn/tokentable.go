package nn

import (
	"cmp"
	"strconv"
	"strings"

	"harness/model/spec"
	"harness/model/tokenizer"
)

// TokenTable is the first value of the token table of that name [V+extra, d]: random rows. Unless the trial starts them at random,
// too, those of the whole numbers up to 447 are drawn close to their neighbours', since they name places in the image (RECIPE 2:
// ordinal coordinates).
func TokenTable(t spec.Trial, tok tokenizer.Tokenizer, name string, width, extra int) []float32 {
	p := &Parameters{Seed: t.Seed}
	if p.Blank() {
		return nil
	}
	vocab := tok.Size()
	std := cmp.Or(t.Init.TokenStd, spec.DefaultTokenStd)
	p.Normal(name, std, vocab+extra, width)
	table := p.List[0].Tensor.F32
	if t.Init.Coordinates == spec.InitRandom {
		return table
	}
	for id := range vocab {
		if v, ok := coordinate(tok, id); ok {
			mixOrdinal(table[id*width:][:width], v, std)
		}
	}
	return table
}

// coordinate reads a token that is a whole number 0 … 447, with or without a space before it.
func coordinate(tok tokenizer.Tokenizer, id int) (int, bool) {
	text := strings.TrimPrefix(tok.Decode([]int{id}), " ")
	v, err := strconv.Atoi(text)
	return v, err == nil && v >= 0 && v < 448 && strconv.Itoa(v) == text
}
