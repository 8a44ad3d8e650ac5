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
	ID      string
	Spec    spec.Trial
	State   State
	Attempt int     // number of the newest run; 0 = none
	Newest  Attempt // that run; zero when there is none
	Member          // its place in the sweep that was asked for; zero without Query.Sweep
}

// Member is a trial as a row of a sweep's table.
type Member struct {
	Label   string  // names the trial for people
	Row     string  // trials of one row differ in the seed only
	Control string  // name of the control that the trial is; empty for a model
	Seed    int64   // of the sweep; paired over rows
	Params  []Param // what the sweep varies, in its order
}

// Param is one value of a trial that its sweep varies.
type Param struct {
	Path  string          // dotted, such as pretrain.parallel_ratio
	Value json.RawMessage // as written in the sweep
	Text  string          // as a table shows it
}

// Query chooses trials. Empty fields choose all.
type Query struct {
	Sweep  string // name of a sweep: its members, in its order
	IDs    []string
	States []State
}

// Trials reads the trials that q chooses: in the order of the sweep if there is one, else oldest first.
func (db *DB) Trials(ctx context.Context, q Query) ([]Trial, error) {
	where, args := []string{"1 = 1"}, []any{}
	from, order := `trial t`, `t.no`
	columns := `'', '', '', 0, 0, 0`
	if q.Sweep != "" {
		columns = `m.label, m.row, m.control, m.seed, m.sweep, m.position`
		from = `member m JOIN trial t ON t.no = m.trial JOIN sweep s ON s.no = m.sweep`
		where, args = append(where, `s.name = ?`), append(args, q.Sweep)
		order = `m.position`
	}
	if len(q.IDs) > 0 {
		where, args = append(where, `t.id IN (SELECT value FROM json_each(?))`), append(args, jsonList(q.IDs))
	}
	if len(q.States) > 0 {
		where, args = append(where, `t.state IN (SELECT value FROM json_each(?))`), append(args, jsonList(q.States))
	}
	rows, err := db.sql.QueryContext(ctx, `SELECT t.id, t.spec, t.state, t.attempt, `+columns+`, `+attemptColumns+`
		FROM `+from+` LEFT JOIN attempt a ON a.trial = t.no AND a.number = t.attempt
		WHERE `+strings.Join(where, " AND ")+` ORDER BY `+order, args...)
	if err != nil {
		return nil, fmt.Errorf("read trials: %w", err)
	}
	defer rows.Close()
	var trials []Trial
	var sweep int64
	places := map[int64]int{} // position in the sweep -> index in trials
	for rows.Next() {
		var t Trial
		var encoded string
		var position int64
		var a attemptRow
		into := append([]any{&t.ID, &encoded, &t.State, &t.Attempt, &t.Label, &t.Row, &t.Control, &t.Seed, &sweep, &position},
			a.fields()...)
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("read trials: %w", err)
		}
		if err := json.Unmarshal([]byte(encoded), &t.Spec); err != nil {
			return nil, fmt.Errorf("read trial %s: %w", t.ID, err)
		}
		t.Newest = a.attempt()
		places[position] = len(trials)
		trials = append(trials, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read trials: %w", err)
	}
	if q.Sweep == "" || len(trials) == 0 {
		return trials, nil
	}
	return trials, db.addParams(ctx, sweep, func(position int64, p Param) {
		if i, ok := places[position]; ok {
			trials[i].Params = append(trials[i].Params, p)
		}
	})
}

// addParams calls add with the parameters of a sweep's members, in order.
func (db *DB) addParams(ctx context.Context, sweep int64, add func(position int64, p Param)) error {
	rows, err := db.sql.QueryContext(ctx,
		`SELECT member, path, value, text FROM param WHERE sweep = ? ORDER BY member, position`, sweep)
	if err != nil {
		return fmt.Errorf("read parameters: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var position int64
		var p Param
		var value string
		if err := rows.Scan(&position, &p.Path, &value, &p.Text); err != nil {
			return fmt.Errorf("read parameters: %w", err)
		}
		p.Value = json.RawMessage(value)
		add(position, p)
	}
	return rows.Err()
}

// Sweeps lists the names of the sweeps that the trial is a member of, and all names for an empty id; newest last.
func (db *DB) Sweeps(ctx context.Context, id string) ([]string, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT s.name FROM sweep s WHERE ? = '' OR s.no IN
		(SELECT m.sweep FROM member m JOIN trial t ON t.no = m.trial WHERE t.id = ?) ORDER BY s.updated, s.no`, id, id)
	if err != nil {
		return nil, fmt.Errorf("read sweeps: %w", err)
	}
	return scanStrings(rows)
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
	rows, err := db.sql.QueryContext(ctx, `SELECT id FROM trial WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT 8`,
		len(prefix), strings.ToLower(prefix))
	if err != nil {
		return "", fmt.Errorf("find trial: %w", err)
	}
	ids, err := scanStrings(rows)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", fmt.Errorf("trial %s: %w", prefix, ErrUnknown)
	case len(ids) > 1:
		return "", &AmbiguousError{prefix, ids}
	}
	return ids[0], nil
}

// trialNo is the number of a trial in the tables.
func trialNo(ctx context.Context, tx *sql.Tx, id string) (no int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT no FROM trial WHERE id = ?`, id).Scan(&no)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("trial %s: %w", id, ErrUnknown)
	}
	return no, err
}

func scanStrings(rows *sql.Rows) ([]string, error) {
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// jsonList passes any number of values as one.
func jsonList[T ~string](values []T) string {
	encoded, err := json.Marshal(values)
	if err != nil {
		panic("registry: " + err.Error()) // strings can be encoded
	}
	return string(encoded)
}
