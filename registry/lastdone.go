package registry

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// LastDone reads the trials of other sweeps than the one with the handle that were done last, at most so many, newest first, with their
// specs. Each has its place in the newest sweep that has it.
func (db *DB) LastDone(ctx context.Context, but string, most int) ([]Trial, error) {
	ids, err := db.readStrings(ctx, `SELECT t.id FROM trial t JOIN attempt a ON a.trial = t.no AND a.number = t.result
		WHERE t.result > 0 AND t.no NOT IN (SELECT m.trial FROM member m JOIN sweep s ON s.no = m.sweep WHERE s.handle = ? AND m.former = 0)
		ORDER BY a.ended DESC LIMIT ?`, but, most)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	trials, err := db.Trials(ctx, Query{IDs: ids})
	if err != nil {
		return nil, err
	}
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(trials, func(a, b Trial) int { return place[a.ID] - place[b.ID] })
	return trials, nil
}

// Span is when an attempt ran, and whether it went on from one before it.
type Span struct {
	Number         int
	State          State
	Started, Ended int64 // milliseconds since 1970; Ended is 0 while it runs
	Resumed        bool
}

// Spans reads when the attempts of a trial ran whose numbers may count, oldest first.
func (db *DB) Spans(ctx context.Context, id string) ([]Span, error) {
	var spans []Span
	err := db.read(ctx, `SELECT a.number, a.state, a.started, COALESCE(a.ended, 0), a.resumed IS NOT NULL FROM attempt a JOIN trial t ON t.no = a.trial
		WHERE t.id = ? AND a.purpose = 'run' AND a.number > t.redo_after ORDER BY a.number`, []any{id}, func(rows *sql.Rows) error {
		var s Span
		err := rows.Scan(&s.Number, &s.State, &s.Started, &s.Ended, &s.Resumed)
		spans = append(spans, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	return spans, nil
}
