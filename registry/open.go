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
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sys/unix"

	"harness/internal/filelock"
	"harness/registry/journal"
)

// lockTimeout bounds how long to wait for somebody else who is rebuilding the registry.
var lockTimeout = time.Minute

const (
	fileName = "registry.db"
	lockName = "registry.lock" // held while registry.db is made or brought up to date
)

func (db *DB) path() string { return databasePath(db.Home) }

// Open opens the registry below home for writing and makes both where they are missing. What killed processes left behind
// is tidied up, and journals that the registry knows nothing of are taken.
func Open(ctx context.Context, home string) (*DB, error) {
	if err := os.MkdirAll(home, 0o755); err != nil {
		return nil, fmt.Errorf("open home: %w", err)
	}
	if err := makePlace(home); err != nil {
		return nil, err
	}
	db, err := connectWriting(ctx, home)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.tidy(ctx), db.catchUp(ctx)); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// connectWriting opens registry.db for writing, and makes it first where that is needed.
func connectWriting(ctx context.Context, home string) (*DB, error) {
	path := databasePath(home)
	for {
		found, err := ensure(ctx, home)
		if err != nil {
			return nil, err
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0) // SQLite would open it for reading and say so later
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody deleted it meanwhile
		}
		if err != nil {
			return nil, fmt.Errorf("open registry: %w", err)
		}
		opened, err := file.Stat()
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("open registry: %w", err)
		}
		db, err := connect(home, dsn(path, "mode=rw&_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=1"))
		if err != nil {
			return nil, err
		}
		if err := db.sql.PingContext(background); err != nil {
			db.Close()
			if !sameFile(path, opened) {
				continue
			}
			return nil, damaged(path, fmt.Errorf("open registry: %w", err))
		}
		db.opened = opened
		found.tell(db)
		return db, nil
	}
}

// follow sees to it that a writer goes on in the registry.db that is there now: where somebody has deleted the one that was
// open, it would write into a file without a name.
func (db *DB) follow(ctx context.Context) error {
	if db.opened == nil {
		return nil
	}
	if sameFile(db.path(), db.opened) {
		return nil
	}
	now, err := connectWriting(ctx, db.Home)
	if err != nil {
		return err
	}
	db.writer.close()
	db.mu.Lock()
	defer db.mu.Unlock()
	db.left = append(db.left, db.sql) // others may be reading
	db.writer, db.sql, db.opened = nil, now.sql, now.opened
	db.keys, db.ingested, db.saved, db.rolled = now.keys, now.ingested, now.saved, now.rolled
	db.statements, db.provenances = now.statements, now.provenances
	db.Damaged, db.Skipped = append(db.Damaged, now.Damaged...), append(db.Skipped, now.Skipped...)
	return nil
}

// sameFile reports whether the file at path is still the one that info tells of.
func sameFile(path string, info os.FileInfo) bool {
	now, err := os.Stat(path)
	return err == nil && os.SameFile(now, info)
}

// OpenReadOnly opens the registry below home for reading. Where registry.db is missing or of an older version it is made
// or brought up to date first, and journals that it knows nothing of are taken; where there is nothing to make it of, the error is ErrNone.
func OpenReadOnly(ctx context.Context, home string) (*DB, error) {
	if err := makePlace(home); err != nil {
		return nil, err
	}
	var made *found
	for {
		db, what, err := connectReading(ctx, home)
		if err != nil {
			return nil, err
		}
		if what == sound {
			if made == nil { // a rebuild has looked at all there is
				err = db.catchUpFor(ctx)
			} else {
				made.tell(db)
			}
			if err != nil {
				db.Close()
				return nil, err
			}
			return db, nil
		}
		if what == missing && !anything(home) {
			return nil, fmt.Errorf("open %s: %w", home, ErrNone)
		}
		found, err := ensure(ctx, home)
		if err != nil {
			return nil, err
		}
		made = found // and once more, should somebody delete it meanwhile
	}
}

