package provenance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"harness/internal/atomicfile"
)

const (
	codeFolder  = "code"
	filesFolder = "files" // contents of code files, by their SHA-256
	keepSize    = 256 << 10
	patchSize   = 1 << 20
)

// ErrNoSnapshot says that the home keeps no snapshot of that digest.
var ErrNoSnapshot = errors.New("no such code snapshot")

// Snapshot names a snapshot that is kept.
type Snapshot struct {
	Digest string // of the folder and of all that is in Code
	Commit string // of the git repository that tracks the folder; empty where none does
	Diff   string // hash of the edits of tracked files; empty is clean
}

// Code is what a program's folder held. Files are sorted by path.
type Code struct {
	Version int    `json:"version"`
	Dir     string `json:"dir"`
	Commit  string `json:"commit,omitempty"`
	Diff    string `json:"diff,omitempty"`    // SHA-256 of git diff HEAD below the folder, shortened
	Patch   string `json:"patch,omitempty"`   // that diff, up to 1 MiB; longer ones are left out
	Partial string `json:"partial,omitempty"` // why not all files are here; empty where they are
	Files   []File `json:"files"`

	home string
}

// File is one file of a snapshot. Path is relative to the folder and has slashes; a file outside that the command names
// keeps the path that the command gave.
type File struct {
	Path    string `json:"path"`
	Size    int64  `json:"size"`
	Digest  string `json:"digest"`            // SHA-256; "link:TARGET" of a linked folder or a broken link; empty: cannot be read
	Code    bool   `json:"code,omitempty"`    // by its name, or the command names it
	Named   bool   `json:"named,omitempty"`   // by the command
	Given   bool   `json:"given,omitempty"`   // by a parameter, where it would not count otherwise
	Tracked bool   `json:"tracked,omitempty"` // by git
	Sampled bool   `json:"sampled,omitempty"` // Digest is of the first and last 64 KiB only
	Kept    bool   `json:"kept,omitempty"`    // the contents are in HOME/code/files/DIGEST
}

// Take records what the folder dir holds, for a program started there with these words and the texts given among its
// parameters, and keeps it below home. The same
// contents give the same digest. A second call for an unchanged folder costs a walk and no more.
//
// What counts:
//   - Code: files with the extension of a programming or settings language, Makefile, Dockerfile, and every file that a
//     word of the command names, wholly or in a part of it. By contents.
//   - Other files, such as data: by contents up to 4 MiB, above that by size and the first and last 64 KiB. Files that trials
//     write do not count ([Code.Settle]). A file that a parameter names is data, wherever it lies and whatever git says of it.
//   - In a git repository that tracks anything in the folder, only what git tracks or does not ignore; named files always.
//   - Not: documents (.md, .rst, .tex, .pdf, .log), experiment files, hidden files that git does not track, editors' backups,
//     hidden folders, __pycache__, node_modules, virtual environments, homes of the harness. Of these, named files do.
//   - Links to files count as the file; links to folders by their target only.
//
// The walk ends after 20,000 files, and after 200 ms where it has seen the first 500; Partial then says so.
func Take(ctx context.Context, home, dir string, words []string, given ...string) (Snapshot, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Snapshot{}, fmt.Errorf("code snapshot: %w", err)
	}
	if home, err = filepath.Abs(home); err != nil {
		return Snapshot{}, fmt.Errorf("code snapshot: %w", err)
	}
	f := folderOf(abs)
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.scan(ctx, home, words, given)
	if err != nil {
		return Snapshot{}, fmt.Errorf("code snapshot of %s: %w", dir, err)
	}
	written, err := readWritten(home, abs)
	if err != nil {
		return Snapshot{}, err
	}
	if err := f.leaveOut(home, s, written); err != nil {
		return Snapshot{}, err
	}
	if last := f.last[home]; last != nil && last.scan.same(s) {
		return last.snapshot, nil
	}
	c, err := f.read(home, s)
	if err != nil {
		return Snapshot{}, err
	}
	snapshot, err := c.keep()
	if err != nil {
		return Snapshot{}, fmt.Errorf("keep code snapshot: %w", err)
	}
	f.last[home] = &taken{s, snapshot}
	return snapshot, nil
}

// folder is what this process knows about a program's folder.
type folder struct {
	mu     sync.Mutex
	dir    string
	git    *repository      // nil: not asked yet
	hashes map[string]entry // by path
	last   map[string]*taken
}

