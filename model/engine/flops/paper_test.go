package flops_test

import (
	"fmt"
	"math"
	"testing"

	"harness/model/engine"
	"harness/model/engine/flops"
)

// The sizes of the paper's models: SigLIP So400m/14, a cross-attending decoder and GPT-2 medium.
const (
	vision, visionDepth, visionMLP, patch = 1152, 27, 4304, 588
	text, textDepth, textMLP, vocabulary  = 1024, 12, 4096, 50257
	lmDepth, textHeads, visionHeads       = 24, 16, 16
)

// layers is what a program is written with: first to collect the parameters, then to be counted.
type layers struct {
	engine.Ops
	param func(dims ...int) engine.Value
}

func (l layers) linear(x engine.Value, out int) engine.Value {
	s := x.Shape()
	return l.Linear(x, l.param(out, s[len(s)-1]), l.param(out))
}

func (l layers) norm(x engine.Value) engine.Value {
	s := x.Shape()
	return l.LayerNorm(x, l.param(s[len(s)-1]), l.param(s[len(s)-1]), 1e-6)
}

func (l layers) mlp(x engine.Value, hidden, out int) engine.Value {
	return l.linear(l.GELU(l.linear(x, hidden), engine.GELUTanh), out)
}

func (l layers) attend(x, memory engine.Value, heads int, mask engine.Mask) engine.Value {
	w := x.Shape()[2]
	return l.linear(l.Attention(l.linear(x, w), l.linear(memory, w), l.linear(memory, w), heads, mask), w)
}

func (l layers) encoder(x engine.Value) engine.Value {
	x = l.linear(x, vision)
	for range visionDepth {
		h := l.norm(x)
		x = l.Add(x, l.attend(h, h, visionHeads, engine.Mask{}))
		x = l.Add(x, l.mlp(l.norm(x), visionMLP, vision))
	}
	return l.norm(x)
}

// decoder reads the visual tokens; the head is tied.
func (l layers) decoder(ids string, visual engine.Value) engine.Value {
	table := l.param(vocabulary, text)
	x := l.Embedding(table, ids)
	for range textDepth {
		h := l.norm(x)
		x = l.Add(x, l.attend(h, h, textHeads, engine.Mask{Causal: true}))
		x = l.Add(x, l.attend(l.norm(x), visual, textHeads, engine.Mask{}))
		x = l.Add(x, l.mlp(l.norm(x), textMLP, text))
	}
	return l.Linear(l.norm(x), table, nil)
}

// lm is GPT-2 over visual tokens and ids; the head is that of the text's positions.
func (l layers) lm(ids string, visual engine.Value) engine.Value {
	table := l.param(vocabulary, text)
	n := visual.Shape()[1]
	x := l.Concat(1, visual, l.Embedding(table, ids))
	for range lmDepth {
		h := l.norm(x)
		x = l.Add(x, l.attend(h, h, textHeads, engine.Mask{Causal: true}))
		x = l.Add(x, l.mlp(l.norm(x), textMLP, text))
	}
	x = l.Slice(x, 1, n, x.Shape()[1])
	return l.Linear(l.norm(x), table, nil)
}

// giga counts a model in 10⁹ operations.
func giga(t *testing.T, in engine.Inputs, pass flops.Pass, model func(l layers, freeze func(bool)) engine.Value) float64 {
	t.Helper()
	var params []engine.Param
	// Parameters are made by the first run, in which each is an input.
	collect := func(o engine.Ops) []engine.Value {
		frozen := false
		y := model(layers{o, func(dims ...int) engine.Value {
			name := fmt.Sprint(len(params))
			params = append(params, engine.Param{Name: name, Tensor: engine.Tensor{Shape: dims}, Frozen: frozen})
			in[name] = engine.Tensor{Shape: dims}
			return o.Input(name)
		}}, func(f bool) { frozen = f })
		return []engine.Value{y}
	}
	count(t, nil, collect, in, flops.Inference)
	program := func(o engine.Ops) []engine.Value {
		next := 0
		y := model(layers{o, func(...int) engine.Value {
			next++
			return o.Param(fmt.Sprint(next - 1))
		}}, func(bool) {})
		return []engine.Value{o.Mean(o.Reshape(y, engine.Size(y.Shape())), 0)}
	}
	return float64(count(t, params, program, in, pass).Total()) / 1e9
}

// TestPaper compares with the figures of the paper's models, each to half of its last digit.
func TestPaper(t *testing.T) {
	encode := func(l layers, _ func(bool)) engine.Value { return l.encoder(l.Input("patches")) }
	decode := func(l layers, _ func(bool)) engine.Value { return l.decoder("ids", l.Input("visual")) }
	pair := func(l layers, freeze func(bool)) engine.Value {
		freeze(true)
		encoded := l.encoder(l.Input("patches")) // [2, 1024, vision]
		freeze(false)
		temporal := l.param(2, 1024, vision)
		visual := l.mlp(l.Add(encoded, temporal), text, text)
		return l.lm("ids", l.Reshape(visual, 1, 2048, text))
	}
	patches := func(images, tokens int) engine.Inputs { return engine.Inputs{"patches": shape(images, tokens, patch)} }
	reads := func(length int) engine.Inputs {
		return engine.Inputs{"visual": shape(1, 1024, text), "ids": shape(1, length)}
	}
	pairs := func() engine.Inputs { return engine.Inputs{"patches": shape(2, 1024, patch), "ids": shape(1, 44)} }
	for _, c := range []struct {
		name       string
		in         engine.Inputs
		pass       flops.Pass
		model      func(l layers, freeze func(bool)) engine.Value
		want, half float64
	}{
		{"encoder at 448", patches(1, 1024), flops.Inference, encode, 973.7, 0.05},
		{"encoder at 224", patches(1, 256), flops.Inference, encode, 219.0, 0.05},
		{"decoder, 48 tokens", reads(48), flops.Inference, decode, 75.9, 0.05},
		{"decoder, 64 tokens", reads(64), flops.Inference, decode, 84.1, 0.05},
		{"decoder, 128 tokens", reads(128), flops.Inference, decode, 117.1, 0.05},
		{"decoder, 256 tokens", reads(256), flops.Inference, decode, 184.2, 0.05},
		{"difference VQA, a training pair at 448, encoder frozen", pairs(), flops.Training, pair, 7070, 5},
	} {
		got := giga(t, c.in, c.pass, c.model)
		t.Logf("%s: %.2f GF", c.name, got)
		if math.Abs(got-c.want) > c.half {
			t.Errorf("%s: %.2f GF, not %.1f", c.name, got, c.want)
		}
	}
}
