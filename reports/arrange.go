package reports

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/sweeps"
)

// LaidOut is the table as a reader lays it out: filtered, then its columns chosen, its rows ordered and grouped, parameters turned into
// columns, and sorted. The table itself stays as it is. What a layout asks to be computed is part of Options.
func (t *Table) LaidOut(l Layout) (*Table, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	looks := l
	looks.Baseline = nil
	if reflect.DeepEqual(looks, Layout{}) {
		return t, nil
	}
	q := *t
	q.Caption, q.Rows, q.settings = slices.Clone(t.Caption), slices.Clone(t.Rows), map[string]string{}
	for _, step := range []func(Layout) error{q.keepRows, q.chooseColumns, q.placeRows, q.pivot, q.sortRows} {
		if err := step(l); err != nil {
			return nil, err
		}
	}
	q.showAnew(l.Show)
	q.keepNotes(t)
	return &q, nil
}

// Page is some rows of the table, for who cannot show all at once, with the footnotes of these. What the caption says and all tests are of the whole.
func (t *Table) Page(from, to int) *Table {
	from = max(0, min(from, len(t.Rows)))
	q := *t
	q.Rows = slices.Clone(t.Rows[from:max(from, min(to, len(t.Rows)))])
	q.keepNotes(t)
	return &q
}

// say adds a sentence to the caption.
func (t *Table) say(format string, args ...any) {
	t.Caption = append(t.Caption, fmt.Sprintf(format, args...))
}

// chooseColumns leaves the columns that a layout names, in its order, and says in the caption what of the table is left out.
func (t *Table) chooseColumns(l Layout) error {
	defer t.sayChoice(l, len(t.Columns))
	if len(l.Metrics) == 0 {
		return nil
	}
	var order []int
	for _, key := range l.Metrics {
		at := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Metric == key })
		if at < 0 {
			return refuse("metrics", "the table was computed without %s", key)
		}
		order = append(order, at)
	}
	t.Columns = pick(t.Columns, order)
	for i := range t.Rows {
		t.Rows[i].Cells = pick(t.Rows[i].Cells, order)
	}
	return nil
}

func pick[T any](list []T, order []int) []T {
	picked := make([]T, len(order))
	for i, at := range order {
		picked[i] = list[at]
	}
	return picked
}

// sayChoice says how many of the rows and columns are shown, and which rows are compared with one that is not.
func (t *Table) sayChoice(l Layout, columns int) {
	var parts []string
	if l.Filter != "" {
		parts = append(parts, fmt.Sprintf("%d of %s (%s)", len(t.Rows), count(t.whole, "row"), escape.Line(l.Filter)))
	}
	if len(t.Columns) < columns {
		parts = append(parts, fmt.Sprintf("%d of %s", len(t.Columns), count(columns, "column")))
	}
	if len(parts) == 0 {
		return
	}
	t.say("Shown are %s: tests, p-values and marks are those of the whole table.", strings.Join(parts, " and "))
	if hidden := t.hiddenBaselines(); len(hidden) > 0 {
		t.say("Compared with rows that are not shown: %s.", listed(hidden, 5))
	}
}

// hiddenBaselines lists the rows that shown rows are compared with, and that are not shown.
func (t *Table) hiddenBaselines() []string {
	names := map[string]bool{}
	for _, row := range t.Rows {
		names[row.Name] = true
	}
	var hidden []string
	for _, row := range t.Rows {
		if base := row.Baseline; base != "" && !names[base] {
			hidden, names[base] = append(hidden, base), true
		}
	}
	return hidden
}

// placeRows gives the rows the left side that a layout asks for, and the order that follows from it.
func (t *Table) placeRows(l Layout) error {
	rows, err := t.paths("rows", l.Rows)
	if err != nil {
		return err
	}
	columns, err := t.paths("columns", l.Columns)
	if err != nil {
		return err
	}
	group, gone := "", columns
	if l.Group != "" {
		if group, err = t.path("group", l.Group); err != nil {
			return err
		}
		gone = append(slices.Clone(columns), group)
	}
	for _, path := range gone {
		if slices.Contains(rows, path) {
			return refuse("rows", "%s stands elsewhere: it cannot be a column on the left as well", path)
		}
	}
	if group != "" && slices.Contains(columns, group) {
		return refuse("group", "%s stands in the columns: it cannot be a title as well", group)
	}
	if len(rows)+len(gone) == 0 {
		return nil
	}
	t.lead(rows, gone)
	t.group(group)
	if group != "" {
		rows = append([]string{group}, rows...)
	}
	t.orderBy(rows)
	return nil
}

