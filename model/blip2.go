package model

import (
	"context"
	"fmt"

	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/spec"
)

// BLIP-2 (paper 4.2.1; FACTS 3.4), made compact: the encoder of the global-contrastive method is frozen, and a Q-Former
// of the decoder's sizes reads it through learned queries, trained on image-text contrast, matching and generation with
// equal weights. Differences from the original: random initial weights instead of BERT's, negatives for matching drawn
// at random from the batch instead of by similarity, and a Q-Former that is frozen with the encoder for difference VQA, as
// every other method's encoder is: its outputs are the visual tokens there.
type qFormer struct {
	decoder
	width int // e, of the encoder that it reads
}

// queries is the number of learned queries; a square, so that they can be laid out like patches.
const queries = 16

// itcTemperature divides the similarities of image-text contrast.
const itcTemperature = 0.07

func (q qFormer) params(p *parameters, table []float32) {
	p.normal("qformer.queries", 0.02, queries, q.Width)
	p.add("qformer.token", false, table, q.vocab+1, q.Width) // the last row is [DEC], which starts a generated text
	p.normal("qformer.pos", 0.02, q.MaxPositionEmbeddings, q.Width)
	for i := range q.Depth {
		block := fmt.Sprintf("qformer.blocks.%d", i)
		p.layerNorm(block+".ln1", q.Width)
		p.attention(block+".self", q.Width) // shared by queries and text
		if q.crosses(i) {
			p.layerNorm(block+".ln2", q.Width)
			p.linear(block+".cross.q", q.Width, q.Width)
			p.linear(block+".cross.k", q.width, q.Width)
			p.linear(block+".cross.v", q.width, q.Width)
			p.linear(block+".cross.out", q.Width, q.Width)
		}
		p.layerNorm(block+".ln3", q.Width)
		p.mlp(block+".query_mlp", q.Width, q.MLP, q.Width)
		p.mlp(block+".text_mlp", q.Width, q.MLP, q.Width)
	}
	p.layerNorm("qformer.norm", q.Width)
	p.linear("qformer.itc.image", q.Width, q.Width)
	p.linear("qformer.itc.text", q.Width, q.Width)
	p.linear("qformer.itm", q.Width, 2)
	p.linear("qformer.out", q.Width, q.width)
}

// crosses reports whether block i reads the image: every second one, the first included.
func (q qFormer) crosses(i int) bool { return i%2 == 0 }

// memory is what each crossing block reads of encoded [I, n, e].
func (q qFormer) memory(o engine.Ops, encoded engine.Value) memory {
	var m memory
	for i := range q.Depth {
		if !q.crosses(i) {
			m.keys, m.values = append(m.keys, nil), append(m.values, nil)
			continue
		}
		cross := fmt.Sprintf("qformer.blocks.%d.cross", i)
		m.keys, m.values = append(m.keys, linear(o, cross+".k", encoded)), append(m.values, linear(o, cross+".v", encoded))
	}
	return m
}

// stream is the queries, the text, or both in one sequence, on their way through the blocks.
type stream struct {
	x       engine.Value // [B, S, d]
	queries int          // how many of the S come first and are queries
	mask    engine.Mask
	// before holds each block's keys and values of queries that the text may look back at; nil for none.
	before *memory
}

// run passes s through the blocks and returns it after the last norm, with the keys and values that it had in each.
func (q qFormer) run(o engine.Ops, s stream, m memory) (engine.Value, memory) {
	x, kept := s.x, memory{}
	length := x.Shape()[1]
	for i := range q.Depth {
		block := fmt.Sprintf("qformer.blocks.%d", i)
		h := layerNorm(o, block+".ln1", x, q.eps)
		k, v := linear(o, block+".self.k", h), linear(o, block+".self.v", h)
		kept.keys, kept.values = append(kept.keys, k), append(kept.values, v)
		if s.before != nil {
			k, v = o.Concat(1, s.before.keys[i], k), o.Concat(1, s.before.values[i], v)
		}
		seen := o.Attention(linear(o, block+".self.q", h), k, v, q.Heads, s.mask)
		x = o.Add(x, linear(o, block+".self.out", seen))
		if s.queries == 0 {
			x = o.Add(x, mlp(o, block+".text_mlp", layerNorm(o, block+".ln3", x, q.eps)))
			continue
		}
		own := o.Slice(x, 1, 0, s.queries)
		if q.crosses(i) {
			cq := linear(o, block+".cross.q", layerNorm(o, block+".ln2", own, q.eps))
			read := o.Attention(cq, m.keys[i], m.values[i], q.Heads, engine.Mask{})
			own = o.Add(own, linear(o, block+".cross.out", read))
		}
		own = o.Add(own, mlp(o, block+".query_mlp", layerNorm(o, block+".ln3", own, q.eps)))
		if length > s.queries {
			text := o.Slice(x, 1, s.queries, length)
			text = o.Add(text, mlp(o, block+".text_mlp", layerNorm(o, block+".ln3", text, q.eps)))
			own = o.Concat(1, own, text)
		}
		x = own
	}
	return layerNorm(o, "qformer.norm", x, q.eps), kept
}

