package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// LoadAny opens the weights of a Hugging Face folder: model.safetensors, or the shards that
// model.safetensors.index.json names, or pytorch_model.bin, or its shards. The first that is there is taken.
func LoadAny(dir string) (*File, error) {
	for _, kind := range []struct {
		name string
		load func(string) (*File, error)
	}{{"model.safetensors", Load}, {"pytorch_model.bin", LoadTorch}} {
		whole := filepath.Join(dir, kind.name)
		if _, err := os.Stat(whole); err == nil {
			return kind.load(whole)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		index := whole + ".index.json"
		data, err := os.ReadFile(index)
		if err == nil {
			return loadShards(dir, index, data, kind.load)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: no weights: want model.safetensors, its index of shards, or pytorch_model.bin", dir)
}

// loadShards opens the files that an index names as one. Every tensor of the index must be in the file it is said to be in.
func loadShards(dir, index string, data []byte, load func(string) (*File, error)) (*File, error) {
	var in struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	if len(in.Weights) == 0 {
		return nil, fmt.Errorf("%s: no weight_map", index)
	}
	var names []string
	for _, name := range in.Weights {
		if name != filepath.Base(name) {
			return nil, fmt.Errorf("%s: shard %q is not a file of this folder", index, name)
		}
		names = append(names, name)
	}
	slices.Sort(names)

	all := &File{path: dir, entries: make(map[string]entry)}
	for _, name := range slices.Compact(names) {
		shard, err := load(filepath.Join(dir, name))
		if err != nil {
			all.Close()
			return nil, err
		}
		all.closers = append(all.closers, shard)
		if all.meta == nil {
			all.meta = shard.meta
		}
		for tensor, e := range shard.entries {
			if in.Weights[tensor] == name {
				all.entries[tensor] = e
			}
		}
	}
	for tensor, name := range in.Weights {
		if !all.Has(tensor) {
			all.Close()
			return nil, fmt.Errorf("%s: tensor %q is not in %s", index, tensor, name)
		}
	}
	return all, nil
}
