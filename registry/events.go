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
	rolled    *rollups           // of the long curves; nil until one has a new point
	from      journal.Position   // where the batch begins
	news      news
	events    int
	progress  *journal.Progress
	end       *journal.End
	full      bool
	bad       error
}

func newBatch(db *DB, t tx, trial string, attempt int) *batch {
	return &batch{db: db, tx: t, trial: trial, attempt: attempt, results: map[int64]*Summary{}}
}

// news is what a batch says of the attempt's own row; nil is nothing new.
type news struct {
	state, class, reason, ended              any
	exitCode, signal, peakMemory, cpuSeconds any
	dataHash, resumed                        any
	stage, step, total                       any
	loss                                     any  // NULL is a value here: it counts where stage does
	ofTrial                                  bool // the row of the trial follows from it
}

// find looks up the trial, and what earlier batches took.
func (b *batch) find() error {
	var attempt, offset, seq sql.NullInt64
	var purpose, state sql.NullString
	var encoded []byte
	err := b.tx.get(`SELECT t.no, a.no, a.journal_offset, a.journal_seq, a.purpose, a.state, r.metrics FROM trial t
		LEFT JOIN attempt a ON a.trial = t.no AND a.number = ? LEFT JOIN result r ON r.attempt = a.no WHERE t.id = ?`,
		[]any{b.attempt, b.trial}, &b.no, &attempt, &offset, &seq, &purpose, &state, &encoded)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !attempt.Valid {
		return nil
	}
	if err != nil {
		return err
	}
	b.known, b.attemptNo, b.at = true, attempt.Int64, journal.Position{Offset: offset.Int64, Seq: seq.Int64}
	b.from = b.at
	b.purpose, b.state = journal.Purpose(purpose.String), State(state.String)
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
	if err := b.saveRollups(); err != nil {
		return err
	}
	n := &b.news
	if p := b.progress; p != nil {
		n.stage, n.step, n.total, n.loss = p.Stage, p.Step, p.Total, nullNaN(float64(p.Loss))
	}
	err := b.tx.do(`UPDATE attempt SET journal_offset = ?, journal_seq = ?, state = COALESCE(?, state),
		class = COALESCE(?, class), error = COALESCE(?, error), ended = COALESCE(?, ended),
		exit_code = COALESCE(?, exit_code), signal = COALESCE(?, signal), peak_memory = COALESCE(?, peak_memory),
		cpu_seconds = COALESCE(?, cpu_seconds), data_hash = COALESCE(?, data_hash), resumed = COALESCE(?, resumed),
		loss = CASE WHEN ?14 IS NULL THEN loss ELSE ?13 END, stage = COALESCE(?14, stage), step = COALESCE(?15, step),
		total = COALESCE(?16, total) WHERE no = ?17`, b.at.Offset, b.at.Seq, n.state, n.class, n.reason, n.ended,
		n.exitCode, n.signal, n.peakMemory, n.cpuSeconds, n.dataHash, n.resumed, n.loss, n.stage, n.step, n.total, b.attemptNo)
	if err != nil || !n.ofTrial || b.purpose != journal.PurposeRun || b.db.filling {
		return err
	}
	return b.tx.do(updateTrials+` WHERE no = ?`, b.no)
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
		b.news.resumed, b.news.ofTrial = max(e.Resume.Step, -1), true
	case journal.KindEnd:
		return b.finish(e.End, e.Time)
	case journal.KindExit:
		return b.exit(e.Exit, e.Time)
	case journal.KindRung:
		return b.note(e.Seq, &journal.Note{Key: journal.RungKey(e.Rung.Rung), Text: e.Rung.String()})
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
	var err error
	if b.no == 0 {
		if b.no, err = b.tx.insert(`INSERT INTO trial (id, spec, created) VALUES (?, ?, ?)`, b.trial, string(s.Spec), at); err != nil {
			return err
		}
	}
	provenance, err := b.db.saveProvenance(b.tx, s.Provenance)
	if err != nil {
		return err
	}
	b.attemptNo, err = b.tx.insert(`INSERT INTO attempt (trial, number, purpose, started, engine, threads, uuid, dir,
		provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		b.no, b.attempt, s.Purpose, at, s.Engine, s.Threads, s.UUID, s.Dir, provenance)
	if err != nil {
		return err
	}
	b.known, b.purpose, b.state, b.news.ofTrial = true, s.Purpose, Running, true
	return nil
}

// saveProvenance returns the number of the row that says p.
func (db *DB) saveProvenance(t tx, p journal.Provenance) (no int64, err error) {
	if no, ok := db.saved[p]; ok {
		return no, nil
	}
	values := []any{p.Commit, p.DiffHash, p.Harness, p.BinaryHash, p.GoVersion, p.Host, p.CPU, p.Cores, p.GPU, p.Driver,
		p.Code, p.Kernels}
	err = t.get(`SELECT no FROM provenance WHERE commit_hash = ? AND diff_hash = ? AND harness = ? AND binary_hash = ?
		AND go_version = ? AND host = ? AND cpu = ? AND cores = ? AND gpu = ? AND driver = ? AND code = ? AND kernels = ?
		LIMIT 1`, values, &no)
	if errors.Is(err, sql.ErrNoRows) { // not kept in saved: this transaction may be rolled back
		return t.insert(`INSERT INTO provenance (commit_hash, diff_hash, harness, binary_hash, go_version, host, cpu, cores,
			gpu, driver, code, kernels) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, values...)
	}
	if err == nil && !db.filling {
		db.saved[p] = no
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
		err := b.tx.do(`UPDATE point SET value = ? WHERE trial = ? AND attempt = ? AND key = ? AND step = ?`,
			nullNaN(value), b.no, b.attempt, key, step)
		if err == nil && b.results[key] != nil {
			err = b.roll(key, Point{step, value}, b.results[key].N, true)
		}
		return err
	}
	s := b.results[key]
	if s == nil {
		s = newSummary()
		b.results[key], b.order = s, append(b.order, key)
	}
	s.add(Point{step, value})
	return b.roll(key, Point{step, value}, s.N, false)
}