// start repeats the queries for each image: [I, queries, d].
func (q qFormer) start(o engine.Ops) engine.Value {
	zero := o.Scale(o.Input("query.zero"), 0) // [I, queries, d]: gives the batch its size
	return o.Add(zero, o.Param("qformer.queries"))
}

func (q qFormer) text(o engine.Ops, ids string) engine.Value {
	length := o.IntShape(ids)[1]
	return o.Add(o.Embedding(o.Param("qformer.token"), ids), o.Slice(o.Param("qformer.pos"), 0, 0, length))
}

// loss is contrast + matching + generation over images with their reports.
func (q qFormer) loss(e encoder) engine.Program {
	return func(o engine.Ops) []engine.Value {
		encoded := o.StopGradient(e.forward(o, o.Input("patches")))
		b := encoded.Shape()[0]
		m := q.memory(o, encoded)

		// Contrast: queries and text do not see one another; the similarity is the best query's.
		seen, before := q.run(o, stream{x: q.start(o), queries: queries}, m) // [B, queries, d]
		alone, _ := q.run(o, stream{x: q.text(o, "text.ids"), mask: engine.Mask{KeyLengths: "text.lengths"}}, memory{})
		image := o.L2Normalise(linear(o, "qformer.itc.image", seen))
		text := o.L2Normalise(linear(o, "qformer.itc.text", gatherRows(o, alone, "text.rows"))) // [B, d]
		flat := o.Reshape(image, b*queries, q.Width)
		toText := o.Max(o.Reshape(o.MatMul(flat, text), b, queries, b), 1)  // [image, text]
		toImage := o.Max(o.Reshape(o.MatMul(text, flat), b, b, queries), 2) // [text, image]
		contrast := o.Scale(o.Add(
			o.CrossEntropy(o.Scale(toText, 1/itcTemperature), "pair.labels", "pair.weights", 0),
			o.CrossEntropy(o.Scale(toImage, 1/itcTemperature), "pair.labels", "pair.weights", 0)), 0.5)

		// Matching: queries and text see one another; half of the texts are another image's.
		both := o.Concat(1, gather(o, q.start(o), "match.image"), q.text(o, "match.ids"))
		joint := stream{x: both, queries: queries, mask: engine.Mask{KeyLengths: "match.lengths"}}
		mixed, _ := q.run(o, joint, m.ofCrossing(o, "match.image"))
		verdict := o.Mean(linear(o, "qformer.itm", o.Slice(mixed, 1, 0, queries)), 1) // [2B, 2]
		matching := o.CrossEntropy(verdict, "match.labels", "match.weights", 0)

		// Generation: each token sees the queries and the tokens before it.
		written, _ := q.run(o, stream{x: q.text(o, "write.ids"), mask: engine.Mask{Causal: true}, before: &before}, memory{})
		logits := o.Linear(gatherRows(o, written, "write.rows"), o.Slice(o.Param("qformer.token"), 0, 0, q.vocab), nil)
		generation := o.CrossEntropy(logits, "labels", "weights", 0)
		return []engine.Value{o.Add(o.Add(contrast, matching), generation)}
	}
}

// ofCrossing is memory.of for blocks of which only some read the image.
func (m memory) ofCrossing(o engine.Ops, rows string) memory {
	var taken memory
	for i := range m.keys {
		if m.keys[i] == nil {
			taken.keys, taken.values = append(taken.keys, nil), append(taken.values, nil)
			continue
		}
		taken.keys = append(taken.keys, gather(o, m.keys[i], rows))
		taken.values = append(taken.values, gather(o, m.values[i], rows))
	}
	return taken
}

