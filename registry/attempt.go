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
	"time"

	"harness/model/spec"
	"harness/registry/journal"
)

// Attempt is one try of a trial.
type Attempt struct {
	Number     int
	UUID       string // journal.Start's
	Purpose    journal.Purpose
	State      State
	Class      journal.Class // why it did not finish
	Error      string
	Started    time.Time
	Ended      time.Time // zero while it runs
	Stage      string    // the last that was heard of
	Step       int
	Total      int
	Loss       float64 // NaN = none
	Resumed    bool    // it goes on from what the run before it had kept
	Engine     string
	Threads    int
	DataHash   string
	Dir        string // the folder that it worked in
	ExitCode   int    // -1 = not known, or ended by a signal
	Signal     string
	PeakMemory int64 // bytes
	CPUSeconds float64
	journal.Provenance
}

const (
	briefColumns = `a.number, a.state, a.class, a.error, a.started, a.ended, a.stage, a.step, a.total, a.loss`
	moreColumns  = `a.purpose, a.uuid, a.resumed, a.engine, a.threads, a.data_hash, a.dir, a.exit_code, a.signal,
		a.peak_memory, a.cpu_seconds, a.provenance`
)

// attemptRow takes briefColumns and, unless brief, moreColumns; each is NULL where a trial was never tried.
type attemptRow struct {
	brief                                                              bool
	number, started, ended, step, total, threads, exit, memory         sql.NullInt64
	resumed, provenance                                                sql.NullInt64
	state, class, err, stage, purpose, uuid, engine, data, dir, signal sql.NullString
	loss, cpuSeconds                                                   sql.NullFloat64
}

func (r *attemptRow) fields() []any {
	fields := []any{&r.number, &r.state, &r.class, &r.err, &r.started, &r.ended, &r.stage, &r.step, &r.total, &r.loss}
	if !r.brief {
		fields = append(fields, &r.purpose, &r.uuid, &r.resumed, &r.engine, &r.threads, &r.data, &r.dir, &r.exit, &r.signal,
			&r.memory, &r.cpuSeconds, &r.provenance)
	}
	return fields
}

// attempt is the row as a value; its provenance is resolved later, since that is another query.
func (r *attemptRow) attempt() (a Attempt, provenance int64) {
	if !r.number.Valid {
		return Attempt{}, 0
	}
	a = Attempt{
		Number: int(r.number.Int64), State: State(r.state.String), Class: journal.Class(r.class.String), Error: r.err.String,
		Started: fromMillis(r.started), Ended: fromMillis(r.ended), Stage: r.stage.String, Step: int(r.step.Int64),
		Total: int(r.total.Int64), Loss: orNaN(r.loss), ExitCode: -1, Purpose: journal.PurposeRun,
	}
	if r.brief {
		return a, 0
	}
	a.Purpose, a.UUID, a.Resumed = journal.Purpose(r.purpose.String), r.uuid.String, r.resumed.Valid
	a.Engine, a.Threads, a.DataHash, a.Dir = r.engine.String, int(r.threads.Int64), r.data.String, r.dir.String
	a.Signal, a.PeakMemory, a.CPUSeconds = r.signal.String, r.memory.Int64, r.cpuSeconds.Float64
	if r.exit.Valid {
		a.ExitCode = int(r.exit.Int64)
	}
	return a, r.provenance.Int64
}

// provenance is a row of that table; 0 is none. There are few, and they never change.
func (db *DB) provenance(no int64) (journal.Provenance, error) {
	if no == 0 {
		return journal.Provenance{}, nil
	}
	db.mu.Lock()
	p, ok := db.provenances[no]
	db.mu.Unlock()
	if ok {
		return p, nil
	}
	err := db.readOne(background, `SELECT commit_hash, diff_hash, harness, binary_hash, go_version, host, cpu, cores, gpu,
		driver, code, kernels FROM provenance WHERE no = ?`, []any{no}, &p.Commit, &p.DiffHash, &p.Harness, &p.BinaryHash,
		&p.GoVersion, &p.Host, &p.CPU, &p.Cores, &p.GPU, &p.Driver, &p.Code, &p.Kernels)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil
	}
	if err == nil {
		db.mu.Lock()
		db.provenances[no] = p
		db.mu.Unlock()
	}
	return p, err
}

