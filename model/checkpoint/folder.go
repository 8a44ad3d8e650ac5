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

// WeightFiles are the names under which a Hugging Face folder has its weights, the first that is there being taken; each
// may be cut into shards, which an index of that name and ".index.json" lists.
var WeightFiles = [...]string{"model.safetensors", "pytorch_model.bin"}

// LoadAny opens the weights of a Hugging Face folder: model.safetensors, or the shards that
// model.safetensors.index.json names, or pytorch_model.bin, or its shards. The first that exists is used.
func LoadAny(dir string) (*File, error) {
	for i, load := range []func(string) (*File, error){Load, LoadTorch} {
		whole := filepath.Join(dir, WeightFiles[i])
		if _, err := os.Stat(whole); err == nil {
			return load(whole)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		index := whole + ".index.json"
		data, err := readText(index)
		if err == nil {
			return loadShards(dir, index, data, load)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, noWeights(dir)
}

// missingWeights says that a folder of weights, or the weights in it, are not there. It is fs.ErrNotExist.
type missingWeights struct{ text string }

func (e *missingWeights) Error() string        { return e.text }
func (e *missingWeights) Is(target error) bool { return target == fs.ErrNotExist }

func noWeights(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return &missingWeights{dir + ": no such folder"}
	}
	return &missingWeights{dir + ": no weights: want model.safetensors, its index of shards, or pytorch_model.bin"}
}

// loadShards opens the files that an index names as one. Every tensor must be in the file that the index gives.
func loadShards(dir, index string, data []byte, load func(string) (*File, error)) (*File, error) {
	in, err := shardsOf(index, data)
	if err != nil {
		return nil, err
	}
	all := &File{path: dir, entries: make(map[string]entry), unread: map[string]DType{}}
	for _, name := range in.files {
		shard, err := load(filepath.Join(dir, name))
		if err != nil {
			all.Close()
			return nil, err
		}
		all.closers = append(all.closers, shard)
		if all.meta == nil {
			all.meta = shard.meta
		}
		for tensor, dtype := range shard.unread {
			all.unread[tensor] = dtype
		}
		for tensor, e := range shard.entries {
			if in.fileOf[tensor] == name {
				all.entries[tensor] = e
			}
		}
	}
	for tensor, name := range in.fileOf {
		if !all.Has(tensor) && all.unread[tensor] == "" {
			all.Close()
			return nil, fmt.Errorf("%s: tensor %q is not in %s", index, tensor, name)
		}
	}
	return all, nil
}

// shards is an index of weights in several files.
type shards struct {
	fileOf map[string]string // by tensor
	files  []string          // sorted
}

// shardsOf reads the index at path.
func shardsOf(path string, data []byte) (shards, error) {
	var in struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return shards{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(in.Weights) == 0 {
		return shards{}, fmt.Errorf("%s: no weight_map", path)
	}
	s := shards{fileOf: in.Weights}
	for _, name := range in.Weights {
		if name != filepath.Base(name) {
			return shards{}, fmt.Errorf("%s: shard %q is not a file of this folder", path, name)
		}
		s.files = append(s.files, name)
	}
	slices.Sort(s.files)
	s.files = slices.Compact(s.files)
	return s, nil
}
