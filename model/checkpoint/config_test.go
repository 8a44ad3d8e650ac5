package checkpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigDefaultsAndRefusals(t *testing.T) {
	write := func(text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	medium, err := ReadGPT2Config(write(`{"model_type": "gpt2", "n_ctx": 1024, "n_embd": 1024, "n_head": 16, "n_layer": 24, "n_inner": null}`))
	if want := (GPT2Config{Vocab: 50257, Positions: 1024, Width: 1024, Heads: 16, Layers: 24, MLP: 4096, Eps: 1e-5, Dropout: 0.1, InitialRange: 0.02}); err != nil || medium != want {
		t.Errorf("GPT-2 medium: %+v, %v", medium, err)
	}
	so400m, err := ReadSiglipVisionConfig(write(`{"model_type": "siglip", "text_config": {"hidden_size": 7}, "vision_config":
		{"hidden_size": 1152, "intermediate_size": 4304, "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14, "model_type": "siglip_vision_model"}}`))
	if want := (SiglipConfig{224, 14, 3, 1152, 16, 27, 4304, 1e-6}); err != nil || so400m != want {
		t.Errorf("So400m: %+v, %v", so400m, err)
	}
	for _, fine := range []string{`{"eos_token_id": [50256, 1]}`, `{"reorder_and_upcast_attn": true, "pruned_heads": {}, "layer_norm_epsilon": 0.00001}`,
		`{"rope_theta": null}`, `{"n_embd": 96, "hidden_size": 96}`, `{"activation_function": "gelu_fast"}`, `{"is_decoder": null}`} {
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
		`{"tie_word_embeddings": null}`:        "tie_word_embeddings is null: only true",
		`{"n_head": null}`:                     "n_head is null",
		`{"n_embd": 64, "hidden_size": 32}`:    "n_embd is 64, but hidden_size, which is the same, is 32",
		"version https://git-lfs/spec/v1\n":    "a pointer of Git LFS",
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
	scaled, err := ReadGPT2Config(write(`{"scale_attn_weights": false, "scale_attn_by_inverse_layer_idx": true, "num_hidden_layers": 3}`))
	if err != nil || !scaled.Unscaled || !scaled.ByLayer || scaled.Layers != 3 {
		t.Errorf("another scale of the scores: %+v, %v", scaled, err)
	}
	for text, want := range map[string]string{
		`{"image_size": [384, 384], "patch_size": [14, 14]}`:                                 "",
		`{"image_size": [384, 224]}`:                                                         "only squares",
		`{"image_size": 224.5}`:                                                              "image_size or patch_size is 224.5: want a whole number",
		`{"image_size": null}`:                                                               "image_size is null",
		`{"vision_config": {"model_type": "clip_vision_model"}}`:                             `model_type "clip_vision_model"`,
		`{"model_type": "siglip", "vision_config": {"hidden_act": "gelu"}}`:                  `activation "gelu"`,
		`{"model_type": "siglip", "vision_config": {"num_key_value_heads": 2}}`:              `"num_key_value_heads" is not known`,
		`{"model_type": "siglip2", "vision_config": {"model_type": "siglip2_vision_model"}}`: `model_type "siglip2"`,
	} {
		if _, err := ReadSiglipVisionConfig(write(text)); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
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

// The vision tower sees x/127.5 - 1: a folder that prepares its images otherwise is refused.
func TestPreprocessor(t *testing.T) {
	for text, want := range map[string]string{
		`{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "rescale_factor": 0.00392156862745098, "do_resize": true}`: "",
		`{"image_mean": [0.48, 0.46, 0.41]}`: "image_mean [0.48 0.46 0.41]",
		`{"rescale_factor": 1}`:              "rescale_factor 1",
		`{"do_normalize": false}`:            "only 1/255, 0.5 and 0.5",
		`{`:                                  "preprocessor_config.json",
	} {
		dir := t.TempDir()
		for name, data := range map[string]string{"config.json": `{}`, "preprocessor_config.json": text} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ReadSiglipVisionConfig(dir); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v does not say %q", text, err, want)
		}
	}
}

func FuzzConfigs(f *testing.F) {
	f.Add([]byte(`{"model_type":"gpt2","hidden_size":64,"n_head":null}`), []byte(`{"image_mean":[0.5]}`))
	f.Add([]byte(`{"model_type":"siglip","vision_config":{"image_size":[224,224]}}`), []byte(`{}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, config, pixels []byte) {
		for name, data := range map[string][]byte{"config.json": config, "preprocessor_config.json": pixels} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if c, err := ReadGPT2Config(dir); err == nil && (c.Width < 1 || c.Width%c.Heads != 0 || c.Layers < 1) {
			t.Errorf("%+v was let through", c)
		}
		if c, err := ReadSiglipVisionConfig(dir); err == nil && (c.Grid() < 1 || c.Width%c.Heads != 0 || c.Layers < 1) {
			t.Errorf("%+v was let through", c)
		}
	})
}
