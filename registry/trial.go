package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"harness/model/spec"
)

// Trial is a trial as the registry knows it.
type Trial struct {
	ID        string
	Spec      spec.Trial
	State     State
	Attempt   int     // number of the newest run after RedoAfter; 0 = none
	Newest    Attempt // that run; zero when there is none
	Result    int     // the run that is done, whose numbers are final; 0 = none, and the numbers are those of Newest
	Tags      []string
	Note      string
	RedoAfter int // attempts up to here are history

	// Its place in the sweep that was asked for; without Query.Sweep, in the newest sweep that has it.
	Sweep, Label, Row, Control string
	Seed                       int64           // of the sweep; paired over rows
	Params                     json.RawMessage // what the sweep varies: an object in the sweep's order
	Former                     bool            // the sweep does not want it any more
}

// LiveState is the state of a trial, but for one whose process was killed together with its sweep: that is interrupted.
func (db *DB) LiveState(t Trial) State {
	if t.State == Running && !db.runs(t.ID) {
		return Interrupted
	}
	return t.State
}

// Query chooses trials. Empty fields choose all.
type Query struct {
	Sweep  string // handle of a sweep: its members, in its order
	All    bool   // with the former members of Sweep, which stand behind the others
	IDs    []string
	States []State
	Brief  bool // leave Spec out, and of Newest all but what a list shows: twice as fast
	NoSpec bool // leave Spec out: who has the plan has it
}

