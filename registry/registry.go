// Package registry remembers every trial: what was planned, what was tried, what was measured, and where.
//
//	HOME/registry.db        SQLite, made by Open; a cache that Open rebuilds from the journals when it is gone
//	HOME/plans/NAME.json    the trials of a sweep in the order of its table (Plan)
//	HOME/trials/ID/N/       attempt N of a trial: spec.json, events.jsonl (package journal), log.txt, predictions.jsonl
//
// The flow: Plan queues the trials of a sweep; NewAttempt makes the folder of the next attempt; the trial writes its
// journal; Ingest turns new lines of it into rows. Trials, Summary, Points and Notes read. One process may write while
// any number read; they never wait for each other (WAL).
//
// A trial is queued, running, done, failed or interrupted. Its numbers are those of all its runs together: where two
// attempts recorded the same step of a metric, the newer counts, since a run goes on from a checkpoint of the run before.
// Reruns, which only compare, never count.
package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"

	"harness/registry/journal"
)

// State is how far a trial or an attempt has come.
type State string

const (
	Queued      State = "queued" // planned, never started
	Running     State = "running"
	Done        State = "done"
	Failed      State = "failed"
	Interrupted State = "interrupted" // stopped or killed; the next sweep goes on from its checkpoint
)

// States lists all states in their order.
var States = [...]State{Queued, Running, Done, Failed, Interrupted}

// ErrNone means that nothing was ever recorded below this home.
var ErrNone = errors.New("nothing was run here yet")

// DB is the registry below one home. Reading may be done by several goroutines, Plan and Ingest by one at a time.
type DB struct {
	Home    string
	Now     func() time.Time
	Rebuilt int                     // attempts that Open read back from journals, because registry.db was gone
	Damaged []*journal.BadLineError // where journals cannot be read any further, as far as was noticed

	sql      *sql.DB
	keys     map[string]int64 // metric name -> key.id, as far as Ingest has seen
	ingested map[string]int64 // journal -> its length when it was last ingested
}

// Open opens the registry below home for writing and makes both where they are missing.
func Open(ctx context.Context, home string) (*DB, error) {
	if err := os.MkdirAll(home, 0o755); err != nil {
		return nil, fmt.Errorf("open home: %w", err)
	}
	path := filepath.Join(home, "registry.db")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644) // SQLite would open it for reading and say so later
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	file.Close()
	db, err := connect(home, dsn(path, "mode=rwc&_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=1&_txlock=immediate"))
	if err != nil {
		return nil, err
	}
	if err = db.migrate(ctx); err == nil {
		if err = db.rebuild(ctx); err != nil {
			err = fmt.Errorf("rebuild registry: %w", err)
		}
	}
	if err != nil {
		db.Close()
		return nil, damaged(path, err)
	}
	return db, nil
}

// OpenReadOnly opens the registry below home for reading. Where registry.db is missing but journals are there, it is
// rebuilt first; where there is neither, the error is ErrNone.
func OpenReadOnly(ctx context.Context, home string) (*DB, error) {
	path := filepath.Join(home, "registry.db")
	switch _, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Join(home, "trials")); err != nil {
			return nil, fmt.Errorf("open %s: %w", home, ErrNone)
		}
		return Open(ctx, home)
	case err != nil:
		return nil, fmt.Errorf("open registry: %w", err)
	}
	db, err := connect(home, dsn(path, "mode=ro&_query_only=1"))
	if err == nil {
		err = db.checkVersion(ctx)
	}
	if isCannotOpen(err) { // a read-only folder has no place for the files of WAL
		if db, err = connect(home, dsn(path, "mode=ro&immutable=1")); err == nil {
			err = db.checkVersion(ctx)
		}
	}
	if err != nil {
		return nil, damaged(path, err)
	}
	return db, nil
}

// damaged says what to do when err tells that the file at path is no sound database.
func damaged(path string, err error) error {
	var fault sqlite3.Error
	if errors.As(err, &fault) && (fault.Code == sqlite3.ErrCorrupt || fault.Code == sqlite3.ErrNotADB) {
		return fmt.Errorf("%w: delete %s, and it is rebuilt from the journals", err, path)
	}
	return err
}

// dsn names a database file. Pragmas stand in it, since a PRAGMA statement reaches one pooled connection only.
func dsn(path, options string) string {
	escaped := (&url.URL{Path: path}).EscapedPath()
	return "file:" + escaped + "?_busy_timeout=10000&" + options
}

func connect(home, dsn string) (*DB, error) {
	pool, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	pool.SetMaxOpenConns(4)
	now := func() time.Time { return time.Now().UTC() }
	return &DB{Home: home, Now: now, sql: pool, keys: map[string]int64{}, ingested: map[string]int64{}}, nil
}

// Close closes the database.
func (db *DB) Close() error { return db.sql.Close() }

// TrialDir is the folder of a trial.
func (db *DB) TrialDir(id string) string { return filepath.Join(db.Home, "trials", id) }

// AttemptDir is the folder of an attempt of a trial.
func (db *DB) AttemptDir(id string, attempt int) string {
	return filepath.Join(db.TrialDir(id), fmt.Sprint(attempt))
}

// write runs fn in one transaction.
func (db *DB) write(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write registry: %w", err)
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write registry: %w", err)
	}
	return nil
}

// ignoreDone drops the error of rolling back what the database has rolled back already.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func isCannotOpen(err error) bool {
	var fault sqlite3.Error
	return errors.As(err, &fault) && (fault.Code == sqlite3.ErrCantOpen || fault.Code == sqlite3.ErrReadonly)
}
