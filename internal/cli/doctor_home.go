package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// homeState is the folder where everything lies, or will.
type homeState struct {
	Path       string `json:"path"`
	Exists     bool   `json:"exists"`
	FileSystem string `json:"file_system,omitempty"`
	Free       uint64 `json:"free"` // bytes
	Missing    string `json:"missing,omitempty"`
}

// examineHome looks whether runs can be kept in home. A home that is not there yet is looked for where it would be made.
func examineHome(home string) homeState {
	state := homeState{Path: home}
	at := home
	info, err := os.Stat(at)
	for errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at) {
		at = filepath.Dir(at)
		info, err = os.Stat(at)
	}
	state.Exists = at == home && err == nil
	switch {
	case err != nil:
		state.Missing = err.Error()
		return state
	case !info.IsDir():
		state.Missing = at + " is no folder"
		return state
	}
	if err := mayWrite(at); err != nil {
		state.Missing = err.Error()
	}
	var disk unix.Statfs_t
	if unix.Statfs(at, &disk) == nil {
		state.Free, state.FileSystem = disk.Bavail*uint64(disk.Bsize), fileSystem(&disk)
	}
	if state.Missing == "" && state.Free < roomNeeded {
		state.Missing = fmt.Sprintf("%s are free, %s are needed", room(state.Free), room(roomNeeded))
	}
	return state
}

// mayWrite tries to make a file in a folder.
func mayWrite(dir string) error {
	file, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return fmt.Errorf("no file can be made in %s: %w", dir, err)
	}
	file.Close()
	return os.Remove(file.Name())
}
