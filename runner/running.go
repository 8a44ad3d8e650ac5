package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"harness/internal/filelock"
)

// Running is a sweep that runs now, as its file in HOME/running says. The file is locked for as long as the sweep lives.
type Running struct {
	Handle   string    `json:"handle"`
	PID      int       `json:"pid"`
	Host     string    `json:"host"`
	Started  time.Time `json:"started"`
	Total    int       `json:"total"`    // trials
	Parallel int       `json:"parallel"` // at a time
}

// ListRunning lists the sweeps that run below home, by handle. Files that killed sweeps left behind are passed over.
func ListRunning(home string) ([]Running, error) {
	paths, err := runningFiles(home)
	if err != nil {
		return nil, err
	}
	var list []Running
	for _, path := range paths {
		if !filelock.Held(path) {
			continue
		}
		var one Running
		if data, err := os.ReadFile(path); err != nil || json.Unmarshal(data, &one) != nil {
			continue // it ended just now, or begins just now
		}
		list = append(list, one)
	}
	return list, nil
}

func runningDir(home string) string { return filepath.Join(home, "running") }

func runningFiles(home string) ([]string, error) {
	entries, err := os.ReadDir(runningDir(home))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list running sweeps: %w", err)
	}
	var paths []string
	for _, e := range entries { // by name
		if strings.HasSuffix(e.Name(), ".json") {
			paths = append(paths, filepath.Join(runningDir(home), e.Name()))
		}
	}
	return paths, nil
}

// runningFile is the file of this call; nil where it has none.
type runningFile struct {
	path string
	lock *filelock.Lock
}

// announce writes the file of this call, and clears away those that killed sweeps left behind.
func (r *run) announce() (*runningFile, error) {
	if r.options.Handle == "" {
		return nil, nil
	}
	dir := runningDir(r.home)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("announce sweep: %w", err)
	}
	old, err := runningFiles(r.home)
	if err != nil {
		return nil, err
	}
	for _, path := range old {
		if lock, err := filelock.Try(path); err == nil {
			os.Remove(path)
			lock.Release()
		}
	}
	one := Running{Handle: r.options.Handle, PID: self, Started: r.started.UTC(), Total: len(r.all), Parallel: r.parallel}
	one.Host, _ = os.Hostname()
	encoded, err := json.Marshal(one)
	if err != nil {
		return nil, fmt.Errorf("announce sweep: %w", err)
	}
	name := strings.NewReplacer("/", "_", "\x00", "_").Replace(shortName(one.Handle))
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.json", name, self))
	lock, err := filelock.Try(path)
	if errors.Is(err, filelock.ErrLocked) { // another call in this process
		return nil, nil
	}
	if err == nil {
		_, err = lock.File.WriteAt(append(encoded, '\n'), 0)
	}
	if err != nil {
		return nil, fmt.Errorf("announce sweep: %w", err)
	}
	return &runningFile{path, lock}, nil
}

// shortName cuts a handle to what a file's name has room for.
func shortName(handle string) string { return handle[:min(len(handle), 200)] }

func (f *runningFile) close() {
	if f != nil {
		os.Remove(f.path)
		f.lock.Release()
	}
}
