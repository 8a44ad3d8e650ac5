package nn

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/spec"
)

// The tiny Hugging Face folders in testdata/metrics, or in $HARNESS_TINY, hold random weights and recorded outputs.
func tinyFolder(t *testing.T, name string) string {
	dir := os.Getenv("HARNESS_TINY")
	if dir == "" {
		dir = filepath.Join("..", "..", "testdata", "metrics")
	}
	dir = filepath.Join(dir, name)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("no tiny model: %v", err)
	}
	return dir
}

// tinyTolerance is absolute (testdata/metrics: float32).
const tinyTolerance = 1e-4

func closeTo(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		if math.Abs(float64(got[i])-want[i]) > tinyTolerance {
			t.Errorf("%s[%d]: got %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

func openTiny(t *testing.T, dir string, params func(*checkpoint.File) ([]checkpoint.Named, error)) engine.Session {
	file, err := checkpoint.LoadAny(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tensors, err := params(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []engine.Param
	for _, n := range tensors {
		list = append(list, engine.Param{Name: n.Name, Tensor: engine.Floats(n.F32, n.Shape...)})
	}
	s, err := native.New(2).New(list)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestTiny(t *testing.T) {
	t.Run("gpt2", testTinyGPT2)
	t.Run("siglip", testTinySiglip)
}

type tinyGPT2Golden struct {
	Cases []struct {
		InputIDs     []int32       `json:"input_ids"`
		Greedy       []int32       `json:"greedy_next_10"`
		LogitsLast   []float64     `json:"logits_last"`
		HiddenStates [][][]float64 `json:"hidden_states"`
		Loss         float64       `json:"ce_loss_shifted"`
	}
	Prefix struct {
		Prefix     [][]float64
		InputIDs   []int32   `json:"input_ids"`
		LogitsLast []float64 `json:"logits_last"`
		Loss       float64   `json:"loss_on_tokens"`
	} `json:"prefix_case"`
	Gradients struct {
		Loss   float64
		Params map[string]struct {
			L2, Sum float64
			First   []float64 `json:"first8"`
		}
	}
}

func testTinyGPT2(t *testing.T) {
	dir := tinyFolder(t, "tiny_gpt2")
	c, err := checkpoint.ReadGPT2Config(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := openTiny(t, dir, func(f *checkpoint.File) ([]checkpoint.Named, error) { return checkpoint.GPT2Params(f, c) })
	lm := LanguageModel{
		LM:    spec.LM{Width: c.Width, Depth: c.Layers, Heads: c.Heads, MLP: c.MLP, MaxPositionEmbeddings: c.Positions},
		Vocab: c.Vocab, Eps: c.Eps,
	}
	var golden tinyGPT2Golden
	readJSON(t, filepath.Join(dir, "golden.json"), &golden)
	for k, want := range golden.Cases {
		t.Run(fmt.Sprint("case ", k), func(t *testing.T) {
			length := len(want.InputIDs)
			in := engine.Inputs{"text.ids": engine.Ints(want.InputIDs, 1, length)}
			for layer, states := range want.HiddenStates {
				part := lm
				part.Depth = layer
				out, err := s.Run(fmt.Sprint("hidden ", layer), func(o engine.Ops) []engine.Value {
					x := part.Forward(o, nil, Text{IDs: "text.ids"}, o.Slice(o.Param("transformer.wpe.weight"), 0, 0, length), nil)
					if layer == lm.Depth {
						x = LayerNorm(o, "transformer.ln_f", x, lm.Eps)
					}
					return []engine.Value{x}
				}, in)
				if err != nil {
					t.Fatal(err)
				}
				closeTo(t, fmt.Sprintf("hidden state %d", layer), out[0].F32, slices.Concat(states...))
			}
			a := Answerer{LM: lm}
			if length > 1 {
				loss, err := s.Run("loss", a.Loss, shifted(want.InputIDs))
				if err != nil {
					t.Fatal(err)
				}
				closeTo(t, "loss", loss[0].F32, []float64{want.Loss})
			}
			g := Generator{Session: s, Name: "tiny", Prompt: a.Prompt, Next: a.Next, Search: Search{Beams: 1, MaxTokens: len(want.Greedy), Penalty: 1, EOS: -1}}
			found, err := g.Run(engine.Inputs{}, [][]int32{want.InputIDs}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(found[0][0].Tokens, want.Greedy) {
				t.Errorf("greedy %v, want %v", found[0][0].Tokens, want.Greedy)
			}
			s.Reset(1, length)
			out, err := s.Run("tiny.prompt", a.Prompt, engine.Inputs{"ids": engine.Ints(want.InputIDs, 1, length)})
			if err != nil {
				t.Fatal(err)
			}
			closeTo(t, "logits", out[0].F32, want.LogitsLast)
		})
	}
	testTinyPrefix(t, s, lm, golden)
	loss, grads, err := s.Gradients("loss", Answerer{LM: lm}.Loss, shifted(golden.Cases[0].InputIDs))
	if err != nil {
		t.Fatal(err)
	}
	closeTo(t, "loss", []float32{float32(loss)}, []float64{golden.Gradients.Loss})
	if len(golden.Gradients.Params) == 0 {
		t.Error("no gradient to compare")
	}
	for name, want := range golden.Gradients.Params {
		g := grads[name].F32
		closeTo(t, name, g[:len(want.First)], want.First)
		_, size := norms(g, g)
		if math.Abs(size-want.L2) > 1e-4*want.L2 {
			t.Errorf("%s: norm %v, want %v", name, size, want.L2)
		}
	}
}

// shifted predicts each token from those before it.
func shifted(ids []int32) engine.Inputs {
	in := engine.Inputs{}
	seq := Sequence{IDs: ids, Causal: true}
	for i, id := range ids[1:] {
		seq.Rows, seq.Targets = append(seq.Rows, i), append(seq.Targets, id)
	}
	targets, weights := Collate(in, "text", []Sequence{seq}, 0, 1, len(ids))
	SetTargets(in, targets, weights)
	return in
}

// testTinyPrefix checks text behind given vectors: [4 vectors; wte[ids]].
func testTinyPrefix(t *testing.T, s engine.Session, lm LanguageModel, golden tinyGPT2Golden) {
	want := golden.Prefix
	var prefix []float32
	for _, row := range want.Prefix {
		for _, v := range row {
			prefix = append(prefix, float32(v))
		}
	}
	n, length := len(want.Prefix), len(want.InputIDs)
	rows := make([]int32, length)
	for i := range rows {
		rows[i] = int32(n - 1 + i)
	}
	in := engine.Inputs{
		"prefix": engine.Floats(prefix, 1, n, lm.Width), "ids": engine.Ints(want.InputIDs, 1, length),
		"rows": engine.Ints(rows, length), "weights": engine.Floats(Ones(length), length), "labels": engine.Ints(want.InputIDs, length),
	}
	out, err := s.Run("prefix", func(o engine.Ops) []engine.Value {
		x := lm.Forward(o, o.Input("prefix"), Text{IDs: "ids"}, o.Slice(o.Param("transformer.wpe.weight"), 0, 0, n+length), nil)
		logits := lm.Logits(o, GatherRows(o, x, "rows"))
		last := lm.Logits(o, o.Reshape(o.Slice(x, 1, n+length-1, n+length), 1, lm.Width))
		return []engine.Value{o.CrossEntropy(logits, "labels", "weights", 0), last}
	}, in)
	if err != nil {
		t.Fatal(err)
	}
	closeTo(t, "prefix loss", out[0].F32, []float64{want.Loss})
	closeTo(t, "prefix logits", out[1].F32, want.LogitsLast)
}

func testTinySiglip(t *testing.T) {
	dir := tinyFolder(t, "tiny_siglip")
	c, err := checkpoint.ReadSiglipVisionConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := openTiny(t, dir, func(f *checkpoint.File) ([]checkpoint.Named, error) { return checkpoint.SiglipColourParams(f, c) })
	e := Encoder{
		Encoder: spec.Encoder{Width: c.Width, Depth: c.Layers, Heads: c.Heads, MLP: c.MLP, Patch: c.Patch},
		Tokens:  c.Grid() * c.Grid(), Pixels: c.Channels * c.Patch * c.Patch, Eps: c.Eps,
	}
	var golden struct {
		Cases []struct {
			Pixels     [][][]float64 `json:"pixels_u8"`
			Embeddings [][]float64
			Layer1     [][]float64
			Layer2     [][]float64
			Last       [][]float64 `json:"last_hidden_state"`
		}
	}
	readJSON(t, filepath.Join(dir, "golden.json"), &golden)
	if len(golden.Cases) == 0 {
		t.Fatal("no case to compare")
	}
	for k, want := range golden.Cases {
		in := engine.Inputs{"patches": colourPatches(want.Pixels, c)}
		for depth, states := range [][][]float64{want.Embeddings, want.Layer1, want.Layer2} {
			part := e
			part.Depth = depth
			out, err := s.Run(fmt.Sprint("depth ", depth), func(o engine.Ops) []engine.Value {
				return []engine.Value{part.Hidden(o, o.Input("patches"))}
			}, in)
			if err != nil {
				t.Fatal(err)
			}
			closeTo(t, fmt.Sprintf("image %d after %d blocks", k, depth), out[0].F32, slices.Concat(states...))
		}
		out, err := s.Run("encoded", func(o engine.Ops) []engine.Value { return []engine.Value{e.Forward(o, o.Input("patches"))} }, in)
		if err != nil {
			t.Fatal(err)
		}
		closeTo(t, fmt.Sprintf("image %d", k), out[0].F32, slices.Concat(want.Last...))
	}
}

func colourPatches(pixels [][][]float64, c checkpoint.SiglipConfig) engine.Tensor {
	var data []float32
	for py := range c.Grid() {
		for px := range c.Grid() {
			for _, channel := range pixels {
				for y := range c.Patch {
					for x := range c.Patch {
						data = append(data, float32((channel[py*c.Patch+y][px*c.Patch+x]/255-0.5)/0.5))
					}
				}
			}
		}
	}
	n := c.Grid() * c.Grid()
	return engine.Floats(data, 1, n, c.Channels*c.Patch*c.Patch)
}
