package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"

	"harness/model/spec"
	"harness/registry/journal"
)

// Ingested says what Ingest found.
type Ingested struct {
	Events   int
	Progress *journal.Progress // the last one among them
	End      *journal.End
}

// batchEvents bounds a transaction, so that readers of a long journal see it grow.
const batchEvents = 50_000

// errBatchFull ends a batch; it does not leave this file.
var errBatchFull = errors.New("batch full")

// Ingest turns what is new in an attempt's journal into rows. Rows and position are committed together, so that it may
// be called at any time, by several processes, and be killed anywhere: nothing is lost or counted twice. A line that is
// not yet whole is left for the next call; a bad one is reported as *journal.BadLineError after all before it is kept.
func (db *DB) Ingest(ctx context.Context, id string, attempt int) (Ingested, error) {
	var all Ingested
	path := filepath.Join(db.AttemptDir(id, attempt), journal.FileName)
	for {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return all, nil // the attempt was made, but never started
		}
		if err != nil {
			return all, fmt.Errorf("ingest: %w", err)
		}
		if db.ingested[path] == info.Size() {
			return all, nil
		}
		b := batch{db: db, ctx: ctx, trial: id, attempt: attempt, series: map[int64]*Summary{}}
		if err := db.write(ctx, func(tx *sql.Tx) error { b.tx = tx; return b.run(path) }); err != nil {
			return all, fmt.Errorf("ingest: %w", err)
		}
		maps.Copy(db.keys, b.newKeys)
		db.ingested[path] = b.at.Offset
		all.Events += b.events
		if b.progress != nil {
			all.Progress = b.progress
		}
		if b.end != nil {
			all.End = b.end
		}
		if !b.full {
			return all, b.bad
		}
	}
}

// batch is one transaction of Ingest.
type batch struct {
	db      *DB
	ctx     context.Context
	tx      *sql.Tx
	trial   string
	attempt int

	no       int64 // of the trial
	at       journal.Position
	known    bool // the attempt has a row
	purpose  journal.Purpose
	state    State
	series   map[int64]*Summary // by key: what this batch adds
	again    map[int64]bool     // keys of which a step came a second time
	newKeys  map[string]int64   // known for good once the transaction is
	insert   *sql.Stmt
	events   int
	progress *journal.Progress
	end      *journal.End
	full     bool
	bad      error
}