// anything reports whether there is something to make a registry of.
func anything(home string) bool {
	for _, name := range [...]string{"trials", "plans"} {
		if _, err := os.Stat(filepath.Join(home, name)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// condition is how a registry.db is found.
type condition int

const (
	sound   condition = iota
	missing           // or empty, or left in the middle of its first filling by a version that filled it in place
	old               // to be migrated
)

// connectReading opens registry.db for reading if it is sound; the DB is nil if it is not.
func connectReading(ctx context.Context, home string) (*DB, condition, error) {
	path := databasePath(home)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missing, nil
	case err != nil:
		return nil, missing, fmt.Errorf("open registry: %w", err)
	case !info.Mode().IsRegular():
		return nil, missing, fmt.Errorf("open registry: %s is not a file: move it away", path)
	case info.Size() == 0:
		return nil, missing, nil
	}
	db, err := connect(home, dsn(path, "mode=ro&_query_only=1"))
	if err != nil {
		return nil, missing, err
	}
	what, err := db.inspect(ctx)
	if isCannotOpen(err) && isSealed(home) {
		db.Close()
		if db, err = connect(home, dsn(path, "mode=ro&immutable=1")); err != nil {
			return nil, missing, err
		}
		what, err = db.inspect(ctx)
	}
	if err != nil || what != sound {
		db.Close()
		db = nil
	}
	if db != nil {
		db.reads = info
	}
	if err != nil && ctx.Err() == nil && !sameFile(path, info) {
		return connectReading(ctx, home) // it was deleted meanwhile, and perhaps made again
	}
	return db, what, damaged(path, err)
}

// isSealed reports whether registry.db lies in a folder that cannot be written, with nothing beside it. SQLite then has no
// place for the files of WAL, and needs none.
func isSealed(home string) bool {
	if unix.Access(DatabaseDir(home), unix.W_OK) == nil {
		return false
	}
	info, err := os.Stat(databasePath(home) + "-wal")
	return err != nil || info.Size() == 0
}

// inspect says how the database is found; one that is newer than this program is an error.
func (db *DB) inspect(ctx context.Context) (condition, error) {
	var version, mark int
	if err := db.sql.QueryRowContext(background, `SELECT user_version, application_id FROM pragma_user_version, pragma_application_id`).
		Scan(&version, &mark); err != nil {
		return missing, fmt.Errorf("open registry: %w", err)
	}
	switch {
	case version > schema:
		return sound, fmt.Errorf("open registry: it has version %d, this program knows %d: use a newer harness", version, schema)
	case mark != rebuiltMark:
		return missing, nil
	case version < schema:
		return old, nil
	}
	if err := db.check(); err != nil {
		return sound, err
	}
	return sound, context.Cause(ctx)
}

// check looks through the tables that say what there is: a damaged page may leave rows out without a word. For 10,000
// trials it takes a hundredth of a second or two; the points, which are many, are left to those who read them.
func (db *DB) check() error {
	for _, check := range [...]string{`PRAGMA integrity_check(trial)`, `PRAGMA integrity_check(member)`,
		`PRAGMA integrity_check(sweep)`, `PRAGMA integrity_check(key)`, `PRAGMA quick_check(attempt)`, `PRAGMA quick_check(result)`} {
		var verdict string
		if err := db.sql.QueryRowContext(background, check).Scan(&verdict); err != nil {
			return fmt.Errorf("open registry: %w", err)
		}
		if verdict != "ok" {
			return &DamagedError{db.path(), fmt.Errorf("open registry: it is damaged: %s", strings.Join(strings.Fields(verdict), " "))}
		}
	}
	return nil
}

// Integrity looks through all pages of registry.db, those of the points too.
func (db *DB) Integrity(ctx context.Context) error {
	var verdict string
	if err := db.readOne(ctx, `PRAGMA integrity_check(1)`, nil, &verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return &DamagedError{db.path(), fmt.Errorf("it is damaged: %s", strings.Join(strings.Fields(verdict), " "))}
	}
	return nil
}

// found is what making a registry.db came upon.
type found struct {
	rebuilt int
	damaged []*journal.BadLineError
	skipped []string
}

func (f *found) tell(db *DB) {
	db.Rebuilt += f.rebuilt
	db.Damaged = append(db.Damaged, f.damaged...)
	db.Skipped = append(db.Skipped, f.skipped...)
}

// ensure sees to it that there is a sound registry.db, alone: others who want the same wait, for a while.
func ensure(ctx context.Context, home string) (*found, error) {
	path := databasePath(home)
	db, what, err := connectReading(ctx, home)
	if err != nil {
		return nil, err
	}
	if what == sound {
		return &found{}, db.Close()
	}
	waiting, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	lock, err := filelock.Wait(waiting, filepath.Join(DatabaseDir(home), lockName))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("open registry: another process has been rebuilding %s for %s: try again later", path, lockTimeout)
	case err != nil && what == old:
		return nil, fmt.Errorf("open registry: %s is of an older version, and cannot be brought up to date here: %w: copy the folder, or run a sweep as its owner", path, err)
	case err != nil:
		return nil, fmt.Errorf("open registry: %s is missing, and cannot be rebuilt here: %w: copy the folder, or run a sweep as its owner", path, err)
	}
	defer lock.Release()
	db, what, err = connectReading(ctx, home) // again: somebody else may have been faster
	switch {
	case err != nil:
		return nil, err
	case what == sound:
		return &found{}, db.Close()
	case what == old:
		return &found{}, migrateFile(ctx, home)
	}
	f, err := rebuild(ctx, home)
	if err != nil {
		return nil, fmt.Errorf("rebuild registry: %w", err)
	}
	return f, nil
}

// migrateFile brings a registry.db of an older version up to date, in one transaction.
func migrateFile(ctx context.Context, home string) error {
	path := databasePath(home)
	db, err := connect(home, dsn(path, "mode=rw&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1"))
	if err != nil {
		return err
	}
	defer db.Close()
	return damaged(path, db.write(ctx, db.migrate))
}

// damaged says what to do when err tells that the file at path is no sound database.
func damaged(path string, err error) error {
	var fault sqlite3.Error
	if errors.As(err, &fault) && (fault.Code == sqlite3.ErrCorrupt || fault.Code == sqlite3.ErrNotADB) {
		var told *DamagedError
		if !errors.As(err, &told) {
			return &DamagedError{path, err}
		}
	}
	return err
}

// DamagedError is a registry.db that SQLite cannot read: it is deleted, and made again from the journals.
type DamagedError struct {
	path string
	err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("%v: delete %s, and it is rebuilt from the journals", e.err, e.path)
}

func (e *DamagedError) Unwrap() error { return e.err }

// dsn names a database file. Pragmas stand in it, since a PRAGMA statement reaches one pooled connection only. With the 2 MiB
// that SQLite keeps by default, checking a table of 10,000 trials reads each page hundreds of times.
func dsn(path, options string) string {
	escaped := (&url.URL{Path: path}).EscapedPath()
	return "file:" + escaped + "?_busy_timeout=10000&_cache_size=-65536&" + options
}

func connect(home, dsn string) (*DB, error) {
	pool, err := sql.Open("sqlite3", dsn)
	if err != nil {
		return nil, fmt.Errorf("open registry: %w", err)
	}
	pool.SetMaxOpenConns(8)
	pool.SetMaxIdleConns(8)
	return &DB{
		Home: home, Now: func() time.Time { return time.Now().UTC() }, sql: pool,
		keys: map[string]int64{}, ingested: map[string]int64{}, saved: map[journal.Provenance]int64{}, rolled: map[int64]*rollups{},
		statements: map[string]*sql.Stmt{}, provenances: map[int64]journal.Provenance{},
	}, nil
}

func isCannotOpen(err error) bool {
	var fault sqlite3.Error
	return errors.As(err, &fault) && (fault.Code == sqlite3.ErrCantOpen || fault.Code == sqlite3.ErrReadonly)
}

// reasonOf is what the system says of a file, without its path.
func reasonOf(err error) string {
	var fault *fs.PathError
	if errors.As(err, &fault) {
		return fault.Err.Error()
	}
	return err.Error()
}
