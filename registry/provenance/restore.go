package provenance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Find returns the contents of a file as they were when the snapshot was taken: what was kept, else the file where it lay, else
// what git has of it at Commit. It reports false where none of these has them any more, and for files that are not known by their
// whole contents.
func (c *Code) Find(ctx context.Context, f File) ([]byte, bool) {
	if f.Sampled || len(f.Digest) != 2*sha256.Size {
		return nil, false
	}
	right := func(data []byte, err error) bool {
		sum := sha256.Sum256(data)
		return err == nil && hex.EncodeToString(sum[:]) == f.Digest
	}
	if data, err := c.Contents(f); err == nil {
		return data, true
	}
	if info, err := os.Stat(c.place(f)); err == nil && info.Mode().IsRegular() && info.Size() == f.Size {
		if data, err := os.ReadFile(c.place(f)); right(data, err) {
			return data, true
		}
	}
	if f.Tracked && isCommit(c.Commit) {
		if data, err := git(ctx, c.Dir, nil, "show", c.Commit+":./"+f.Path); right(data, err) {
			return data, true
		}
	}
	return nil, false
}

// isCommit reports whether a text names a commit and nothing else: a snapshot may come from elsewhere, and git takes texts for options.
func isCommit(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && s != ""
}

// place is where a file lay.
func (c *Code) place(f File) string {
	if path := filepath.FromSlash(f.Path); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(c.Dir, filepath.FromSlash(f.Path))
}

// Missing is a file that a restored snapshot lacks.
type Missing struct {
	File
	Why string
}

// String names the file by all that is known of it.
func (m Missing) String() string {
	if target, link := strings.CutPrefix(m.Digest, "link:"); link {
		return fmt.Sprintf("%s (a link to %s): %s", m.Path, target, m.Why)
	}
	what := "sha256 " + m.Digest
	if m.Sampled {
		what = "sha256 of its first and last 64 KiB " + m.Digest
	}
	if m.Digest == "" {
		what = "it could not be read"
	}
	return fmt.Sprintf("%s (%d bytes, %s): %s", m.Path, m.Size, what, m.Why)
}

// Restore writes the files of a snapshot into dir, an empty folder. What was not kept is linked from the folder data, if that is not
// empty, where it lies there under its path and is what it was. Files outside of the program's folder stay where they are, and must
// be what they were. It returns the files that are missing.
func (c *Code) Restore(dir, data string) (missing []Missing, err error) {
	root, err := os.OpenRoot(dir) // no path and no link leads out of it
	if err != nil {
		return nil, fmt.Errorf("restore code: %w", err)
	}
	defer root.Close()
	for _, f := range c.Files {
		why, err := c.restore(root, f, data)
		if err != nil {
			return nil, fmt.Errorf("restore %s: %w", f.Path, err)
		}
		if why != "" {
			missing = append(missing, Missing{f, why})
		}
	}
	return missing, nil
}

// restore writes one file, or says why it cannot.
func (c *Code) restore(root *os.Root, f File, data string) (missing string, err error) {
	path := filepath.FromSlash(f.Path)
	if !filepath.IsLocal(path) {
		if filepath.IsAbs(path) && f.isAt(path) {
			return "", nil
		}
		return "it lies outside of the program's folder", nil
	}
	if f.Digest == "" { // then, too
		return "", nil
	}
	if folder := filepath.Dir(path); folder != "." {
		if err := root.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
	}
	if contents, err := c.Contents(f); err == nil {
		mode := os.FileMode(0o644)
		if isProgram(contents) {
			mode = 0o755
		}
		return "", root.WriteFile(path, contents, mode)
	}
	if data == "" {
		return "its contents are not here", nil
	}
	given, err := filepath.Abs(filepath.Join(data, path))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(given); err != nil {
		return "it is not below " + data, nil
	}
	if !f.isAt(given) {
		return "what lies below " + data + " is something else", nil
	}
	return "", root.Symlink(given, path)
}

// isAt reports whether what lies at path is what the snapshot has seen. Of a linked folder the target was all that was looked at.
func (f File) isAt(path string) bool {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return false
	case strings.HasPrefix(f.Digest, "link:"):
		return true
	case !info.Mode().IsRegular() || info.Size() != f.Size:
		return false
	case f.Sampled:
		return hashEnds(path, f.Size) == f.Digest
	}
	return hashFile(path) == f.Digest
}

// isProgram reports whether contents are those of a file that is called by itself: a script, or a program of Linux or macOS. A
// snapshot does not keep modes.
func isProgram(contents []byte) bool {
	for _, start := range []string{"#!", "\x7fELF", "\xcf\xfa\xed\xfe"} {
		if bytes.HasPrefix(contents, []byte(start)) {
			return true
		}
	}
	return false
}
