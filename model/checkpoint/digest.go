package checkpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"harness/model/digest"
)

// Digest returns the digest of a Hugging Face folder, 64 hex digits: of the contents of config.json, of the files of
// weights that LoadAny opens and of more files by name, wherever the folder lies. It is remembered below cache until one of the
// files changes; with an empty cache it is made anew.
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
	c, err := choose(dir)
	if err != nil {
		return nil, err
	}
	names := []string{"config.json"}
	if c.index != "" {
		names = append(names, c.index)
	}
	return append(names, c.files...), nil
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
