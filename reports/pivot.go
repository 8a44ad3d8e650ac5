package reports

import (
	"cmp"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/sweeps"
)

// maxGroups bounds how many groups of columns a pivot makes.
const maxGroups = 60

// pivot turns parameters into columns: one for each of their values and each metric, so that rows which differ in nothing else become one.
// Every cell keeps its number, its comparison and its marks, and knows the row that it comes from. A control that stands beside models
// of several values has its number under each of these.
func (t *Table) pivot(l Layout) error {
	if len(l.Columns) == 0 {
		return nil
	}
	paths, err := t.paths("columns", l.Columns)
	if err != nil {
		return err
	}
	p := &pivot{table: t, paths: paths, at: map[string]int{}, models: map[string]*sweeps.Row{}}
	for i := range t.plan.Rows {
		p.models[t.plan.Rows[i].Name] = &t.plan.Rows[i]
	}
	if err := p.findGroups(); err != nil {
		return err
	}
	p.merge()
	t.Columns, t.Rows = p.columns(), p.rows
	labels := make([]string, len(paths))
	for i, path := range paths {
		labels[i] = cmp.Or(escape.Line(t.param(path).Label), path)
	}
	t.say("Columns by %s: each cell is tested and marked as in the table that has a row for each setting.", strings.Join(labels, " and "))
	if p.published {
		t.say("Published rows are left out: of what they were measured at, only the name is known.")
	}
	return nil
}

// pivot is the state of Table.pivot.
type pivot struct {
	table  *Table
	paths  []string
	models map[string]*sweeps.Row // of the plan by name

	groups    []group
	at        map[string]int // of groups by key
	rows      []Row
	published bool // rows were left out
}

// group is the columns of one combination of values.
type group struct {
	key    string
	text   string
	params []sweeps.Param
	rank   []int
}

// settings are the places of a row: the groups in which it stands, and what it is called beside the other values of the pivot.
type settings struct {
	groups []string
	rest   string
}

// findGroups lists the combinations of values that the models have, in the order of the file; where no model is shown, those of all.
func (p *pivot) findGroups() error {
	for _, row := range p.table.Rows {
		p.published = p.published || row.Kind == Published
		if row.Kind == Model {
			p.addGroup(row.Params)
		}
	}
	if len(p.groups) == 0 {
		for _, row := range p.table.plan.Rows {
			p.addGroup(row.Params)
		}
	}
	if len(p.groups) > maxGroups {
		return refuse("columns", "%s has %d values: at most %d become columns", strings.Join(p.paths, " with "), len(p.groups), maxGroups)
	}
	slices.SortStableFunc(p.groups, func(a, b group) int { return slices.Compare(a.rank, b.rank) })
	for i, g := range p.groups {
		p.at[g.key] = i
	}
	return nil
}

func (p *pivot) addGroup(params []sweeps.Param) {
	g := p.groupOf(params)
	if _, known := p.at[g.key]; !known {
		p.at[g.key] = 0
		p.groups = append(p.groups, g)
	}
}

func (p *pivot) groupOf(params []sweeps.Param) group {
	row := &Row{Params: params}
	var g group
	texts := make([]string, len(p.paths))
	for i, path := range p.paths {
		texts[i] = p.table.settingText(path, row)
		g.rank = append(g.rank, p.table.rank(path, row))
		if value, ok := row.param(path); ok {
			g.params = append(g.params, value)
		}
	}
	g.key, g.text = strings.Join(texts, "\x00"), strings.Join(texts, ", ")
	return g
}

// rest are the settings of a row on the axes that do not become columns. An axis of one value tells no rows apart: one that goes with a
// value of the pivot, as a pooling that belongs to a resolution, does not keep rows from becoming one.
func (p *pivot) rest(params []sweeps.Param) []sweeps.Param {
	return slices.DeleteFunc(slices.Clone(params), func(value sweeps.Param) bool {
		known := p.table.param(value.Path)
		return slices.Contains(p.paths, value.Path) || !known.axis || len(known.rank) < 2
	})
}

func (p *pivot) restKey(params []sweeps.Param) string {
	var key strings.Builder
	for _, value := range p.rest(params) {
		key.WriteString(value.Path + "\x00" + value.Text + "\x00")
	}
	return key.String()
}

// place says where a row stands. A control stands where the models beside it do, whatever its own settings.
func (p *pivot) place(row *Row) settings {
	own := string(row.Kind) + "\x00" + row.Control + "\x00"
	if row.Kind == Model {
		return settings{[]string{p.groupOf(row.Params).key}, own + p.restKey(row.Params)}
	}
	var s settings
	var rests []string
	for _, name := range row.Of {
		model := p.models[name]
		if model == nil {
			continue
		}
		if key := p.groupOf(model.Params).key; !slices.Contains(s.groups, key) {
			s.groups = append(s.groups, key)
		}
		if key := p.restKey(model.Params); !slices.Contains(rests, key) {
			rests = append(rests, key)
		}
	}
	if s.rest = own + strings.Join(rests, "\x01"); len(row.Params) > 0 {
		s.rest = own + p.restKey(row.Params)
	}
	return s
}

