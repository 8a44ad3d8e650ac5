package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"harness/registry"
	"harness/registry/journal"
)

// digests are the SHA-256 of the records that an attempt has left in its folder, for its journal. The journal and what the
// attempt used over time have a checksum a line, and the journal's start holds the spec. What cannot be read has none.
func digests(dir string) map[string]string {
	sums := map[string]string{}
	for _, name := range registry.Records {
		if name == journal.FileName || name == "spec.json" || name == journal.ResourcesName {
			continue
		}
		if sum, err := digestOf(filepath.Join(dir, name)); err == nil {
			sums[name] = sum
		}
	}
	return sums
}

func digestOf(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", os.ErrInvalid
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	_, err = io.Copy(h, file)
	return hex.EncodeToString(h.Sum(nil)), err
}
