package registry

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"
)

// Glance reads names out of a registry.db as it lies there, for a shell that completes a word: at once, and without a trace. It makes,
// migrates, rebuilds and catches up nothing, takes no lock, and waits for nobody.
type Glance struct{ sql *sql.DB }

// GlanceAt opens the registry.db of a home. What this version cannot read at once is an error.
func GlanceAt(home string) (*Glance, error) {
	path := databasePath(home)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() == 0 {
		return nil, fmt.Errorf("open registry: %s holds nothing", path)
	}
	how := "mode=ro&_query_only=1"
	if !beside(path+"-wal") || !beside(path+"-shm") { // SQLite would make them
		how = "mode=ro&immutable=1"
	}
	db, err := connect(home, dsn(path, how)+"&_timeout=20") // the driver takes it before the _busy_timeout of dsn
	if err != nil {
		return nil, err
	}
	g := &Glance{db.sql}
	var version, mark int
	err = g.sql.QueryRowContext(background, `SELECT user_version, application_id FROM pragma_user_version, pragma_application_id`).Scan(&version, &mark)
	if err == nil && (version != schema || mark != rebuiltMark) {
		err = fmt.Errorf("open registry: %s is of another version", path)
	}
	if err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// beside reports whether a file is there and holds something.
func beside(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// Close ends the reading.
func (g *Glance) Close() error { return g.sql.Close() }

// GlancedSweep is a sweep by its name.
type GlancedSweep struct {
	Handle  string
	Planned time.Time
}

// Sweeps lists the sweeps, newest first.
func (g *Glance) Sweeps(ctx context.Context) ([]GlancedSweep, error) {
	return glance(ctx, g, `SELECT handle, planned FROM sweep ORDER BY planned DESC, no DESC LIMIT 1000`, func(rows *sql.Rows) (s GlancedSweep, err error) {
		var planned int64
		err = rows.Scan(&s.Handle, &planned)
		s.Planned = time.UnixMilli(planned).UTC()
		return s, err
	})
}

// GlancedTrial is a trial by its name.
type GlancedTrial struct {
	ID    string
	State State // as it was recorded
	Label string
	Sweep string
}

// Trials lists at most so many trials whose IDs begin with prefix, the newest first, each with its place in the newest sweep that has it.
func (g *Glance) Trials(ctx context.Context, prefix string, most int) ([]GlancedTrial, error) {
	const query = `SELECT t.id, t.state, COALESCE(m.label, ''), COALESCE(s.handle, '')
		FROM (SELECT no, id, state FROM trial WHERE id >= ?1 AND id < ?1 || 'g' ORDER BY no DESC LIMIT ?2) t
		LEFT JOIN member m ON m.no = (SELECT max(no) FROM member WHERE trial = t.no)
		LEFT JOIN sweep s ON s.no = m.sweep ORDER BY t.no DESC`
	return glance(ctx, g, query, func(rows *sql.Rows) (t GlancedTrial, err error) {
		return t, rows.Scan(&t.ID, &t.State, &t.Label, &t.Sweep)
	}, prefix, most)
}

// Metrics lists the names of all metrics that were recorded.
func (g *Glance) Metrics(ctx context.Context) ([]string, error) {
	return g.words(ctx, `SELECT name FROM key ORDER BY name`)
}

// Tags lists the tags of all trials.
func (g *Glance) Tags(ctx context.Context) ([]string, error) {
	return g.words(ctx, `SELECT DISTINCT tag.value FROM trial, json_each(trial.tags) tag WHERE trial.tags <> '' ORDER BY tag.value`)
}

// Params lists the parameters that sweeps vary.
func (g *Glance) Params(ctx context.Context) ([]string, error) {
	return g.words(ctx, `SELECT DISTINCT param.key FROM member, json_each(member.params) param ORDER BY param.key`)
}

func (g *Glance) words(ctx context.Context, query string) ([]string, error) {
	return glance(ctx, g, query, func(rows *sql.Rows) (word string, err error) { return word, rows.Scan(&word) })
}

func glance[T any](ctx context.Context, g *Glance, query string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	rows, err := g.sql.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
