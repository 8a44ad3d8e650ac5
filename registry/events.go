package registry

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"harness/model/spec"
	"harness/registry/journal"
)

// batch is what one transaction takes of one attempt's journal.
type batch struct {
	db      *DB
	tx      tx
	trial   string
	attempt int
	limit   int // of events; 0 = none

	no        int64 // of the trial
	attemptNo int64
	at        journal.Position
	known     bool // the attempt has a row
	purpose   journal.Purpose
	state     State
	order     []int64            // of results: the metrics in the order in which they came
	results   map[int64]*Summary // by key, with what earlier batches took
	again     map[int64]bool     // keys of which a step came a second time
	grown     bool               // results changed
	events    int
	progress  *journal.Progress
	end       *journal.End
	full      bool
	bad       error
}

func newBatch(db *DB, t tx, trial string, attempt int) *batch {
	return &batch{db: db, tx: t, trial: trial, attempt: attempt, results: map[int64]*Summary{}}
}

// find looks up what earlier batches took.
func (b *batch) find() error {
	var encoded []byte
	err := b.tx.get(`SELECT t.no, a.no, a.journal_offset, a.journal_seq, a.purpose, a.state, r.metrics
		FROM trial t JOIN attempt a ON a.trial = t.no AND a.number = ? LEFT JOIN result r ON r.attempt = a.no WHERE t.id = ?`,
		[]any{b.attempt, b.trial}, &b.no, &b.attemptNo, &b.at.Offset, &b.at.Seq, &b.purpose, &b.state, &encoded)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	b.known = true
	return decodeResults(encoded, func(key int64, s Summary) {
		b.order = append(b.order, key)
		b.results[key] = &s
	})
}

// save writes what came together over the batch.
func (b *batch) save() error {
	if err := b.saveResults(); err != nil {
		return err
	}
	if p := b.progress; p != nil {
		if err := b.tx.do(`UPDATE attempt SET stage = ?, step = ?, total = ?, loss = ? WHERE no = ?`,
			p.Stage, p.Step, p.Total, nullNaN(float64(p.Loss)), b.attemptNo); err != nil {
			return err
		}
	}
	return b.tx.do(`UPDATE attempt SET journal_offset = ?, journal_seq = ? WHERE no = ?`, b.at.Offset, b.at.Seq, b.attemptNo)
}

// take puts one event into the tables.
func (b *batch) take(e *journal.Event) error {
	if b.limit > 0 && b.events == b.limit {
		return errBatchFull
	}
	if !b.known && e.Kind != journal.KindStart {
		return &skipError{fmt.Sprintf("the journal begins with a %s", e.Kind)}
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
	case journal.KindResume:
		return b.resume(e.Resume.Step)
	case journal.KindEnd:
		return b.finish(e.End, e.Time)
	case journal.KindExit:
		return b.exit(e.Exit, e.Time)
	}
	return nil
}

