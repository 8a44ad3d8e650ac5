// Package registry remembers every trial: what was planned, what was tried, what was measured, and where.
//
//	HOME/registry.db          SQLite; a cache that Open rebuilds from what follows when it is gone
//	HOME/plans/HANDLE.json    what a sweep planned: its Plan and its members (Plan, Sweep)
//	HOME/trials/ID/N/         attempt N of a trial: spec.json, events.jsonl (package journal), log.txt, predictions.jsonl
//	HOME/trials/ID/files/     the trial's own folder, which outlives attempts (FilesDir)
//	HOME/trials/ID/meta.json  what people said about the trial: tags, a note, that it is to be done again
//	HOME/trials/ID/lock       held while something runs the trial
//	HOME/bundles/NAME.json    what a bundle said that trials came in (package homes)
//
// The flow: Plan queues the trials of a sweep; NewAttempt makes the folder of the next attempt; the trial writes its
// journal; Ingest turns new lines of it into rows. Trials, Summary, Points and Notes read. One process may write while
// any number read; they never wait for each other (WAL). A rebuild fills a new file and puts it in its place at once:
// nobody sees half of it.
//
//	open.go migrate.go              opening: what is there, what is missing, what is old
//	rebuild.go refill.go            making registry.db of the plans and journals
//	store.go                        the connection that writes, transactions, prepared statements
//	plan.go planfile.go sweep.go    sweeps and their members
//	attempt.go ingest.go events.go  attempts and their journals
//	trial.go metric.go resume.go    reading trials and their numbers
//	reached.go                      what trials had at a step
//	results.go                      how the numbers of an attempt lie in one row
//	takein.go                       trials and sweeps that come from another home
//	life.go tidy.go behind.go       removing, doing again, tags and notes; what killed processes left behind; journals
//	                                that the tables do not know
//
// A trial is queued, running, done, failed, interrupted or stopped early. Its numbers are those of the newest run that is done; while
// none is, those of the newest run. A run that says it resumed has the numbers of the run before it, too, up to where it
// went on. Reruns, which only compare, never count.
package registry

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"harness/registry/journal"
)

// State is how far a trial or an attempt has come.
type State string

const (
	Queued      State = "queued" // planned, never started
	Running     State = "running"
	Done        State = "done"
	Failed      State = "failed"
	Interrupted State = "interrupted" // asked to end, canceled or killed; the next sweep goes on from its checkpoint
	Stopped     State = "stopped"     // ended by a rule for early stopping: it does not go on, and its numbers are not final
)

// Ended reports whether nothing goes on by itself: the trial is run again only when somebody asks for it, or the rule for retries.
func (s State) Ended() bool { return s == Done || s == Failed || s == Stopped }

// States lists all states in their order.
var States = [...]State{Queued, Running, Done, Failed, Interrupted, Stopped}

// ErrNone means that nothing was ever recorded below this home.
var ErrNone = errors.New("nothing was run here yet")

// DB is the registry below one home. Reading may be done by several goroutines, all else by one at a time.
type DB struct {
	Home    string
	Now     func() time.Time
	Rebuilt int                     // attempts that Open read back from journals, because registry.db was gone
	Damaged []*journal.BadLineError // where journals cannot be read any further, as far as was noticed
	Reruns  []string                // trials with reruns that were said to be running when this was opened for writing
	Skipped []string                // "path: reason" of what was left out: files that are none of ours, newer records

	sql      *sql.DB
	left     []*sql.DB        // of files that were deleted while they were open
	opened   os.FileInfo      // the file that a writer has opened
	reads    os.FileInfo      // the file that a reader has opened
	shared   bool             // sql belongs to the DB that this is a Snapshot of
	writer   *writer          // nil until the first transaction
	keys     map[string]int64 // metric name -> key.id, as far as Ingest has seen
	saved    map[journal.Provenance]int64
	fresh    []string           // of keys: what the open transaction added
	ingested map[string]int64   // journal -> its length when it was last ingested
	rolled   map[int64]*rollups // by attempt.no: what goes on in the next batch
	filling  bool               // the rows of trials are computed at the end

	one sync.Mutex // held while the frozen connection is read

	mu          sync.Mutex // guards what follows
	statements  map[string]*sql.Stmt
	frozen      *sql.Conn // that all is read from; nil = any
	watch       *sql.Conn // that Version asks; nil = not yet
	provenances map[int64]journal.Provenance
}

// Close closes the database.
func (db *DB) Close() error {
	db.writer.close()
	for _, statement := range db.statements {
		statement.Close()
	}
	if db.watch != nil {
		db.watch.Close()
	}
	if db.frozen != nil {
		_, _ = db.frozen.ExecContext(background, `ROLLBACK`) // the connection may be used again
		db.frozen.Close()
	}
	if db.shared {
		return nil
	}
	err := db.sql.Close()
	for _, left := range db.left {
		err = errors.Join(err, left.Close())
	}
	return err
}

// Records are the files of an attempt's folder that tell what was run and what came of it. All else there was kept to go on from, or
// belongs to the program.
var Records = []string{"spec.json", journal.FileName, "log.txt", "predictions.jsonl", "config.json", "program.jsonl", journal.ResourcesName}

// TrialDir is the folder of a trial.
func (db *DB) TrialDir(id string) string { return TrialDir(db.Home, id) }

// TrialDir is the folder of a trial of a home.
func TrialDir(home, id string) string { return filepath.Join(home, "trials", id) }

// AttemptDir is the folder of an attempt of a trial.
func (db *DB) AttemptDir(id string, attempt int) string {
	return filepath.Join(db.TrialDir(id), fmt.Sprint(attempt))
}

// FilesDir is the trial's own folder, which outlives its attempts: what a program keeps to go on from. Nobody but the
// trial writes there, and it may not exist.
func (db *DB) FilesDir(id string) string { return filepath.Join(db.TrialDir(id), "files") }

func (db *DB) lockPath(id string) string { return filepath.Join(db.TrialDir(id), "lock") }