// paths finds the parameters of several names.
func (t *Table) paths(part string, names []string) ([]string, error) {
	var paths []string
	for _, name := range names {
		path, err := t.path(part, name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(paths, path) {
			return nil, refuse(part, "%s is given twice", path)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// lead puts parameters on the left. All others that tell rows apart follow, but for those that stand elsewhere: no two rows may look
// alike that are not.
func (t *Table) lead(first, elsewhere []string) {
	paths := slices.Clone(first)
	others := t.leads
	if len(first) > 0 {
		others = nil
		for _, p := range t.params {
			if p.axis && len(p.rank) > 1 {
				others = append(others, p.Path)
			}
		}
	}
	for _, path := range others {
		if !slices.Contains(paths, path) && !slices.Contains(elsewhere, path) {
			paths = append(paths, path)
		}
	}
	t.setLeads(paths)
	for i := range t.Rows {
		t.Rows[i].Lead = t.leadOf(&t.Rows[i])
	}
}

// setLeads names the parameters that stand on the left.
func (t *Table) setLeads(paths []string) {
	t.leads, t.Heads = paths, nil
	for _, path := range paths {
		t.Heads = append(t.Heads, t.param(path).Label)
	}
	if len(t.Heads) == 0 {
		t.Heads = []string{""}
	}
}

// leadOf is what stands on the left of a row: its values, or its name where it has none.
func (t *Table) leadOf(row *Row) []string {
	lead, found := make([]string, len(t.Heads)), false
	for i, path := range t.leads {
		if p, ok := row.param(path); ok {
			lead[i], found = p.Text, true
		}
	}
	if row.Kind != Model || !found {
		lead = make([]string, len(t.Heads))
		lead[0] = row.Name
	}
	return lead
}

// group gives the models the title that stands over them.
func (t *Table) group(path string) {
	for i := range t.Rows {
		if row := &t.Rows[i]; path != "" && row.Kind == Model {
			row.Group = t.settingText(path, row)
		}
	}
}

// settingText is how a row's value of a parameter is named away from its column.
func (t *Table) settingText(path string, row *Row) string {
	p, ok := row.param(path)
	if !ok {
		return "without " + path
	}
	known, ok := t.settings[p.Path+"\x00"+p.Text]
	if !ok {
		known = t.plan.Setting(p)
		t.settings[p.Path+"\x00"+p.Text] = known
	}
	return known
}

// orderBy puts the models in the order of the values of some parameters, the first outermost; those without a value come last.
func (t *Table) orderBy(paths []string) {
	models := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Kind != Model })
	if models < 0 {
		models = len(t.Rows)
	}
	slices.SortStableFunc(t.Rows[:models], func(a, b Row) int {
		for _, path := range paths {
			if order := cmp.Compare(t.rank(path, &a), t.rank(path, &b)); order != 0 {
				return order
			}
		}
		return 0
	})
}

// rank is the place of a row's value among those of its parameter.
func (t *Table) rank(path string, row *Row) int {
	p := t.param(path)
	if value, ok := row.param(path); ok {
		return p.rank[value.Text]
	}
	return len(p.rank)
}

// param finds what the table knows of a parameter.
func (t *Table) param(path string) parameter {
	if i := slices.IndexFunc(t.params, func(p parameter) bool { return p.Path == path }); i >= 0 {
		return t.params[i]
	}
	return parameter{Path: path, Label: path}
}

func (r *Row) param(path string) (sweeps.Param, bool) {
	return sweeps.Row{Params: r.Params}.Get(path)
}

// parameter is what rows differ in.
type parameter struct {
	Path, Label string
	axis        bool           // else it is a field that ablations change
	rank        map[string]int // of its values as printed: their order in the file
}

// parametersOf lists the parameters of a plan: its axes, then what else its rows differ in.
func parametersOf(plan *sweeps.Plan) []parameter {
	var list []parameter
	at := map[string]int{}
	add := func(path, label string, axis bool) *parameter {
		i, known := at[path]
		if !known {
			i = len(list)
			at[path] = i
			list = append(list, parameter{path, label, axis, map[string]int{}})
		}
		return &list[i]
	}
	rankIn := func(p *parameter, text string) {
		if _, known := p.rank[text]; !known {
			p.rank[text] = len(p.rank)
		}
	}
	for _, a := range plan.Axes {
		label := a.Label
		if a.Path == sweeps.AblationPath {
			label = ""
		}
		p := add(a.Path, label, true)
		for _, o := range a.Options {
			rankIn(p, o.Text)
		}
	}
	for _, r := range plan.Rows {
		for _, value := range r.Params {
			rankIn(add(value.Path, value.Path, len(plan.Axes) == 0), value.Text)
		}
	}
	return list
}

// showAnew changes what cells print, and the sentence that says what ± is.
func (t *Table) showAnew(show []string) {
	if len(show) == 0 {
		return
	}
	before := spreadText(t.Show, t.seeds)
	t.Show = show
	for i, sentence := range t.Caption {
		if sentence == before {
			t.Caption[i] = spreadText(show, t.seeds)
			return
		}
	}
}

// keepNotes leaves out the footnotes of what is no longer shown, and letters the others anew.
func (t *Table) keepNotes(before *Table) {
	was, is := before.marked(), t.marked()
	anew := make([]int, len(before.Notes))
	t.Notes = []string{}
	for i, note := range before.Notes {
		if is[i] || !was[i] {
			anew[i] = len(t.Notes)
			t.Notes = append(t.Notes, note)
		}
	}
	if len(t.Notes) == len(before.Notes) {
		return
	}
	letters := func(marks []int) []int { return pick(anew, marks) }
	for i := range t.Rows {
		row := &t.Rows[i]
		row.Marks, row.Cells = letters(row.Marks), slices.Clone(row.Cells)
		for c := range row.Cells {
			row.Cells[c].Marks = letters(row.Cells[c].Marks)
		}
	}
}

// marked says which footnotes a row or a cell refers to.
func (t *Table) marked() []bool {
	marked := make([]bool, len(t.Notes))
	for _, row := range t.Rows {
		for _, m := range row.Marks {
			marked[m] = true
		}
		for _, c := range row.Cells {
			for _, m := range c.Marks {
				marked[m] = true
			}
		}
	}
	return marked
}
