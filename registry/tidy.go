package registry

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"harness/internal/atomicfile"
	"harness/internal/filelock"
	"harness/registry/journal"
)

// tidy sees to what killed processes left behind: files that never came to their place, trials half removed, reruns that
// nobody waits for. It looks only where something is known to lie.
func (db *DB) tidy(ctx context.Context) error {
	removeUnfinished(db.Home)
	removeUnfinished(filepath.Join(db.Home, "plans"))
	if err := db.finishRemoving(ctx); err != nil {
		return err
	}
	if err := db.finishTakingIn(); err != nil {
		return err
	}
	return db.endLostReruns(ctx)
}

// unfinishedAge is how old an unfinished file is at least whose writer is gone.
const unfinishedAge = 10 * time.Minute

// removeUnfinished removes what writers of whole files left in a folder when they were killed.
func removeUnfinished(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), atomicfile.Prefix) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > unfinishedAge {
			_ = os.Remove(filepath.Join(dir, e.Name())) // the next one tries again
		}
	}
}

// finishRemoving goes on with Remove where it was killed.
func (db *DB) finishRemoving(ctx context.Context) error {
	names, err := listDir(filepath.Join(db.Home, "trials"))
	if err != nil {
		return err
	}
	for _, name := range names {
		rest, removed := strings.CutPrefix(name, removedPrefix)
		if !removed {
			continue
		}
		const uuidLength = 36
		if len(rest) > uuidLength+1 {
			id := rest[uuidLength+1:]
			if _, err := os.Stat(db.TrialDir(id)); errors.Is(err, os.ErrNotExist) {
				clear(db.rolled)
				err := db.write(ctx, func(t tx) error { return errors.Join(db.leavePlans(t, []string{id}), deleteTrials(t, []string{id})) })
				if err != nil {
					return err
				}
			}
		}
		if err := os.RemoveAll(filepath.Join(db.Home, "trials", name)); err != nil {
			return err
		}
	}
	return nil
}

type rerun struct {
	id     string
	number int
}

// runningReruns lists the reruns that are said to be running.
func (db *DB) runningReruns(ctx context.Context) (list []rerun, err error) {
	err = db.read(ctx, `SELECT t.id, a.number FROM attempt a JOIN trial t ON t.no = a.trial
		WHERE a.state = 'running' AND a.purpose = 'rerun'`, nil, func(rows *sql.Rows) error {
		var r rerun
		err := rows.Scan(&r.id, &r.number)
		list = append(list, r)
		return err
	})
	return list, err
}

// EndReruns closes the reruns of a trial that are said to be running. The caller holds the trial's lock, and nothing runs
// of it any more.
func (db *DB) EndReruns(ctx context.Context, id string) error {
	list, err := db.runningReruns(ctx)
	for _, r := range list {
		if r.id == id && err == nil {
			err = db.endLost(ctx, r.id, r.number, lostRerun)
		}
	}
	return err
}

// endLostReruns closes reruns that say they are running while nothing holds the lock of their trial.
func (db *DB) endLostReruns(ctx context.Context) error {
	lost, err := db.runningReruns(ctx)
	if err != nil {
		return err
	}
	for _, r := range lost {
		lock, err := filelock.Try(db.lockPath(r.id))
		if err == nil || errors.Is(err, filelock.ErrLocked) {
			db.Reruns = append(db.Reruns, r.id)
		}
		if err != nil {
			continue // it runs, or its folder is gone
		}
		err = db.endLost(ctx, r.id, r.number, lostRerun)
		lock.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// ScratchName is the name of a folder in an attempt's that does not outlive the attempt: it is removed before the end is
// recorded, here where the attempt was killed.
const ScratchName = "scratch"

// What is said of an attempt whose process was killed together with the one that waited for it.
const (
	lostRerun   = "its rerun was killed"
	lostAttempt = "its sweep was killed"
)

// endLost closes an attempt that nothing is running any more, and removes its scratch folder.
func (db *DB) endLost(ctx context.Context, id string, number int, reason string) error {
	var bad *journal.BadLineError
	if _, err := db.Ingest(ctx, id, number); err != nil && !errors.As(err, &bad) { // it may have ended after all
		return err
	}
	dir := db.AttemptDir(id, number)
	if err := os.RemoveAll(filepath.Join(dir, ScratchName)); err != nil {
		return err
	}
	running := func() (no int64, err error) {
		err = db.readOne(ctx, `SELECT a.no FROM attempt a JOIN trial t ON t.no = a.trial
			WHERE t.id = ? AND a.number = ? AND a.state = 'running'`, []any{id, number}, &no)
		return no, err
	}
	if _, err := running(); err != nil {
		return ignoreNoRows(err)
	}
	if w, err := journal.Continue(dir); err == nil {
		_ = w.Exit(journal.Exit{Code: -1, Class: journal.ClassInterrupted, Error: reason})
		_ = w.Close() // a newer attempt may have taken over
		if _, err := db.Ingest(ctx, id, number); err != nil && !errors.As(err, &bad) {
			return err
		}
	}
	no, err := running()
	if err != nil {
		return ignoreNoRows(err)
	}
	return db.write(ctx, func(t tx) error { // its journal cannot be closed any more
		if err := t.do(`UPDATE attempt SET state = 'interrupted', class = ?, error = ?, ended = ? WHERE no = ?`,
			journal.ClassInterrupted, reason, db.Now().UnixMilli(), no); err != nil {
			return err
		}
		return t.do(updateTrials+` WHERE id = ?`, id)
	})
}

func ignoreNoRows(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
