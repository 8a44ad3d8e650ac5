package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"harness/internal/atomicfile"
	"harness/internal/filelock"
)

// metaName is the file in a trial's folder that keeps what people said about the trial.
const metaName = "meta.json"

// meta is what people said about a trial.
type meta struct {
	RedoAfter int      `json:"redo_after,omitzero"`
	Tags      []string `json:"tags,omitempty"`
	Note      string   `json:"note,omitzero"`
}

func readMeta(home, id string) (meta, error) {
	var m meta
	data, err := os.ReadFile(filepath.Join(home, "trials", id, metaName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, errors.New(reasonOf(err))
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return meta{}, fmt.Errorf("not whole: %w", err)
	}
	return m, nil
}

// save puts m into the row of the trial, if there is one.
func (m meta) save(t tx, id string) error {
	tags := ""
	if len(m.Tags) > 0 {
		tags = jsonList(m.Tags)
	}
	return t.do(`UPDATE trial SET redo_after = ?, tags = ?, note = ? WHERE id = ?`, m.RedoAfter, tags, m.Note, id)
}

// changeMeta changes what people said about a trial: first in its folder, for a rebuild, and then in its row.
func (db *DB) changeMeta(ctx context.Context, id string, change func(*meta)) error {
	err := db.write(ctx, func(t tx) error {
		if _, err := trialNo(t, id); err != nil {
			return err
		}
		m, err := readMeta(db.Home, id)
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(db.TrialDir(id), metaName), err)
		}
		change(&m)
		encoded, err := encodeJSON(m)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(db.TrialDir(id), 0o755); err != nil {
			return err
		}
		if err := atomicfile.Write(filepath.Join(db.TrialDir(id), metaName), encoded); err != nil {
			return err
		}
		if err := m.save(t, id); err != nil {
			return err
		}
		return t.do(updateTrials+` WHERE id = ?`, id)
	})
	if errors.Is(err, ErrUnknown) || err == nil {
		return err
	}
	return fmt.Errorf("change trial %s: %w", id, err)
}

// SetTags replaces the tags of a trial.
func (db *DB) SetTags(ctx context.Context, id string, tags []string) error {
	return db.changeMeta(ctx, id, func(m *meta) { m.Tags = slices.Clone(tags) })
}

// SetNote replaces the note of a trial.
func (db *DB) SetNote(ctx context.Context, id, note string) error {
	return db.changeMeta(ctx, id, func(m *meta) { m.Note = note })
}

// BusyError is a trial that something is running.
type BusyError struct{ ID string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("trial %s is running: stop its sweep first", e.ID)
}

// idle returns a BusyError for the first of the trials that something is running, or ErrUnknown for one that is not there.
func (db *DB) idle(ctx context.Context, ids []string) error {
	known, err := db.readStrings(ctx, `SELECT id FROM trial WHERE id IN (SELECT value FROM json_each(?))`, jsonList(ids))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.Contains(known, id) {
			return fmt.Errorf("trial %s: %w", id, ErrUnknown)
		}
		if db.runs(id) {
			return &BusyError{id}
		}
	}
	return nil
}

// Redo makes the trials queued again. What they recorded so far is history: it stays, and counts no more. Files that the
// trials kept to go on from are put aside as files-N, so that they start anew. Nothing is done while one of them is running.
func (db *DB) Redo(ctx context.Context, ids []string) error {
	if err := db.idle(ctx, ids); err != nil {
		return fmt.Errorf("redo: %w", err)
	}
	for _, id := range ids {
		if err := db.redo(ctx, id); err != nil {
			return fmt.Errorf("redo: %w", err)
		}
	}
	return nil
}

