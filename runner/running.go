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
	Total    int       `json:"total"`           // trials
	Parallel int       `json:"parallel"`        // at a time
	Log      string    `json:"log,omitempty"`   // where it prints, if nobody watches it
	Aside    []Aside   `json:"aside,omitempty"` // GPUs that it no longer uses
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
		if one, ok := readRunning(path); ok {
			list = append(list, one)
		}
	}
	return list, nil
}

// AtOnce is how many trials of a sweep run at a time, by all calls that share it.
func AtOnce(running []Running, handle string) int {
	n := 0
	for _, r := range running {
		if r.Handle == handle {
			n += r.Parallel
		}
	}
	return n
}

// readRunning reads the file of a sweep, which may be writing it; false where it ended just now, or begins just now.
func readRunning(path string) (one Running, ok bool) {
	for range 3 {
		data, err := os.ReadFile(path)
		if err != nil {
			return one, false
		}
		if json.Unmarshal(data, &one) == nil {
			return one, true
		}
		time.Sleep(time.Millisecond)
	}
	return one, false
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
	says Running
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
	one := Running{Handle: r.options.Handle, PID: self, Started: r.started.UTC(), Total: len(r.all), Parallel: r.parallel, Log: r.options.Log}
	one.Host, _ = os.Hostname()
	path := BesideRunning(r.home, one.Handle, fmt.Sprintf("-%d.json", self))
	lock, err := filelock.Try(path)
	if errors.Is(err, filelock.ErrLocked) { // another call in this process
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("announce sweep: %w", err)
	}
	f := &runningFile{path, lock, one}
	if err := f.write(func(*Running) {}); err != nil {
		f.close()
		return nil, fmt.Errorf("announce sweep: %w", err)
	}
	return f, nil
}

// write changes what the file says.
func (f *runningFile) write(change func(*Running)) error {
	if f == nil {
		return nil
	}
	change(&f.says)
	encoded, err := json.Marshal(f.says)
	if err != nil {
		return err
	}
	if _, err := f.lock.File.WriteAt(append(encoded, '\n'), 0); err != nil {
		return err
	}
	return f.lock.File.Truncate(int64(len(encoded)) + 1)
}

// BesideRunning is the path of a file in HOME/running that belongs to a sweep.
func BesideRunning(home, handle, suffix string) string {
	name := strings.NewReplacer("/", "_", "\x00", "_").Replace(shortName(handle))
	return filepath.Join(runningDir(home), name+suffix)
}

// shortName cuts a handle to what a file's name has room for.
func shortName(handle string) string { return handle[:min(len(handle), 200)] }

func (f *runningFile) close() {
	if f != nil {
		os.Remove(f.path)
		f.lock.Release()
	}
}
