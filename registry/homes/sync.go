package homes

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// syncers is how many files are made durable at once: a disk does several together faster than one after the other.
const syncers = 16

// syncTree makes all files below a folder durable, and the folders with their names.
func syncTree(dir string) error {
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (d.IsDir() || d.Type().IsRegular()) {
			paths = append(paths, path)
		}
		return err
	})
	return errors.Join(err, syncAll(paths))
}

func syncAll(paths []string) error {
	work := make(chan string)
	var mu sync.Mutex
	var failed error
	var wait sync.WaitGroup
	for range min(syncers, len(paths)) {
		wait.Go(func() {
			for path := range work {
				if err := syncPath(path); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, path := range paths {
		work <- path
	}
	close(work)
	wait.Wait()
	return failed
}

func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
