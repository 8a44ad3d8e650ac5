package checkpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"harness/model/digest"
)

// Digest returns the digest of a Hugging Face folder, 64 hex digits: of the contents of config.json, of the files of
// weights that LoadAny opens and of more files by name, wherever the folder lies. It is remembered below cache until one of the files changes; with an
// empty cache it is made anew.
func Digest(ctx context.Context, dir, cache string, more ...string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	names, err := Files(dir)
	if err != nil {
		return "", err
	}
	names = append(names, more...)
	place := sha256.Sum256([]byte(dir + "\n" + fmt.Sprint(names)))
	remembered := filepath.Join(cache, "weights-"+hex.EncodeToString(place[:8])+".digest")
	if cache != "" {
		if sum, ok := digest.Recall(ctx, remembered); ok {
			return sum, nil
		}
	}
	h := sha256.New()
	io.WriteString(h, "weights 1\n")
	var files []digest.File
	for _, name := range names {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		path := filepath.Join(dir, name)
		files = append(files, digest.Stat(path))
		content, err := digestFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %x\n", name, content)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if cache != "" {
		_ = digest.Remember(remembered, sum, files) // not remembered: it is made again
	}
	return sum, nil
}

// Files lists what is read of a folder, by name: config.json and the choice of LoadAny. Only the weights, or their index, are
// looked for.
func Files(dir string) ([]string, error) {
	names := []string{"config.json"}
	for _, whole := range WeightFiles {
		index := whole + ".index.json"
		if _, err := os.Stat(filepath.Join(dir, whole)); err == nil {
			return append(names, whole), nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		data, err := os.ReadFile(filepath.Join(dir, index))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		shards, err := shardsOf(filepath.Join(dir, index), data)
		if err != nil {
			return nil, err
		}
		return append(append(names, index), shards.files...), nil
	}
	return nil, noWeights(dir)
}

func digestFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return h.Sum(nil), nil
}
