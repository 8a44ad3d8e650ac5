package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"harness/registry/journal"
)

// ErrReplaced means that registry.db was deleted, or made again, since it was opened: who reads opens it again.
var ErrReplaced = errors.New("registry.db was replaced since it was opened")

// Snapshot returns a DB that reads everything as it is now, whatever others write meanwhile, by a connection of its own. It is for one
// answer of a program that keeps the registry open for long, and its Close leaves db as it is. A snapshot that stays open keeps
// SQLite's log from shrinking.
func (db *DB) Snapshot() (*DB, error) {
	if db.replaced() {
		return nil, ErrReplaced
	}
	s := &DB{Home: db.Home, Now: db.Now, sql: db.sql, shared: true, statements: map[string]*sql.Stmt{}, provenances: map[int64]journal.Provenance{}}
	if err := s.Freeze(); err != nil {
		return nil, err
	}
	if _, err := s.frozen.ExecContext(background, snapshotCache); err != nil {
		return nil, errors.Join(fmt.Errorf("read registry: %w", err), s.Close())
	}
	return s, nil
}

// snapshotCache is what SQLite keeps for a snapshot: 4 MiB. An answer reads each page about once, many are given at a time, and
// the system keeps the file in memory anyway.
const snapshotCache = `PRAGMA cache_size = -4096`

// replaced reports whether the file that a reader has opened is not there any more.
func (db *DB) replaced() bool {
	now, err := os.Stat(db.path())
	return err != nil || db.reads == nil || !os.SameFile(now, db.reads)
}

// Version is a number that is another one after every change that somebody else has made to registry.db. It is for readers, and the numbers of
// two DBs say nothing of each other; the error is ErrReplaced where another file is there now.
func (db *DB) Version(ctx context.Context) (int64, error) {
	if db.replaced() {
		return 0, ErrReplaced
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.watch == nil {
		conn, err := db.sql.Conn(background)
		if err != nil {
			return 0, fmt.Errorf("read registry: %w", err)
		}
		db.watch = conn // the number belongs to a connection
	}
	var version int64
	if err := db.watch.QueryRowContext(background, `PRAGMA data_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read registry: %w", err)
	}
	return version, context.Cause(ctx)
}
