package registry

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"harness/registry/journal"
)

// rebuiltMark is the application_id of a database that holds all that the journals told when it was made.
const rebuiltMark = 0x68726e73 // "hrns"

// newPrefix begins the name of a registry.db on its way; the process that makes it holds the lock.
const newPrefix = fileName + ".new-"

// rebuild makes registry.db of all plans and journals: in a new file, which takes its place when it is whole.
func rebuild(ctx context.Context, home string) (*found, error) {
	dir := DatabaseDir(home)
	if err := removeStrays(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fmt.Sprint(newPrefix, os.Getpid()))
	defer os.Remove(path)
	f, err := fill(ctx, home, path)
	if err != nil {
		return nil, err
	}
	for _, suffix := range [...]string{"-wal", "-shm"} { // of a registry.db that was deleted
		if err := os.RemoveAll(filepath.Join(dir, fileName+suffix)); err != nil {
			return nil, err
		}
	}
	if err := syncPath(path); err != nil {
		return nil, err
	}
	if err := os.Rename(path, filepath.Join(dir, fileName)); err != nil {
		return nil, err
	}
	return f, syncPath(dir)
}

// removeStrays removes what killed rebuilds left.
func removeStrays(dir string) error {
	names, err := listDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, newPrefix) {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill makes a database at path.
func fill(ctx context.Context, home, path string) (f *found, err error) {
	db, err := connect(home, dsn(path, "mode=rwc&_journal_mode=MEMORY&_synchronous=OFF&_foreign_keys=0&_locking_mode=EXCLUSIVE"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.filling = true
	err = db.write(ctx, func(t tx) error {
		if err := db.migrate(t); err != nil {
			return err
		}
		if err := db.takePlans(ctx, t); err != nil {
			return err
		}
		if err := db.takeTrials(ctx, t); err != nil {
			return err
		}
		if err := t.do(updateTrials); err != nil {
			return err
		}
		return t.do(fmt.Sprintf(`PRAGMA application_id = %d`, rebuiltMark))
	})
	if err != nil {
		return nil, err
	}
	var mode string
	if err := db.writer.conn.QueryRowContext(background, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return nil, err
	}
	return &found{db.Rebuilt, db.Damaged, db.Skipped}, nil
}

// takePlans puts the plan files into the tables, the one that was planned first first.
func (db *DB) takePlans(ctx context.Context, t tx) error {
	dir := filepath.Join(db.Home, "plans")
	names, err := listDir(dir)
	if err != nil {
		return err
	}
	var plans []planFile
	for _, name := range names {
		if strings.HasPrefix(name, ".new-") {
			continue
		}
		path := filepath.Join(dir, name)
		if !isPlanName(name) {
			db.skip(path, "not a plan")
			continue
		}
		p, err := readPlanFile(path)
		if err != nil {
			db.skip(path, reasonOf(err))
			continue
		}
		plans = append(plans, p)
	}
	slices.SortStableFunc(plans, func(a, b planFile) int { return a.Planned.Compare(b.Planned) })
	for _, p := range plans {
		specs, err := encodeSpecs(p.Members)
		if err != nil {
			return err
		}
		if err := insertPlan(t, p.Sweep, specs, p.Former, p.digest(specs)); err != nil {
			return fmt.Errorf("plan %s: %w", p.Handle, err)
		}
	}
	return context.Cause(ctx)
}

func isPlanName(name string) bool {
	return strings.HasSuffix(name, ".json") && !strings.HasPrefix(name, ".")
}

// takeTrials puts all journals into the tables, and what people said about trials.
func (db *DB) takeTrials(ctx context.Context, t tx) error {
	dir := filepath.Join(db.Home, "trials")
	ids, err := listDir(dir)
	if err != nil {
		return err
	}
	var jobs []*job
	metas := map[string]meta{}
	for _, id := range ids {
		if strings.HasPrefix(id, removedPrefix) {
			continue
		}
		folder := filepath.Join(dir, id)
		names, err := listDir(folder)
		switch {
		case strings.HasPrefix(id, "."):
			db.skip(folder, "not a trial")
			continue
		case err != nil:
			db.skip(folder, reasonOf(err))
			continue
		}
		numbers := attemptNumbers(names)
		if len(numbers) == 0 && !slices.ContainsFunc(names, ofTrial) {
			db.skip(folder, "not a trial")
			continue
		}
		for _, n := range numbers {
			jobs = append(jobs, &job{id: id, attempt: n, path: filepath.Join(folder, strconv.Itoa(n), journal.FileName),
				chunks: make(chan *chunk, 1)})
		}
		if slices.Contains(names, metaName) {
			m, err := readMeta(db.Home, id)
			if err != nil {
				db.skip(filepath.Join(folder, metaName), err.Error())
				continue
			}
			metas[id] = m
		}
	}
	if err := db.takeJournals(ctx, t, jobs); err != nil {
		return err
	}
	for _, id := range ids {
		if m, ok := metas[id]; ok {
			if err := m.save(t, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// ofTrial reports whether a name in a folder makes it that of a trial.
func ofTrial(name string) bool { return name == "lock" || name == metaName || name == "files" }

// AttemptNumbers lists the attempts of a trial that have a folder, rising.
func AttemptNumbers(home, id string) ([]int, error) {
	names, err := listDir(filepath.Join(home, "trials", id))
	return attemptNumbers(names), err
}

func attemptNumbers(names []string) []int {
	var numbers []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil && n > 0 && strconv.Itoa(n) == name {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// listDir lists the names in a folder, sorted; a missing folder is empty.
func listDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

// syncPath makes a file or the names in a folder durable.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
