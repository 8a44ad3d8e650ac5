package checkpoint

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// keys says what may stand in a config.json: every key is read, has the one value that this program can honour, or is
// known to have no effect on the numbers of the model. Any other is refused, since it might.
type keys struct {
	read     []string
	optional []string       // those of read that may be null, which is as if they were not there
	fixed    map[string]any // as encoding/json decodes it
	idle     []string
	aliases  map[string]string // another name that transformers takes for a key of read
}

// anyModel are keys that every Hugging Face config may have: names, versions, what is returned, how text is generated.
var anyModel = keys{
	read: []string{"model_type"},
	fixed: map[string]any{
		"is_encoder_decoder": false, "is_decoder": false, "add_cross_attention": false, "pruned_heads": map[string]any{},
	},
	idle: []string{
		"architectures", "transformers_version", "torch_dtype", "dtype", "_name_or_path", "_commit_hash", "name_or_path", "auto_map",
		"tokenizer_class", "tokenizer", "processor_class", "prefix", "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id",
		"decoder_start_token_id", "id2label", "label2id", "num_labels", "problem_type", "finetuning_task", "task_specific_params",
		"return_dict", "return_dict_in_generate", "output_attentions", "output_hidden_states", "output_scores", "output_past",
		"use_return_dict", "use_cache", "torchscript", "use_bfloat16", "tf_legacy_loss", "chunk_size_feed_forward",
		"gradient_checkpointing", "cross_attention_hidden_size", "tie_encoder_decoder", "_attn_implementation",
		"_attn_implementation_autoset", "attn_implementation", "initializer_range", "initializer_factor", "license", "_num_labels",
		"max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups", "diversity_penalty", "temperature",
		"top_k", "top_p", "typical_p", "repetition_penalty", "length_penalty", "no_repeat_ngram_size",
		"encoder_no_repeat_ngram_size", "bad_words_ids", "num_return_sequences", "forced_bos_token_id", "forced_eos_token_id",
		"remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens",
	},
}

// gpt2Keys: dropout in training is the trial's own; with tied embeddings the head is the token table.
var gpt2Keys = keys{
	read: []string{"vocab_size", "n_positions", "n_embd", "n_head", "n_layer", "n_inner", "activation_function", "resid_pdrop",
		"scale_attn_weights", "scale_attn_by_inverse_layer_idx"},
	optional: []string{"n_inner"},
	fixed:    map[string]any{"layer_norm_epsilon": 1e-5, "tie_word_embeddings": true},
	idle: []string{
		"n_ctx", "attn_pdrop", "embd_pdrop", "reorder_and_upcast_attn", "summary_type", "summary_use_proj", "summary_activation",
		"summary_first_dropout", "summary_proj_to_labels", "n_special", "predict_special_tokens",
	},
	aliases: map[string]string{
		"hidden_size": "n_embd", "max_position_embeddings": "n_positions", "num_attention_heads": "n_head", "num_hidden_layers": "n_layer",
	},
}

// siglipKeys: the pooling head is not read.
var siglipKeys = keys{
	read: []string{"image_size", "patch_size", "num_channels", "hidden_size", "num_attention_heads", "num_hidden_layers",
		"intermediate_size", "hidden_act"},
	fixed: map[string]any{"layer_norm_eps": 1e-6},
	idle:  []string{"attention_dropout", "dropout", "vision_use_head", "projection_dim", "projection_size", "tie_word_embeddings"},
}

// check refuses a key that changes the model in a way that is not honoured.
func (k keys) check(path string, config map[string]json.RawMessage) error {
	names := make([]string, 0, len(config))
	for name := range config {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var value any
		if err := json.Unmarshal(config[name], &value); err != nil {
			return fmt.Errorf("%s: %s: %w", path, name, err)
		}
		want, fixed := k.fixed[name]
		if !fixed {
			want, fixed = anyModel.fixed[name]
		}
		switch read := slices.Contains(k.read, name); {
		case fixed && (reflect.DeepEqual(value, want) || value == nil && isFalse(want)):
		case fixed:
			return fmt.Errorf("%s: %s is %s: only %v can be honoured", path, name, config[name], want)
		case read && value == nil && !slices.Contains(k.optional, name):
			return fmt.Errorf("%s: %s is null: give it a value, or leave it out for that of transformers", path, name)
		case value == nil, read, slices.Contains(k.idle, name), slices.Contains(anyModel.read, name), slices.Contains(anyModel.idle, name):
		default:
			return fmt.Errorf("%s: %q is not known: if it has no effect on the numbers of the model, remove it", path, name)
		}
	}
	return nil
}

// isFalse tells whether a value counts as false in Python, as null does.
func isFalse(value any) bool {
	switch v := value.(type) {
	case bool:
		return !v
	case float64:
		return v == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// rename gives the keys that have another name the one that is read. Two names of one key must agree.
func (k keys) rename(path string, config map[string]json.RawMessage) error {
	for other, name := range k.aliases {
		value, ok := config[other]
		if !ok {
			continue
		}
		if own, both := config[name]; both && string(own) != string(value) {
			return fmt.Errorf("%s: %s is %s, but %s, which is the same, is %s", path, name, own, other, value)
		}
		config[name] = value
		delete(config, other)
	}
	return nil
}