// entry is the digest of a file as it was when its stamp was read.
type entry struct {
	stamp   stamp
	digest  string
	sampled bool
}

// taken is the newest snapshot for a home.
type taken struct {
	scan     *scan
	snapshot Snapshot
}

var folders sync.Map // path -> *folder

func folderOf(dir string) *folder {
	f, _ := folders.LoadOrStore(dir, &folder{dir: dir, hashes: map[string]entry{}, last: map[string]*taken{}})
	return f.(*folder)
}

// read makes the snapshot of what a scan found. Contents that are to be kept are written below home.
func (f *folder) read(home string, s *scan) (*Code, error) {
	c := &Code{Version: 1, Dir: f.dir, Commit: s.git.commit, Diff: s.git.diff, Patch: s.git.patch, Partial: s.partial, home: home}
	for _, found := range s.files {
		e := f.digest(s, found)
		switch e.digest {
		case tooLate:
			c.Partial = "reading it took too long"
			continue
		case experiment:
			continue
		}
		file := File{Path: found.path, Size: found.stamp.size, Digest: e.digest, Code: found.code, Named: found.named, Given: found.given,
			Tracked: found.tracked, Sampled: e.sampled}
		clean := found.tracked && !s.git.modified[found.path]
		if found.code && !clean && !e.sampled && file.Size <= keepSize && found.link == "" && e.digest != "" {
			kept, err := keepFile(home, found.full, e.digest)
			if err != nil {
				return nil, err
			}
			file.Kept = kept
		}
		c.Files = append(c.Files, file)
	}
	slices.SortFunc(c.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return c, nil
}

// keep writes the snapshot where it is not there yet.
func (c *Code) keep() (Snapshot, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return Snapshot{}, err
	}
	sum := sha256.Sum256(data)
	s := Snapshot{Digest: hex.EncodeToString(sum[:16]), Commit: c.Commit, Diff: c.Diff}
	path := filepath.Join(c.home, codeFolder, s.Digest+".json")
	return s, writeOnce(path, data)
}

// keepFile keeps the contents of a file. It reports false where they are no longer those of the digest.
func keepFile(home, path, digest string) (bool, error) {
	kept := filepath.Join(home, codeFolder, filesFolder, digest)
	if now := time.Now(); os.Chtimes(kept, now, now) == nil {
		return true, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return false, nil // it went meanwhile
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest {
		return false, nil
	}
	if err := writeOnce(kept, data); err != nil {
		return false, fmt.Errorf("keep %s: %w", path, err)
	}
	return true, nil
}

// writeOnce writes a file whose name tells its contents. One that is there is marked as used now, so that nobody takes it for waste.
func writeOnce(path string, data []byte) error {
	if now := time.Now(); os.Chtimes(path, now, now) == nil {
		return nil
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

// Load reads a snapshot that home keeps, or returns an error that wraps ErrNoSnapshot.
func Load(home, digest string) (*Code, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, fmt.Errorf("load code snapshot: %w", err)
	}
	if _, err := hex.DecodeString(digest); err != nil || digest == "" {
		return nil, fmt.Errorf("load code snapshot %q: %w", digest, ErrNoSnapshot)
	}
	data, err := os.ReadFile(filepath.Join(home, codeFolder, digest+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load code snapshot %s: %w", digest, ErrNoSnapshot)
	}
	if err != nil {
		return nil, fmt.Errorf("load code snapshot: %w", err)
	}
	sum := sha256.Sum256(data)
	if hex.EncodeToString(sum[:16]) != digest {
		return nil, fmt.Errorf("load code snapshot %s: the file is damaged", digest)
	}
	c := &Code{home: home}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("load code snapshot %s: %w", digest, err)
	}
	return c, nil
}

// Contents is the file as it was when the snapshot was taken, or an error where it was not kept: data, large files, and
// files that git has at Commit.
func (c *Code) Contents(f File) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(c.home, codeFolder, filesFolder, filepath.Base(f.Digest)))
	if errors.Is(err, fs.ErrNotExist) && !f.Kept {
		return nil, fmt.Errorf("read %s of a code snapshot: its contents were not kept", f.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of a code snapshot: %w", f.Path, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.Digest {
		return nil, fmt.Errorf("read %s of a code snapshot: what was kept is damaged", f.Path)
	}
	return data, nil
}
