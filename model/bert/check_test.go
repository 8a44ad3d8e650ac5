package bert

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheck: what can be opened passes, and each tensor that is missing is seen.
func TestCheck(t *testing.T) {
	configs, err := filepath.Glob(filepath.Join("testdata", "*", "config.json"))
	if err != nil || len(configs) < 10 {
		t.Fatal(configs, err)
	}
	for _, config := range configs {
		dir := filepath.Dir(config)
		if layer, err := Check(dir, 1); err != nil || layer != 1 {
			t.Errorf("%s: layer %d, %v", dir, layer, err)
		}
		copied := filepath.Join(t.TempDir(), "model")
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		weights := filepath.Join(copied, "model.safetensors")
		data, err := os.ReadFile(weights)
		if err != nil {
			t.Fatal(err)
		}
		renamed := strings.ReplaceAll(string(data), "encoder.layer.0.output.dense.bias", "encoder.layer.0.output.dense.bios")
		if err := os.WriteFile(weights, []byte(renamed), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Check(copied, 1); err == nil || !strings.Contains(err.Error(), "encoder.layer.0.output.dense.bias") {
			t.Errorf("%s without a tensor: %v", dir, err)
		}
	}
}

// TestDigest: the tokenizer counts, what is not read does not.
func TestDigest(t *testing.T) {
	for _, name := range []string{"roberta", "bert-relu", "deberta-v3"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
			t.Fatal(err)
		}
		digest := func() string {
			t.Helper()
			sum, err := Digest(t.Context(), dir, "")
			if err != nil || len(sum) != 64 {
				t.Fatal(sum, err)
			}
			return sum
		}
		first := digest()
		if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		if digest() != first {
			t.Errorf("%s: a file that is not read counts", name)
		}
		read := "tokenizer.json"
		if name == "roberta" {
			read = "merges.txt"
		}
		file, err := os.OpenFile(filepath.Join(dir, read), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString("\n"); err != nil || file.Close() != nil {
			t.Fatal(err)
		}
		if digest() == first {
			t.Errorf("%s: %s does not count", name, read)
		}
	}
}
