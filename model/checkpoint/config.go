package checkpoint

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// GPT2Config is the shape of a GPT-2 (FACTS 4.1). Activation is gelu_new, the tanh form.
type GPT2Config struct {
	Vocab, Positions, Width, Heads, Layers, MLP int

	Eps          float64 // of the layer norms
	Dropout      float64 // of the residual branches
	InitialRange float64
}

// SiglipConfig is the shape of a SigLIP vision tower (FACTS 4.2). Activation is the tanh form of GELU.
type SiglipConfig struct {
	Image, Patch, Channels, Width, Heads, Layers, MLP int

	Eps float64
}

// Grid is the number of patches along a side; there are Grid()² positions.
func (c SiglipConfig) Grid() int { return c.Image / c.Patch }

// ReadGPT2Config reads config.json of a Hugging Face folder. Missing keys have the values of the smallest GPT-2.
func ReadGPT2Config(dir string) (GPT2Config, error) {
	in := struct {
		Vocab      int     `json:"vocab_size"`
		Positions  int     `json:"n_positions"`
		Width      int     `json:"n_embd"`
		Heads      int     `json:"n_head"`
		Layers     int     `json:"n_layer"`
		MLP        *int    `json:"n_inner"`
		Eps        float64 `json:"layer_norm_epsilon"`
		Dropout    float64 `json:"resid_pdrop"`
		Range      float64 `json:"initializer_range"`
		Activation string  `json:"activation_function"`
	}{50257, 1024, 768, 12, 12, nil, 1e-5, 0.1, 0.02, "gelu_new"}
	path, err := readConfig(dir, "", []string{"gpt2"}, &gpt2Keys, &in)
	if err != nil {
		return GPT2Config{}, err
	}
	if err := checkActivation(path, in.Activation, "gelu_new", "gelu_pytorch_tanh"); err != nil {
		return GPT2Config{}, err
	}
	c := GPT2Config{in.Vocab, in.Positions, in.Width, in.Heads, in.Layers, 4 * in.Width, in.Eps, in.Dropout, in.Range}
	if in.MLP != nil {
		c.MLP = *in.MLP
	}
	return c, checkShape(path, c.Width, c.Heads, c.Layers, c.MLP, c.Vocab, c.Positions)
}

// ReadSiglipVisionConfig reads config.json of a SigLIP folder, of the vision tower alone or of the whole model. Missing
// keys have the values of SigLIP base.
func ReadSiglipVisionConfig(dir string) (SiglipConfig, error) {
	in := struct {
		Image      int     `json:"image_size"`
		Patch      int     `json:"patch_size"`
		Channels   int     `json:"num_channels"`
		Width      int     `json:"hidden_size"`
		Heads      int     `json:"num_attention_heads"`
		Layers     int     `json:"num_hidden_layers"`
		MLP        int     `json:"intermediate_size"`
		Eps        float64 `json:"layer_norm_eps"`
		Activation string  `json:"hidden_act"`
	}{224, 16, 3, 768, 12, 12, 3072, 1e-6, "gelu_pytorch_tanh"}
	path, err := readConfig(dir, "vision_config", []string{"siglip", "siglip_vision_model"}, &siglipKeys, &in)
	if err != nil {
		return SiglipConfig{}, err
	}
	if err := checkActivation(path, in.Activation, "gelu_pytorch_tanh", "gelu_new"); err != nil {
		return SiglipConfig{}, err
	}
	c := SiglipConfig{in.Image, in.Patch, in.Channels, in.Width, in.Heads, in.Layers, in.MLP, in.Eps}
	if err := checkShape(path, c.Width, c.Heads, c.Layers, c.MLP, c.Image, c.Patch, c.Channels); err != nil {
		return SiglipConfig{}, err
	}
	if c.Grid() < 1 {
		return SiglipConfig{}, fmt.Errorf("%s: a patch of %d in an image of %d", path, c.Patch, c.Image)
	}
	return c, nil
}

// readConfig decodes dir/config.json into v, or the object under the key nested if there is one. A model_type that is
// stated must be one of types, and every key one of allowed, if that is not nil.
func readConfig(dir, nested string, types []string, allowed *keys, v any) (string, error) {
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return path, err
	}
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(data, &outer); err != nil {
		return path, fmt.Errorf("%s: %w", path, err)
	}
	if text, ok := outer["model_type"]; ok {
		var name string
		if err := json.Unmarshal(text, &name); err != nil || !slices.Contains(types, name) {
			return path, fmt.Errorf("%s: model_type %s, want one of %q", path, text, types)
		}
	}
	if inner, ok := outer[nested]; ok && nested != "" {
		data = inner
		clear(outer)
		if err := json.Unmarshal(data, &outer); err != nil {
			return path, fmt.Errorf("%s: %s: %w", path, nested, err)
		}
	}
	if allowed != nil {
		if err := allowed.check(path, outer); err != nil {
			return path, err
		}
	}
	if err := json.Unmarshal(data, v); err != nil {
		return path, fmt.Errorf("%s: %w", path, err)
	}
	return path, nil
}

func checkActivation(path, got string, want ...string) error {
	if !slices.Contains(want, got) {
		return fmt.Errorf("%s: activation %q, want one of %q", path, got, want)
	}
	return nil
}

// checkShape refuses sizes that no model has.
func checkShape(path string, width, heads, layers, mlp int, others ...int) error {
	const limit = 1 << 24
	for _, n := range append(others, width, heads, layers, mlp) {
		if n < 1 || n > limit {
			return fmt.Errorf("%s: a size of %d is not possible", path, n)
		}
	}
	if width%heads != 0 {
		return fmt.Errorf("%s: width %d is not a multiple of %d heads", path, width, heads)
	}
	return nil
}