func (b *batch) note(seq int64, n *journal.Note) error {
	if n.Key == "data/hash" {
		b.news.dataHash = n.Text
	}
	return b.tx.do(`INSERT INTO note (trial, attempt, seq, key, text) VALUES (?, ?, ?, ?, ?)`, b.no, b.attempt, seq, n.Key, n.Text)
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
	b.settle(State(e.Outcome), class, e.Error, at)
	return nil
}

// exit takes the word of the one who waited for the process. It never makes an attempt done.
func (b *batch) exit(x *journal.Exit, at int64) error {
	if !x.Class.Known() {
		return &skipError{fmt.Sprintf("an attempt that failed with an unknown class %q: use a newer harness", x.Class)}
	}
	b.news.exitCode, b.news.signal, b.news.peakMemory, b.news.cpuSeconds = x.Code, x.Signal, x.PeakMemory, x.CPUSeconds
	switch {
	case b.state == Running && x.Class == "":
		b.settle(Failed, journal.ClassError, "it ended without a word", at)
	case b.state == Done, x.Class == "", b.state == Failed && x.Class == journal.ClassError:
		// the trial's own word stands
	case x.Class == journal.ClassInterrupted, x.Class == journal.ClassCanceled:
		b.settle(Interrupted, x.Class, x.Error, at)
	case x.Class == journal.ClassStopped:
		b.settle(Stopped, x.Class, x.Error, at)
	default:
		b.settle(Failed, x.Class, x.Error, at)
	}
	return nil
}

// settle closes the attempt.
func (b *batch) settle(state State, class journal.Class, reason string, at int64) {
	b.state = state
	b.news.state, b.news.class, b.news.reason, b.news.ended, b.news.ofTrial = string(state), string(class), reason, at, true
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
