package checkpoint

import (
	"fmt"
	"math"
	"os"
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

func TestConfigDefaultsAndRefusals(t *testing.T) {
	write := func(text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	medium, err := ReadGPT2Config(write(`{"model_type": "gpt2", "n_ctx": 1024, "n_embd": 1024, "n_head": 16, "n_layer": 24, "n_inner": null}`))
	if want := (GPT2Config{50257, 1024, 1024, 16, 24, 4096, 1e-5, 0.1, 0.02}); err != nil || medium != want {
		t.Errorf("GPT-2 medium: %+v, %v", medium, err)
	}
	so400m, err := ReadSiglipVisionConfig(write(`{"model_type": "siglip", "text_config": {"hidden_size": 7}, "vision_config":
		{"hidden_size": 1152, "intermediate_size": 4304, "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14, "model_type": "siglip_vision_model"}}`))
	if want := (SiglipConfig{224, 14, 3, 1152, 16, 27, 4304, 1e-6}); err != nil || so400m != want {
		t.Errorf("So400m: %+v, %v", so400m, err)
	}
	for _, fine := range []string{`{"eos_token_id": [50256, 1]}`, `{"reorder_and_upcast_attn": true, "pruned_heads": {}, "layer_norm_epsilon": 0.00001}`,
		`{"rope_theta": null}`} {
		if _, err := ReadGPT2Config(write(fine)); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
	if _, err := ReadSiglipVisionConfig(write(`{"vision_config": {"layer_norm_eps": 1e-5}, "logit_scale_init_value": 1}`)); err == nil ||
		!strings.Contains(err.Error(), "layer_norm_eps is 1e-5") {
		t.Errorf("a SigLIP of another epsilon: %v", err)
	}
	base, err := ReadBERTConfig(write(`{}`))
	if want := (BERTConfig{Family: BERT, Vocab: 30522, Positions: 512, Types: 2, Width: 768, Heads: 12, Layers: 12, MLP: 3072,
		Eps: 1e-12, Activation: "gelu", ScoreShare: 1}); err != nil || base != want {
		t.Errorf("BERT base: %+v, %v", base, err)
	}
	for text, want := range map[string]string{
		`{`:                              "config.json",
		`{"n_head": "x"}`:                "config.json",
		`{"n_head": 7}`:                  "not a multiple",
		`{"n_layer": -1}`:                "not possible",
		`{"n_embd": 1000000000}`:         "not possible",
		`{"model_type": "llama"}`:        `want one of ["gpt2"]`,
		`{"activation_function":1}`:      "config.json",
		`{"activation_function":"relu"}`: `activation "relu"`,

		`{"tie_word_embeddings": false}`:       "tie_word_embeddings is false: only true can be honoured",
		`{"scale_attn_weights": false}`:        "scale_attn_weights is false",
		`{"layer_norm_epsilon": 1e-2}`:         "layer_norm_epsilon is 1e-2: only 1e-05 can be honoured",
		`{"add_cross_attention": true}`:        "add_cross_attention is true",
		`{"rope_theta": 1}`:                    `"rope_theta" is not known`,
		`{"pruned_heads": {"0": [1]}}`:         "pruned_heads",
		`{"quantization_config": {"bits": 4}}`: "quantization_config",
	} {
		if _, err := ReadGPT2Config(write(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", text, err, want)
		}
	}
	if _, err := ReadBERTConfig(t.TempDir()); err == nil {
		t.Error("a folder without config.json was read")
	}
	if _, err := ReadSiglipVisionConfig(write(`{"image_size": 8}`)); err == nil {
		t.Error("a patch larger than the image was accepted")
	}
}

func TestResizeGrid(t *testing.T) {
	table := []float32{0, 10, 1, 11, 2, 12, 3, 13} // 2 x 2 of width 2: value = x + 2y
	if diff := cmp.Diff(table, ResizeGrid(table, 2, 2, 2)); diff != "" {
		t.Errorf("the same grid: %s", diff)
	}
	got := ResizeGrid(table, 2, 4, 2)
	at := []float32{0, 0.25, 0.75, 1} // torch: interpolate([0, 1], size=4, mode="linear")
	for y := range 4 {
		for x := range 4 {
			if want := at[x] + 2*at[y]; got[(y*4+x)*2] != want || got[(y*4+x)*2+1] != want+10 {
				t.Errorf("(%d, %d): got %v, want %g", x, y, got[(y*4+x)*2:][:2], want)
			}
		}
	}
	if one := ResizeGrid([]float32{5}, 1, 3, 1); one[0] != 5 || one[8] != 5 {
		t.Errorf("a grid of one: %v", one)
	}
}
