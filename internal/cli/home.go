package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"harness/internal/escape"
	"harness/registry"
	"harness/runner"
)

// spareGarbage lets garbage grow to four times what is in use: a command that reads a registry needs little memory and little time.
func spareGarbage() { debug.SetGCPercent(400) }

// openRegistry opens the registry for writing and says so when it had to be rebuilt. What killed reruns left is ended.
func openRegistry(ctx context.Context, log io.Writer, home string) (*registry.DB, error) {
	spareGarbage()
	db, err := registry.Open(ctx, home)
	if _, damaged := errors.AsType[*registry.DamagedError](err); damaged {
		return nil, err // it says what to do itself
	}
	if err != nil {
		if !writable(home) {
			err = withHint(err, "choose a folder that can be written with --home DIR or $HARNESS_HOME")
		}
		return nil, err
	}
	sayRebuilt(log, db)
	if err := runner.EndLostReruns(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// mostSkipped is how many odd entries of a home are named.
const mostSkipped = 10

func sayRebuilt(log io.Writer, db *registry.DB) {
	if db.Rebuilt > 0 {
		fmt.Fprintf(log, "registry.db was missing: rebuilt from %d journals\n", db.Rebuilt)
	}
	for _, damage := range db.Damaged {
		fmt.Fprintf(log, "damaged journal, read up to there: %v\n", damage)
	}
	for i, skipped := range db.Skipped {
		if i == mostSkipped {
			fmt.Fprintf(log, "and %d more left out\n", len(db.Skipped)-i)
			break
		}
		fmt.Fprintf(log, "left out: %s\n", escape.Line(skipped))
	}
}

// writable tells whether the home, or the nearest folder above it that is there, can be written to and has room.
func writable(home string) bool {
	for dir := filepath.Clean(home); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir) {
			continue
		}
		if err != nil || !info.IsDir() || unix.Access(dir, unix.W_OK) != nil {
			return false
		}
		var disk unix.Statfs_t
		return unix.Statfs(dir, &disk) != nil || disk.Bavail > 0
	}
}
