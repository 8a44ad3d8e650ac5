package nn

import "harness/model/engine"

// How a Q-Former learns to represent images (Li et al. 2023, section 3.2): contrast, matching and generation of their texts, with equal
// weights. Its programs read the visual tokens "encoded" [B, n, e] and three groups of [Collate]: "text", the B texts behind
// [CLS], whose rows point at it; "match", pairs to be judged, whose lengths count the queries too; "write", the texts behind [DEC].

// itcTemperature is the first value of the temperature of the similarities, itcWidth the most that an embedding has.
const (
	itcTemperature = 0.07
	itcWidth       = 256
)

// stageSmoothing is the label smoothing of contrast and generation, as in the authors' code.
const stageSmoothing = 0.1

// CLS and DEC start a text that is read, and one that is written. They are input only.
func (q QFormer) CLS() int32 { return int32(q.Vocab) }
func (q QFormer) DEC() int32 { return int32(q.Vocab + 1) }

// TextParams adds what only the losses need: the text's own layers and the heads. table is the first value of the tokens [V+2, d].
func (q QFormer) TextParams(p *Parameters, table []float32) {
	p.Add("qformer.text.token", false, table, q.Vocab+2, q.Width)
	p.Normal("qformer.text.pos", 0.02, q.Positions, q.Width)
	for i := range q.Depth {
		p.LayerNorm(textBlock(i)+".ln3", q.Width)
		p.MLP(textBlock(i)+".mlp", q.Width, q.MLP, q.Width)
	}
	p.LayerNorm("qformer.text.norm", q.Width)
	out := min(itcWidth, q.Width)
	p.Linear("qformer.itc.image", q.Width, out)
	p.Linear("qformer.itc.text", q.Width, out)
	p.Constant("qformer.itc.scale", itcTemperature, 1)
	p.Linear("qformer.itm", q.Width, 2)
}

// text embeds the ids of a group: [B, L, d].
func (q QFormer) text(o engine.Ops, group string) engine.Value {
	return embed(o, "qformer.text.token", "qformer.text.pos", group+".ids")
}

// looked is what the queries have seen of B images.
type looked struct {
	out    engine.Value // [B, q, d]
	image  Memory       // what they read
	before Memory       // their own keys and values, for a text to look back at
}

func (q QFormer) look(o engine.Ops, encoded engine.Value) looked {
	l := looked{image: q.remember(o, encoded)}
	s, kept := q.forward(o, stream{queries: q.start(o, encoded.Shape()[0]), image: l.image})
	l.out, l.before = s.queries, kept
	return l
}

// similarities of B images and texts that do not see one another, the best of an image's queries, divided by the temperature:
// [B images, B texts] and [B texts, B images].
func (q QFormer) similarities(o engine.Ops, l looked) (toText, toImage engine.Value) {
	group := Group("text")
	s, _ := q.forward(o, stream{text: group.unpad(o, q.text(o, "text")), mask: engine.Mask{KeyLengths: group.Lengths}})
	text := o.L2Normalise(Linear(o, "qformer.itc.text", GatherRows(o, s.text, group.Rows))) // [B, w]
	image := o.L2Normalise(Linear(o, "qformer.itc.image", l.out))                           // [B, q, w]
	shape := image.Shape()
	b := shape[0]
	flat := o.Reshape(image, b*q.Queries, shape[2])
	toText = o.Max(o.Reshape(o.MatMul(flat, text), b, q.Queries, b), 1)
	toImage = o.Max(o.Reshape(o.MatMul(text, flat), b, b, q.Queries), 2)
	return q.scaled(o, toText), q.scaled(o, toImage)
}

// scaled divides x [B, B] by the temperature, which starts at τ and is learned. Engines do not divide: x is multiplied by s/τ² for a
// parameter s that starts at τ, so that a step of s changes the result as much as a step of the temperature would, the other way.
func (q QFormer) scaled(o engine.Ops, x engine.Value) engine.Value {
	s := x.Shape()
	column := o.Mul(o.Reshape(x, s[0]*s[1], 1), o.Param("qformer.itc.scale"))
	return o.Scale(o.Reshape(column, s...), 1/(itcTemperature*itcTemperature))
}

// Similarities are those of the group "text" and visual tokens [B, n, e], by which negatives are drawn: image to text and text to
// image, [B, B] each.
func (q QFormer) Similarities(o engine.Ops, encoded engine.Value) (toText, toImage engine.Value) {
	return q.similarities(o, q.look(o, encoded))
}

// Loss is contrast + matching + generation.
func (q QFormer) Loss(o engine.Ops) []engine.Value {
	l := q.look(o, o.Input("encoded"))
	return []engine.Value{o.Add(o.Add(q.contrast(o, l), q.match(o, l)), q.write(o, l))}
}

// contrast is the cross-entropy of the right text among B for each image, and of the right image for each text; the right ones
// are the int32 input "pair.labels" [B], with "pair.weights".
func (q QFormer) contrast(o engine.Ops, l looked) engine.Value {
	toText, toImage := q.similarities(o, l)
	return o.Scale(o.Add(
		o.CrossEntropy(toText, "pair.labels", "pair.weights", stageSmoothing),
		o.CrossEntropy(toImage, "pair.labels", "pair.weights", stageSmoothing)), 0.5)
}

// match is the cross-entropy of whether image and text of a pair belong together, "match.labels" and "match.weights": all see all,
// and the verdict is the mean of the queries'.
func (q QFormer) match(o engine.Ops, l looked) engine.Value {
	s, _ := q.forward(o, stream{
		queries: q.start(o, o.IntShape("match.ids")[0]), text: q.text(o, "match"),
		image: l.image.Of("match.image"), mask: engine.Mask{KeyLengths: "match.lengths"},
	})
	verdict := o.Mean(Linear(o, "qformer.itm", s.queries), 1) // [pairs, 2]
	return o.CrossEntropy(verdict, "match.labels", "match.weights", 0)
}

// write is the cross-entropy of the texts, each token of which sees the queries and the tokens before it; the queries do not see
// the text.
func (q QFormer) write(o engine.Ops, l looked) engine.Value {
	s, _ := q.forward(o, stream{text: q.text(o, "write"), mask: engine.Mask{Causal: true}, before: l.before})
	words := o.Slice(o.Param("qformer.text.token"), 0, 0, q.Vocab)
	return o.CrossEntropy(o.Linear(GatherRows(o, s.text, "write.rows"), words, nil), "labels", "weights", stageSmoothing)
}
