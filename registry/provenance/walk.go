package provenance

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	walkFiles  = 20_000
	walkTime   = 200 * time.Millisecond
	walkAlways = 500 // files that are read however long they take
	dataSize   = 4 << 20
	codeSize   = 16 << 20
	sampleSize = 64 << 10
	tick       = 50 * time.Millisecond // a file may change twice within one tick of the file system's clock
)

// experiment stands for the digest of an experiment file, which is planned from and not read by the program.
const experiment = "experiment"

// tooLate stands for the digest of a file that there was no time to read.
const tooLate = "too late"

// codeExtensions are those of programs and of their settings, in lower case.
var codeExtensions = map[string]bool{}

func init() {
	for _, e := range strings.Fields(".py .pyi .pyx .ipynb .sh .bash .go .c .cc .cpp .cxx .h .hh .hpp .cu .cuh .rs .jl .r .m " +
		".java .js .ts .lua .pl .rb .scala .yaml .yml .toml .cfg .ini") {
		codeExtensions[e] = true
	}
}

// homeFolders are those of a home of the harness, skipped where a program's folder is the home itself.
var homeFolders = map[string]bool{"trials": true, "stages": true, "cache": true, "code": true, "scratch": true, "bundles": true}

// stamp changes when a file does.
type stamp struct {
	size  int64
	time  int64 // of the last change of its contents, in nanoseconds
	inode uint64
}

// found is a file of a scan.
type found struct {
	path    string // as in File
	full    string
	link    string // target of a link to a folder, or of a broken one
	stamp   stamp
	code    bool
	named   bool
	given   bool
	tracked bool
}

// scan is what a walk found.
type scan struct {
	files   []found
	partial string
	git     *repository
	began   time.Time
	read    int // files whose contents were read
}

func (s *scan) same(o *scan) bool {
	return s.partial == o.partial && s.git == o.git && slices.Equal(s.files, o.files) && !s.racy(o.began)
}

// racy reports whether a file may have changed since then without another stamp.
func (s *scan) racy(since time.Time) bool {
	limit := since.Add(-tick).UnixNano()
	return slices.ContainsFunc(s.files, func(f found) bool { return f.stamp.time >= limit })
}

// scan finds the files that count. It asks git again when something that git knows about has changed.
func (f *folder) scan(ctx context.Context, home string, words, given []string) (*scan, error) {
	if f.git == nil {
		f.git = askGit(ctx, f.dir)
	}
	s, err := f.walk(ctx, home, words, given)
	if err != nil {
		return nil, err
	}
	if f.git.changed(s.files) {
		f.git = askGit(ctx, f.dir)
		if s, err = f.walk(ctx, home, words, given); err != nil {
			return nil, err
		}
	}
	f.git.remember(s.files)
	s.git = f.git
	return s, nil
}

// walk lists the files that count: level by level, and of each level first all names, so that git is asked once about them.
func (f *folder) walk(ctx context.Context, home string, words, given []string) (*scan, error) {
	s := &scan{began: time.Now()}
	named := namedFiles(f.dir, words)
	for level := []string{""}; len(level) > 0; {
		names, err := f.names(level, home, s)
		if err != nil {
			return nil, err
		}
		list := make([]string, len(names))
		for i, n := range names {
			list[i] = n.path
		}
		f.git.ask(ctx, list)
		level = nil
		for _, n := range names {
			switch {
			case f.git.ignores[n.path]:
			case n.kind.IsDir():
				level = append(level, n.path)
			case !named[n.path]:
				if file, ok := f.look(n.path, n.kind); ok {
					file.tracked = f.git.tracked[n.path]
					s.files = append(s.files, file)
				}
			}
		}
		if len(s.files) > walkFiles {
			s.files, s.partial = s.files[:walkFiles], fmt.Sprintf("more than %d files", walkFiles)
			break
		}
		if len(s.files) > walkAlways && time.Since(s.began) > walkTime && len(level) > 0 {
			s.partial = "listing it took too long"
			break
		}
	}
	for path := range named {
		if file, ok := f.look(path, 0); ok {
			file.tracked, file.code, file.named = f.git.tracked[path], true, true
			s.files = append(s.files, file)
		}
	}
	f.addGiven(s, named, given)
	// What matters most is read first.
	slices.SortFunc(s.files, func(a, b found) int {
		return cmp.Or(rank(a)-rank(b), strings.Count(a.path, "/")-strings.Count(b.path, "/"), strings.Compare(a.path, b.path))
	})
	return s, nil
}

// addGiven adds the files that parameters name and that the walk has not met: data, wherever it lies.
func (f *folder) addGiven(s *scan, named map[string]bool, given []string) {
	paths := namedFiles(f.dir, given)
	maps.DeleteFunc(paths, func(path string, _ bool) bool { return named[path] })
	if len(paths) == 0 {
		return
	}
	for _, file := range s.files {
		delete(paths, file.path)
	}
	for path := range paths {
		if file, ok := f.look(path, 0); ok {
			file.code, file.given = false, true
			s.files = append(s.files, file)
		}
	}
}

// entryName is a name in a folder.
type entryName struct {
	path string
	kind fs.FileMode
}

