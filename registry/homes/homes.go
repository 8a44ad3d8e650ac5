// Package homes sees to whole homes: what lies in one, whether it is as it was written, and how it travels.
//
//	Pack    lists what goes into a bundle of some sweeps and trials (package bundle is the file itself)
//	Unpack  takes a bundle into a home
//	Verify  compares everything in a home that has a checksum with it
//	Waste   lists what nobody needs any more, and Remove removes it
//	Backup  copies a home while sweeps run in it
//
// What a home holds is said in package registry; package provenance keeps code/, and package model stages/ and cache/.
package homes

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"harness/registry/bundle"
)

// sourceOf is a plain file of a home as a source of a bundle.
func sourceOf(in, path string, info fs.FileInfo) bundle.Source {
	mode := bundle.Plain
	if info.Mode().Perm()&0o111 != 0 {
		mode = bundle.Executable
	}
	return bundle.Source{Path: in, Mode: mode, Open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// eachFile calls fn with every plain file below a folder, by its path relative to it with slashes; links and devices go to odd, if
// that is not nil. A folder that is missing is empty.
func eachFile(dir string, fn func(rel, path string, info fs.FileInfo) error, odd func(rel string)) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if !d.Type().IsRegular() {
			if odd != nil {
				odd(rel)
			}
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(rel, path, info)
	})
}

// listDir lists the names in a folder, sorted; a missing folder is empty.
func listDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// isScratch reports whether a path in an attempt's folder does not outlive the attempt, or was left by a killed writer.
func isScratch(rel string) bool {
	return strings.HasPrefix(rel, "scratch/") || strings.HasPrefix(filepath.Base(rel), ".new-")
}