// features are the visual tokens of difference VQA: the queries' outputs in the encoder's width, [I, queries, e].
func (q qFormer) features(o engine.Ops, e encoder) engine.Value {
	encoded := e.forward(o, o.Input("patches"))
	seen, _ := q.run(o, stream{x: q.start(o), queries: queries}, q.memory(o, encoded))
	return linear(o, "qformer.out", seen)
}

func (r *trialRun) qFormer() qFormer {
	return qFormer{decoder: newDecoder(r.trial, r.corpus.tok.Size()), width: r.trial.Encoder.Width}
}

// blip2 trains the Q-Former on the encoder of the trial's global-contrastive twin, whose stage it trains or shares.
func (r *trialRun) blip2(ctx context.Context) (method, error) {
	twin := *r
	twin.trial.Method = spec.GlobalContrastive
	weights, err := twin.pretrain(ctx)
	if err != nil {
		return method{}, fmt.Errorf("pretrain the encoder: %w", err)
	}
	images := r.corpus.images(dataset.Train, func(i *dataset.Image) bool { return i.Caption != "" })
	e, q := newEncoder(r.trial), r.qFormer()
	p := &parameters{seed: r.trial.Seed}
	e.params(p)
	q.params(p, r.tokenTable("qformer.token", q.Width, 1))
	o := r.trial.Pretrain
	sample := newSampler(len(images), o.BatchSize, r.trial.Seed, "pretrain.images")
	return method{params: p.list, weights: weights, frozen: ofEncoder, loop: loop{
		steps:   totalSteps(o.Steps, o.Epochs, len(images), o.BatchSize),
		program: func(int) (string, engine.Program) { return "blip2", q.loss(e) },
		batch: func(step int) (engine.Inputs, error) {
			return r.qFormerBatch(q, pick(images, sample.of(step)), step), nil
		},
	}}, nil
}

// qFormerBatch makes the inputs of the three losses.
func (r *trialRun) qFormerBatch(q qFormer, images []int, step int) engine.Inputs {
	eos := int32(r.corpus.tok.EOS())
	b := len(images)
	rng := randomOf(r.trial.Seed, "pretrain.samples", step)
	var texts, matches, written []sequence
	pairLabels, matchLabels := make([]int32, b), make([]int32, 2*b)
	for i, image := range images {
		ids := r.corpus.text.ids(capBody(r.corpus.set.Images[image].Caption))
		texts = append(texts, textSequence(eos, ids, r.trial.Pretrain.MaxReport))
		s := causalSequence(int32(q.vocab), eos, nil, ids, r.trial.Pretrain.MaxReport)
		written = append(written, s)
		pairLabels[i], matchLabels[i] = int32(i), 1
	}
	for i := range 2 * b {
		other := i % b
		if i >= b { // a text of another image, and a different one where the batch has any
			for range 8 {
				if other = rng.IntN(b); r.caption(images[other]) != r.caption(images[i%b]) {
					break
				}
			}
			if r.caption(images[other]) == r.caption(images[i%b]) {
				matchLabels[i] = 1
			}
		}
		s := texts[other]
		s.image = i % b
		matches = append(matches, s)
	}
	in := engine.Inputs{
		"patches":       r.corpus.patches(images),
		"query.zero":    engine.Floats(make([]float32, b*queries*q.Width), b, queries, q.Width),
		"pair.labels":   engine.Ints(pairLabels, b),
		"pair.weights":  engine.Floats(ones(b), b),
		"match.labels":  engine.Ints(matchLabels, 2*b),
		"match.weights": engine.Floats(ones(2*b), 2*b),
	}
	longest := q.MaxPositionEmbeddings
	collate(in, "text", texts, eos, r.step(), longest)
	in["text.rows"] = engine.Ints(in["text.rows"].I32[:b], b)
	collate(in, "match", matches, eos, r.step(), longest)
	for i := range in["match.lengths"].I32 {
		in["match.lengths"].I32[i] += queries
	}
	targets, weights := collate(in, "write", written, eos, r.step(), longest)
	setTargets(in, targets, weights)
	return in
}

func (r *trialRun) caption(image int) string { return r.corpus.set.Images[image].Caption }

func ones(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return x
}