func (db *DB) redo(ctx context.Context, id string) error {
	release, err := db.claim(id)
	if err != nil {
		return err
	}
	defer release()
	if _, err := db.CatchUp(ctx, id); err != nil {
		return err
	}
	attempts, err := db.Attempts(ctx, id)
	if err != nil {
		return err
	}
	last := 0
	for _, a := range attempts {
		last = a.Number
		if a.State == Running { // nobody else will close it
			if err := db.endLost(ctx, id, a.Number, lostAttempt); err != nil {
				return err
			}
		}
	}
	numbers, err := AttemptNumbers(db.Home, id)
	if err != nil {
		return err
	}
	if n := len(numbers); n > 0 {
		last = max(last, numbers[n-1])
	}
	if last == 0 {
		return nil // it was never run
	}
	if err := db.changeMeta(ctx, id, func(m *meta) { m.RedoAfter = last }); err != nil {
		return err
	}
	err = os.Rename(db.FilesDir(id), fmt.Sprint(db.FilesDir(id), "-", last))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// claim keeps others from running the trial until release is called. A trial without a folder needs no lock: nobody has
// begun to run it.
func (db *DB) claim(id string) (release func(), err error) {
	lock, err := filelock.Try(db.lockPath(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return func() {}, nil
	case errors.Is(err, filelock.ErrLocked):
		return nil, &BusyError{id}
	case err != nil:
		return nil, err
	}
	return lock.Release, nil
}

// removedPrefix begins the name of a trial's folder that is to be deleted: trials/.removed-UUID-ID.
const removedPrefix = ".removed-"

// Remove deletes trials: their folders, their rows and their places in the sweeps, whose plans stay whole. A rebuild does
// not bring them back; planning them again queues them. Nothing is done while one of them is running.
func (db *DB) Remove(ctx context.Context, ids []string) error {
	if err := db.idle(ctx, ids); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	if err := db.remove(ctx, ids); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	return nil
}

func (db *DB) remove(ctx context.Context, ids []string) error {
	var folders []string
	err := db.write(ctx, func(t tx) error {
		if err := db.leavePlans(t, ids); err != nil {
			return err
		}
		for _, id := range ids {
			folder := filepath.Join(db.Home, "trials", removedPrefix+uuid.NewString()+"-"+id)
			release, err := db.claim(id)
			if err != nil {
				return err
			}
			err = os.Rename(db.TrialDir(id), folder)
			release()
			if errors.Is(err, fs.ErrNotExist) {
				continue // it was never run
			}
			if err != nil {
				return err
			}
			folders = append(folders, folder)
		}
		if len(folders) > 0 {
			if err := syncPath(filepath.Join(db.Home, "trials")); err != nil {
				return err
			}
		}
		clear(db.rolled)
		return deleteTrials(t, ids)
	})
	if err != nil {
		return err
	}
	for path := range db.ingested {
		if slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(path, db.TrialDir(id)+string(filepath.Separator)) }) {
			delete(db.ingested, path)
		}
	}
	for _, folder := range folders {
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}

// leavePlans takes the trials out of the plan files that they stand in.
func (db *DB) leavePlans(t tx, ids []string) error {
	var handles []string
	err := t.each(`SELECT DISTINCT s.handle FROM sweep s JOIN member m ON m.sweep = s.no JOIN trial t ON t.no = m.trial
		WHERE t.id IN (SELECT value FROM json_each(?))`, []any{jsonList(ids)}, scanInto(&handles))
	if err != nil {
		return err
	}
	gone := func(m Member) bool { return slices.Contains(ids, m.ID) }
	for _, handle := range handles {
		p, err := readPlan(t, handle)
		if err != nil {
			return err
		}
		p.Members, p.Former = slices.DeleteFunc(p.Members, gone), slices.DeleteFunc(p.Former, gone)
		if err := writePlanFile(db.Home, p); err != nil {
			return err
		}
		if err := t.do(`UPDATE sweep SET digest = '' WHERE handle = ?`, handle); err != nil {
			return err
		}
	}
	return nil
}

// deleteTrials deletes the rows of trials and all that hangs on them.
func deleteTrials(t tx, ids []string) error {
	for _, id := range ids {
		no, err := trialNo(t, id)
		if errors.Is(err, ErrUnknown) {
			continue
		}
		for _, statement := range [...]string{
			`DELETE FROM point WHERE trial = ?`, `DELETE FROM rollup WHERE trial = ?`, `DELETE FROM trial WHERE no = ?`, // the rest goes with it
		} {
			if err == nil {
				err = t.do(statement, no)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
