package model

import (
	"fmt"
	"math"

	"harness/model/dataset"
	"harness/model/engine"
)

// textTower embeds texts for the contrastive baselines: a bidirectional transformer of the decoder's sizes, read at EOS
// (FACTS 2.6, 3.1). Its parameters are named text.*.
type textTower struct {
	decoder
}

func (t textTower) params(p *parameters, table []float32, out int) {
	p.add("text.token", false, table, t.vocab, t.Width)
	p.normal("text.pos", 0.02, t.MaxPositionEmbeddings, t.Width)
	for i := range t.Depth {
		block := fmt.Sprintf("text.blocks.%d", i)
		p.layerNorm(block+".ln1", t.Width)
		p.attention(block+".attn", t.Width)
		p.layerNorm(block+".ln2", t.Width)
		p.mlp(block+".mlp", t.Width, t.MLP, t.Width)
	}
	p.layerNorm("text.norm", t.Width)
	p.linear("text.head", t.Width, out)
}

// forward embeds the group "text", whose rows point at the EOS of each text: [B, out], of length 1.
func (t textTower) forward(o engine.Ops) engine.Value {
	length := o.IntShape("text.ids")[1]
	x := o.Add(o.Embedding(o.Param("text.token"), "text.ids"), o.Slice(o.Param("text.pos"), 0, 0, length))
	for i := range t.Depth {
		block := fmt.Sprintf("text.blocks.%d", i)
		mask := engine.Mask{KeyLengths: "text.lengths"}
		x = o.Add(x, selfAttention(o, block+".attn", layerNorm(o, block+".ln1", x, t.eps), t.Heads, mask, nil))
		x = o.Add(x, mlp(o, block+".mlp", layerNorm(o, block+".ln2", x, t.eps)))
	}
	end := gatherRows(o, layerNorm(o, "text.norm", x, t.eps), "text.rows")
	return o.L2Normalise(linear(o, "text.head", end))
}

// textSequence is a text as the tower reads it: cut to limit tokens, EOS at the end, which is the row that is read.
func textSequence(eos int32, ids []int32, limit int) sequence {
	ids = append(append([]int32(nil), ids[:min(len(ids), limit)]...), eos)
	return sequence{ids: ids, rows: []int{len(ids) - 1}, targets: []int32{0}}
}

// pairLoss is the sigmoid loss of images against texts (FACTS 2.6); temperature and bias start at SigLIP's values.
func pairLoss(o engine.Ops, images, texts engine.Value) engine.Value {
	return o.SigmoidPair(images, texts, o.Param("pair.log_scale"), o.Param("pair.bias"), "sign")
}

func pairParams(p *parameters) {
	p.constant("pair.log_scale", float32(math.Log(10)), 1)
	p.constant("pair.bias", -10, 1)
}

// signs are +1 where two texts are equal, else -1: reports and phrases repeat, and equal ones are not negatives.
func signs(texts []string) engine.Tensor {
	n := len(texts)
	data := make([]float32, n*n)
	for i := range texts {
		for j := range texts {
			data[i*n+j] = -1
			if texts[i] == texts[j] {
				data[i*n+j] = 1
			}
		}
	}
	return engine.Floats(data, n, n)
}

// textInputs writes the group "text" and the signs of a contrastive step. Sequences are not padded in number: a row of
// padding would be a negative.
func (r *trialRun) textInputs(in engine.Inputs, texts []string, limit int) {
	eos := int32(r.corpus.tok.EOS())
	list := make([]sequence, len(texts))
	for i, text := range texts {
		list[i] = textSequence(eos, r.corpus.text.ids(text), limit)
	}
	collate(in, "text", list, eos, r.step(), r.trial.Decoder.MaxPositionEmbeddings)
	in["text.rows"] = engine.Ints(in["text.rows"].I32[:len(texts)], len(texts))
	in["sign"] = signs(texts)
}

