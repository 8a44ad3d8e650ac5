package digest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
)

// OfFile returns the SHA-256 of a file as 64 hex digits. It is remembered below cache until the file changes.
func OfFile(ctx context.Context, path, cache string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	place := sha256.Sum256([]byte(path))
	remembered := filepath.Join(cache, "file-"+hex.EncodeToString(place[:8])+".digest")
	if sum, ok := Recall(ctx, remembered); ok {
		return sum, nil
	}
	before := Stat(path)
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	for err == nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		_, err = io.CopyN(h, file, 1<<20)
	}
	if err != io.EOF {
		return "", err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	_ = Remember(remembered, sum, []File{before}) // not remembered: it is made again
	return sum, nil
}
