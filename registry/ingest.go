package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"harness/registry/journal"
)

// Ingested says what Ingest found.
type Ingested struct {
	Events   int
	Progress *journal.Progress // the last one among them
	End      *journal.End
}

// batchEvents bounds a transaction, so that readers of a long journal see it grow.
const batchEvents = 50_000

// errBatchFull ends a batch; it does not leave this file.
var errBatchFull = errors.New("batch full")

// Ingest turns what is new in an attempt's journal into rows. Rows and position are committed together, so that it may
// be called at any time, by several processes, and be killed anywhere: nothing is lost or counted twice. A line that is
// not yet whole is left for the next call; a bad one is reported as *journal.BadLineError after all before it is kept. An
// attempt that a newer version wrote in words that this one does not know is left out, and named in Skipped.
func (db *DB) Ingest(ctx context.Context, id string, attempt int) (Ingested, error) {
	var all Ingested
	path := filepath.Join(db.AttemptDir(id, attempt), journal.FileName)
	for {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return all, nil // the attempt was made, but never started
		}
		if err != nil {
			return all, fmt.Errorf("ingest: %w", err)
		}
		if !info.Mode().IsRegular() {
			db.skip(path, "not a file")
			return all, nil
		}
		if size, ok := db.ingested[path]; ok && size == info.Size() {
			return all, nil
		}
		var b *batch
		err = db.write(ctx, func(t tx) error {
			b = newBatch(db, t, id, attempt)
			b.limit = batchEvents
			return b.run(path)
		})
		var odd *skipError
		if errors.As(err, &odd) {
			db.skip(path, odd.reason)
			db.ingested[path] = info.Size()
			return all, db.write(ctx, func(t tx) error { return db.forget(t, id, attempt) })
		}
		if err != nil {
			return all, fmt.Errorf("ingest: %w", err)
		}
		db.ingested[path] = b.at.Offset
		all.Events += b.events
		if b.progress != nil {
			all.Progress = b.progress
		}
		if b.end != nil {
			all.End = b.end
		}
		if !b.full {
			return all, b.bad
		}
	}
}

// CatchUp ingests all attempts of a trial, also those that nobody has told the database of, and returns their number. Of
// a damaged journal it takes what stands before the damage, and adds to Damaged.
func (db *DB) CatchUp(ctx context.Context, id string) (int, error) {
	numbers, err := AttemptNumbers(db.Home, id)
	if err != nil {
		return 0, err
	}
	for _, n := range numbers {
		_, err := db.Ingest(ctx, id, n)
		var bad *journal.BadLineError
		if errors.As(err, &bad) {
			db.damage(bad)
		} else if err != nil {
			return 0, err
		}
	}
	return len(numbers), nil
}

// skip notes, once, that a file is left out.
func (db *DB) skip(path, reason string) {
	if rel, err := filepath.Rel(db.Home, path); err == nil {
		path = rel
	}
	if said := path + ": " + reason; !slices.Contains(db.Skipped, said) {
		db.Skipped = append(db.Skipped, said)
	}
}

// damage notes, once, where a journal cannot be read any further.
func (db *DB) damage(bad *journal.BadLineError) {
	if !slices.ContainsFunc(db.Damaged, func(d *journal.BadLineError) bool { return *d == *bad }) {
		db.Damaged = append(db.Damaged, bad)
	}
}

// skipError is an attempt of which nothing is taken.
type skipError struct{ reason string }

func (e *skipError) Error() string { return e.reason }

// badEventError is an event that cannot stand where it stands.
type badEventError struct{ reason string }

func (e *badEventError) Error() string { return e.reason }

// run reads the journal from where it was read to last time.
func (b *batch) run(path string) error {
	if err := b.find(); err != nil {
		return err
	}
	at, err := journal.Read(path, b.at, b.take)
	var bad *journal.BadLineError
	var odd *badEventError
	switch {
	case errors.Is(err, errBatchFull):
		b.full = true
	case errors.As(err, &odd):
		b.bad = &journal.BadLineError{Path: path, Offset: at.Offset, Reason: odd.reason}
	case errors.As(err, &bad):
		b.bad = err
	case err != nil:
		return err
	}
	moved := at != b.at
	b.at = at
	if !moved || !b.known {
		return nil
	}
	return b.save()
}

// forget drops what was taken of an attempt, and its trial where nothing else speaks of it.
func (db *DB) forget(t tx, id string, attempt int) error {
	clear(db.rolled)
	no, err := trialNo(t, id)
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, statement := range [...]string{
		`DELETE FROM point WHERE trial = ? AND attempt = ?`, `DELETE FROM rollup WHERE trial = ? AND attempt = ?`,
		`DELETE FROM note WHERE trial = ? AND attempt = ?`,
		`DELETE FROM attempt WHERE trial = ? AND number = ?`,
	} {
		if err := t.do(statement, no, attempt); err != nil {
			return err
		}
	}
	if err := t.do(`DELETE FROM trial WHERE no = ?1 AND NOT EXISTS (SELECT 1 FROM member WHERE trial = ?1)
		AND NOT EXISTS (SELECT 1 FROM attempt WHERE trial = ?1)`, no); err != nil {
		return err
	}
	return t.do(updateTrials+` WHERE no = ?`, no)
}
