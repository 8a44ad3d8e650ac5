package registry

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"harness/model/spec"
)

// Planned is a trial that a sweep wants.
type Planned struct {
	ID     string
	Spec   spec.Trial
	Member Member
}

// Plan records the trials of a sweep in the order of its table, in place of what was planned under that name before.
// Trials that are new are queued; those that another sweep has planned or run are shared.
func (db *DB) Plan(ctx context.Context, sweep string, trials []Planned) error {
	encoded, err := json.Marshal(trials)
	if err != nil {
		return fmt.Errorf("plan %s: %w", sweep, err)
	}
	if err := db.savePlan(sweep, append(encoded, '\n')); err != nil {
		return fmt.Errorf("plan %s: %w", sweep, err)
	}
	return db.write(ctx, func(tx *sql.Tx) error { return db.insertPlan(ctx, tx, sweep, trials) })
}

// savePlan keeps the plan beside the database too, for the day on which the database is rebuilt.
func (db *DB) savePlan(sweep string, encoded []byte) error {
	path := db.planPath(sweep)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, encoded) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return writeFile(path, encoded)
}

func (db *DB) planPath(sweep string) string {
	return filepath.Join(db.Home, "plans", sweep+".json")
}

func (db *DB) insertPlan(ctx context.Context, tx *sql.Tx, sweep string, trials []Planned) error {
	now := db.Now().UnixMilli()
	var no int64
	err := tx.QueryRowContext(ctx, `INSERT INTO sweep (name, updated) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET updated = excluded.updated RETURNING no`, sweep, now).Scan(&no)
	if err != nil {
		return fmt.Errorf("plan %s: %w", sweep, err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM member WHERE sweep = ?`, no); err != nil {
		return fmt.Errorf("plan %s: %w", sweep, err)
	}
	insert := func(statement string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, statement, args...)
		}
	}
	for i, t := range trials {
		insert(`INSERT INTO trial (id, spec, created) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`,
			t.ID, string(t.Spec.Canonical()), now)
		insert(`INSERT INTO member (sweep, position, trial, label, row, control, seed)
			SELECT ?, ?, no, ?, ?, ?, ? FROM trial WHERE id = ?`,
			no, i, t.Member.Label, t.Member.Row, t.Member.Control, t.Member.Seed, t.ID)
		for j, p := range t.Member.Params {
			insert(`INSERT INTO param (sweep, member, position, path, value, text) VALUES (?, ?, ?, ?, ?, ?)`,
				no, i, j, p.Path, string(p.Value), p.Text)
		}
	}
	if err != nil {
		return fmt.Errorf("plan %s: %w", sweep, err)
	}
	return nil
}

// NewAttempt makes the folder of the trial's next attempt, with spec.json in it. Making the folder is the claim: no two
// attempts get the same number, and the writer of the attempt before stops at its next batch. The number is greater than
// after, which is DB.LastAttempt: folders may have been deleted.
func NewAttempt(home string, t spec.Trial, after int) (number int, dir string, err error) {
	trial := filepath.Join(home, "trials", t.ID())
	if err := os.MkdirAll(trial, 0o755); err != nil {
		return 0, "", fmt.Errorf("make attempt: %w", err)
	}
	for number = after + 1; ; number++ {
		dir = filepath.Join(trial, fmt.Sprint(number))
		err := os.Mkdir(dir, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return 0, "", fmt.Errorf("make attempt: %w", err)
		}
		break
	}
	encoded, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return 0, "", fmt.Errorf("make attempt: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "spec.json"), append(encoded, '\n'), 0o644); err != nil {
		return 0, "", fmt.Errorf("make attempt: %w", err)
	}
	return number, dir, nil
}

// writeFile replaces a file as a whole: written beside its place, synced and renamed.
func writeFile(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}
