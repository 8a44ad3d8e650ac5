package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"harness/registry/journal"
)

// rebuiltMark is the application_id of a database that holds all that the journals told when it was made. A database
// without it was left in the middle of its first filling.
const rebuiltMark = 0x68726e73 // "hrns"

// rebuild reads all journals and plans into the database, unless that was done before. Attempts that are there are not
// taken twice, so that it may be killed and repeated.
func (db *DB) rebuild(ctx context.Context) error {
	var mark int64
	if err := db.sql.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&mark); err != nil || mark == rebuiltMark {
		return err
	}
	ids, err := listDir(filepath.Join(db.Home, "trials"))
	if err != nil {
		return err
	}
	for _, id := range ids {
		n, err := db.CatchUp(ctx, id)
		if err != nil {
			return err
		}
		db.Rebuilt += n
	}
	plans, err := listDir(filepath.Join(db.Home, "plans"))
	if err != nil {
		return err
	}
	for _, name := range plans {
		sweep, ok := strings.CutSuffix(name, ".json")
		if !ok {
			continue
		}
		encoded, err := os.ReadFile(db.planPath(sweep))
		if err != nil {
			return err
		}
		var trials []Planned
		if err := json.Unmarshal(encoded, &trials); err != nil {
			return fmt.Errorf("%s: %w", db.planPath(sweep), err)
		}
		if err := db.write(ctx, func(tx *sql.Tx) error { return db.insertPlan(ctx, tx, sweep, trials) }); err != nil {
			return err
		}
	}
	return db.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA application_id = %d`, rebuiltMark))
		return err
	})
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
			db.Damaged = append(db.Damaged, bad)
		} else if err != nil {
			return 0, err
		}
	}
	return len(numbers), nil
}

// AttemptNumbers lists the attempts of a trial that have a folder, rising.
func AttemptNumbers(home, id string) ([]int, error) {
	names, err := listDir(filepath.Join(home, "trials", id))
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil && n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// listDir lists the names in a folder, sorted; a missing folder is empty.
func listDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}
