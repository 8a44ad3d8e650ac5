package registry

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"harness/registry/journal"
)

// Attempt is one try of a trial.
type Attempt struct {
	Number     int
	UUID       string // journal.Start's
	Purpose    journal.Purpose
	State      State
	Class      journal.Class // of a failure
	Error      string
	Started    time.Time
	Ended      time.Time // zero while it runs
	Stage      string    // the last that was heard of
	Step       int
	Total      int
	Loss       float64 // NaN = none
	Engine     string
	Threads    int
	DataHash   string
	ExitCode   int // -1 = not known, or ended by a signal
	Signal     string
	PeakMemory int64 // bytes
	CPUSeconds float64
	journal.Provenance
}

const attemptColumns = `a.number, a.purpose, a.state, a.class, a.error, a.started, a.ended, a.stage, a.step, a.total,
	a.loss, a.engine, a.threads, a.data_hash, a.exit_code, a.signal, a.peak_memory, a.cpu_seconds, a.commit_hash,
	a.diff_hash, a.harness, a.binary_hash, a.go_version, a.host, a.cpu, a.cores, a.gpu, a.driver, a.uuid`

// attemptRow takes attemptColumns, each of which is NULL where a trial was never tried.
type attemptRow struct {
	number, started, ended, step, total, threads, exit, memory, cores sql.NullInt64
	purpose, state, class, err, stage, engine, data, signal           sql.NullString
	commit, diff, harness, binary, goVersion, host, cpu, gpu, driver  sql.NullString
	uuid                                                              sql.NullString
	loss, cpuSeconds                                                  sql.NullFloat64
}

func (r *attemptRow) fields() []any {
	return []any{&r.number, &r.purpose, &r.state, &r.class, &r.err, &r.started, &r.ended, &r.stage, &r.step, &r.total,
		&r.loss, &r.engine, &r.threads, &r.data, &r.exit, &r.signal, &r.memory, &r.cpuSeconds, &r.commit,
		&r.diff, &r.harness, &r.binary, &r.goVersion, &r.host, &r.cpu, &r.cores, &r.gpu, &r.driver, &r.uuid}
}

func (r *attemptRow) attempt() Attempt {
	if !r.number.Valid {
		return Attempt{}
	}
	a := Attempt{
		Number: int(r.number.Int64), UUID: r.uuid.String, Purpose: journal.Purpose(r.purpose.String), State: State(r.state.String),
		Class: journal.Class(r.class.String), Error: r.err.String, Started: fromMillis(r.started), Ended: fromMillis(r.ended),
		Stage: r.stage.String, Step: int(r.step.Int64), Total: int(r.total.Int64), Loss: orNaN(r.loss),
		Engine: r.engine.String, Threads: int(r.threads.Int64), DataHash: r.data.String, ExitCode: -1, Signal: r.signal.String,
		PeakMemory: r.memory.Int64, CPUSeconds: r.cpuSeconds.Float64,
		Provenance: journal.Provenance{
			Commit: r.commit.String, DiffHash: r.diff.String, Harness: r.harness.String, BinaryHash: r.binary.String,
			GoVersion: r.goVersion.String, Host: r.host.String, CPU: r.cpu.String, Cores: int(r.cores.Int64),
			GPU: r.gpu.String, Driver: r.driver.String,
		},
	}
	if r.exit.Valid {
		a.ExitCode = int(r.exit.Int64)
	}
	return a
}

// Attempts reads all attempts of a trial, reruns included, oldest first.
func (db *DB) Attempts(ctx context.Context, id string) ([]Attempt, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT `+attemptColumns+` FROM attempt a JOIN trial t ON t.no = a.trial
		WHERE t.id = ? ORDER BY a.number`, id)
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	defer rows.Close()
	var attempts []Attempt
	for rows.Next() {
		var row attemptRow
		if err := rows.Scan(row.fields()...); err != nil {
			return nil, fmt.Errorf("read attempts: %w", err)
		}
		attempts = append(attempts, row.attempt())
	}
	return attempts, rows.Err()
}

// LastAttempt is the greatest number that an attempt of the trial has had, reruns included; 0 where there was none.
func (db *DB) LastAttempt(ctx context.Context, id string) (int, error) {
	var number sql.NullInt64
	err := db.sql.QueryRowContext(ctx, `SELECT MAX(a.number) FROM attempt a JOIN trial t ON t.no = a.trial WHERE t.id = ?`, id).
		Scan(&number)
	if err != nil {
		return 0, fmt.Errorf("read attempts: %w", err)
	}
	return int(number.Int64), nil
}

// PredictionsPath is the newest predictions.jsonl that a run of the trial wrote, or "" where there is none.
func (db *DB) PredictionsPath(ctx context.Context, id string) (string, error) {
	attempts, err := db.Attempts(ctx, id)
	if err != nil {
		return "", err
	}
	for i := len(attempts) - 1; i >= 0; i-- {
		path := filepath.Join(db.AttemptDir(id, attempts[i].Number), "predictions.jsonl")
		if _, err := os.Stat(path); err == nil && attempts[i].Purpose == journal.PurposeRun {
			return path, nil
		}
	}
	return "", nil
}

func fromMillis(t sql.NullInt64) time.Time {
	if !t.Valid {
		return time.Time{}
	}
	return time.UnixMilli(t.Int64).UTC()
}

func orNaN(v sql.NullFloat64) float64 {
	if !v.Valid {
		return math.NaN()
	}
	return v.Float64
}