func (b *batch) run(path string) error {
	err := b.tx.QueryRowContext(b.ctx, `SELECT t.no, a.journal_offset, a.journal_seq, a.purpose, a.state
		FROM attempt a JOIN trial t ON t.no = a.trial WHERE t.id = ? AND a.number = ?`, b.trial, b.attempt).
		Scan(&b.no, &b.at.Offset, &b.at.Seq, &b.purpose, &b.state)
	b.known = err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	b.insert, err = b.tx.PrepareContext(b.ctx,
		`INSERT INTO point (trial, attempt, key, step, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
	if err != nil {
		return err
	}
	defer b.insert.Close()
	b.at, err = journal.Read(path, b.at, b.take)
	var bad *journal.BadLineError
	switch {
	case errors.Is(err, errBatchFull):
		b.full = true
	case errors.As(err, &bad):
		b.bad = err
	case err != nil:
		return err
	}
	if b.events == 0 {
		return nil
	}
	if err := b.saveSummaries(); err != nil {
		return err
	}
	if p := b.progress; p != nil {
		if err := b.exec(`UPDATE attempt SET stage = ?, step = ?, total = ?, loss = ? WHERE trial = ? AND number = ?`,
			p.Stage, p.Step, p.Total, nullNaN(float64(p.Loss)), b.no, b.attempt); err != nil {
			return err
		}
	}
	return b.exec(`UPDATE attempt SET journal_offset = ?, journal_seq = ? WHERE trial = ? AND number = ?`,
		b.at.Offset, b.at.Seq, b.no, b.attempt)
}

// take puts one event into the tables.
func (b *batch) take(e *journal.Event) error {
	if b.events == batchEvents {
		return errBatchFull
	}
	if !b.known && e.Kind != journal.KindStart {
		return fmt.Errorf("journal of trial %s, attempt %d: it begins with a %s", b.trial, b.attempt, e.Kind)
	}
	b.events++
	switch e.Kind {
	case journal.KindStart:
		return b.start(e.Start, e.Time)
	case journal.KindPoint:
		return b.point(e.Metric, e.Step, float64(e.Value))
	case journal.KindProgress:
		b.progress = e.Progress
	case journal.KindNote:
		return b.note(e.Seq, e.Note)
	case journal.KindEnd:
		b.end = e.End
		class := journal.Class("")
		if e.End.Outcome == journal.Failed {
			class = journal.ClassError
		}
		return b.settle(State(e.End.Outcome), class, e.End.Error, e.Time)
	case journal.KindExit:
		return b.exit(e.Exit, e.Time)
	}
	return nil
}

func (b *batch) start(s *journal.Start, at int64) error {
	if s.Trial != b.trial || s.Attempt != b.attempt {
		return fmt.Errorf("journal of trial %s, attempt %d: it is that of %s, attempt %d", b.trial, b.attempt, s.Trial, s.Attempt)
	}
	var t spec.Trial
	if err := json.Unmarshal(s.Spec, &t); err != nil {
		return fmt.Errorf("journal of trial %s: spec: %w", b.trial, err)
	}
	if err := b.exec(`INSERT INTO trial (id, spec, created) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		b.trial, string(s.Spec), at); err != nil {
		return err
	}
	var err error
	if b.no, err = trialNo(b.ctx, b.tx, b.trial); err != nil {
		return err
	}
	b.known, b.purpose, b.state = true, s.Purpose, Running
	p := s.Provenance
	if err := b.exec(`INSERT INTO attempt (trial, number, purpose, started, engine, threads, commit_hash, diff_hash, harness,
		binary_hash, go_version, host, cpu, cores, gpu, driver, uuid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		b.no, b.attempt, s.Purpose, at, s.Engine, s.Threads, p.Commit, p.DiffHash, p.Harness,
		p.BinaryHash, p.GoVersion, p.Host, p.CPU, p.Cores, p.GPU, p.Driver, s.UUID); err != nil {
		return err
	}
	return b.updateTrial()
}

func (b *batch) point(metric string, step int64, value float64) error {
	key, err := b.key(metric)
	if err != nil {
		return err
	}
	result, err := b.insert.ExecContext(b.ctx, b.no, b.attempt, key, step, nullNaN(value))
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 { // the step was recorded before: the last value counts
		if b.again == nil {
			b.again = map[int64]bool{}
		}
		b.again[key] = true
		return b.exec(`UPDATE point SET value = ? WHERE trial = ? AND attempt = ? AND key = ? AND step = ?`,
			nullNaN(value), b.no, b.attempt, key, step)
	}
	s := b.series[key]
	if s == nil {
		s = &Summary{LastStep: math.MinInt64, Last: math.NaN(), Min: math.NaN(), Max: math.NaN()}
		b.series[key] = s
	}
	s.add(Point{step, value})
	return nil
}

func (b *batch) note(seq int64, n *journal.Note) error {
	if n.Key == "data/hash" {
		if err := b.exec(`UPDATE attempt SET data_hash = ? WHERE trial = ? AND number = ?`, n.Text, b.no, b.attempt); err != nil {
			return err
		}
	}
	return b.exec(`INSERT INTO note (trial, attempt, seq, key, text) VALUES (?, ?, ?, ?, ?)`, b.no, b.attempt, seq, n.Key, n.Text)
}

func (b *batch) exit(x *journal.Exit, at int64) error {
	if err := b.exec(`UPDATE attempt SET exit_code = ?, signal = ?, peak_memory = ?, cpu_seconds = ?
		WHERE trial = ? AND number = ?`, x.Code, x.Signal, x.PeakMemory, x.CPUSeconds, b.no, b.attempt); err != nil {
		return err
	}
	switch {
	case b.state == Running && x.Class == "":
		return b.settle(Failed, journal.ClassError, "it ended without a word", at)
	case b.state == Done, x.Class == "", b.state == Failed && x.Class == journal.ClassError:
		return nil // the trial's own word stands
	case x.Class == journal.ClassInterrupted:
		return b.settle(Interrupted, "", x.Error, at)
	}
	return b.settle(Failed, x.Class, x.Error, at)
}

// settle closes the attempt.
func (b *batch) settle(state State, class journal.Class, reason string, at int64) error {
	b.state = state
	if err := b.exec(`UPDATE attempt SET state = ?, class = ?, error = ?, ended = ? WHERE trial = ? AND number = ?`,
		state, class, reason, at, b.no, b.attempt); err != nil {
		return err
	}
	return b.updateTrial()
}

// updateTrial sets the state of the trial by its runs: done once, done for good; else that of the newest.
func (b *batch) updateTrial() error {
	if b.purpose != journal.PurposeRun {
		return nil
	}
	return b.exec(`UPDATE trial SET attempt = MAX(attempt, ?2), state = CASE
		WHEN EXISTS (SELECT 1 FROM attempt a WHERE a.trial = ?1 AND a.state = 'done' AND a.purpose = 'run') THEN 'done'
		WHEN attempt <= ?2 THEN ?3 ELSE state END WHERE no = ?1`, b.no, b.attempt, b.state)
}

// key is the number of a metric's name.
func (b *batch) key(name string) (int64, error) {
	if id, ok := b.db.keys[name]; ok {
		return id, nil
	}
	if id, ok := b.newKeys[name]; ok {
		return id, nil
	}
	if err := b.exec(`INSERT INTO key (name) VALUES (?) ON CONFLICT (name) DO NOTHING`, name); err != nil {
		return 0, err
	}
	var id int64
	if err := b.tx.QueryRowContext(b.ctx, `SELECT id FROM key WHERE name = ?`, name).Scan(&id); err != nil {
		return 0, err
	}
	if b.newKeys == nil {
		b.newKeys = map[string]int64{}
	}
	b.newKeys[name] = id
	return id, nil
}

func (b *batch) saveSummaries() error {
	for key, s := range b.series {
		if b.again[key] {
			continue
		}
		if err := b.exec(`INSERT INTO summary (trial, attempt, key, last_step, last, min, max, n)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
			last = CASE WHEN excluded.last_step > last_step THEN excluded.last ELSE last END,
			last_step = MAX(last_step, excluded.last_step), n = n + excluded.n,
			min = COALESCE(MIN(min, excluded.min), min, excluded.min),
			max = COALESCE(MAX(max, excluded.max), max, excluded.max)`,
			b.no, b.attempt, key, s.LastStep, nullNaN(s.Last), nullNaN(s.Min), nullNaN(s.Max), s.N); err != nil {
			return err
		}
	}
	for key := range b.again {
		if err := b.exec(`INSERT INTO summary (trial, attempt, key, last_step, last, min, max, n)
			SELECT p.trial, p.attempt, p.key, MAX(p.step),
				(SELECT q.value FROM point q WHERE q.trial = ?1 AND q.attempt = ?2 AND q.key = ?3 ORDER BY q.step DESC LIMIT 1),
				MIN(p.value), MAX(p.value), COUNT(*)
			FROM point p WHERE p.trial = ?1 AND p.attempt = ?2 AND p.key = ?3
			GROUP BY p.trial, p.attempt, p.key
			ON CONFLICT DO UPDATE SET last = excluded.last, last_step = excluded.last_step,
			min = excluded.min, max = excluded.max, n = excluded.n`, b.no, b.attempt, key); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) exec(statement string, args ...any) error {
	_, err := b.tx.ExecContext(b.ctx, statement, args...)
	return err
}

func nullNaN(v float64) sql.NullFloat64 { return sql.NullFloat64{Float64: v, Valid: !math.IsNaN(v)} }
