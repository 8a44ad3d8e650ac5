package checkpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadAny(t *testing.T) {
	shard := func(dir, file, tensor string, value float32) {
		if err := Save(filepath.Join(dir, file), []Named{{Name: tensor, Shape: []int{1}, F32: []float32{value}}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	index := func(dir, text string) {
		if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	shard(dir, "a.safetensors", "x", 1)
	shard(dir, "b.safetensors", "y", 2)
	index(dir, `{"metadata": {"total_size": 8}, "weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}`)
	f, err := LoadAny(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x", "y"}, f.Names()); diff != "" {
		t.Error(diff)
	}
	if got, err := f.F32("y"); err != nil || got[0] != 2 {
		t.Errorf("y: %v, %v", got, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}

	// A whole file goes before shards, and a torch file is the last.
	shard(dir, "model.safetensors", "whole", 3)
	if f, err = LoadAny(dir); err != nil || !f.Has("whole") {
		t.Errorf("with model.safetensors: %v", err)
	}
	torch := t.TempDir()
	data, err := os.ReadFile(filepath.Join("testdata", "torch_protocol2.bin"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(torch, "pytorch_model.bin"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	if f, err = LoadAny(torch); err != nil || !f.Has("transposed") {
		t.Errorf("pytorch_model.bin: %v", err)
	}

	if _, err := LoadAny(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no weights") {
		t.Errorf("an empty folder: %v", err)
	}
	for text, want := range map[string]string{
		`{`: "index.json", `{}`: "no weight_map",
		`{"weight_map": {"x": "../a.safetensors"}}`:                    "not a file of this folder",
		`{"weight_map": {"x": "c.safetensors"}}`:                       "c.safetensors",
		`{"weight_map": {"x": "a.safetensors", "z": "a.safetensors"}}`: `"z" is not in a.safetensors`,
	} {
		dir := t.TempDir()
		shard(dir, "a.safetensors", "x", 1)
		index(dir, text)
		if _, err := LoadAny(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", text, err, want)
		}
	}
}
