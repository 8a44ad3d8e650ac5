package checkpoint

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func bertFolder(t testing.TB, config map[string]any) string {
	t.Helper()
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), data, 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestBERTConfigRefuses: every key is honoured, known to have no effect, or refused by name.
func TestBERTConfigRefuses(t *testing.T) {
	for _, test := range []struct {
		family, key string
		value       any
		want        string // of the error; "" if the key is fine
	}{
		{"bert", "hidden_act", "gelu_new", ""},
		{"bert", "hidden_act", "quick_gelu", `hidden_act "quick_gelu", want one of`},
		{"bert", "hidden_dropout_prob", 0.3, ""},
		{"bert", "torch_dtype", "float16", ""},
		{"bert", "position_embedding_type", "relative_key", "position_embedding_type is"},
		{"bert", "is_decoder", true, "is_decoder is true"},
		{"bert", "relative_attention", true, `"relative_attention" is not known`},
		{"bert", "quantization_config", map[string]any{"bits": 4}, `"quantization_config" is not known`},
		{"bert", "layer_norm_eps", 0, "layer_norm_eps 0"},
		{"bert", "num_attention_heads", 7, "not a multiple of 7 heads"},
		{"roberta", "pad_token_id", 1, ""},
		{"roberta", "pad_token_id", nil, "pad_token_id is null"},
		{"bert", "pad_token_id", nil, ""},
		{"bert", "hidden_size", nil, "hidden_size is null"},
		{"bert", "is_decoder", nil, ""},
		{"roberta", "pad_token_id", 511, "leaves no position"},
		{"roberta", "type_vocab_size", 0, ""},
		{"electra", "hidden_size", 768, `model_type "electra", want one of`},
		{"deberta", "talking_head", true, "talking_head is true"},
		{"deberta", "z_steps", 2, "z_steps is 2"},
		{"deberta", "pos_att_type", "c2p|p2c", ""},
		{"deberta", "pos_att_type", []string{"c2p", "p2p"}, `pos_att_type "p2p" is not known`},
		{"deberta", "position_buckets", 256, `"position_buckets" is not known`},
		{"deberta-v2", "position_buckets", 256, ""},
		{"deberta-v2", "position_buckets", 2, "position_buckets 2 do not fit"},
		{"deberta-v2", "norm_rel_ebd", "layer_norm", ""},
		{"deberta-v2", "norm_rel_ebd", "batch_norm", `norm_rel_ebd "batch_norm" is not known`},
		{"deberta-v2", "conv_kernel_size", 3, ""},
		{"deberta-v2", "conv_kernel_size", 4, "conv_kernel_size is 4"},
		{"deberta-v2", "conv_groups", 2, "conv_groups is 2"},
		{"deberta-v2", "attention_head_size", 32, "attention_head_size is 32"},
		{"deberta-v2", "embedding_size", 128, "embedding_size is 128"},
	} {
		config := map[string]any{"model_type": test.family, "hidden_size": 768, "num_attention_heads": 12, "max_position_embeddings": 512}
		if strings.HasPrefix(test.family, "deberta") {
			config["relative_attention"] = true
		}
		maps.Copy(config, map[string]any{test.key: test.value})
		_, err := ReadBERTConfig(bertFolder(t, config))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s with %s = %v: %v, want %q", test.family, test.key, test.value, err, test.want)
		}
	}
}

func FuzzBERTConfig(f *testing.F) {
	f.Add([]byte(`{"model_type":"deberta-v2","relative_attention":true,"position_buckets":256,"pos_att_type":"p2c|c2p","conv_kernel_size":3}`))
	f.Add([]byte(`{"model_type":"roberta","pad_token_id":1}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "config.json"), data, 0o666); err != nil {
			t.Fatal(err)
		}
		c, err := ReadBERTConfig(dir)
		if err == nil && (c.Width < 1 || c.Heads < 1 || c.Width%c.Heads != 0 || c.Layers < 1 || !c.NoPositions && c.Tokens() < 1) {
			t.Errorf("%+v was let through", c)
		}
	})
}
