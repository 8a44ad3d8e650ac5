package trackers

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	_ "github.com/mattn/go-sqlite3"
)

// readMLflowDB reads the SQLite database of MLflow, without changing it.
func (f *Found) readMLflowDB(path string) error {
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	mode := "mode=ro"
	if !written(path+"-wal") && !written(path+"-journal") { // nobody writes: it may lie where nothing can be written beside it
		mode = "immutable=1"
	}
	db, err := sql.Open("sqlite3", "file:"+escapePath(path)+"?_query_only=1&"+mode)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := f.readTables(db, path); err != nil {
		return fmt.Errorf("not a database of MLflow that can be read: %w", err)
	}
	if after, err := os.Stat(path); err != nil || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return errors.New("it has changed while it was read: try again when MLflow does not write")
	}
	return nil
}

// written reports whether a file is there and has something in it.
func written(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// escapePath is a path as it stands in a URL.
func escapePath(path string) string { return (&url.URL{Path: path}).EscapedPath() }

func (f *Found) readTables(db *sql.DB, path string) error {
	at := map[string]int{} // of Runs, by run
	deleted := 0
	err := query(db, `SELECT r.run_uuid, COALESCE(r.name, ''), COALESCE(e.name, ''), COALESCE(r.status, ''), COALESCE(r.start_time, 0),
		COALESCE(r.end_time, 0), COALESCE(r.lifecycle_stage, ''), COALESCE(e.lifecycle_stage, '')
		FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id ORDER BY r.start_time, r.run_uuid`, func(rows *sql.Rows) error {
		var run Run
		var status, stage, experiment string
		var started, ended int64
		if err := rows.Scan(&run.ID, &run.Name, &run.Group, &status, &started, &ended, &stage, &experiment); err != nil {
			return err
		}
		if stage == mlflowDeleted || experiment == mlflowDeleted {
			deleted++
			return nil
		}
		run.State, run.Error = mlflowState(status)
		run.Started, run.Ended, run.Place = milliseconds(started), milliseconds(ended), path
		at[run.ID], f.Runs = len(f.Runs), append(f.Runs, run)
		return nil
	})
	if err != nil {
		return err
	}
	if deleted > 0 {
		f.remark("%s: %d runs are deleted: they were left out", path, deleted)
	}
	ofRun := func(id string) *Run {
		if i, known := at[id]; known {
			return &f.Runs[i]
		}
		return nil
	}
	pairs := func(statement string, take func(r *Run, key, value string)) func() error {
		return func() error {
			return query(db, statement, func(rows *sql.Rows) error {
				var id, key, value string
				err := rows.Scan(&id, &key, &value)
				if run := ofRun(id); run != nil && err == nil {
					take(run, key, value)
				}
				return err
			})
		}
	}
	return errors.Join(
		pairs(`SELECT run_uuid, key, value FROM params ORDER BY run_uuid, key`, func(r *Run, key, value string) { r.Params = append(r.Params, textParam(key, value)) })(),
		pairs(`SELECT run_uuid, key, COALESCE(value, '') FROM tags ORDER BY run_uuid, key`, (*Run).addTag)(),
		f.readMetrics(db, ofRun))
}

// readMetrics reads the points of all runs in the order in which they were logged.
func (f *Found) readMetrics(db *sql.DB, ofRun func(string) *Run) error {
	var run *Run
	var points curves
	last := ""
	keep := func() {
		if run != nil {
			run.Curves = points.list
		}
	}
	err := query(db, `SELECT run_uuid, key, step, value, timestamp, is_nan FROM metrics ORDER BY run_uuid, key, timestamp, step, value`, func(rows *sql.Rows) error {
		var id, key string
		var step, at int64
		var value float64
		var isNaN bool
		if err := rows.Scan(&id, &key, &step, &value, &at, &isNaN); err != nil {
			return err
		}
		if id != last {
			keep()
			run, points, last = ofRun(id), curves{}, id
		}
		points.add(key, Point{step, milliseconds(at), fromMLflow(value, isNaN)})
		return nil
	})
	keep()
	return err
}

// query calls fn with every row.
func query(db *sql.DB, statement string, fn func(*sql.Rows) error) error {
	rows, err := db.Query(statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