// merge puts the rows that differ in the pivot only into one. Where two would stand in one place, as rows can of which the plan does not
// know in what they differ, the second begins a row of its own.
func (p *pivot) merge() {
	type merged struct {
		row     Row
		sources []*Row
	}
	var list []*merged
	at := map[string]*merged{}
	for i := range p.table.Rows {
		row := &p.table.Rows[i]
		if row.Kind == Published {
			continue
		}
		place := p.place(row)
		m := at[place.rest]
		if m == nil || p.taken(&m.row, place.groups) {
			m = &merged{row: Row{Kind: row.Kind, Control: row.Control, Group: row.Group, Cells: p.blank()}}
			at[place.rest] = m
			list = append(list, m)
		}
		m.sources = append(m.sources, row)
		p.fill(&m.row, row, place.groups)
	}
	for _, m := range list {
		p.describe(&m.row, m.sources)
		p.rows = append(p.rows, m.row)
	}
	p.nameControls()
	for i := range p.rows {
		p.rows[i].Lead = p.table.leadOf(&p.rows[i])
	}
}

// blank are the cells of a row of which nothing is known yet.
func (p *pivot) blank() []Cell {
	cells := make([]Cell, len(p.groups)*len(p.table.Columns))
	for i := range cells {
		cells[i] = emptyCell()
	}
	return cells
}

// taken reports whether one of some groups of a row holds cells already.
func (p *pivot) taken(row *Row, groups []string) bool {
	n := len(p.table.Columns)
	return slices.ContainsFunc(groups, func(key string) bool {
		at, shown := p.at[key]
		return shown && n > 0 && row.Cells[at*n].Row != ""
	})
}

// fill puts the cells of a row into its groups.
func (p *pivot) fill(into, row *Row, groups []string) {
	n := len(p.table.Columns)
	for _, key := range groups {
		at, shown := p.at[key]
		if !shown {
			continue
		}
		for c, cell := range row.Cells {
			cell.Row, cell.Baseline = row.Name, row.Baseline
			into.Cells[at*n+c] = cell
		}
	}
}

// describe gives a merged row what all its sources share. Footnotes of some of them go to their cells.
func (p *pivot) describe(row *Row, sources []*Row) {
	first := sources[0]
	row.Name, row.Params = first.Name, slices.Clone(first.Params)
	for _, source := range sources {
		row.Params = slices.DeleteFunc(row.Params, func(value sweeps.Param) bool {
			other, ok := source.param(value.Path)
			return !ok || other.Text != value.Text || slices.Contains(p.paths, value.Path)
		})
		for _, name := range source.Of {
			if !slices.Contains(row.Of, name) {
				row.Of = append(row.Of, name)
			}
		}
	}
	if row.Kind == Model || len(first.Params) > 0 {
		row.Name = p.table.plan.NameOf(sweeps.Row{Params: p.rest(first.Params), Control: planControl(row)})
	}
	shared := func(mark int) bool {
		return !slices.ContainsFunc(sources, func(s *Row) bool { return !slices.Contains(s.Marks, mark) })
	}
	for _, mark := range first.Marks {
		if shared(mark) {
			row.Marks = append(row.Marks, mark)
		}
	}
	of := map[string]*Row{}
	for _, source := range sources {
		of[source.Name] = source
	}
	for c := range row.Cells {
		cell := &row.Cells[c]
		source := of[cell.Row]
		if source == nil {
			continue
		}
		marks := slices.DeleteFunc(slices.Clone(source.Marks), shared)
		for _, mark := range cell.Marks {
			if !slices.Contains(marks, mark) {
				marks = append(marks, mark)
			}
		}
		cell.Marks = marks
	}
}

// planControl is the control of a row as the plan calls it.
func planControl(row *Row) string {
	if row.Kind == Control {
		return sweeps.ControlUntrained
	}
	return ""
}

// nameControls names the controls that the models' own trials recorded: by the models that they stand beside, where there are several
// of one kind.
func (p *pivot) nameControls() {
	n := map[string]int{}
	for _, row := range p.rows {
		n[row.Control]++
	}
	for i := range p.rows {
		row := &p.rows[i]
		if row.Kind != Control || len(row.Params) > 0 || row.Control == untrainedName {
			continue
		}
		if row.Name = row.Control; n[row.Control] > 1 {
			row.Name += ", " + strings.Join(p.beside(row), " and ")
		}
	}
}

// beside names the models that a control stands beside, without what became columns.
func (p *pivot) beside(row *Row) []string {
	var names []string
	for _, of := range row.Of {
		if model := p.models[of]; model != nil {
			if name := p.table.plan.NameOf(sweeps.Row{Params: p.rest(model.Params)}); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// columns are those of the table, once for each group.
func (p *pivot) columns() []Column {
	var list []Column
	for _, g := range p.groups {
		for _, c := range p.table.Columns {
			c.Group, c.Params = g.text, g.params
			list = append(list, c)
		}
	}
	return list
}
