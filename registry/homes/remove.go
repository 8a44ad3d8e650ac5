package homes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"harness/internal/filelock"
	"harness/registry"
)

// gonePrefix begins the name of what is being removed: it is first renamed, so that nobody ever sees half of it.
const gonePrefix = ".gone-"

// Removed is what Remove came to.
type Removed struct {
	Bytes   int64
	Count   int
	Skipped []string // what is in use by now, or was changed since it was looked at
}

// RemoveWaste removes waste that FindWaste has found. What something has begun to use meanwhile stays. Killed in the middle, what was
// already renamed is removed by the next call.
func RemoveWaste(ctx context.Context, db *registry.DB, waste []Waste) (*Removed, error) {
	removed := &Removed{}
	if err := removeGone(db.Home); err != nil {
		return removed, fmt.Errorf("remove: %w", err)
	}
	r := &remover{db: db}
	for _, w := range waste {
		if err := context.Cause(ctx); err != nil {
			return removed, err
		}
		skipped, err := r.remove(ctx, w)
		if err != nil {
			return removed, fmt.Errorf("remove %s: %w", w.Path, err)
		}
		if skipped != "" {
			removed.Skipped = append(removed.Skipped, w.Path+": "+skipped)
			continue
		}
		removed.Count++
		removed.Bytes += w.Bytes
	}
	return removed, nil
}

// removeGone finishes what was killed.
func removeGone(home string) error {
	names, err := listDir(home)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, gonePrefix) {
			if err := os.RemoveAll(filepath.Join(home, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

const goneAlready = "it is gone already"

type remover struct{ db *registry.DB }

// remove removes one piece, or says why not.
func (r *remover) remove(ctx context.Context, w Waste) (skipped string, err error) {
	path := filepath.Join(r.db.Home, filepath.FromSlash(w.Path))
	if w.lock != "" {
		lock, err := filelock.Try(filepath.Join(r.db.Home, filepath.FromSlash(w.lock)))
		switch {
		case errors.Is(err, filelock.ErrLocked):
			return "it is in use", nil
		case errors.Is(err, fs.ErrNotExist):
			return goneAlready, nil
		case err != nil:
			return "", err
		}
		defer lock.Release()
	}
	if why, err := r.needed(ctx, w); err != nil || why != "" {
		return why, err
	}
	size, modified, err := measureTree(path)
	if err != nil {
		return "", err
	}
	if size != w.Bytes || modified.After(w.Modified) && w.Kind != StageWaste { // taking a stage's lock touches its folder
		return "it was changed meanwhile", nil
	}
	gone := filepath.Join(r.db.Home, gonePrefix+uuid.NewString())
	if err := os.Rename(path, gone); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return goneAlready, nil
		}
		return "", err
	}
	return "", os.RemoveAll(gone)
}

// needed looks once more whether somebody has come to need a piece.
func (r *remover) needed(ctx context.Context, w Waste) (string, error) {
	switch w.Kind {
	case StageWaste:
		trials, err := r.db.Trials(ctx, registry.Query{All: true})
		if err != nil {
			return "", err
		}
		if neededStages(trials)[filepath.Base(w.Path)] {
			return "a trial shares it now", nil
		}
	case CacheWaste, DataWaste, SnapshotWaste:
		running, err := anyRunning(r.db)
		if err != nil {
			return "", err
		}
		if running {
			return "something has begun to run here", nil
		}
	}
	return "", nil
}
