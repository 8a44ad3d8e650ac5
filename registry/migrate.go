package registry

import (
	"database/sql"
	"embed"
	"fmt"
	"math"
	"slices"
)

// migrations holds one SQL file a version, NNNN_what.sql. A released file is never changed: a new one follows it.
//
//go:embed migrations/*.sql
var migrations embed.FS

// schema is the newest version.
const schema = 5

// migrate brings the tables to the newest version.
func (db *DB) migrate(t tx) error {
	var version int
	if err := t.get(`PRAGMA user_version`, nil, &version); err != nil {
		return fmt.Errorf("migrate registry: %w", err)
	}
	from := version
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	for ; version < schema; version++ {
		name := files[version].Name()
		statements, err := migrations.ReadFile("migrations/" + name)
		if err != nil {
			return err
		}
		if _, err := t.w.conn.ExecContext(background, string(statements)); err != nil {
			return fmt.Errorf("migrate registry: %s: %w", name, err)
		}
	}
	if 0 < from && from < 3 {
		if err := db.addResults(t); err != nil {
			return fmt.Errorf("migrate registry: %w", err)
		}
		if err := t.do(updateTrials); err != nil {
			return fmt.Errorf("migrate registry: %w", err)
		}
	}
	if 0 < from && from < 5 {
		if err := db.addRollups(t); err != nil {
			return fmt.Errorf("migrate registry: %w", err)
		}
	}
	return t.do(fmt.Sprintf(`PRAGMA user_version = %d`, schema))
}

// addResults computes the summaries of all attempts from their points.
func (db *DB) addResults(t tx) error {
	attempts := map[int64]map[int64]*Summary{} // attempt.no -> key.id
	var last struct {
		attempt, key int64
		s            *Summary
	}
	err := t.each(`SELECT a.no, p.key, p.step, p.value FROM point p
		JOIN attempt a ON a.trial = p.trial AND a.number = p.attempt ORDER BY p.trial, p.attempt, p.key, p.step`, nil,
		func(rows *sql.Rows) error {
			var attempt, key, step int64
			var value sql.NullFloat64
			if err := rows.Scan(&attempt, &key, &step, &value); err != nil {
				return err
			}
			if last.s == nil || attempt != last.attempt || key != last.key {
				last.attempt, last.key, last.s = attempt, key, newSummary()
				if attempts[attempt] == nil {
					attempts[attempt] = map[int64]*Summary{}
				}
				attempts[attempt][key] = last.s
			}
			last.s.add(Point{step, orNaN(value)})
			return nil
		})
	if err != nil {
		return err
	}
	for attempt, results := range attempts {
		if err := t.do(`INSERT INTO result (attempt, metrics) VALUES (?, ?)`, attempt, encodeResults(sortedKeys(results), results)); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys(results map[int64]*Summary) []int64 {
	keys := make([]int64, 0, len(results))
	for key := range results {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func orNaN(v sql.NullFloat64) float64 {
	if !v.Valid {
		return math.NaN()
	}
	return v.Float64
}

func nullNaN(v float64) any {
	if math.IsNaN(v) {
		return nil
	}
	return v
}
