package enginetest

import (
	"math/rand/v2"
	"testing"

	"harness/model/engine"
)

// pairBatch is a two-tower model with a batch of pairs.
type pairBatch struct {
	params        []engine.Param
	images, texts engine.Tensor // [pairs, in]
	sign          []float32     // [pairs, pairs]
	pairs, width  int
}

func newPairBatch() pairBatch {
	const pairs, images, texts, width = 12, 9, 7, 6
	r := rand.New(rand.NewPCG(23, 24))
	b := pairBatch{pairs: pairs, width: width, images: random(r, pairs, images), texts: random(r, pairs, texts)}
	add := func(name string, t engine.Tensor) { b.params = append(b.params, engine.Param{Name: name, Tensor: t}) }
	add("image.w", random(r, width, images))
	add("image.b", random(r, width))
	add("text.w", random(r, width, texts))
	add("text.b", random(r, width))
	add("log_scale", engine.Floats([]float32{0.9}, 1))
	add("bias", engine.Floats([]float32{-0.7}, 1))
	b.sign = make([]float32, pairs*pairs)
	for i := range pairs {
		for j := range pairs {
			b.sign[i*pairs+j] = -1
			if i == j || i == 2 && j == 9 || i == 9 && j == 3 { // not symmetric, and across chunks
				b.sign[i*pairs+j] = 1
			}
		}
	}
	return b
}

// embed is both towers over the inputs "images" and "texts".
func (b pairBatch) embed(o engine.Ops) (image, text engine.Value) {
	tower := func(name, input string) engine.Value {
		return o.L2Normalise(o.GELU(o.Linear(o.Input(input), o.Param(name+".w"), o.Param(name+".b")), engine.GELUTanh))
	}
	return tower("image", "images"), tower("text", "texts")
}

func (b pairBatch) whole(o engine.Ops) []engine.Value {
	image, text := b.embed(o)
	return []engine.Value{o.SigmoidPair(image, text, o.Param("log_scale"), o.Param("bias"), "sign")}
}

func (b pairBatch) embeddings(o engine.Ops) []engine.Value {
	image, text := b.embed(o)
	return []engine.Value{image, text}
}

func (b pairBatch) chunk(o engine.Ops) []engine.Value {
	image, text := b.embed(o)
	return []engine.Value{engine.SigmoidPairChunk(o, engine.PairChunk{
		Image: image, Text: text, AllImages: o.Input("all images"), AllTexts: o.Input("all texts"),
		LogScale: o.Param("log_scale"), Bias: o.Param("bias"), Sign: "sign", SignOfText: "sign of text",
	})}
}

// inputs are the pairs from … to-1, and their signs both ways.
func (b pairBatch) inputs(from, to int) engine.Inputs {
	rows := func(t engine.Tensor) engine.Tensor {
		w := t.Shape[1]
		return engine.Floats(t.F32[from*w:to*w], to-from, w)
	}
	var ofText []float32
	for j := from; j < to; j++ {
		for i := range b.pairs {
			ofText = append(ofText, b.sign[i*b.pairs+j])
		}
	}
	return engine.Inputs{
		"images": rows(b.images), "texts": rows(b.texts),
		"sign":         engine.Floats(b.sign[from*b.pairs:to*b.pairs], to-from, b.pairs),
		"sign of text": engine.Floats(ofText, to-from, b.pairs),
	}
}

// pairChunks: the chunks of a contrastive batch, each against the embeddings of all, have the loss and the gradients of
// the batch at once, for both towers, the scale and the bias.
func pairChunks(t *testing.T, e engine.Engine) {
	b := newPairBatch()
	whole := session(t, e, b.params)
	wantLoss, want, err := whole.Gradients("whole", b.whole, b.inputs(0, b.pairs))
	if err != nil {
		t.Fatal(err)
	}
	for _, ends := range [][]int{{4, 8, 12}, {5, 9, 12}, {12}} {
		s := session(t, e, b.params)
		var images, texts []float32
		from := 0
		for _, to := range ends {
			got, err := s.Run("embeddings", b.embeddings, b.inputs(from, to))
			if err != nil {
				t.Fatal(err)
			}
			images, texts = append(images, got[0].F32...), append(texts, got[1].F32...)
			from = to
		}
		total := 0.0
		from = 0
		for _, to := range ends {
			in := b.inputs(from, to)
			in["all images"] = engine.Floats(images, b.pairs, b.width)
			in["all texts"] = engine.Floats(texts, b.pairs, b.width)
			loss, _, err := s.Accumulate("chunk", b.chunk, in)
			if err != nil {
				t.Fatal(err)
			}
			total += loss
			from = to
		}
		if _, err := s.Apply(0.01, halves); err != nil {
			t.Fatal(err)
		}
		if apart(total, wantLoss) > 1e-6 {
			t.Errorf("chunks to %v: loss %.9g, not %.9g", ends, total, wantLoss)
		}
		state := saved(t, s)
		for _, name := range sortedNames(want) {
			half := state["adam.m."+name].F32 // of the gradient
			for i := range half {
				half[i] *= 2
			}
			if d := distance(half, want[name].F32); d > 1e-5 {
				t.Errorf("chunks to %v: gradient of %s is %.2g apart", ends, name, d)
			}
		}
	}
}
