package registry

import (
	"context"
	"database/sql"
)

// A run that resumed goes on from what the run before it had kept: points, notes and results of both are one record.

// link is a run in the chain of those whose numbers count.
type link struct {
	number int
	after  sql.NullInt64 // how far the run before it counts; -1 = not told; NULL = not at all
	done   bool
	silent bool // it was ended before it recorded a number or said that it resumed
}

// join puts the points of this run in place of those of the run before it, from where it went on.
func (l link) join(before, own []Point) []Point {
	if l.silent {
		return before
	}
	if !l.after.Valid || len(before) == 0 {
		return own
	}
	until := l.after.Int64
	if until < 0 && len(own) > 0 {
		until = own[0].Step - 1
	} else if until < 0 {
		return before
	}
	var joined []Point
	for _, p := range before {
		for len(own) > 0 && own[0].Step < p.Step {
			joined, own = append(joined, own[0]), own[1:]
		}
		if p.Step <= until && (len(own) == 0 || own[0].Step != p.Step) {
			joined = append(joined, p)
		}
	}
	return append(joined, own...)
}

// chain lists the runs whose numbers count, oldest first: the one that is done, else the newest, and before it those from
// which it went on. A run that was ended before it said anything does not stand between two others.
func (db *DB) chain(ctx context.Context, id string) ([]link, error) {
	var runs []link
	err := db.read(ctx, `SELECT a.number, a.resumed, a.state = 'done',
		a.resumed IS NULL AND NOT EXISTS (SELECT 1 FROM result r WHERE r.attempt = a.no)
		FROM trial t JOIN attempt a ON a.trial = t.no AND a.purpose = 'run' AND a.number > t.redo_after
		AND a.number <= CASE WHEN t.result > 0 THEN t.result ELSE t.attempt END
		WHERE t.id = ? ORDER BY a.number`, []any{id}, func(rows *sql.Rows) error {
		var l link
		err := rows.Scan(&l.number, &l.after, &l.done, &l.silent)
		runs = append(runs, l)
		return err
	})
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	first := len(runs) - 1
	runs[first].silent = false // its numbers count, though there are none yet
	for first > 0 && (runs[first].after.Valid || runs[first].silent) {
		first--
	}
	for first+1 < len(runs) && runs[first].silent && runs[first+1].silent { // they lead to no numbers
		first++
	}
	return runs[first:], nil
}

// mergedSummary computes what the metrics of a trial came to from the points of several runs.
func (db *DB) mergedSummary(ctx context.Context, id string) (map[string]Summary, error) {
	chain, err := db.chain(ctx, id)
	if err != nil || len(chain) == 0 {
		return nil, err
	}
	final := chain[len(chain)-1].done
	metrics := map[string]bool{}
	for _, link := range chain {
		own, err := db.attemptSummaries(ctx, id, link.number)
		if err != nil {
			return nil, err
		}
		for metric := range own {
			metrics[metric] = true
		}
	}
	merged := make(map[string]Summary, len(metrics))
	for metric := range metrics {
		points, err := db.Points(ctx, id, metric)
		if err != nil {
			return nil, err
		}
		if len(points) > 0 {
			s := *summarize(points)
			s.Final = final
			merged[metric] = s
		}
	}
	return merged, nil
}
