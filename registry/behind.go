package registry

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"harness/internal/filelock"
	"harness/registry/journal"
)

// behind lists trials whose folder holds a journal while the tables know no attempt of theirs: journals that were copied
// here, or of which a registry.db that lost its log knows no more. What is running just now is left to those who run it.
func (db *DB) behind(ctx context.Context) ([]string, error) {
	names, err := listDir(filepath.Join(db.Home, "trials"))
	if err != nil || len(names) == 0 {
		return nil, err
	}
	var tried int
	if err := db.readOne(ctx, `SELECT COUNT(DISTINCT trial) FROM attempt`, nil, &tried); err != nil {
		return nil, err
	}
	if len(names) <= tried {
		return nil, nil
	}
	known := make(map[string]bool, tried)
	err = db.read(ctx, `SELECT id FROM trial WHERE no IN (SELECT trial FROM attempt)`, nil, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		known[id] = true
		return err
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, id := range names {
		if !known[id] && !strings.HasPrefix(id, ".") && hasJournal(db.TrialDir(id)) && !filelock.Held(db.lockPath(id)) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// unplanned lists plan files whose sweeps the tables do not know.
func (db *DB) unplanned(ctx context.Context) ([]string, error) {
	dir := filepath.Join(db.Home, "plans")
	names, err := listDir(dir)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	handles, err := db.readStrings(ctx, `SELECT handle FROM sweep`)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, handle := range handles {
		known[planName(handle)+".json"], known[handle+".json"] = true, true // the second is how version 1 called it
	}
	var paths []string
	for _, name := range names {
		if !known[name] && isPlanName(name) {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	return paths, nil
}

// takePlan puts the plan of a file into the tables, unless the sweep is there.
func (db *DB) takePlan(ctx context.Context, path string) error {
	p, err := readPlanFile(path)
	if err != nil {
		db.skip(path, reasonOf(err))
		return nil
	}
	specs, err := encodeSpecs(p.Members)
	if err != nil {
		return err
	}
	return db.write(ctx, func(t tx) error {
		var n int
		if err := t.get(`SELECT COUNT(*) FROM sweep WHERE handle = ?`, []any{p.Handle}, &n); err != nil || n > 0 {
			return err
		}
		return insertPlan(t, p.Sweep, specs, p.Former, p.digest(specs))
	})
}

// hasJournal reports whether an attempt in the folder of a trial has written something. A sweep makes the folders of all its
// trials, most of which have no attempt yet: their folders hold no others, which most file systems tell at once. The first attempt may be
// missing where a later one is there: one that was killed at once leaves an empty folder, which no copy of files has.
func hasJournal(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return false
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok && s.Nlink == 2 { // its own name and "."; 1 where folders are not counted
		return false
	}
	names, err := listDir(dir)
	if err != nil {
		return false // no folder
	}
	for _, n := range attemptNumbers(names) {
		info, err := os.Stat(filepath.Join(dir, strconv.Itoa(n), journal.FileName))
		if err == nil && info.Mode().IsRegular() && info.Size() > 0 {
			return true
		}
	}
	return false
}

// unfinished lists trials that are not done and have a folder. Where the database lies on one of several machines, others may have
// followed them.
func (db *DB) unfinished(ctx context.Context) ([]string, error) {
	if !elsewhere(db.Home) {
		return nil, nil
	}
	ids, err := db.readStrings(ctx, `SELECT id FROM trial WHERE state <> ?`, Done)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ids, func(id string) bool { return !hasJournal(db.TrialDir(id)) }), nil
}

// missed lists the trials whose journals may hold what the tables do not know, each once.
func (db *DB) missed(ctx context.Context) ([]string, error) {
	ids, err := db.behind(ctx)
	if err != nil {
		return nil, err
	}
	more, err := db.unfinished(ctx)
	ids = append(ids, more...)
	slices.Sort(ids)
	return slices.Compact(ids), err
}

// catchUp takes the plans and journals that the tables know nothing of.
func (db *DB) catchUp(ctx context.Context) error {
	paths, err := db.unplanned(ctx)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := db.takePlan(ctx, path); err != nil {
			return err
		}
	}
	ids, err := db.missed(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := db.CatchUp(ctx, id); err != nil {
			return err
		}
		if err := db.takeMeta(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// takeMeta puts what people said about a trial into its row.
func (db *DB) takeMeta(ctx context.Context, id string) error {
	m, err := readMeta(db.Home, id)
	if err != nil {
		db.skip(filepath.Join(db.TrialDir(id), metaName), err.Error())
		return nil
	}
	if m.RedoAfter == 0 && len(m.Tags) == 0 && m.Note == "" {
		return nil
	}
	return db.write(ctx, func(t tx) error {
		if err := m.save(t, id); err != nil {
			return err
		}
		return t.do(updateTrials+` WHERE id = ?`, id)
	})
}

// catchUpFor does the same for a reader, which says what is missing where it may not write.
func (db *DB) catchUpFor(ctx context.Context) error {
	ids, err := db.missed(ctx)
	if err != nil {
		return err
	}
	paths, err := db.unplanned(ctx)
	if err != nil || len(ids)+len(paths) == 0 {
		return err
	}
	for _, id := range ids {
		paths = append(paths, db.TrialDir(id))
	}
	w, err := connectWriting(ctx, db.Home)
	if err != nil {
		for _, path := range paths {
			db.skip(path, "not in "+fileName+", which cannot be written here: "+err.Error())
		}
		return nil
	}
	defer w.Close()
	err = w.catchUp(ctx)
	db.Damaged, db.Skipped = append(db.Damaged, w.Damaged...), append(db.Skipped, w.Skipped...)
	return err
}
