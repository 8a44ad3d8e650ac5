package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/internal/nearest"
	"harness/sweeps/condition"
)

// rowNames are the names of a filter that stand alone; others are params.PATH and a kind of number before the key of a metric.
var rowNames = []string{"row", "kind", "control", "baseline"}

// numberKinds are what a name can take from a cell.
var numberKinds = []string{"metrics", "delta", "p", "n"}

// RowFilterHelp says what the condition on rows may name.
const RowFilterHelp = `row, kind (model, control or published), control, baseline, params.NAME, metrics.NAME (the mean over seeds), delta.NAME (the
difference from the baseline), p.NAME (adjusted) and n.NAME (seeds)`

// keepRows leaves the rows that a filter chooses. It chooses models; controls are shown where a model is that they stand beside, and published
// rows stay, unless the filter speaks of kinds of rows itself.
func (t *Table) keepRows(l Layout) error {
	t.whole = len(t.Rows)
	if l.Filter == "" {
		return nil
	}
	expr, err := condition.Parse(l.Filter)
	if err != nil {
		return asLayoutError("filter", err)
	}
	readers := map[string]rowReader{}
	for _, name := range expr.Names {
		if readers[name], err = t.reader("filter", name, false); err != nil {
			return err
		}
	}
	all := slices.Contains(expr.Names, "kind") || slices.Contains(expr.Names, "control")
	chosen := map[string]bool{}
	var kept []Row
	for i := range t.Rows {
		row := &t.Rows[i]
		if row.Kind != Model && !all {
			beside := slices.ContainsFunc(row.Of, func(name string) bool { return chosen[name] })
			if row.Kind == Published || beside {
				kept = append(kept, *row)
			}
			continue
		}
		holds, err := expr.Holds(func(name string) any { return readers[name](row) })
		if err != nil {
			return refuse("filter", "row %s: %v", escape.Line(row.Name), err)
		}
		if holds {
			kept, chosen[row.Name] = append(kept, *row), true
		}
	}
	if len(kept) == 0 || len(chosen) == 0 {
		return refuse("filter", "no row of %d has %s", t.whole, escape.Line(l.Filter))
	}
	t.Rows = kept
	return nil
}

// rowReader reads a value of a row, as conditions know values; nil where it has none.
type rowReader func(*Row) any

// reader finds what a name stands for. Where bare is set, a parameter or a metric may stand without what comes before the point.
func (t *Table) reader(part, name string, bare bool) (rowReader, error) {
	switch name {
	case "row":
		return func(r *Row) any { return r.Name }, nil
	case "kind":
		return func(r *Row) any { return string(r.Kind) }, nil
	case "control":
		return func(r *Row) any { return textOrNil(r.Control) }, nil
	case "baseline":
		return func(r *Row) any { return textOrNil(r.Baseline) }, nil
	}
	kind, rest, dotted := strings.Cut(name, ".")
	switch {
	case dotted && kind == "params":
		path, err := t.path(part, rest)
		return paramReader(path), err
	case dotted && slices.Contains(numberKinds, kind):
		c, err := t.columnNamed(part, rest)
		return cellReader(kind, c), err
	case bare:
		if slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Metric == name || c.Key() == name }) {
			c, err := t.columnNamed(part, name)
			return cellReader("metrics", c), err
		}
		if path, err := t.path(part, name); err == nil {
			return paramReader(path), nil
		}
	}
	return nil, refuse(part, "unknown name %q: want %s, params.NAME, or metrics, delta, p or n with .NAME of a metric", name, strings.Join(rowNames, ", "))
}

func textOrNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func paramReader(path string) rowReader {
	return func(r *Row) any {
		p, _ := r.param(path)
		return p.Value
	}
}

// cellReader reads a number of the cell in a column.
func cellReader(kind string, c int) rowReader {
	return func(r *Row) any {
		cell := &r.Cells[c]
		value := math.NaN()
		switch kind {
		case "metrics":
			value = cell.Mean
		case "delta":
			value = cell.Delta
		case "n":
			if r.Kind != Published {
				value = float64(cell.N)
			}
		case "p":
			if cell.Verdict != nil {
				value = cell.Verdict.Holm
			}
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil
		}
		return json.Number(strconv.FormatFloat(value, 'g', -1, 64))
	}
}

// columnNamed finds the column of a key.
func (t *Table) columnNamed(part, key string) (int, error) {
	var keys []string
	for i, c := range t.Columns {
		if c.Key() == key {
			return i, nil
		}
		if keys = append(keys, c.Key()); c.Metric == key {
			return 0, refuse(part, "%s stands in several columns: say %s@ and which, such as %s", key, key, c.Key())
		}
	}
	return 0, refuse(part, "no column is %q%s", key, nearest.Choices(key, keys))
}

// sortRows sorts the rows of each kind and group by the names of a layout, the first weighing most. What is blank comes last either way, and rows that
// agree stay in their order.
func (t *Table) sortRows(l Layout) error {
	if len(l.Sort) == 0 {
		return nil
	}
	keys, texts := make([]sortKey, len(l.Sort)), make([]string, len(l.Sort))
	for i, name := range l.Sort {
		name, falling := strings.CutPrefix(name, "-")
		read, err := t.reader("sort", name, true)
		if err != nil {
			return err
		}
		keys[i], texts[i] = sortKey{read, falling}, t.nameText(name)
		if falling {
			texts[i] += ", falling"
		}
	}
	for from := 0; from < len(t.Rows); {
		to := from + 1
		for to < len(t.Rows) && t.Rows[to].Kind == t.Rows[from].Kind && t.Rows[to].Group == t.Rows[from].Group {
			to++
		}
		sortBy(t.Rows[from:to], keys)
		from = to
	}
	t.say("Sorted by %s; what is blank stands last.", strings.Join(texts, ", then by "))
	return nil
}

// sortKey is one of the values that rows are sorted by.
type sortKey struct {
	read    rowReader
	falling bool
}

// sortBy sorts rows by some keys; each value is read once.
func sortBy(rows []Row, keys []sortKey) {
	type keyed struct {
		row    Row
		values []any
	}
	list := make([]keyed, len(rows))
	for i := range rows {
		list[i].row = rows[i]
		for _, k := range keys {
			list[i].values = append(list[i].values, k.read(&rows[i]))
		}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		for i, k := range keys {
			if order := compareCells(a.values[i], b.values[i], k.falling); order != 0 {
				return order
			}
		}
		return 0
	})
	for i := range list {
		rows[i] = list[i].row
	}
}

// compareCells orders two values; nil is behind all, whichever way the others run. Values that do not compare are ordered as they print.
func compareCells(x, y any, falling bool) int {
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	order, comparable, err := condition.Compare(x, y)
	if !comparable || err != nil {
		order = strings.Compare(fmt.Sprint(x), fmt.Sprint(y))
	}
	if falling {
		return -order
	}
	return order
}

// nameText is a name of a filter for people.
func (t *Table) nameText(name string) string {
	kind, rest, dotted := strings.Cut(name, ".")
	if !dotted || kind != "params" && !slices.Contains(numberKinds, kind) {
		kind, rest = "", name
	}
	for _, c := range t.Columns {
		switch label := c.fullLabel(); {
		case c.Key() != rest:
		case kind == "delta":
			return "Δ " + label
		case kind == "p", kind == "n":
			return kind + " of " + label
		default:
			return label
		}
	}
	if p := t.param(rest); p.Label != "" {
		return escape.Line(p.Label)
	}
	return escape.Line(rest)
}
