package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"harness/internal/atomicfile"
	"harness/model/checkpoint"
)

// storage is a repository's folder in the cache:
//
//	refs/REVISION          the commit that the revision was when it was downloaded
//	blobs/ETAG             contents by their hash; ETAG.incomplete is on its way
//	snapshots/COMMIT/FILE  a link to a blob
type storage struct {
	cache string
	ref   Reference
}

func (s storage) dir() string                   { return filepath.Join(s.cache, s.ref.folder()) }
func (s storage) blob(etag string) string       { return filepath.Join(s.dir(), "blobs", etag) }
func (s storage) snapshot(commit string) string { return filepath.Join(s.dir(), "snapshots", commit) }
func (s storage) refFile() string {
	return filepath.Join(s.dir(), "refs", filepath.FromSlash(s.ref.Revision))
}

// lock is the file on which huggingface_hub locks, too, while it downloads a blob.
func (s storage) lock(etag string) string {
	return filepath.Join(s.cache, ".locks", s.ref.folder(), etag+".lock")
}

// commit returns the commit that the cache has for the revision, "" where it has none.
func (s storage) commit() (string, error) {
	if fullCommit.MatchString(s.ref.Revision) {
		if _, err := os.Stat(s.snapshot(s.ref.Revision)); err == nil {
			return s.ref.Revision, nil
		}
		return "", nil
	}
	text, err := os.ReadFile(s.refFile())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	commit := strings.TrimSpace(string(text))
	if !fullCommit.MatchString(commit) {
		return "", fmt.Errorf("%s holds no commit: remove it", s.refFile())
	}
	if _, err := os.Stat(s.snapshot(commit)); err != nil {
		return "", nil
	}
	return commit, nil
}

// remember writes which commit the revision is.
func (s storage) remember(commit string) error {
	if s.ref.Revision == commit {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.refFile()), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(s.refFile(), []byte(commit))
}

// link puts a blob into a snapshot under a file's name. A link that is there already is replaced in one step.
func (s storage) link(commit, file, etag string) error {
	dir := s.snapshot(commit)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	place := filepath.Join(dir, file)
	beside := place + ".new"
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Symlink(filepath.Join("..", "..", "blobs", etag), beside); err != nil {
		return err
	}
	return os.Rename(beside, place)
}

// tokenizers are the files each of which begins a tokenizer.
var tokenizers = [...]string{"tokenizer.json", "vocab.txt", "vocab.json"}

// absent names the first thing that a snapshot lacks, "" when it is whole.
func absent(dir string, need Need) string {
	if _, err := os.Stat(filepath.Join(dir, "config.json")); err != nil {
		return "config.json"
	}
	files, err := checkpoint.Files(dir)
	if err != nil {
		return "weights"
	}
	for _, name := range files {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return name
		}
	}
	if need != Texts {
		return ""
	}
	for _, name := range tokenizers {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return ""
		}
	}
	return "tokenizer"
}
