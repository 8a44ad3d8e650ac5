package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"harness/model/dataset/sniff"
)

// GPT2Config is the shape of a GPT-2 (FACTS 4.1). Activation is gelu_new, the tanh form.
type GPT2Config struct {
	Vocab, Positions, Width, Heads, Layers, MLP int

	Eps          float64 // of the layer norms
	Dropout      float64 // of the residual branches
	InitialRange float64

	Unscaled bool // the scores of attention are not divided by sqrt(width of a head)
	ByLayer  bool // they are divided by the number of the block, from 1
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
		Scaled     bool    `json:"scale_attn_weights"`
		ByLayer    bool    `json:"scale_attn_by_inverse_layer_idx"`
	}{50257, 1024, 768, 12, 12, nil, 1e-5, 0.1, 0.02, "gelu_new", true, false}
	path, err := readConfig(dir, "", []string{"gpt2"}, &gpt2Keys, &in)
	if err != nil {
		return GPT2Config{}, err
	}
	if err := checkActivation(path, in.Activation); err != nil {
		return GPT2Config{}, err
	}
	c := GPT2Config{in.Vocab, in.Positions, in.Width, in.Heads, in.Layers, 4 * in.Width, in.Eps, in.Dropout, in.Range, !in.Scaled, in.ByLayer}
	if in.MLP != nil {
		c.MLP = *in.MLP
	}
	return c, checkShape(path, c.Width, c.Heads, c.Layers, c.MLP, c.Vocab, c.Positions)
}

// ReadSiglipVisionConfig reads config.json of a SigLIP folder, of the vision tower alone or of the whole model. Missing
// keys have the values of SigLIP base.
func ReadSiglipVisionConfig(dir string) (SiglipConfig, error) {
	in := struct {
		Image      side    `json:"image_size"`
		Patch      side    `json:"patch_size"`
		Channels   int     `json:"num_channels"`
		Width      int     `json:"hidden_size"`
		Heads      int     `json:"num_attention_heads"`
		Layers     int     `json:"num_hidden_layers"`
		MLP        int     `json:"intermediate_size"`
		Eps        float64 `json:"layer_norm_eps"`
		Activation string  `json:"hidden_act"`
	}{224, 16, 3, 768, 12, 12, 3072, 1e-6, "gelu_pytorch_tanh"}
	path, err := readConfig(dir, "vision_config", []string{siglip, siglipVision}, &siglipKeys, &in)
	if err != nil {
		return SiglipConfig{}, err
	}
	if err := checkActivation(path, in.Activation); err != nil {
		return SiglipConfig{}, err
	}
	c := SiglipConfig{int(in.Image), int(in.Patch), in.Channels, in.Width, in.Heads, in.Layers, in.MLP, in.Eps}
	if err := checkShape(path, c.Width, c.Heads, c.Layers, c.MLP, c.Image, c.Patch, c.Channels); err != nil {
		return SiglipConfig{}, err
	}
	if c.Grid() < 1 {
		return SiglipConfig{}, fmt.Errorf("%s: a patch of %d in an image of %d", path, c.Patch, c.Image)
	}
	return c, checkPixels(dir)
}

// The values of model_type: the whole model, whose config has that of the vision tower inside, and the tower alone.
const (
	siglip       = "siglip"
	siglipVision = "siglip_vision_model"
)

// side is a number of pixels: one number, or the list of height and width, which must be equal.
type side int

func (s *side) UnmarshalJSON(data []byte) error {
	var both []int
	if json.Unmarshal(data, &both) == nil && len(both) == 2 {
		if both[0] != both[1] {
			return fmt.Errorf("image_size or patch_size is %s: only squares can be honoured", data)
		}
		*s = side(both[0])
		return nil
	}
	if json.Unmarshal(data, (*int)(s)) != nil {
		return fmt.Errorf("image_size or patch_size is %s: want a whole number of pixels", data)
	}
	return nil
}

// checkPixels refuses a folder whose images are prepared in another way than x/127.5 − 1.
func checkPixels(dir string) error {
	path := filepath.Join(dir, "preprocessor_config.json")
	data, err := readText(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	in := struct {
		Normalize bool      `json:"do_normalize"`
		Rescale   bool      `json:"do_rescale"`
		Factor    float64   `json:"rescale_factor"`
		Mean      []float64 `json:"image_mean"`
		Std       []float64 `json:"image_std"`
	}{true, true, 1. / 255, []float64{0.5}, []float64{0.5}}
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	isHalf := func(v float64) bool { return v == 0.5 }
	if !in.Normalize || !in.Rescale || math.Abs(in.Factor*255-1) > 1e-6 ||
		!(allOf(in.Mean, isHalf) && allOf(in.Std, isHalf)) {
		return fmt.Errorf("%s: pixels are prepared with rescale_factor %g, image_mean %v, image_std %v: only 1/255, 0.5 and 0.5 can be honoured",
			path, in.Factor, in.Mean, in.Std)
	}
	return nil
}

func allOf(values []float64, is func(float64) bool) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return !is(v) })
}

// readConfig decodes dir/config.json into v, or the object under the key nested if there is one. A model_type that is
// stated must be one of types, and every key one of allowed, if that is not nil.
func readConfig(dir, nested string, types []string, allowed *keys, v any) (string, error) {
	path := filepath.Join(dir, "config.json")
	data, err := readText(path)
	if err != nil {
		return path, err
	}
	config, err := object(data)
	if err != nil {
		return path, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkType(path, config, types); err != nil {
		return path, err
	}
	if inner, ok := config[nested]; ok && nested != "" {
		if config, err = object(inner); err != nil {
			return path, fmt.Errorf("%s: %s: %w", path, nested, err)
		}
		if err := checkType(path, config, types); err != nil {
			return path, err
		}
	}
	if allowed != nil {
		if err := allowed.rename(path, config); err != nil {
			return path, err
		}
		if err := allowed.check(path, config); err != nil {
			return path, err
		}
	}
	if data, err = json.Marshal(config); err != nil {
		return path, fmt.Errorf("%s: %w", path, err)
	}
	err = json.Unmarshal(data, v)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return path, fmt.Errorf("%s: %s is a %s, want a value of type %s", path, wrong.Field, wrong.Value, wrong.Type)
	} else if err != nil {
		return path, fmt.Errorf("%s: %w", path, err)
	}
	return path, nil
}

// object decodes a JSON object; null is none.
func object(data []byte) (map[string]json.RawMessage, error) {
	if !json.Valid(data) {
		return nil, errors.New("not JSON, or truncated")
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil || keys == nil {
		return nil, errors.New("not an object: want {...}")
	}
	return keys, nil
}

// checkType refuses a model_type that is stated and not one of types.
func checkType(path string, config map[string]json.RawMessage, types []string) error {
	text, ok := config["model_type"]
	if !ok {
		return nil
	}
	var name string
	if err := json.Unmarshal(text, &name); err != nil || !slices.Contains(types, name) {
		return fmt.Errorf("%s: model_type %s, want one of %q", path, text, types)
	}
	return nil
}

// readText reads a small file, which must not be a pointer of Git LFS.
func readText(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err == nil && sniff.Of(data[:min(len(data), sniff.HeadSize)]) == sniff.LFSPointer {
		return nil, fmt.Errorf("%s: %w", path, errPointer)
	}
	return data, err
}

// tanhForms are the names of the activations that compute the tanh form of GELU.
var tanhForms = []string{"gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast", "gelu_accurate"}

func checkActivation(path, got string) error {
	if !slices.Contains(tanhForms, got) {
		return fmt.Errorf("%s: activation %q, want one of %q", path, got, tanhForms)
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