func (b *batch) start(s *journal.Start, at int64) error {
	switch {
	case b.known:
		return &badEventError{"a second start"}
	case s.Trial != b.trial || s.Attempt != b.attempt:
		return &skipError{fmt.Sprintf("the journal of trial %s, attempt %d", s.Trial, s.Attempt)}
	case !s.Purpose.Known():
		return &skipError{fmt.Sprintf("an attempt of an unknown purpose %q: use a newer harness", s.Purpose)}
	}
	var t spec.Trial // what cannot be read now would be in everybody's way later
	if err := json.Unmarshal(s.Spec, &t); err != nil {
		return &skipError{"the spec of its start cannot be read: " + err.Error()}
	}
	if err := b.tx.do(`INSERT INTO trial (id, spec, created) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		b.trial, string(s.Spec), at); err != nil {
		return err
	}
	var err error
	if b.no, err = trialNo(b.tx, b.trial); err != nil {
		return err
	}
	provenance, err := saveProvenance(b.tx, s.Provenance)
	if err != nil {
		return err
	}
	b.attemptNo, err = b.tx.insert(`INSERT INTO attempt (trial, number, purpose, started, engine, threads, uuid, dir,
		provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		b.no, b.attempt, s.Purpose, at, s.Engine, s.Threads, s.UUID, s.Dir, provenance)
	if err != nil {
		return err
	}
	b.known, b.purpose, b.state = true, s.Purpose, Running
	return b.updateTrial()
}

// saveProvenance returns the number of the row that says p.
func saveProvenance(t tx, p journal.Provenance) (no int64, err error) {
	values := []any{p.Commit, p.DiffHash, p.Harness, p.BinaryHash, p.GoVersion, p.Host, p.CPU, p.Cores, p.GPU, p.Driver,
		p.Code, p.Kernels}
	err = t.get(`SELECT no FROM provenance WHERE commit_hash = ? AND diff_hash = ? AND harness = ? AND binary_hash = ?
		AND go_version = ? AND host = ? AND cpu = ? AND cores = ? AND gpu = ? AND driver = ? AND code = ? AND kernels = ?
		LIMIT 1`, values, &no)
	if errors.Is(err, sql.ErrNoRows) {
		return t.insert(`INSERT INTO provenance (commit_hash, diff_hash, harness, binary_hash, go_version, host, cpu, cores,
			gpu, driver, code, kernels) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, values...)
	}
	return no, err
}

func (b *batch) point(metric string, step int64, value float64) error {
	key, err := b.key(metric)
	if err != nil {
		return err
	}
	n, err := b.tx.exec(`INSERT INTO point (trial, attempt, key, step, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		b.no, b.attempt, key, step, nullNaN(value))
	if err != nil {
		return err
	}
	b.grown = true
	if n == 0 { // the step was recorded before: the last value counts
		if b.again == nil {
			b.again = map[int64]bool{}
		}
		b.again[key] = true
		return b.tx.do(`UPDATE point SET value = ? WHERE trial = ? AND attempt = ? AND key = ? AND step = ?`,
			nullNaN(value), b.no, b.attempt, key, step)
	}
	s := b.results[key]
	if s == nil {
		s = newSummary()
		b.results[key], b.order = s, append(b.order, key)
	}
	s.add(Point{step, value})
	return nil
}

func (b *batch) note(seq int64, n *journal.Note) error {
	if n.Key == "data/hash" {
		if err := b.tx.do(`UPDATE attempt SET data_hash = ? WHERE no = ?`, n.Text, b.attemptNo); err != nil {
			return err
		}
	}
	return b.tx.do(`INSERT INTO note (trial, attempt, seq, key, text) VALUES (?, ?, ?, ?, ?)`, b.no, b.attempt, seq, n.Key, n.Text)
}

func (b *batch) resume(step int64) error {
	if err := b.tx.do(`UPDATE attempt SET resumed = ? WHERE no = ?`, max(step, -1), b.attemptNo); err != nil {
		return err
	}
	return b.updateTrial()
}

// finish takes the trial's own word of how it ended.
func (b *batch) finish(e *journal.End, at int64) error {
	if !e.Outcome.Known() {
		return &skipError{fmt.Sprintf("an attempt with an unknown outcome %q: use a newer harness", e.Outcome)}
	}
	b.end = e
	class := journal.Class("")
	if e.Outcome == journal.Failed {
		class = journal.ClassError
	}
	return b.settle(State(e.Outcome), class, e.Error, at)
}

// exit takes the word of the one who waited for the process. It never makes an attempt done.
func (b *batch) exit(x *journal.Exit, at int64) error {
	if !x.Class.Known() {
		return &skipError{fmt.Sprintf("an attempt that failed with an unknown class %q: use a newer harness", x.Class)}
	}
	if err := b.tx.do(`UPDATE attempt SET exit_code = ?, signal = ?, peak_memory = ?, cpu_seconds = ? WHERE no = ?`,
		x.Code, x.Signal, x.PeakMemory, x.CPUSeconds, b.attemptNo); err != nil {
		return err
	}
	switch {
	case b.state == Running && x.Class == "":
		return b.settle(Failed, journal.ClassError, "it ended without a word", at)
	case b.state == Done, x.Class == "", b.state == Failed && x.Class == journal.ClassError:
		return nil // the trial's own word stands
	case x.Class == journal.ClassInterrupted, x.Class == journal.ClassCanceled:
		return b.settle(Interrupted, x.Class, x.Error, at)
	}
	return b.settle(Failed, x.Class, x.Error, at)
}

// settle closes the attempt.
func (b *batch) settle(state State, class journal.Class, reason string, at int64) error {
	b.state = state
	if err := b.tx.do(`UPDATE attempt SET state = ?, class = ?, error = ?, ended = ? WHERE no = ?`,
		state, class, reason, at, b.attemptNo); err != nil {
		return err
	}
	return b.updateTrial()
}

// updateTrial keeps what the row of the trial says of its runs.
func (b *batch) updateTrial() error {
	if b.purpose != journal.PurposeRun || b.db.filling {
		return nil
	}
	return b.tx.do(updateTrials+` WHERE no = ?`, b.no)
}

// updateTrials computes of trials what follows from their attempts: the newest run and the newest one that is done, after
// redo_after, whether the numbers of several runs are to be joined, and the state.
const updateTrials = `UPDATE trial SET (attempt, result, state, merged) = (
	SELECT COALESCE(MAX(a.number), 0), COALESCE(MAX(CASE WHEN a.state = 'done' THEN a.number END), 0),
		CASE WHEN MAX(a.state = 'done') THEN 'done' ELSE
			COALESCE((SELECT n.state FROM attempt n WHERE n.trial = trial.no AND n.purpose = 'run' AND n.number > trial.redo_after
				ORDER BY n.number DESC LIMIT 1), 'queued') END,
		COUNT(*) > 1 AND MAX(a.resumed IS NOT NULL)
	FROM attempt a WHERE a.trial = trial.no AND a.purpose = 'run' AND a.number > trial.redo_after)`

// key is the number of a metric's name.
func (b *batch) key(name string) (int64, error) {
	if id, ok := b.db.keys[name]; ok {
		return id, nil
	}
	if err := b.tx.do(`INSERT INTO key (name) VALUES (?) ON CONFLICT (name) DO NOTHING`, name); err != nil {
		return 0, err
	}
	var id int64
	if err := b.tx.get(`SELECT id FROM key WHERE name = ?`, []any{name}, &id); err != nil {
		return 0, err
	}
	b.db.keys[name], b.db.fresh = id, append(b.db.fresh, name)
	return id, nil
}

// saveResults writes what the metrics came to. Where a step was recorded again, the points tell.
func (b *batch) saveResults() error {
	if !b.grown {
		return nil
	}
	for key := range b.again {
		s := newSummary()
		err := b.tx.each(`SELECT step, value FROM point WHERE trial = ? AND attempt = ? AND key = ? ORDER BY step`,
			[]any{b.no, b.attempt, key}, func(rows *sql.Rows) error {
				var step int64
				var value sql.NullFloat64
				err := rows.Scan(&step, &value)
				s.add(Point{step, orNaN(value)})
				return err
			})
		if err != nil {
			return err
		}
		b.results[key] = s
	}
	return b.tx.do(`INSERT INTO result (attempt, metrics) VALUES (?, ?)
		ON CONFLICT (attempt) DO UPDATE SET metrics = excluded.metrics`, b.attemptNo, encodeResults(b.order, b.results))
}
