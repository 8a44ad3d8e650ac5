package checkpoint

import "fmt"

// BERTParams returns the parameters of an encoder of the BERT family without its heads, in this order:
//
//	bert.token [V, d]   bert.pos [positions, d]   bert.type [types, d]   bert.norm.{weight,bias} [d]
//	bert.distance [rows, d]   bert.distance.norm.{weight,bias} [d]
//	bert.blocks.i.attn.{q,k,v,out}.{weight,bias} [d, d], [d]    bert.blocks.i.ln1 (after attention) [d]
//	bert.blocks.i.attn.{distance_k,distance_q}.{weight,bias} [d, d], [d]
//	bert.blocks.i.mlp.fc1.{weight,bias} [m, d], [m]   .fc2 [d, m], [d]    bert.blocks.i.ln2 (after the MLP) [d]
//	bert.conv.weight [d, taps·d]   bert.conv.bias [d]   bert.conv.norm.{weight,bias} [d]
//
// Those that the configuration does without are left out. A token is norm(token + pos + type[0]).
func BERTParams(f *File, c BERTConfig) ([]Named, error) {
	return newBERT(f, taking).bert(c)
}

// CheckBERT says whether BERTParams will find all tensors, with their shapes and finite values. It keeps no values.
func CheckBERT(f *File, c BERTConfig) error {
	_, err := newBERT(f, checking).bert(c)
	return err
}

func newBERT(f *File, m mode) *params {
	return newParams(f, m, "embeddings.word_embeddings.weight", "bert.", "roberta.", "deberta.", "")
}

func (p *params) bert(c BERTConfig) ([]Named, error) {
	d := c.Width
	p.add("bert.token", []int{c.Vocab, d}, "embeddings.word_embeddings.weight")
	if !c.NoPositions {
		p.add("bert.pos", []int{c.Positions, d}, "embeddings.position_embeddings.weight")
	}
	if c.Types > 0 {
		p.add("bert.type", []int{c.Types, d}, "embeddings.token_type_embeddings.weight")
	}
	p.norm("bert.norm", "embeddings.LayerNorm", d)
	if c.Relative != nil {
		p.add("bert.distance", []int{c.Relative.Rows(), d}, "encoder.rel_embeddings.weight")
		if c.Relative.Norm {
			p.norm("bert.distance.norm", "encoder.LayerNorm", d)
		}
	}
	for i := 0; i < c.Layers && p.err == nil; i++ {
		ours, theirs := fmt.Sprintf("bert.blocks.%d.", i), fmt.Sprintf("encoder.layer.%d.", i)
		p.bertAttention(ours+"attn.", theirs+"attention.self.", c)
		p.linear(ours+"attn.out", theirs+"attention.output.dense", d, d)
		p.norm(ours+"ln1", theirs+"attention.output.LayerNorm", d)
		p.linear(ours+"mlp.fc1", theirs+"intermediate.dense", c.MLP, d)
		p.linear(ours+"mlp.fc2", theirs+"output.dense", d, c.MLP)
		p.norm(ours+"ln2", theirs+"output.LayerNorm", d)
	}
	if c.Convolution != nil {
		p.convolution(c.Convolution.Taps, d)
	}
	p.refuseOthers("encoder.layer.", c.Layers, false) // layers behind those that are read are left out
	return p.done()
}

// bertAttention adds the projections of one layer under the names of its family.
func (p *params) bertAttention(ours, theirs string, c BERTConfig) {
	d := c.Width
	key, query := c.Relative != nil && c.Relative.Key, c.Relative != nil && c.Relative.Query
	switch c.Family {
	case DeBERTa:
		p.interleaved(ours, theirs, c)
		if key {
			p.add(ours+"distance_k.weight", []int{d, d}, theirs+"pos_proj.weight")
		}
		if query {
			p.linear(ours+"distance_q", theirs+"pos_q_proj", d, d)
		}
	case DeBERTaV2:
		p.linear(ours+"q", theirs+"query_proj", d, d)
		p.linear(ours+"k", theirs+"key_proj", d, d)
		p.linear(ours+"v", theirs+"value_proj", d, d)
		if key && !c.Relative.Shared {
			p.linear(ours+"distance_k", theirs+"pos_key_proj", d, d)
		}
		if query && !c.Relative.Shared {
			p.linear(ours+"distance_q", theirs+"pos_query_proj", d, d)
		}
	default:
		p.linear(ours+"q", theirs+"query", d, d)
		p.linear(ours+"k", theirs+"key", d, d)
		p.linear(ours+"v", theirs+"value", d, d)
	}
}

// interleaved adds DeBERTa's in_proj, whose rows are q, k and v of the first head, then those of the second, and so on. Keys have
// no bias.
func (p *params) interleaved(ours, theirs string, c BERTConfig) {
	d, head := c.Width, c.Width/c.Heads
	joined := p.read([]int{3 * d, d}, theirs+"in_proj.weight")
	if p.err != nil {
		return
	}
	for part, name := range []string{"q", "k", "v"} {
		own := make([]float32, 0, len(joined)/3)
		for from := part * head * d; from < len(joined); from += 3 * head * d {
			own = append(own, joined[from:from+head*d]...)
		}
		p.out = append(p.out, Named{Name: ours + name + ".weight", Shape: []int{d, d}, F32: own})
		if name != "k" {
			p.add(ours+name+".bias", []int{d}, theirs+name+"_bias")
		}
	}
}

// convolution adds the kernel [out, in, taps] as a matrix [out, taps·in].
func (p *params) convolution(taps, d int) {
	kernel := p.read([]int{d, d, taps}, "encoder.conv.conv.weight")
	if p.err != nil {
		return
	}
	matrix := make([]float32, len(kernel))
	for out := range len(kernel) / (d * taps) { // none where no values are kept
		for in := range d {
			for tap := range taps {
				matrix[(out*taps+tap)*d+in] = kernel[(out*d+in)*taps+tap]
			}
		}
	}
	p.out = append(p.out, Named{Name: "bert.conv.weight", Shape: []int{d, taps * d}, F32: matrix})
	p.add("bert.conv.bias", []int{d}, "encoder.conv.conv.bias")
	p.norm("bert.conv.norm", "encoder.conv.LayerNorm", d)
}
