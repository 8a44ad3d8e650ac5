package provenance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"harness/internal/atomicfile"
)

// Settle compares the folder with the snapshot that was taken before trials ran in it, and notes the files that trials write:
// their own results must not make them look out of date. Call it before each attempt's Take and after the last attempt of the
// call, but only where trials ran. It returns the paths that it noted now for the first time, to be told to the user. dir is
// the snapshot's folder.
//
// A file is written by trials when, while they ran, it
//   - appeared, or
//   - changed or went, and is not code.
//
// Files that git tracks and files that the command names never are: whoever keeps results under git hears that they changed.
// A user's edit of data while trials run is taken for theirs, which is why the paths are told; an edit of code is not. Code
// that once appeared while trials ran and is edited while none do counts again.
//
// What is noted belongs to the folder, for all commands in it, and stays (HOME/code/written/).
func (c *Code) Settle(ctx context.Context, dir string) ([]string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("settle code snapshot: %w", err)
	}
	f := folderOf(abs)
	f.mu.Lock()
	defer f.mu.Unlock()
	var named, given []string
	before := map[string]File{}
	for _, file := range c.Files {
		before[file.Path] = file
		if file.Named {
			named = append(named, file.Path)
		}
		if file.Given {
			given = append(given, file.Path)
		}
	}
	s, err := f.scan(ctx, c.home, named, given)
	if err != nil {
		return nil, fmt.Errorf("settle code snapshot of %s: %w", dir, err)
	}
	written, err := readWritten(c.home, abs)
	if err != nil {
		return nil, err
	}
	now := maps.Clone(written)
	for _, file := range s.files {
		old, was := before[file.path]
		delete(before, file.path)
		if file.tracked || file.named {
			continue
		}
		_, known := written[file.path]
		if !known && (was && file.code || !was && c.Partial != "") {
			continue
		}
		e := f.digest(s, file)
		if e.digest == tooLate || e.digest == experiment || !known && was && !old.differs(File{Size: file.stamp.size, Digest: e.digest, Sampled: e.sampled}) {
			continue
		}
		now[file.path] = e.digest
	}
	for path, file := range before {
		if !file.Code && !file.Tracked && s.partial == "" {
			now[path] = ""
		}
	}
	if maps.Equal(now, written) {
		return nil, nil
	}
	if err := writeWritten(c.home, abs, now); err != nil {
		return nil, fmt.Errorf("settle code snapshot of %s: %w", dir, err)
	}
	var fresh []string
	for path := range now {
		if _, ok := written[path]; !ok {
			fresh = append(fresh, path)
		}
	}
	slices.Sort(fresh)
	return fresh, nil
}

// leaveOut drops the files that trials write from a scan. Code among them that is not as they left it was edited by
// somebody: it counts from now on.
func (f *folder) leaveOut(home string, s *scan, written map[string]string) error {
	if len(written) == 0 {
		return nil
	}
	var edited []string
	s.files = slices.DeleteFunc(s.files, func(file found) bool {
		digest, ok := written[file.path]
		if !ok || file.tracked || file.named {
			return false
		}
		if file.code {
			if now := f.digest(s, file).digest; now != digest && now != tooLate {
				edited = append(edited, file.path)
				return false
			}
		}
		return true
	})
	if len(edited) == 0 {
		return nil
	}
	written = maps.Clone(written)
	for _, path := range edited {
		delete(written, path)
	}
	if err := writeWritten(home, f.dir, written); err != nil {
		return fmt.Errorf("note which files trials write: %w", err)
	}
	return nil
}

// writes returns whether a file of the folder is one that trials write.
func (c *Code) writes() func(File) bool {
	written, _ := readWritten(c.home, c.Dir) // without the list a result is taken for an edit, which is told
	return func(f File) bool {
		_, ok := written[f.Path]
		return ok && !f.Tracked && !f.Named
	}
}

// writtenFile is the list of files that trials write in a folder, each with the digest that it last had while they ran.
type writtenFile struct {
	Dir   string            `json:"dir"`
	Files map[string]string `json:"files"`
}

func writtenPath(home, dir string) string {
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(home, codeFolder, "written", hex.EncodeToString(sum[:16])+".json")
}

// writtenLists remembers the lists that were read, as they were at their stamp: path of the file -> *writtenList.
var writtenLists sync.Map

type writtenList struct {
	stamp stamp
	files map[string]string
}

// readWritten reads the list of a folder, which is not to be changed; a damaged one is none.
func readWritten(home, dir string) (map[string]string, error) {
	path := writtenPath(home, dir)
	now := stampAt(path)
	if known, ok := writtenLists.Load(path); ok && known.(*writtenList).stamp == now {
		return known.(*writtenList).files, nil
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read which files trials write: %w", err)
	}
	w := writtenFile{}
	if err != nil || json.Unmarshal(data, &w) != nil || w.Files == nil {
		w.Files = map[string]string{}
	}
	writtenLists.Store(path, &writtenList{now, w.Files})
	return w.Files, nil
}

func writeWritten(home, dir string, files map[string]string) error {
	data, err := json.MarshalIndent(writtenFile{dir, files}, "", " ")
	if err != nil {
		return err
	}
	path := writtenPath(home, dir)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}
