package checkpoint

import (
	"fmt"
	"math"
)

// GPT2Params returns the parameters transformer.wte.weight [V, d], transformer.wpe.weight [positions, d],
// transformer.h.i.… and transformer.ln_f.… in this order, under the names and in the orientation of the file: the
// matrices are Conv1D's, [in, out]. Mask buffers and the tied lm_head are left out; where only lm_head is there, it is the table.
// Scores that config.json scales in another way than by 1/sqrt(width of a head) are so by the queries' weights.
func GPT2Params(f *File, c GPT2Config) ([]Named, error) {
	return newGPT2(f, taking).gpt2(c)
}

// CheckGPT2 says whether GPT2Params will find all tensors, with their shapes and finite values. It keeps no values.
func CheckGPT2(f *File, c GPT2Config) error {
	_, err := newGPT2(f, checking).gpt2(c)
	return err
}

func newGPT2(f *File, m mode) *params { return newParams(f, m, "wpe.weight", "transformer.", "") }

func (p *params) gpt2(c GPT2Config) ([]Named, error) {
	d := c.Width
	same := func(name string, shape ...int) { p.add("transformer."+name, shape, name) }
	conv := func(name string, in, out int) {
		same(name+".weight", in, out)
		same(name+".bias", out)
	}
	p.tokens(c.Vocab, d)
	same("wpe.weight", c.Positions, d)
	for i := 0; i < c.Layers && p.err == nil; i++ {
		block := fmt.Sprintf("h.%d.", i)
		p.norm("transformer."+block+"ln_1", block+"ln_1", d)
		conv(block+"attn.c_attn", d, 3*d)
		p.scaleQueries(c, i)
		conv(block+"attn.c_proj", d, d)
		p.norm("transformer."+block+"ln_2", block+"ln_2", d)
		conv(block+"mlp.c_fc", d, c.MLP)
		conv(block+"mlp.c_proj", c.MLP, d)
	}
	p.norm("transformer.ln_f", "ln_f", d)
	p.refuseOthers("h.", c.Layers, true, "attn.bias", "attn.masked_bias") // buffers of old versions: the causal mask
	return p.done()
}

// tokens adds the token table. The head is tied to it: a head that differs is refused, one without the table is the table.
func (p *params) tokens(vocab, d int) {
	const ours = "transformer.wte.weight"
	table, head := p.prefix+"wte.weight", p.wrapper+"lm_head.weight"
	if p.err != nil {
		return
	}
	if !p.file.Has(table) && p.file.Has(head) {
		table = head
	}
	values := p.readNamed([]int{vocab, d}, table)
	if p.err == nil && table != head && p.file.Has(head) && !p.file.same(table, head) {
		p.err = fmt.Errorf("%s: tensor %q differs from %q: only a head that is tied to the token table can be honoured", p.file.path, head, table)
	}
	if p.err == nil {
		p.out = append(p.out, Named{Name: ours, Shape: []int{vocab, d}, F32: values})
	}
}

// scaleQueries changes the queries that were added last so that scores divided by sqrt(width of a head) are those of c.
func (p *params) scaleQueries(c GPT2Config, layer int) {
	factor := 1.0
	if c.Unscaled {
		factor = math.Sqrt(float64(c.Width) / float64(c.Heads))
	}
	if c.ByLayer {
		factor /= float64(layer + 1)
	}
	if p.err != nil || factor == 1 {
		return
	}
	for _, n := range p.out[len(p.out)-2:] { // weight [d, 3d] and bias [3d], where values are kept
		for i := range n.F32 {
			if i%(3*c.Width) < c.Width {
				n.F32[i] = float32(factor * float64(n.F32[i]))
			}
		}
	}
}
