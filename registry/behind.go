package registry

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strconv"
	"strings"

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

// hasJournal reports whether an attempt in the folder of a trial has written something.
func hasJournal(dir string) bool {
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

// catchUp takes the journals that the tables know nothing of.
func (db *DB) catchUp(ctx context.Context) error {
	ids, err := db.behind(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, err := db.CatchUp(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// catchUpFor does the same for a reader, which says what is missing where it may not write.
func (db *DB) catchUpFor(ctx context.Context) error {
	ids, err := db.behind(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	w, err := connectWriting(ctx, db.Home)
	if err != nil {
		for _, id := range ids {
			db.skip(db.TrialDir(id), "not in "+fileName+", which cannot be written here: "+err.Error())
		}
		return nil
	}
	defer w.Close()
	err = w.catchUp(ctx)
	db.Damaged, db.Skipped = append(db.Damaged, w.Damaged...), append(db.Skipped, w.Skipped...)
	return err
}
