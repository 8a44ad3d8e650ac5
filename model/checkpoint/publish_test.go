package checkpoint

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is written is read again with the same values, and every parameter is written.
func TestPublish(t *testing.T) {
	gpt2, config := recordedFile(t, "tiny_gpt2"), GPT2Config{}
	t.Run("gpt2", func(t *testing.T) {
		c, err := ReadGPT2Config(gpt2)
		if err != nil {
			t.Fatal(err)
		}
		config = c
		params := readParams(t, gpt2, func(f *File) ([]Named, error) { return GPT2Params(f, c) })
		dir := t.TempDir()
		if err := SaveGPT2(dir, valuesOf(params), c, 299); err != nil {
			t.Fatal(err)
		}
		checkFileNames(t, dir, "transformer.wte.weight", "transformer.h.0.ln_1.weight", "transformer.ln_f.bias")
		again, err := ReadGPT2Config(dir)
		if diff := cmp.Diff(c, again); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if diff := cmp.Diff(params, readParams(t, dir, func(f *File) ([]Named, error) { return GPT2Params(f, again) })); diff != "" {
			t.Error(diff)
		}
	})
	siglip := recordedFile(t, "tiny_siglip")
	for _, channels := range []int{1, 3} {
		c, err := ReadSiglipVisionConfig(siglip)
		if err != nil {
			t.Fatal(err)
		}
		read := func(dir string) []Named {
			return readParams(t, dir, func(f *File) ([]Named, error) {
				if channels == 3 {
					return SiglipColourParams(f, c)
				}
				return SiglipParams(f, c)
			})
		}
		params := read(siglip)
		dir, out := t.TempDir(), c
		out.Channels = channels
		if err := SaveSiglip(dir, valuesOf(params), out); err != nil {
			t.Fatal(err)
		}
		checkFileNames(t, dir, "vision_model.embeddings.position_embedding.weight", "vision_model.encoder.layers.1.layer_norm2.bias", "vision_model.post_layernorm.weight")
		again, err := ReadSiglipVisionConfig(dir)
		if diff := cmp.Diff(c, again); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		if diff := cmp.Diff(params, read(dir)); diff != "" {
			t.Errorf("%d channels: %s", channels, diff)
		}
	}
	if err := SaveGPT2(t.TempDir(), nil, config, 299); err == nil {
		t.Error("a model without parameters was written")
	}
}

func valuesOf(params []Named) map[string][]float32 {
	values := map[string][]float32{}
	for _, p := range params {
		values[p.Name] = slices.Clone(p.F32)
	}
	return values
}

// checkFileNames looks for the names of today's transformers: norms had others (gamma, beta), which it does not read.
func checkFileNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	f, err := LoadAny(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range want {
		if !f.Has(name) {
			t.Errorf("%s: no tensor %s", dir, name)
		}
	}
}
