package main

import (
	"math/rand/v2"

	"harness/model/engine"
	"harness/model/engine/flops"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// sizes are those of both stages, for peer.py too.
type sizes struct {
	Encoder    transformer `json:"encoder"`
	Decoder    transformer `json:"decoder"`
	LM         transformer `json:"lm"`
	Pixels     int         `json:"pixels"` // of a patch, over all channels
	Tokens     int         `json:"tokens"` // of an image
	Vocabulary int         `json:"vocabulary"`
	Caption    int         `json:"caption"` // tokens of a caption, of a region's text, of a question with its answer
	Region     int         `json:"region"`
	Text       int         `json:"text"`
	Answer     int         `json:"answer"` // tokens that count for the loss of the second stage

	trial spec.Trial
}

// transformer are the sizes of a stack of blocks.
type transformer struct {
	Width     int     `json:"width"`
	Depth     int     `json:"depth"`
	Heads     int     `json:"heads"`
	MLP       int     `json:"mlp"`
	Positions int     `json:"positions,omitempty"`
	Dropout   float64 `json:"dropout,omitempty"`
}

// sizesOf are the sizes of the paper, or those of the rehearsal.
func sizesOf(small bool) (sizes, error) {
	preset, vocabulary := spec.Paper, 50257
	if small {
		preset, vocabulary = spec.Nano, 2000
	}
	t, err := spec.Default(preset)
	if err != nil {
		return sizes{}, err
	}
	if small {
		t.LM.Dropout = 0.1
	}
	e := nn.NewEncoder(t)
	s := sizes{
		Encoder: transformer{Width: t.Encoder.Width, Depth: t.Encoder.Depth, Heads: t.Encoder.Heads, MLP: t.Encoder.MLP},
		Decoder: transformer{Width: t.Decoder.Width, Depth: t.Decoder.Depth, Heads: t.Decoder.Heads, MLP: t.Decoder.MLP,
			Positions: t.Decoder.MaxPositionEmbeddings},
		LM: transformer{Width: t.LM.Width, Depth: t.LM.Depth, Heads: t.LM.Heads, MLP: t.LM.MLP, Positions: t.LM.MaxPositionEmbeddings,
			Dropout: t.LM.Dropout},
		Pixels: e.Pixels, Tokens: e.Tokens, Vocabulary: vocabulary, Caption: 256, Region: 128, Text: 64, Answer: 44, trial: t,
	}
	if small {
		s.Caption, s.Region, s.Text, s.Answer = 64, 32, 32, 16
	}
	return s, nil
}

// workload is one stage as a program, and the inputs of a batch.
type workload struct {
	params []engine.Param
	// step names the program that a batch of that size needs, and makes its inputs.
	step func(batch int) (key string, program engine.Program, in engine.Inputs)
}

// tflop is the work of a step on a batch of that size, in 10¹² operations; what an engine computes again is not counted.
func (w workload) tflop(batch int) (float64, error) {
	key, program, in := w.step(batch)
	counted, err := flops.New(w.params).Count(key, program, in, flops.Training)
	return float64(counted.Total()) / 1e12, err
}

// firstStage is pretraining: a causal caption of every fourth image, a shorter region text of the others.
func (s sizes) firstStage() workload {
	c := method.NewCaptioner(s.trial, s.Vocabulary)
	return workload{
		params: c.Params(0, s.table(s.Vocabulary+1, s.Decoder.Width)),
		step: func(batch int) (string, engine.Program, engine.Inputs) {
			captions := max(1, batch/4)
			in := engine.Inputs{"patches": s.noise(batch, s.Tokens, s.Pixels)}
			groups := []string{nn.CaptionGroup}
			targets, weights := nn.Collate(in, nn.CaptionGroup, s.texts(captions, 0, s.Caption, s.Caption), 0, 1, s.Caption)
			if batch > captions {
				groups = append(groups, nn.RegionGroup)
				t, w := nn.Collate(in, nn.RegionGroup, s.texts(batch-captions, captions, s.Region, s.Region), 0, 1, s.Region)
				targets, weights = append(targets, t...), append(weights, w...)
			}
			nn.SetTargets(in, targets, weights)
			return "pretrain", c.Loss(groups), in
		},
	}
}

// secondStage is difference VQA over the features of the frozen encoder.
func (s sizes) secondStage() workload {
	a := method.Of(s.trial).Answerer(s.trial, s.Vocabulary)
	return workload{
		params: a.Params(0, s.table(s.Vocabulary, s.LM.Width)),
		step: func(batch int) (string, engine.Program, engine.Inputs) {
			in := engine.Inputs{"encoded": s.noise(2*batch, s.Tokens, s.Encoder.Width), "dropout": engine.Ints([]int32{1}, 1)}
			targets, weights := nn.Collate(in, "text", s.texts(batch, 0, s.Text, s.Answer), 0, 1, s.Text)
			nn.SetTargets(in, targets, weights)
			return "diffvqa", a.Loss, in
		},
	}
}

// texts are sequences of random tokens, of which the last ones count.
func (s sizes) texts(count, image, length, counted int) []nn.Sequence {
	r := rand.New(rand.NewPCG(1, uint64(count)))
	list := make([]nn.Sequence, count)
	for i := range list {
		one := nn.Sequence{Image: image + i, Causal: true}
		for range length {
			one.IDs = append(one.IDs, int32(r.IntN(s.Vocabulary)))
		}
		for row := length - counted; row < length; row++ {
			one.Rows = append(one.Rows, row)
			one.Targets = append(one.Targets, int32(r.IntN(s.Vocabulary)))
		}
		list[i] = one
	}
	return list
}

// table is the first value of the embeddings of tokens.
func (s sizes) table(rows, width int) []float32 {
	table := s.noise(rows, width).F32
	for i := range table {
		table[i] *= 0.02
	}
	return table
}

// noise is a tensor of normal values.
func (s sizes) noise(shape ...int) engine.Tensor {
	r := rand.New(rand.NewPCG(2, uint64(len(shape))))
	data := make([]float32, engine.Size(shape))
	for i := range data {
		data[i] = float32(r.NormFloat64())
	}
	return engine.Floats(data, shape...)
}
