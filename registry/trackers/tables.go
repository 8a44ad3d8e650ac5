package trackers

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
)

// A tableWriter writes two tables: points, a row for each value of each curve, and trials, a row for each run with its parameters and the
// last value of each metric.
type tableWriter struct {
	dir    string
	create func(path string, columns []column) (sink, error)
	points sink
	runs   []Run // with the last point of each curve
}

// column is a column of a table.
type column struct {
	name string
	kind kind
}

type kind int

const (
	textKind kind = iota
	wholeKind
	floatKind
	boolKind
	timeKind
)

// sink takes the rows of a table: string, int64, float64, bool, time.Time, or nil for what is absent.
type sink interface {
	row(values []any) error
	close() error
}

var pointColumns = []column{{"trial", textKind}, {"sweep", textKind}, {"label", textKind}, {"row", textKind}, {"seed", wholeKind}, {"state", textKind},
	{"metric", textKind}, {"step", wholeKind}, {"time", timeKind}, {"value", floatKind}}

func newTableWriter(dir string, create func(path string, columns []column) (sink, error)) (Writer, error) {
	w := &tableWriter{dir: dir, create: create}
	var err error
	w.points, err = create(filepath.Join(dir, "points"), pointColumns)
	return w, err
}

func (w *tableWriter) Add(r Run) error {
	for i, c := range r.Curves {
		for _, p := range c.Points {
			if err := w.points.row([]any{r.ID, r.Group, r.Name, r.Row, r.Seed, string(r.State), c.Metric, p.Step, timeOrNil(p.Time), p.Value}); err != nil {
				return err
			}
		}
		if n := len(c.Points); n > 0 {
			r.Curves[i].Points = slices.Clone(c.Points[n-1:])
		}
	}
	w.runs = append(w.runs, r)
	return nil
}

func (w *tableWriter) Close() ([]string, error) {
	if err := w.points.close(); err != nil {
		return nil, err
	}
	columns := []column{{"trial", textKind}, {"sweep", textKind}, {"label", textKind}, {"row", textKind}, {"seed", wholeKind}, {"state", textKind},
		{"started", timeKind}, {"ended", timeKind}}
	params, names := w.params(), w.metrics()
	for _, p := range params {
		columns = append(columns, column{"params." + p.name, p.kind})
	}
	for _, name := range names {
		columns = append(columns, column{"metrics." + name, floatKind})
	}
	table, err := w.create(filepath.Join(w.dir, "trials"), columns)
	if err != nil {
		return nil, err
	}
	for _, r := range w.runs {
		row := []any{r.ID, r.Group, r.Name, r.Row, r.Seed, string(r.State), timeOrNil(r.Started), timeOrNil(r.Ended)}
		for _, p := range params {
			row = append(row, r.param(p))
		}
		for _, name := range names {
			row = append(row, r.last(name))
		}
		if err := table.row(row); err != nil {
			return nil, err
		}
	}
	return nil, table.close()
}

// params are the parameters of all runs, each with the narrowest kind that takes all its values.
func (w *tableWriter) params() []column {
	kinds := map[string]map[kind]bool{}
	for _, r := range w.runs {
		for _, p := range r.Params {
			if kinds[p.Name] == nil {
				kinds[p.Name] = map[kind]bool{}
			}
			if string(p.Value) != "null" {
				kinds[p.Name][kindOf(p)] = true
			}
		}
	}
	var columns []column
	for name, seen := range kinds {
		k := textKind
		switch {
		case len(seen) == 1:
			for only := range seen {
				k = only
			}
		case len(seen) == 2 && seen[wholeKind] && seen[floatKind]:
			k = floatKind
		}
		columns = append(columns, column{name, k})
	}
	slices.SortFunc(columns, func(a, b column) int { return strings.Compare(a.name, b.name) })
	return columns
}

func kindOf(p Setting) kind {
	var value any
	if json.Unmarshal(p.Value, &value) != nil {
		return textKind
	}
	switch v := value.(type) {
	case bool:
		return boolKind
	case float64:
		if _, err := strconv.ParseInt(string(p.Value), 10, 64); err == nil {
			return wholeKind
		}
		if !math.IsInf(v, 0) {
			return floatKind
		}
	}
	return textKind
}

// param is the value of a parameter as its column takes it; nil for none.
func (r Run) param(c column) any {
	i := slices.IndexFunc(r.Params, func(p Setting) bool { return p.Name == c.name })
	if i < 0 || string(r.Params[i].Value) == "null" {
		return nil
	}
	p := r.Params[i]
	switch c.kind {
	case wholeKind:
		v, _ := strconv.ParseInt(string(p.Value), 10, 64) // as kindOf has seen
		return v
	case floatKind:
		v, _ := strconv.ParseFloat(string(p.Value), 64)
		return v
	case boolKind:
		return string(p.Value) == "true"
	}
	return p.Text()
}

// last is the last value of a metric; nil for none.
func (r Run) last(metric string) any {
	for _, c := range r.Curves {
		if c.Metric == metric && len(c.Points) > 0 {
			return c.Points[len(c.Points)-1].Value
		}
	}
	return nil
}

func (w *tableWriter) metrics() []string {
	var names []string
	for _, r := range w.runs {
		for _, c := range r.Curves {
			if !slices.Contains(names, c.Metric) {
				names = append(names, c.Metric)
			}
		}
	}
	slices.Sort(names)
	return names
}

func timeOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// csvSink writes CSV: numbers with all their digits, NaN and the infinities as words, texts that a spreadsheet cannot take for formulas.
type csvSink struct {
	file *os.File
	out  *csv.Writer
	line []string
}

func newCSVSink(path string, columns []column) (sink, error) {
	file, err := os.Create(path + ".csv")
	if err != nil {
		return nil, err
	}
	s := &csvSink{file: file, out: csv.NewWriter(file)}
	for _, c := range columns {
		s.line = append(s.line, escape.Cell(c.name))
	}
	return s, s.out.Write(s.line)
}

func (s *csvSink) row(values []any) error {
	s.line = s.line[:0]
	for _, value := range values {
		text := ""
		switch v := value.(type) {
		case string:
			text = escape.Cell(v)
		case int64:
			text = strconv.FormatInt(v, 10)
		case float64:
			text = strings.Trim(string(jsonfloat.Append(nil, v)), `"`)
		case bool:
			text = strconv.FormatBool(v)
		case time.Time:
			text = v.UTC().Format(time.RFC3339Nano)
		}
		s.line = append(s.line, text)
	}
	return s.out.Write(s.line)
}

func (s *csvSink) close() error {
	s.out.Flush()
	if err := s.out.Error(); err != nil {
		s.file.Close()
		return err
	}
	return s.file.Close()
}