// names lists what may count in the folders of a level, up to the limit of the walk. A folder that cannot be read makes the
// scan partial; the top must be readable.
func (f *folder) names(level []string, home string, s *scan) ([]entryName, error) {
	var names []entryName
	for _, at := range level {
		full := filepath.Join(f.dir, filepath.FromSlash(at))
		entries, err := os.ReadDir(full)
		if err != nil && at == "" {
			return nil, err
		}
		if err != nil {
			s.partial = "a folder cannot be read: " + at
		}
		ours := foreign(entries)
		if ours && at != "" {
			continue
		}
		for _, e := range entries {
			name, path := e.Name(), join(at, e.Name())
			switch {
			case e.IsDir() && (skipFolder(name) || filepath.Join(full, name) == home || ours && homeFolders[name]):
			case !e.IsDir() && (isDocument(name) || isHidden(name) && !f.git.tracked[path]):
			default:
				names = append(names, entryName{path, e.Type()})
			}
		}
		if len(names) > walkFiles {
			s.partial = fmt.Sprintf("more than %d names in one level of folders", walkFiles)
			break
		}
	}
	return names, nil
}

func rank(f found) int {
	switch {
	case f.named:
		return 0
	case f.code:
		return 1
	}
	return 2
}

func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// look describes a file; ok is false for what is no file: sockets, pipes, devices, or gone.
func (f *folder) look(path string, kind fs.FileMode) (found, bool) {
	file := found{path: path, full: filepath.FromSlash(path), code: isCode(path)}
	if !filepath.IsAbs(file.full) {
		file.full = filepath.Join(f.dir, file.full)
	}
	info, err := os.Stat(file.full)
	if kind&fs.ModeSymlink != 0 && (err != nil || info.IsDir()) {
		if file.link, err = os.Readlink(file.full); err != nil {
			return file, false
		}
		return file, true
	}
	if err != nil || !info.Mode().IsRegular() {
		return file, false
	}
	file.stamp = stampOf(info)
	return file, true
}

func isCode(path string) bool {
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch name {
	case "Makefile", "makefile", "GNUmakefile", "Dockerfile":
		return true
	}
	return codeExtensions[strings.ToLower(filepath.Ext(name))]
}

func skipFolder(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__pycache__" || name == "node_modules"
}

// isHidden reports whether a file is the business of an editor or of the system.
func isHidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") }

// isDocument reports whether a file is for people, or made from others: nothing that a program computes with.
func isDocument(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".md", ".rst", ".tex", ".pdf", ".log", ".pyc", ".swp", ".bak", ".orig", ".rej":
		return true
	}
	return strings.HasSuffix(name, "~") || strings.HasPrefix(name, "registry.db")
}

// foreign reports whether a folder is a virtual environment, a home of the harness, or a backup of one.
func foreign(entries []fs.DirEntry) bool {
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return e.Name() == "pyvenv.cfg" || e.Name() == "conda-meta" || e.Name() == "registry.db" || e.Name() == "registry.at" || e.Name() == "BACKUP.json"
	})
}

// namedFiles are the files that words of a command name: as a whole, or between the signs that separate parts of words.
func namedFiles(dir string, words []string) map[string]bool {
	named := map[string]bool{}
	for _, word := range words {
		parts := strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune(" \t\n=,:;'\"()<>|&", r) })
		for _, part := range append(parts, word) {
			if part == "" || strings.Contains(part, "${") {
				continue
			}
			full := part
			if !filepath.IsAbs(part) {
				full = filepath.Join(dir, part)
			}
			if info, err := os.Stat(full); err != nil || !info.Mode().IsRegular() {
				continue
			}
			path := full
			if within, err := filepath.Rel(dir, full); err == nil && (filepath.IsLocal(within) || !filepath.IsAbs(part)) {
				path = within
			}
			named[filepath.ToSlash(path)] = true
		}
	}
	return named
}

// digest reads a file, or remembers what it read before.
func (f *folder) digest(s *scan, file found) entry {
	if file.link != "" {
		return entry{digest: "link:" + file.link}
	}
	if known, ok := f.hashes[file.full]; ok && known.stamp == file.stamp {
		return known
	}
	if s.read++; s.read > walkAlways && time.Since(s.began) > walkTime {
		return entry{digest: tooLate}
	}
	now := time.Now()
	limit := int64(dataSize)
	if file.code {
		limit = codeSize
	}
	e := entry{stamp: file.stamp, sampled: file.stamp.size > limit}
	switch {
	case e.sampled:
		e.digest = hashEnds(file.full, file.stamp.size)
	case !file.named && isExperiment(file.full):
		e.digest = experiment
	default:
		e.digest = hashFile(file.full)
	}
	if file.stamp.time < now.Add(-tick).UnixNano() {
		f.hashes[file.full] = e
	}
	return e
}

// hashEnds is the SHA-256 of the first and last 64 KiB of a file, empty where it cannot be read.
func hashEnds(path string, size int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	h := sha256.New()
	for _, from := range []int64{0, size - sampleSize} {
		if _, err := io.Copy(h, io.NewSectionReader(file, from, sampleSize)); err != nil {
			return ""
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashFile is the SHA-256 of a file, empty where it cannot be read.
func hashFile(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}
