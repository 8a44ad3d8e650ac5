package homes

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"harness/registry"
	"harness/registry/journal"
)

// live is a file of a home in which things may be running, as it was at one moment.
type live struct {
	rel  string
	path string
	info fs.FileInfo
	size int64 // how much of it belongs to that moment: files that grow are read up to there
}

// open opens what the file was then.
func (l live) open() (io.ReadCloser, error) {
	file, err := os.Open(l.path)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(file, l.size), file}, nil
}

// liveFiles lists what a copy of a home holds, in an order that keeps it consistent whatever runs: of each attempt the journal first, so
// that it never speaks of what came later; then the code that journals refer to; plans last, so that what they plan is there or is to be
// run. Journals go up to their last whole line. With kept, finished stages and the files that programs keep go along.
func liveFiles(home string, kept bool) ([]live, error) {
	l := &lister{home: home}
	for _, id := range l.names("trials") {
		if isID(id) {
			l.trial(id, kept)
		}
	}
	for _, name := range l.names("code") {
		if filepath.Ext(name) == ".json" && name[0] != '.' {
			l.add("code/" + name)
		}
	}
	for _, folder := range []string{"code/files", "code/written", bundlesDir} {
		for _, name := range l.names(folder) {
			if name[0] != '.' {
				l.add(folder + "/" + name)
			}
		}
	}
	if kept {
		l.stages()
	}
	for _, name := range l.names("plans") {
		if name[0] != '.' {
			l.add("plans/" + name)
		}
	}
	return l.files, l.err
}

type lister struct {
	home  string
	files []live
	err   error
}

func (l *lister) names(rel string) []string {
	if l.err != nil {
		return nil
	}
	var names []string
	names, l.err = listDir(filepath.Join(l.home, filepath.FromSlash(rel)))
	return names
}

func (l *lister) trial(id string, kept bool) {
	rel := "trials/" + id
	names := l.names(rel)
	for _, n := range sortedAttempts(names) {
		dir := rel + "/" + n
		l.journal(dir + "/" + journal.FileName)
		for _, name := range l.names(dir) {
			if name != journal.FileName && slices.Contains(registry.Records, name) {
				l.add(dir + "/" + name)
			}
		}
		if kept {
			l.below(dir, func(in string) bool { return !slices.Contains(registry.Records, in) && !isScratch(in) })
		}
	}
	if kept {
		l.below(rel+"/files", func(string) bool { return true })
	}
	l.add(rel + "/meta.json")
}

func sortedAttempts(names []string) []string {
	attempts := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !isAttempt(name) })
	slices.SortFunc(attempts, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return attempts
}

// add notes a file as it is now; one that is not there, or no plain file, is passed over.
func (l *lister) add(rel string) {
	if l.err != nil {
		return
	}
	path := filepath.Join(l.home, filepath.FromSlash(rel))
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return
	}
	if err != nil {
		l.err = err
		return
	}
	l.files = append(l.files, live{rel: rel, path: path, info: info, size: info.Size()})
}

// journal notes a journal up to its last whole line. One that is damaged is taken as it is: the copy is no better than the home.
func (l *lister) journal(rel string) {
	n := len(l.files)
	if l.add(rel); len(l.files) == n {
		return
	}
	f := &l.files[n]
	at, err := journal.Read(f.path, journal.Position{}, func(*journal.Event) error { return nil })
	if err == nil {
		f.size = at.Offset // it may have grown since it was looked at
	}
}

func (l *lister) below(rel string, want func(in string) bool) {
	if l.err != nil {
		return
	}
	l.err = eachFile(filepath.Join(l.home, filepath.FromSlash(rel)), func(in, _ string, _ fs.FileInfo) error {
		if want(in) {
			l.add(rel + "/" + in)
		}
		return nil
	}, nil)
}

// stages notes the stages whose training is done: those do not change any more.
func (l *lister) stages() {
	for _, name := range l.names("stages") {
		files := l.names("stages/" + name)
		if !slices.Contains(files, "weights.safetensors") {
			continue
		}
		for _, file := range files {
			if file != "lock" && file[0] != '.' {
				l.add("stages/" + name + "/" + file)
			}
		}
	}
}