// Trials reads the trials that q chooses: in the order of the sweep if there is one, else in that
// in which the registry came to know them.
func (db *DB) Trials(ctx context.Context, q Query) ([]Trial, error) {
	query, args := q.statement()
	expected := len(q.IDs)
	if expected == 0 {
		if err := db.readOne(ctx, `SELECT COUNT(*) FROM trial`, nil, &expected); err != nil {
			return nil, fmt.Errorf("read trials: %w", err)
		}
	}
	trials := make([]Trial, 0, expected) // they are large
	var provenances []int64
	r := newTrialRow(q)
	err := db.read(ctx, query, args, func(rows *sql.Rows) error {
		if err := rows.Scan(r.into...); err != nil {
			return err
		}
		t, provenance, err := r.trial()
		trials, provenances = append(trials, t), append(provenances, provenance)
		return err
	})
	for i, no := range provenances {
		if err == nil {
			trials[i].Newest.Provenance, err = db.provenance(no)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read trials: %w", err)
	}
	return trials, nil
}

// statement is the query for q. Its text is one of few.
func (q Query) statement() (string, []any) {
	var b strings.Builder
	b.WriteString(`SELECT t.id, t.state, t.result, t.redo_after, t.tags, t.note,
		s.handle, m.label, m.row, m.control, m.seed, m.params, m.former, ` + briefColumns)
	if !q.Brief {
		b.WriteString(`, ` + moreColumns)
		if !q.NoSpec {
			b.WriteString(`, t.spec`)
		}
	}
	var args []any
	order := `t.no`
	where := []string{`1 = 1`}
	if q.Sweep != "" {
		b.WriteString(` FROM sweep s JOIN member m ON m.sweep = s.no JOIN trial t ON t.no = m.trial`)
		where, args = append(where, `s.handle = ?`), append(args, q.Sweep)
		order = `m.position`
		if !q.All {
			where = append(where, `m.former = 0`)
		}
	} else {
		// The newest place, former ones last: MAX chooses the row that x.no is taken from, without sorting.
		const place = `SELECT x.trial AS trial, x.no AS no, MAX(y.planned - x.former * 1000000000000000) FROM member x JOIN sweep y ON y.no = x.sweep`
		if n := len(q.IDs); n > 0 && n < 100 { // of few
			b.WriteString(` FROM trial t LEFT JOIN member m ON m.no = (SELECT no FROM (` + place + ` WHERE x.trial = t.no))`)
		} else { // of all at once
			b.WriteString(` FROM trial t LEFT JOIN (` + place + ` GROUP BY x.trial) p ON p.trial = t.no LEFT JOIN member m ON m.no = p.no`)
		}
		b.WriteString(` LEFT JOIN sweep s ON s.no = m.sweep`)
	}
	if len(q.IDs) > 0 {
		where, args = append(where, `t.id IN (SELECT value FROM json_each(?))`), append(args, jsonList(q.IDs))
	}
	if len(q.States) > 0 {
		where, args = append(where, `t.state IN (SELECT value FROM json_each(?))`), append(args, jsonList(q.States))
	}
	b.WriteString(` LEFT JOIN attempt a ON a.trial = t.no AND a.number = t.attempt WHERE ` + strings.Join(where, " AND ") +
		` ORDER BY ` + order)
	return b.String(), args
}

// trialRow takes a row of Trials.
type trialRow struct {
	t                                                        Trial
	state, tags, params, encoded, sweep, label, row, control sql.RawBytes
	seed                                                     sql.NullInt64
	former                                                   sql.NullBool
	attempt                                                  attemptRow
	words                                                    map[string]string // texts that many rows have
	into                                                     []any
}

func newTrialRow(q Query) *trialRow {
	r := &trialRow{words: map[string]string{}}
	r.attempt.brief = q.Brief
	r.into = append([]any{&r.t.ID, &r.state, &r.t.Result, &r.t.RedoAfter, &r.tags, &r.t.Note,
		&r.sweep, &r.label, &r.row, &r.control, &r.seed, &r.params, &r.former}, r.attempt.fields()...)
	if !q.Brief && !q.NoSpec {
		r.into = append(r.into, &r.encoded)
	}
	return r
}

// word is a text, kept once however often it comes.
func (r *trialRow) word(b sql.RawBytes) string {
	if s, ok := r.words[string(b)]; ok {
		return s
	}
	s := string(b)
	r.words[s] = s
	return s
}

func (r *trialRow) trial() (t Trial, provenance int64, err error) {
	t = r.t
	t.State, t.Former, t.Seed = State(r.word(r.state)), r.former.Bool, r.seed.Int64
	t.Sweep, t.Label, t.Row, t.Control = r.word(r.sweep), string(r.label), r.word(r.row), r.word(r.control)
	if len(r.params) > 0 {
		t.Params = json.RawMessage(string(r.params))
	}
	if len(r.tags) > 0 {
		if err := json.Unmarshal(r.tags, &t.Tags); err != nil {
			return t, 0, fmt.Errorf("trial %s: tags: %w", t.ID, err)
		}
	}
	if len(r.encoded) > 0 {
		if err := json.Unmarshal(r.encoded, &t.Spec); err != nil {
			return t, 0, fmt.Errorf("trial %s: spec: %w", t.ID, err)
		}
	}
	t.Newest, provenance = r.attempt.attempt()
	t.Attempt = t.Newest.Number
	return t, provenance, nil
}

// AmbiguousError is a prefix that several trials begin with.
type AmbiguousError struct {
	Prefix     string
	Candidates []string // at most eight, sorted
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("trial %s is ambiguous: %s", e.Prefix, strings.Join(e.Candidates, ", "))
}

// ErrUnknown is the trial that nobody knows.
var ErrUnknown = errors.New("no such trial")

// Find returns the ID that begins with prefix, which has at least spec.MinPrefix characters.
func (db *DB) Find(ctx context.Context, prefix string) (string, error) {
	if len(prefix) < spec.MinPrefix {
		return "", fmt.Errorf("trial %q: give at least %d characters of its id", prefix, spec.MinPrefix)
	}
	ids, err := db.readStrings(ctx, `SELECT id FROM trial WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT 8`,
		len(prefix), strings.ToLower(prefix))
	switch {
	case err != nil:
		return "", fmt.Errorf("find trial: %w", err)
	case len(ids) == 0:
		return "", fmt.Errorf("trial %s: %w", prefix, ErrUnknown)
	case len(ids) > 1:
		return "", &AmbiguousError{prefix, ids}
	}
	return ids[0], nil
}

// jsonList passes any number of values as one.
func jsonList[T ~string](values []T) string {
	encoded, err := json.Marshal(values)
	if err != nil {
		panic("registry: " + err.Error()) // strings can be encoded
	}
	return string(encoded)
}
