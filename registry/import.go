package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"harness/model/spec"
	"harness/registry/journal"
)

// Imported is a run of another tool, as an attempt of a trial.
type Imported struct {
	ID         string
	Spec       spec.Trial
	Digest     string // of all that Write records
	Provenance journal.Provenance
	Started    time.Time                     // zero = not known, and now is taken
	Write      func(w *journal.Writer) error // all behind the start, with the end
}

// digestNote is the key of the note that keeps Imported.Digest.
const digestNote = "imported/digest"

// Import records runs that were made elsewhere, and returns how many of them were new or had changed: those get a further attempt, whose
// numbers count from now on. Where it fails, what it has recorded is removed again.
func (db *DB) Import(ctx context.Context, runs []Imported) (added int, err error) {
	var made []string
	defer func() {
		if err != nil {
			for _, dir := range made {
				os.RemoveAll(dir)
			}
		}
	}()
	var fresh []Imported
	var numbers []int
	for _, r := range runs {
		known, err := db.isImported(ctx, r)
		if err != nil {
			return 0, fmt.Errorf("import: %w", err)
		}
		if known {
			continue
		}
		last, err := db.LastAttempt(ctx, r.ID)
		if err != nil {
			return 0, fmt.Errorf("import: %w", err)
		}
		number, dir, err := NewAttempt(db.Home, r.ID, r.Spec, last)
		if err != nil {
			return 0, fmt.Errorf("import: %w", err)
		}
		made = append(made, dir)
		if err := r.write(dir, number); err != nil {
			return 0, fmt.Errorf("import run %s: %w", r.ID, err)
		}
		fresh, numbers = append(fresh, r), append(numbers, number)
	}
	made = nil // they are whole
	for i, r := range fresh {
		if _, err := db.Ingest(ctx, r.ID, numbers[i]); err != nil {
			return i, fmt.Errorf("import: %w", err)
		}
	}
	return len(fresh), nil
}

// isImported reports whether the home has all that a run says.
func (db *DB) isImported(ctx context.Context, r Imported) (bool, error) {
	notes, err := db.Notes(ctx, r.ID)
	return slices.Contains(notes, Note{digestNote, r.Digest}), err
}

// write writes the journal of a run into the folder of its attempt.
func (r Imported) write(dir string, number int) error {
	w, err := journal.Create(dir)
	if err != nil {
		return err
	}
	if err := r.record(w, number); err != nil {
		return errors.Join(err, w.Close())
	}
	return w.Close()
}

func (r Imported) record(w *journal.Writer, number int) error {
	w.At(r.Started)
	err := w.Start(journal.Start{Trial: r.ID, Attempt: number, Purpose: journal.PurposeRun, Spec: r.Spec.Canonical(), Provenance: r.Provenance})
	if err != nil {
		return err
	}
	if err := w.Note(digestNote, r.Digest); err != nil {
		return err
	}
	return r.Write(w)
}
