package nn

import (
	"fmt"

	"harness/model/engine"
)

// EncoderDecoder answers a text about images: the tokens of the images and of the text pass a bidirectional encoder together, and a
// cross-attending decoder writes the answer. The vision transformer is trained with the rest.
//
// Its inputs are "patches", of each sample the past and the current image or the current one alone, [B·k, n, pixels]; the texts of
// [Ask]; and the answers, as the group "text" for Loss, or as the Generator gives them to Prompt and Next.
type EncoderDecoder struct {
	Vision    Encoder
	Decoder   Decoder // its sizes are those of the joint encoder, too, which shares its table of tokens
	Smoothing float64
}

// Params are the parameters with their first values; table is that of the tokens, nil where all values come from an earlier stage.
func (m EncoderDecoder) Params(seed int64, table []float32) []engine.Param {
	d := m.Decoder
	if table == nil {
		table = make([]float32, (d.Vocab+1)*d.Width)
	}
	p := &Parameters{Seed: seed}
	m.Vision.Params(p)
	p.Linear("joint.image", m.Vision.Width, d.Width)
	p.LayerNorm("joint.image_norm", d.Width)
	p.Normal("joint.pos", 0.02, d.MaxPositionEmbeddings, d.Width)
	p.LayerNorm("joint.text_norm", d.Width)
	p.Normal("joint.type", 0.1, 2, d.Width)
	for i := range d.Depth {
		block := fmt.Sprintf("joint.blocks.%d", i)
		p.LayerNorm(block+".ln1", d.Width)
		p.Attention(block+".attn", d.Width)
		p.LayerNorm(block+".ln2", d.Width)
		p.MLP(block+".mlp", d.Width, d.MLP, d.Width)
	}
	p.LayerNorm("joint.norm", d.Width)
	d.Params(p, table)
	return p.List
}

// The rows of the type embedding.
const (
	currentType = 0 // of the current image and of the text
	pastType    = 1
)

// Ask makes the inputs of the texts that an EncoderDecoder reads behind so many visual tokens a sample: question.ids [B, Q], padded to
// a multiple of step, and the lengths of all that each sample reads, joint.lengths [B].
func Ask(in engine.Inputs, texts [][]int32, visual int, pad int32, step, longest int) {
	list, lengths := make([]Sequence, len(texts)), make([]int32, len(texts))
	for i, ids := range texts {
		list[i], lengths[i] = Sequence{IDs: ids}, int32(visual+len(ids))
	}
	group := engine.Inputs{}
	Collate(group, "question", list, pad, step, longest)
	in["question.ids"] = group["question.ids"]
	in["joint.lengths"] = engine.Ints(lengths, len(lengths))
}

// read is what the decoder reads: [B, k·n+Q, d].
func (m EncoderDecoder) read(o engine.Ops) engine.Value {
	d := m.Decoder
	typed := func(x engine.Value, row int) engine.Value {
		return o.Add(x, o.Reshape(o.Slice(o.Param("joint.type"), 0, row, row+1), d.Width))
	}
	shape := o.IntShape("question.ids")
	images := Linear(o, "joint.image", m.Vision.Forward(o, o.Input("patches"))) // [B·k, n, d]
	count := images.Shape()[0] / shape[0]
	images = o.Reshape(images, shape[0], count, m.Vision.Tokens, d.Width)
	var tokens []engine.Value
	for i := range count {
		row := currentType
		if i < count-1 {
			row = pastType
		}
		one := o.Reshape(o.Slice(images, 1, i, i+1), shape[0], m.Vision.Tokens, d.Width)
		tokens = append(tokens, LayerNorm(o, "joint.image_norm", typed(one, row), d.Eps))
	}
	text := o.Add(o.Embedding(o.Param("decoder.token"), "question.ids"), o.Slice(o.Param("joint.pos"), 0, 0, shape[1]))
	tokens = append(tokens, LayerNorm(o, "joint.text_norm", typed(text, currentType), d.Eps))
	x := o.Concat(1, tokens...)
	for i := range d.Depth {
		block := fmt.Sprintf("joint.blocks.%d", i)
		mask := engine.Mask{KeyLengths: "joint.lengths"}
		x = o.Add(x, SelfAttention(o, block+".attn", LayerNorm(o, block+".ln1", x, d.Eps), d.Heads, mask, nil))
		x = o.Add(x, MLP(o, block+".mlp", LayerNorm(o, block+".ln2", x, d.Eps)))
	}
	return LayerNorm(o, "joint.norm", x, d.Eps)
}

// Loss is the smoothed mean cross-entropy over the tokens of the answers and EOS.
func (m EncoderDecoder) Loss(o engine.Ops) []engine.Value {
	memory := m.Decoder.Remember(o, m.read(o))
	memory.Lengths = "joint.lengths"
	length := o.IntShape("text.ids")[1]
	mask := engine.Mask{Causal: true, KeyLengths: "text.lengths"}
	x := m.Decoder.Forward(o, "text.ids", o.Slice(o.Param("decoder.pos"), 0, 0, length), memory, mask, nil) // [B, L, d]
	return []engine.Value{o.CrossEntropy(m.Decoder.Logits(o, GatherRows(o, x, "text.rows")), "labels", "weights", m.Smoothing)}
}

// Prompt stores what the decoder reads and the prefix ids [B, L] in the cache and returns the logits behind the prefix [B, V]. All
// samples have texts of one length: what is stored has no padding.
func (m EncoderDecoder) Prompt(o engine.Ops) []engine.Value {
	memory := m.Decoder.Stored(o, m.Decoder.Remember(o, m.read(o)))
	length := o.IntShape("ids")[1]
	x := m.Decoder.Forward(o, "ids", o.Slice(o.Param("decoder.pos"), 0, 0, length), memory, engine.Mask{Causal: true}, o.Append)
	return []engine.Value{m.Decoder.Logits(o, lastRow(o, x))}
}

// Next continues with one token for each sequence: ids [B, 1] at positions [B, 1].
func (m EncoderDecoder) Next(o engine.Ops) []engine.Value {
	return Captioner{Decoder: m.Decoder}.Next(o)
}