// globalContrastive aligns whole images with their reports (paper 4.2.1; FACTS 3.1): mean of the visual tokens against
// the text tower, sigmoid loss.
func (r *trialRun) globalContrastive() (method, error) {
	images := r.corpus.images(dataset.Train, func(i *dataset.Image) bool { return i.Caption != "" })
	if len(images) == 0 {
		return method{}, fmt.Errorf("no training image has a report")
	}
	e := newEncoder(r.trial)
	tower := textTower{newDecoder(r.trial, r.corpus.tok.Size())}
	p := &parameters{seed: r.trial.Seed}
	e.params(p)
	p.linear("image.head", e.Width, e.Width)
	tower.params(p, r.tokenTable("text.token", tower.Width, 0), e.Width)
	pairParams(p)
	o := r.trial.Pretrain
	sample := newSampler(len(images), o.BatchSize, r.trial.Seed, "pretrain.images")
	return method{params: p.list, loop: loop{
		steps: totalSteps(o.Steps, o.Epochs, len(images), o.BatchSize),
		program: func(int) (string, engine.Program) {
			return "global contrastive", func(o engine.Ops) []engine.Value {
				pooled := o.Mean(e.forward(o, o.Input("patches")), 1) // [I, e]
				return []engine.Value{pairLoss(o, o.L2Normalise(linear(o, "image.head", pooled)), tower.forward(o))}
			}
		},
		batch: func(step int) (engine.Inputs, error) {
			batch, texts := pick(images, sample.of(step)), make([]string, o.BatchSize)
			for i, image := range batch {
				texts[i] = r.caption(image)
			}
			in := engine.Inputs{"patches": r.corpus.patches(batch)}
			r.textInputs(in, texts, o.MaxReport)
			return in, nil
		},
	}}, nil
}

// regionsPerImage is the number of regions of each image in a step of the regional baseline (FACTS 3.2).
const regionsPerImage = 4

// regionalContrastive aligns regions with their phrases (paper 4.2.1; FACTS 3.2): RoIAlign on the grid of visual tokens,
// mean, layer norm and projection against the text tower, sigmoid loss over all regions of the step.
func (r *trialRun) regionalContrastive() (method, error) {
	images := r.corpus.images(dataset.Train, func(i *dataset.Image) bool { return len(i.Regions) > 0 && i.RegionSplit == dataset.Train })
	if len(images) == 0 {
		return method{}, fmt.Errorf("no training image has regions")
	}
	e := newEncoder(r.trial)
	side := isqrt(e.tokens)
	tower := textTower{newDecoder(r.trial, r.corpus.tok.Size())}
	p := &parameters{seed: r.trial.Seed}
	e.params(p)
	p.layerNorm("region.norm", e.Width)
	p.linear("region.head", e.Width, e.Width)
	tower.params(p, r.tokenTable("text.token", tower.Width, 0), e.Width)
	pairParams(p)
	o := r.trial.Pretrain
	sample := newSampler(len(images), o.BatchSize, r.trial.Seed, "pretrain.images")
	return method{params: p.list, loop: loop{
		steps: totalSteps(o.Steps, o.Epochs, len(images), o.BatchSize),
		program: func(int) (string, engine.Program) {
			return "regional contrastive", func(o engine.Ops) []engine.Value {
				read := o.RoIAlign(e.forward(o, o.Input("patches")), side, side, "boxes", "box.image") // [R, 3, 3, e]
				pooled := layerNorm(o, "region.norm", o.Mean(o.Mean(read, 1), 1), e.eps)
				return []engine.Value{pairLoss(o, o.L2Normalise(linear(o, "region.head", pooled)), tower.forward(o))}
			}
		},
		batch: func(step int) (engine.Inputs, error) {
			rng := randomOf(r.trial.Seed, "pretrain.samples", step)
			batch := pick(images, sample.of(step))
			var texts []string
			var boxes []float32
			var rows []int32
			for i, k := range batch {
				image := &r.corpus.set.Images[k]
				sx, sy := float64(side)/float64(image.Width), float64(side)/float64(image.Height) // pixels -> cells
				for range regionsPerImage {
					region := &image.Regions[rng.IntN(len(image.Regions))]
					b := region.Box
					texts = append(texts, region.Phrase)
					boxes = append(boxes, float32(b[0]*sx), float32(b[1]*sy), float32(b[2]*sx), float32(b[3]*sy))
					rows = append(rows, int32(i))
				}
			}
			in := engine.Inputs{
				"patches":   r.corpus.patches(batch),
				"boxes":     engine.Floats(boxes, len(rows), 4),
				"box.image": engine.Ints(rows, len(rows)),
			}
			r.textInputs(in, texts, o.MaxPhrase)
			return in, nil
		},
	}}, nil
}
