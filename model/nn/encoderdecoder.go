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
		p.Block(fmt.Sprintf("joint.blocks.%d", i), d.Width, d.MLP)
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
// at least length tokens, and the lengths of all that each sample reads, joint.lengths [B].
func Ask(in engine.Inputs, texts [][]int32, visual int, pad int32, length int) {
	list, lengths := make([]Sequence, len(texts)), make([]int32, len(texts))
	for i, ids := range texts {
		list[i], lengths[i] = Sequence{IDs: ids}, int32(visual+len(ids))
	}
	group := engine.Inputs{}
	CollateIn(group, "question", list, pad, Room{Length: length})
	in["question.ids"] = group["question.ids"]
	in["joint.lengths"] = engine.Ints(lengths, len(lengths))
}

// read is what the decoder reads: [B, k·n+Q, d].
func (m EncoderDecoder) read(o engine.Ops) engine.Value {
	d := m.Decoder
	typed := func(x engine.Value, row int) engine.Value {
		return o.Add(x, o.Reshape(o.Slice(o.Param("joint.type"), 0, row, row+1), d.Width))
	}
	images := Linear(o, "joint.image", m.Vision.Forward(o, o.Input("patches"))) // [B·k, n, d]
	samples := o.IntShape("question.ids")[0]
	count := images.Shape()[0] / samples
	images = o.Reshape(images, samples, count, m.Vision.Tokens, d.Width)
	var tokens []engine.Value
	for i := range count {
		row := currentType
		if i < count-1 {
			row = pastType
		}
		tokens = append(tokens, LayerNorm(o, "joint.image_norm", typed(pick(o, images, i), row), d.Eps))
	}
	text := embed(o, "decoder.token", "joint.pos", "question.ids")
	tokens = append(tokens, LayerNorm(o, "joint.text_norm", typed(text, currentType), d.Eps))
	mask := engine.Mask{KeyLengths: "joint.lengths"}
	x := o.Unpad(o.Concat(1, tokens...), 0, mask.KeyLengths)
	for i := range d.Depth {
		x = Block(o, fmt.Sprintf("joint.blocks.%d", i), x, d.Heads, mask, d.Eps)
	}
	return LayerNorm(o, "joint.norm", x, d.Eps)
}

// Loss is the smoothed mean cross-entropy over the tokens of the answers and EOS.
func (m EncoderDecoder) Loss(o engine.Ops) []engine.Value {
	memory := m.Decoder.Remember(o, m.read(o))
	memory.Lengths = "joint.lengths"
	text := Group("text")
	mask := engine.Mask{Causal: true, KeyLengths: text.Lengths}
	x := m.Decoder.Forward(o, text, m.Decoder.positions(o, text.IDs), memory, mask, nil) // [B, L, d]
	return []engine.Value{o.CrossEntropy(m.Decoder.Logits(o, GatherRows(o, x, text.Rows)), "labels", "weights", m.Smoothing)}
}

// Prompt stores what the decoder reads and the prefix ids [B, L] in the cache and returns the logits behind the prefix [B, V]. All
// samples have texts of one length: what is stored has no padding.
func (m EncoderDecoder) Prompt(o engine.Ops) []engine.Value {
	return m.Decoder.Prompt(o, m.read(o))
}

// Next continues with one token for each sequence: ids [B, 1] at positions [B, 1].
func (m EncoderDecoder) Next(o engine.Ops) []engine.Value {
	return m.Decoder.Next(o)
}
