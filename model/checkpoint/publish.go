package checkpoint

import (
	"fmt"
	"path/filepath"

	"harness/internal/atomicfile"
)

// formatOfTorch is the metadata that transformers wants of a safetensors file.
var formatOfTorch = map[string]string{"format": "pt"}

// SaveSiglip writes a vision tower into dir as transformers saves a SiglipVisionModel without pooling head: config.json,
// model.safetensors, and preprocessor_config.json for SiglipImageProcessor. values has the parameters of SiglipColourParams, of
// SiglipParams where c has one channel.
//
// A gray tower is written with three channels: its kernel is that of the first, those of the others are zero. That is the same function
// of a gray image that was copied to three channels, to the last bit but for the order of sums, and SiglipParams reads the same kernel again.
func SaveSiglip(dir string, values map[string][]float32, c SiglipConfig) error {
	kernel := values["encoder.patch.weight"]
	if c.Channels == 1 {
		c.Channels = 3
		area := c.Patch * c.Patch
		kernel = make([]float32, 3*len(kernel))
		for i, v := range values["encoder.patch.weight"] {
			kernel[i/area*3*area+i%area] = v
		}
	}
	p := newNames("vision_model.")
	if _, err := p.siglip(c); err != nil {
		return err
	}
	err := p.save(dir, func(name string) []float32 {
		if name == "encoder.patch.weight" {
			return kernel
		}
		return values[name]
	})
	if err != nil {
		return err
	}
	half := [3]float64{0.5, 0.5, 0.5}
	err = atomicfile.WriteJSON(filepath.Join(dir, "preprocessor_config.json"), map[string]any{
		"image_processor_type": "SiglipImageProcessor", "do_convert_rgb": true, "do_resize": true,
		"size": map[string]int{"height": c.Image, "width": c.Image}, "resample": 2,
		"do_rescale": true, "rescale_factor": 1. / 255, "do_normalize": true, "image_mean": half, "image_std": half,
	})
	if err != nil {
		return err
	}
	return atomicfile.WriteJSON(filepath.Join(dir, "config.json"), map[string]any{
		"architectures": []string{"SiglipVisionModel"}, "model_type": siglipVision, "torch_dtype": "float32",
		"image_size": c.Image, "patch_size": c.Patch, "num_channels": c.Channels, "hidden_size": c.Width, "num_attention_heads": c.Heads,
		"num_hidden_layers": c.Layers, "intermediate_size": c.MLP, "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": c.Eps,
		"attention_dropout": 0.0, "vision_use_head": false,
	})
}

// SaveGPT2 writes a language model into dir as transformers saves a GPT2LMHeadModel with a tied head: config.json and
// model.safetensors. values has the parameters of GPT2Params; end is the id of <|endoftext|>.
func SaveGPT2(dir string, values map[string][]float32, c GPT2Config, end int) error {
	p := newNames("transformer.")
	if _, err := p.gpt2(c); err != nil {
		return err
	}
	if err := p.save(dir, func(name string) []float32 { return values[name] }); err != nil {
		return err
	}
	return atomicfile.WriteJSON(filepath.Join(dir, "config.json"), map[string]any{
		"architectures": []string{"GPT2LMHeadModel"}, "model_type": "gpt2", "torch_dtype": "float32",
		"vocab_size": c.Vocab, "n_positions": c.Positions, "n_embd": c.Width, "n_head": c.Heads, "n_layer": c.Layers, "n_inner": c.MLP,
		"activation_function": "gelu_new", "layer_norm_epsilon": c.Eps, "resid_pdrop": c.Dropout, "embd_pdrop": c.Dropout, "attn_pdrop": 0.0,
		"initializer_range": c.InitialRange, "scale_attn_weights": !c.Unscaled, "scale_attn_by_inverse_layer_idx": c.ByLayer,
		"tie_word_embeddings": true, "bos_token_id": end, "eos_token_id": end,
	})
}

// save writes the tensors that were noted, with the values that of has for our names.
func (p *params) save(dir string, of func(name string) []float32) error {
	tensors := make([]Named, len(p.places))
	for i, at := range p.places {
		ours, values := p.out[i].Name, of(p.out[i].Name)
		if n, ok := elements(at.shape); !ok || n != int64(len(values)) {
			return fmt.Errorf("write %s: parameter %s has %d values, want %v", dir, ours, len(values), at.shape)
		}
		if err := finite(dir, ours, values); err != nil {
			return err
		}
		tensors[i] = Named{Name: at.name, Shape: at.shape, F32: values}
	}
	return Save(filepath.Join(dir, WeightFiles[0]), tensors, formatOfTorch)
}
