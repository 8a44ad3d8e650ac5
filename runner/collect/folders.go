package collect

import (
	"os"
	"path/filepath"
	"time"
)

const (
	mostFolders = 2000
	deepest     = 12              // folders below the watched one
	settled     = 2 * time.Second // a folder that was changed more lately may change again within its time stamp
)

// folders remembers what is in the folders that were walked: one that has not changed is not read again.
type folders struct {
	known map[string]*folder
	left  int  // how many more may be walked
	full  bool // there were too many
}

// folder is what a folder held when it was read.
type folder struct {
	modified, read time.Time
	files, dirs    []string
}

// walk calls fn with every file below path, or with path itself where it is one. Links are not followed.
func (f *folders) walk(path string, fn func(path string)) {
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
		fn(path)
		return
	}
	f.left = mostFolders
	f.below(path, 0, fn)
}

func (f *folders) below(path string, depth int, fn func(path string)) {
	if f.left--; f.left < 0 || depth > deepest {
		f.full = true
		return
	}
	d := f.folder(path)
	if d == nil {
		return
	}
	for _, name := range d.files {
		fn(filepath.Join(path, name))
	}
	for _, name := range d.dirs {
		f.below(filepath.Join(path, name), depth+1, fn)
	}
}

// folder reads a folder, unless it is known; nil where there is none.
func (f *folders) folder(path string) *folder {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return nil
	}
	d := f.known[path]
	if d != nil && d.modified.Equal(info.ModTime()) && d.read.Sub(d.modified) > settled {
		return d
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil
	}
	d = &folder{modified: info.ModTime(), read: time.Now()}
	for _, entry := range entries {
		switch {
		case entry.IsDir():
			d.dirs = append(d.dirs, entry.Name())
		case formatOf(entry.Name()) != "":
			d.files = append(d.files, entry.Name())
		}
	}
	if f.known == nil {
		f.known = map[string]*folder{}
	}
	f.known[path] = d
	return d
}
