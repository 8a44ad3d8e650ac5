package reports

import (
	"math"
	"slices"
	"strings"

	"harness/sweeps"
)

// controlNames are the controls that a model's own trial records under controls/NAME/METRIC, and how they are printed.
var controlNames = []struct{ key, name string }{
	{"most-frequent", "most frequent answer"},
	{"question-only", "question only"},
	{"shuffled-images", "shuffled images"},
	{"mean-box", "mean box"},
}

// untrainedName is the control that is a trial of its own.
const untrainedName = "untrained encoder"

// addControls adds the rows of the controls. Models that agree in every number of a control, as they do where it does
// not depend on the model, share one row.
func (b *builder) addControls() {
	for _, control := range controlNames {
		var groups [][]*seeded
		var rows []Row
		for _, r := range b.rows {
			if r.place.Control != "" {
				continue
			}
			row, ok := b.controlRow(r, control.key)
			if !ok {
				continue
			}
			same := slices.IndexFunc(rows, func(other Row) bool { return sameValues(other.Cells, row.Cells) })
			if same >= 0 {
				groups[same] = append(groups[same], r)
				continue
			}
			rows, groups = append(rows, row), append(groups, []*seeded{r})
		}
		for i := range rows {
			rows[i].Name, rows[i].Control = control.name, control.name
			if len(rows) > 1 {
				rows[i].Name += ", " + b.groupName(groups[i])
			}
			rows[i].Lead = b.named(rows[i].Name)
			for _, r := range groups[i] {
				rows[i].Of = append(rows[i].Of, r.place.Row)
			}
			rows[i].Baseline = groups[i][0].place.Baseline
			if rows[i].Baseline == "" {
				rows[i].Baseline = groups[i][0].place.Row
			}
		}
		b.table.Rows = append(b.table.Rows, rows...)
	}
}

// controlRow is what the trials of r recorded about a control; ok is false when no column of the table is among it.
func (b *builder) controlRow(r *seeded, key string) (row Row, ok bool) {
	part := &seeded{place: r.place, trials: r.trials, control: "controls/" + key + "/"}
	row = Row{Kind: Control}
	for _, column := range b.table.Columns {
		cell := b.cell(part, column)
		ok = ok || cell.N > 0
		row.Cells = append(row.Cells, cell)
	}
	return row, ok
}

// sameValues tells whether two rows have the same numbers for every seed that both have.
func sameValues(a, b []Cell) bool {
	shared := false
	for i := range a {
		for j := range a[i].Values {
			x, y := a[i].Values[j], b[i].Values[j]
			if math.IsNaN(x) || math.IsNaN(y) {
				continue
			}
			if x != y {
				return false
			}
			shared = true
		}
	}
	return shared
}

// groupName names models by the parameters that they share and that the other models do not, else by their rows.
func (b *builder) groupName(group []*seeded) string {
	var parts []string
	for _, p := range group[0].place.Params {
		if p.Path == "seed" || !b.allHave(group, p) || b.othersHave(group, p) {
			continue
		}
		parts = append(parts, p.Text)
	}
	if len(group) == 1 || len(parts) == 0 {
		names := make([]string, len(group))
		for i, r := range group {
			names[i] = r.place.Row
		}
		return strings.Join(names, " and ")
	}
	return strings.Join(parts, ", ")
}

func (b *builder) allHave(group []*seeded, p sweeps.Param) bool {
	return !slices.ContainsFunc(group, func(r *seeded) bool {
		other, ok := r.place.Get(p.Path)
		return !ok || other.Text != p.Text
	})
}

func (b *builder) othersHave(group []*seeded, p sweeps.Param) bool {
	return slices.ContainsFunc(b.rows, func(r *seeded) bool {
		other, ok := r.place.Get(p.Path)
		return r.place.Control == "" && !slices.Contains(group, r) && ok && other.Text == p.Text
	})
}

// single is a number without seeds.
func single(value float64) Cell {
	c := emptyCell()
	c.N, c.Want, c.Mean, c.Values = 1, 1, value, []float64{value}
	return c
}

func emptyCell() Cell {
	nan := math.NaN()
	return Cell{Mean: nan, Std: nan, CI: nan, Delta: nan}
}
