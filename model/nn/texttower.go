package nn

import (
	"fmt"

	"harness/model/engine"
)

// TextTower embeds texts for contrastive methods: a bidirectional transformer of the decoder's sizes, read at EOS
// (FACTS 2.6, 3.1). Its parameters are named text.*.
type TextTower struct {
	Decoder
}

// Params adds text.*; table is the first value of the tokens [V, d], out the width of the embedding.
func (t TextTower) Params(p *Parameters, table []float32, out int) {
	p.Add("text.token", false, table, t.Vocab, t.Width)
	p.Normal("text.pos", 0.02, t.MaxPositionEmbeddings, t.Width)
	for i := range t.Depth {
		p.Block(fmt.Sprintf("text.blocks.%d", i), t.Width, t.MLP)
	}
	p.LayerNorm("text.norm", t.Width)
	p.Linear("text.head", t.Width, out)
}

// Forward embeds the group "text", whose rows point at the EOS of each text: [B, out], of length 1.
func (t TextTower) Forward(o engine.Ops) engine.Value {
	text := Group("text")
	mask := engine.Mask{KeyLengths: text.Lengths}
	x := text.unpad(o, embed(o, "text.token", "text.pos", text.IDs))
	for i := range t.Depth {
		x = blockOnly(o, fmt.Sprintf("text.blocks.%d", i), x, t.Heads, mask, t.Eps, text.onlyLast(i, t.Depth))
	}
	end := GatherRows(o, LayerNorm(o, "text.norm", x, t.Eps), text.Rows)
	return o.L2Normalise(Linear(o, "text.head", end))
}

// TextSequence is a text as the tower reads it: cut to limit tokens, EOS at the end, which is the row that is read.
func TextSequence(eos int32, ids []int32, limit int) Sequence {
	ids = append(append([]int32(nil), ids[:min(len(ids), limit)]...), eos)
	return Sequence{IDs: ids, Rows: []int{len(ids) - 1}, Targets: []int32{0}}
}
