package checkpoint

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGPT2Tiny(t *testing.T) {
	dir := recordedFile(t, "tiny_gpt2")
	c, err := ReadGPT2Config(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := GPT2Config{Vocab: 300, Positions: 64, Width: 32, Heads: 2, Layers: 2, MLP: 128, Eps: 1e-5, Dropout: 0.1, InitialRange: 0.02}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	params := readParams(t, dir, func(f *File) ([]Named, error) { return GPT2Params(f, c) })
	checkNames(t, params, 2+12*2+2, "transformer.wte.weight [300 32]", "transformer.wpe.weight [64 32]",
		"transformer.h.0.ln_1.weight [32]", "transformer.h.1.attn.c_attn.weight [32 96]", "transformer.h.1.mlp.c_proj.weight [128 32]", "transformer.ln_f.bias [32]")
}

func TestSiglipTiny(t *testing.T) {
	dir := recordedFile(t, "tiny_siglip")
	c, err := ReadSiglipVisionConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := SiglipConfig{Image: 28, Patch: 14, Channels: 3, Width: 32, Heads: 2, Layers: 2, MLP: 64, Eps: 1e-6}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	gray := readParams(t, dir, func(f *File) ([]Named, error) { return SiglipParams(f, c) })
	colour := readParams(t, dir, func(f *File) ([]Named, error) { return SiglipColourParams(f, c) })
	names := []string{"encoder.patch.bias [32]", "encoder.pos [4 32]", "encoder.blocks.0.ln1.weight [32]",
		"encoder.blocks.1.attn.out.weight [32 32]", "encoder.blocks.1.mlp.fc1.weight [64 32]", "encoder.norm.bias [32]"}
	checkNames(t, gray, 3+16*2+2, append(names, "encoder.patch.weight [32 196]")...)
	checkNames(t, colour, 3+16*2+2, append(names, "encoder.patch.weight [32 588]")...)

	// A gray patch gives the same through both kernels.
	for row := range 32 {
		var one, three float64
		for pixel := range 196 {
			x := math.Sin(float64(pixel))
			one += x * float64(gray[0].F32[row*196+pixel])
			for channel := range 3 {
				three += x * float64(colour[0].F32[row*588+channel*196+pixel])
			}
		}
		if math.Abs(one-three) > 1e-5 {
			t.Errorf("row %d: gray %g, colour %g", row, one, three)
		}
	}
}

func TestBERTTiny(t *testing.T) {
	dir := recordedFile(t, "tiny_bert")
	c, err := ReadBERTConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := BERTConfig{Family: BERT, Vocab: 200, Positions: 128, Types: 2, Width: 32, Heads: 2, Layers: 2, MLP: 64, Eps: 1e-12,
		Activation: "gelu", ScoreShare: 1}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	params := readParams(t, dir, func(f *File) ([]Named, error) { return BERTParams(f, c) })
	checkNames(t, params, 5+16*2, "bert.token [200 32]", "bert.pos [128 32]", "bert.type [2 32]", "bert.norm.weight [32]",
		"bert.blocks.0.attn.q.weight [32 32]", "bert.blocks.1.mlp.fc1.weight [64 32]", "bert.blocks.1.ln2.bias [32]")
}

func readParams(t *testing.T, dir string, read func(*File) ([]Named, error)) []Named {
	t.Helper()
	f, err := LoadAny(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	params, err := read(f)
	if err != nil {
		t.Fatal(err)
	}
	return params
}

// checkNames checks the number of parameters, that all are whole, and that the listed ones are among them.
func checkNames(t *testing.T, params []Named, count int, want ...string) {
	t.Helper()
	if len(params) != count {
		t.Errorf("%d parameters, want %d", len(params), count)
	}
	have := make(map[string]bool)
	for _, p := range params {
		have[fmt.Sprint(p.Name, " ", p.Shape)] = true
		if _, _, err := p.kind(); err != nil || len(p.F32) == 0 {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	for _, name := range want {
		if !have[name] {
			t.Errorf("no %s", name)
		}
	}
}

// tinyGPT2 returns the tensors of a GPT-2 with one layer of width 2 under a prefix.
func tinyGPT2(prefix string) ([]Named, GPT2Config) {
	c := GPT2Config{Vocab: 3, Positions: 4, Width: 2, Heads: 1, Layers: 1, MLP: 8}
	var out []Named
	for _, p := range []struct {
		name  string
		shape []int
	}{
		{"wte.weight", []int{3, 2}}, {"wpe.weight", []int{4, 2}}, {"ln_f.weight", []int{2}}, {"ln_f.bias", []int{2}},
		{"h.0.ln_1.weight", []int{2}}, {"h.0.ln_1.bias", []int{2}}, {"h.0.ln_2.gamma", []int{2}}, {"h.0.ln_2.beta", []int{2}},
		{"h.0.attn.c_attn.weight", []int{2, 6}}, {"h.0.attn.c_attn.bias", []int{6}}, {"h.0.attn.c_proj.weight", []int{2, 2}}, {"h.0.attn.c_proj.bias", []int{2}},
		{"h.0.mlp.c_fc.weight", []int{2, 8}}, {"h.0.mlp.c_fc.bias", []int{8}}, {"h.0.mlp.c_proj.weight", []int{8, 2}}, {"h.0.mlp.c_proj.bias", []int{2}},
	} {
		n, _ := elements(p.shape)
		out = append(out, Named{Name: prefix + p.name, Shape: p.shape, F32: make([]float32, n)})
	}
	return out, c
}

func TestParamsOfOtherSpellings(t *testing.T) {
	for _, prefix := range []string{"", "transformer."} {
		tensors, c := tinyGPT2(prefix)
		f := saveAndLoad(t, tensors)
		params, err := GPT2Params(f, c)
		if err != nil {
			t.Fatal(err)
		}
		checkNames(t, params, 16, "transformer.wte.weight [3 2]", "transformer.h.0.ln_2.bias [2]")

		c.Vocab = 5
		if _, err := GPT2Params(f, c); err == nil || !strings.Contains(err.Error(), "shape [3 2], want [5 2]") {
			t.Errorf("another vocabulary: %v", err)
		}
		c.Vocab, c.Layers = 3, 1000
		if _, err := GPT2Params(f, c); err == nil || !strings.Contains(err.Error(), "h.1.ln_1") {
			t.Errorf("more layers than there are: %v", err)
		}
		if _, err := BERTParams(f, BERTConfig{}); err == nil || !strings.Contains(err.Error(), "word_embeddings") {
			t.Errorf("a GPT-2 taken for a BERT: %v", err)
		}
	}
}

func saveAndLoad(t *testing.T, tensors []Named) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := Save(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
