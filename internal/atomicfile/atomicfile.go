// Package atomicfile writes files that are there whole or not at all: beside their place, synced and renamed.
//
//	Write      a file from bytes
//	WriteJSON  a file from a value
//	Create     a file from a stream: Write to it, then Commit; Abort drops it
//	CreateNew  the same, but what is there already stays
//	Prefix     begins the names of unfinished files, for those who clean up after a kill
package atomicfile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Prefix begins the name of a file that is not yet whole.
const Prefix = ".new-"

// Write replaces the file at path, readable by all. The folder must exist.
func Write(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// WriteJSON is Write of a value as JSON for people: indented by two spaces, with a line break behind it.
func WriteJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return Write(path, append(data, '\n'))
}

// File is a file on its way to its place.
type File struct {
	*os.File
	Mode os.FileMode // that it has in its place: readable by all, unless the caller says otherwise
	path string
	kept bool // what is there already stays
	done bool
}

// Create starts a file that Commit will put at path. The caller defers Abort.
func Create(path string) (*File, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, &os.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	}
	f, err := os.CreateTemp(filepath.Dir(path), Prefix+"*")
	if err != nil {
		if failed := (*os.PathError)(nil); errors.As(err, &failed) {
			failed.Path = path // the name of the file that is not yet whole tells nobody anything
		}
		return nil, err
	}
	return &File{File: f, Mode: 0o644, path: path}, nil
}

// CreateNew is Create for a path where nothing may be: Commit fails with fs.ErrExist where something is, and leaves it as it is.
func CreateNew(path string) (*File, error) {
	f, err := Create(path)
	if err == nil {
		f.kept = true
	}
	return f, err
}

// Commit syncs the file, closes it and puts it in its place.
func (f *File) Commit() error {
	f.done = true
	err := errors.Join(f.Chmod(f.Mode), f.Sync(), f.Close())
	if err == nil {
		err = f.place()
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func (f *File) place() error {
	if !f.kept {
		return os.Rename(f.Name(), f.path)
	}
	err := os.Link(f.Name(), f.path)
	if err == nil {
		return os.Remove(f.Name())
	}
	if _, there := os.Lstat(f.path); !errors.Is(err, fs.ErrExist) && errors.Is(there, fs.ErrNotExist) { // a file system without hard links
		return os.Rename(f.Name(), f.path)
	}
	return &os.PathError{Op: "write", Path: f.path, Err: fs.ErrExist}
}

// Abort drops the file unless it was committed.
func (f *File) Abort() {
	if !f.done {
		f.done = true
		f.Close()
		os.Remove(f.Name())
	}
}
