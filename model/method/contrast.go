package method

import (
	"fmt"
	"math"
	"slices"

	"harness/model/engine"
	"harness/model/nn"
)

// contrast is what the two contrastive methods share: SigLIP's sigmoid loss (FACTS 2.6) between what a step shows, images or
// regions, and its texts. A batch that is too large for memory is embedded in chunks; every pair of the batch is compared all the same.
type contrast struct {
	key     string // names the programs
	tower   nn.TextTower
	limit   int // tokens of a text
	padding Padding
	images  func(o engine.Ops) engine.Value     // embeddings [A, e] of what the inputs show, of length 1
	inputs  func(drawn []showing) engine.Inputs // what images reads
}

// showing is an image of a step and what it shows of it: one text for each.
type showing struct {
	image int
	texts []string
	boxes [][4]float32 // of each text, in cells of the grid of visual tokens; nil where the whole image is shown
}

// newContrast adds the text tower, of the decoder's sizes, and the loss's temperature and bias at SigLIP's values.
func (r *Run) newContrast(key string, p *nn.Parameters, out, limit int) contrast {
	tower := nn.TextTower{Decoder: nn.NewDecoder(r.Trial, r.Corpus.Tok.Size())}
	tower.Params(p, nn.TokenTable(r.Trial, r.Corpus.Tok, "text.token", tower.Width, 0), out)
	p.Constant("pair.log_scale", float32(math.Log(10)), 1)
	p.Constant("pair.bias", -10, 1)
	return contrast{key: key, tower: tower, limit: limit}
}

// batch is the loss over all that a step shows.
func (r *Run) contrastBatch(c contrast, session engine.Session, shown []showing) (Batch, error) {
	texts := textsOf(shown)
	b := Batch{Images: len(shown), Sequences: len(texts)}
	if n := r.Trial.Pretrain.Chunk; n > 0 && n < len(shown) {
		var err error
		b.Parts, err = r.chunks(c, session, slices.Collect(slices.Chunk(shown, n)), texts)
		return b, err
	}
	in := r.contrastInputs(c, shown)
	in["sign"] = signs(texts, texts)
	b.Parts = []Part{{c.key, func(o engine.Ops) []engine.Value {
		images, texts := c.images(o), c.tower.Forward(o)
		return []engine.Value{o.SigmoidPair(images, texts, o.Param("pair.log_scale"), o.Param("pair.bias"), "sign")}
	}, in}}
	return b, nil
}

// chunks embeds all without gradients, and then compares each chunk with all ([engine.SigmoidPairChunk]).
func (r *Run) chunks(c contrast, session engine.Session, chunks [][]showing, texts []string) ([]Part, error) {
	embed := func(o engine.Ops) []engine.Value { return []engine.Value{c.images(o), c.tower.Forward(o)} }
	loss := func(o engine.Ops) []engine.Value {
		return []engine.Value{engine.SigmoidPairChunk(o, engine.PairChunk{
			Image: c.images(o), Text: c.tower.Forward(o), AllImages: o.Input("all.images"), AllTexts: o.Input("all.texts"),
			LogScale: o.Param("pair.log_scale"), Bias: o.Param("pair.bias"), Sign: "sign", SignOfText: "sign.text",
		})}
	}
	var parts []Part
	var allImages, allTexts []float32
	for _, shown := range chunks {
		in := r.contrastInputs(c, shown)
		out, err := session.Run(c.key+" embed", embed, in)
		if err != nil {
			return nil, fmt.Errorf("embed a chunk: %w", err)
		}
		allImages, allTexts = append(allImages, out[0].F32...), append(allTexts, out[1].F32...)
		own := textsOf(shown)
		in["sign"], in["sign.text"] = signs(own, texts), signs(own, texts) // a pair has one sign, from either side
		parts = append(parts, Part{c.key + " chunk", loss, in})
	}
	width := len(allTexts) / len(texts)
	for _, part := range parts {
		part.Inputs["all.images"] = engine.Floats(allImages, len(texts), width)
		part.Inputs["all.texts"] = engine.Floats(allTexts, len(texts), width)
	}
	return parts, nil
}

// contrastInputs are what images and texts are read from.
func (r *Run) contrastInputs(c contrast, shown []showing) engine.Inputs {
	in := c.inputs(shown)
	list := r.contrastTexts(c, shown)
	r.comparedTexts(in, list, c.padding.Rooms(comparedRooms(list)))
	return in
}

// contrastTexts are the texts of what is shown, as the tower reads them.
func (r *Run) contrastTexts(c contrast, shown []showing) []nn.Sequence {
	var list []nn.Sequence
	for _, text := range textsOf(shown) {
		list = append(list, nn.TextSequence(r.Corpus.EOS(), r.Corpus.IDs(text), c.limit))
	}
	return list
}

// pad finds how to pad the texts of the stage; shown is what a step of the run with seed 0 shows.
func (c *contrast) pad(r *Run, shown func(step int) []showing) (err error) {
	longest := c.tower.MaxPositionEmbeddings
	c.padding, err = r.Padding(longest, func() nn.Rooms { return nn.Rooms{"text": {Length: c.limit + 1}} },
		func(step int) (nn.Rooms, error) { return comparedRooms(r.contrastTexts(*c, shown(step))), nil })
	return err
}

// comparedRooms is what texts with one row each need, which are not padded in number: a row of padding would be a negative.
func comparedRooms(list []nn.Sequence) nn.Rooms {
	return nn.Rooms{"text": {Length: nn.RoomFor(list).Length}}
}

// comparedTexts writes the group "text" of such texts.
func (r *Run) comparedTexts(in engine.Inputs, list []nn.Sequence, rooms nn.Rooms) {
	nn.CollateIn(in, "text", list, r.Corpus.EOS(), nn.Room{Length: rooms["text"].Length})
}

func textsOf(shown []showing) []string {
	var texts []string
	for _, s := range shown {
		texts = append(texts, s.texts...)
	}
	return texts
}

// signs [len(a), len(b)] are +1 where two texts are equal, else -1: reports and phrases repeat, and equal ones are not negatives.
func signs(a, b []string) engine.Tensor {
	data := make([]float32, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if x == y {
				data = append(data, 1)
			} else {
				data = append(data, -1)
			}
		}
	}
	return engine.Floats(data, len(a), len(b))
}
