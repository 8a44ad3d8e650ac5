package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
	c, err := choose(dir)
	if err != nil {
		return nil, err
	}
	load := [...]func(string) (*File, error){Load, LoadTorch}[c.format]
	if c.index == "" {
		return load(filepath.Join(dir, c.files[0]))
	}
	return loadShards(dir, c, load)
}

// choice is what is read of the weights in a folder.
type choice struct {
	format int      // of WeightFiles
	files  []string // with the weights: one, or shards
	index  string   // of the shards, "" for none

	fileOf map[string]string // by tensor, of shards
}

// choose finds the weights in a folder.
func choose(dir string) (choice, error) {
	for format, whole := range WeightFiles {
		if _, err := os.Stat(filepath.Join(dir, whole)); err == nil {
			return choice{format: format, files: []string{whole}}, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return choice{}, err
		}
		index := whole + ".index.json"
		fileOf, err := readIndex(filepath.Join(dir, index))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return choice{}, err
		}
		files := slices.Compact(slices.Sorted(maps.Values(fileOf)))
		return choice{format, files, index, fileOf}, nil
	}
	return choice{}, noWeights(dir)
}

// readIndex reads which shard each tensor is in.
func readIndex(path string) (fileOf map[string]string, err error) {
	data, err := readText(path)
	if err != nil {
		return nil, err
	}
	var in struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(in.Weights) == 0 {
		return nil, fmt.Errorf("%s: no weight_map", path)
	}
	for _, name := range in.Weights {
		if name != filepath.Base(name) {
			return nil, fmt.Errorf("%s: shard %q is not a file of this folder", path, name)
		}
	}
	return in.Weights, nil
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
func loadShards(dir string, c choice, load func(string) (*File, error)) (*File, error) {
	all := &File{path: dir, entries: make(map[string]entry), unread: map[string]DType{}}
	for _, name := range c.files {
		shard, err := load(filepath.Join(dir, name))
		if err != nil {
			all.Close()
			return nil, err
		}
		all.closers = append(all.closers, shard)
		if all.meta == nil {
			all.meta = shard.meta
		}
		maps.Copy(all.unread, shard.unread)
		for tensor, e := range shard.entries {
			if c.fileOf[tensor] == name {
				all.entries[tensor] = e
			}
		}
	}
	for tensor, name := range c.fileOf {
		if !all.Has(tensor) && all.unread[tensor] == "" {
			all.Close()
			return nil, fmt.Errorf("%s: tensor %q is not in %s", filepath.Join(dir, c.index), tensor, name)
		}
	}
	return all, nil
}