// Attempts reads all attempts of a trial, reruns and history included, oldest first.
func (db *DB) Attempts(ctx context.Context, id string) ([]Attempt, error) {
	var attempts []Attempt
	var provenances []int64
	var row attemptRow
	fields := row.fields()
	err := db.read(ctx, `SELECT `+briefColumns+`, `+moreColumns+` FROM attempt a JOIN trial t ON t.no = a.trial
		WHERE t.id = ? ORDER BY a.number`, []any{id}, func(rows *sql.Rows) error {
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		a, provenance := row.attempt()
		attempts, provenances = append(attempts, a), append(provenances, provenance)
		return nil
	})
	for i, no := range provenances {
		if err == nil {
			attempts[i].Provenance, err = db.provenance(no)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return attempts, nil
}

// LastAttempt is the greatest number that an attempt of the trial has had, reruns and history included; 0 where there
// was none.
func (db *DB) LastAttempt(ctx context.Context, id string) (int, error) {
	var number sql.NullInt64
	err := db.readOne(ctx, `SELECT MAX(a.number) FROM attempt a JOIN trial t ON t.no = a.trial WHERE t.id = ?`, []any{id}, &number)
	if err != nil {
		return 0, fmt.Errorf("read attempts: %w", err)
	}
	return int(number.Int64), nil
}

// JournalOffsets says of each attempt of a trial up to which byte its journal was read into the tables.
func (db *DB) JournalOffsets(ctx context.Context, id string) (map[int]int64, error) {
	offsets := map[int]int64{}
	err := db.read(ctx, `SELECT a.number, a.journal_offset FROM attempt a JOIN trial t ON t.no = a.trial WHERE t.id = ?`, []any{id},
		func(rows *sql.Rows) error {
			var number int
			var offset int64
			err := rows.Scan(&number, &offset)
			offsets[number] = offset
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return offsets, nil
}

// PredictionsPath is predictions.jsonl of the attempt that gives the trial's final numbers, or "" where there is none:
// what an attempt wrote that did not finish may be torn.
func (db *DB) PredictionsPath(ctx context.Context, id string) (string, error) {
	var result int
	err := db.readOne(ctx, `SELECT result FROM trial WHERE id = ?`, []any{id}, &result)
	if errors.Is(err, sql.ErrNoRows) || err == nil && result == 0 {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read trial: %w", err)
	}
	return db.PredictionsOf(id, result), nil
}

// PredictionsOf is predictions.jsonl of an attempt of a trial that finished, or "" where it wrote none.
func (db *DB) PredictionsOf(id string, attempt int) string {
	path := filepath.Join(db.AttemptDir(id, attempt), "predictions.jsonl")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// NewAttempt makes the folder of the next attempt of trial id, with t as spec.json in it. Making the folder is the claim:
// no two attempts get the same number, and the writer of the attempt before stops at its next batch. The number is
// greater than after, which is DB.LastAttempt: folders may have been deleted.
func NewAttempt(home, id string, t spec.Trial, after int) (number int, dir string, err error) {
	for number = after + 1; ; number++ {
		dir, err = ClaimAttempt(home, id, t, number)
		if !errors.Is(err, fs.ErrExist) {
			return number, dir, err
		}
	}
}

// ClaimAttempt is NewAttempt for one number only: the error is fs.ErrExist where somebody else has it.
func ClaimAttempt(home, id string, t spec.Trial, number int) (dir string, err error) {
	trial := filepath.Join(home, "trials", id)
	if err := os.MkdirAll(trial, 0o755); err != nil {
		return "", fmt.Errorf("make attempt: %w", err)
	}
	dir = filepath.Join(trial, fmt.Sprint(number))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", fmt.Errorf("make attempt: %w", err)
	}
	encoded, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return "", fmt.Errorf("make attempt: %w", err)
	}
	// The folder is new and ours: nobody reads the file before we return, so that it need not wait for the disk.
	if err := os.WriteFile(filepath.Join(dir, "spec.json"), append(encoded, '\n'), 0o644); err != nil {
		return "", fmt.Errorf("make attempt: %w", err)
	}
	return dir, nil
}

func fromMillis(t sql.NullInt64) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return time.UnixMilli(t.Int64).UTC()
}
