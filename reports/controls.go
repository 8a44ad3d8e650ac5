package reports

import (
	"math"
	"slices"
	"strings"

	"harness/internal/jsonfloat"
	"harness/metrics"
	"harness/sweeps"
)

// untrainedName is the control that is a trial of its own.
const untrainedName = "untrained encoder"

// addControls adds the rows of the controls. Models that agree in every number of a control, as they do where it does
// not depend on the model, share one row.
func (b *builder) addControls() {
	recorded := b.recordedControls()
	for _, control := range metrics.Controls {
		if !recorded[control.Key] {
			continue
		}
		var groups [][]*seeded
		var rows []Row
		for _, r := range b.rows {
			if r.Control != "" {
				continue
			}
			row, ok := b.controlRow(r, control.Key)
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
			rows[i].Name, rows[i].Control = control.Name, control.Name
			if len(rows) > 1 {
				rows[i].Name += ", " + b.groupName(groups[i])
			}
			rows[i].Lead = b.named(rows[i].Name)
			for _, r := range groups[i] {
				rows[i].Of = append(rows[i].Of, r.Name)
			}
			rows[i].Baseline = groups[i][0].Baseline
			if rows[i].Baseline == "" {
				rows[i].Baseline = groups[i][0].Name
			}
		}
		b.table.Rows = append(b.table.Rows, rows...)
	}
}

// recordedControls are the controls of which any trial recorded a number, by their keys.
func (b *builder) recordedControls() map[string]bool {
	recorded := map[string]bool{}
	for _, r := range b.results {
		for metric := range r.Values {
			if rest, ok := strings.CutPrefix(metric, controlsPrefix); ok {
				key, _, _ := strings.Cut(rest, "/")
				recorded[key] = true
			}
		}
	}
	return recorded
}

// controlRow is what the trials of r recorded about a control; ok is false when no column of the table is among it.
func (b *builder) controlRow(r *seeded, key string) (row Row, ok bool) {
	part := &seeded{Row: r.Row, prefix: controlsPrefix + key + "/"}
	row = Row{Kind: Control, trials: r.Trials, key: strings.Join(r.Trials, " ")}
	for _, column := range b.table.Columns {
		cell := b.cell(part, column)
		ok = ok || cell.N+cell.Diverged > 0
		row.Cells = append(row.Cells, cell)
	}
	return row, ok
}

// sameValues reports whether two rows have the same numbers for every seed that both have.
func sameValues(a, b []Cell) bool {
	shared := false
	for i := range a {
		for j := range a[i].Values {
			x, y := a[i].Values[j], b[i].Values[j]
			if x == nil || y == nil {
				continue
			}
			if *x != *y && !(math.IsNaN(float64(*x)) && math.IsNaN(float64(*y))) {
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
	for _, p := range group[0].Params {
		if !b.allHave(group, p) || b.othersHave(group, p) {
			continue
		}
		parts = append(parts, p.Text)
	}
	if len(group) == 1 || len(parts) == 0 {
		names := make([]string, len(group))
		for i, r := range group {
			names[i] = r.Name
		}
		return strings.Join(names, " and ")
	}
	return strings.Join(parts, ", ")
}

func (b *builder) allHave(group []*seeded, p sweeps.Param) bool {
	return !slices.ContainsFunc(group, func(r *seeded) bool {
		other, ok := r.Get(p.Path)
		return !ok || other.Text != p.Text
	})
}

func (b *builder) othersHave(group []*seeded, p sweeps.Param) bool {
	return slices.ContainsFunc(b.rows, func(r *seeded) bool {
		other, ok := r.Get(p.Path)
		return r.Control == "" && !slices.Contains(group, r) && ok && other.Text == p.Text
	})
}

// single is a number without seeds.
func single(value float64) Cell {
	c := emptyCell()
	c.N, c.Want, c.Mean, c.Values = 1, 1, value, []*jsonfloat.Float{jsonfloat.Known(value, true)}
	return c
}

func emptyCell() Cell {
	nan := math.NaN()
	return Cell{Mean: nan, Std: nan, CI: nan, Delta: nan}
}
