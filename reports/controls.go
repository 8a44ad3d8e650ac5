package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
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
				rows[i].Name += ", " + b.groupName(i, groups)
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

// mostModels is how many models the name of a control lists.
const mostModels = 3

// groupName names the models of a group by the parameters that they share and that no model of the other groups has, else by their rows.
func (b *builder) groupName(at int, groups [][]*seeded) string {
	group := groups[at]
	var own []string
	for _, p := range group[0].Params {
		has := func(r *seeded) bool {
			other, ok := r.Get(p.Path)
			return ok && other.Text == p.Text
		}
		others := slices.ContainsFunc(groups, func(g []*seeded) bool { return g[0] != group[0] && slices.ContainsFunc(g, has) })
		if !others && !slices.ContainsFunc(group, func(r *seeded) bool { return !has(r) }) {
			own = append(own, b.namedValue(p))
		}
	}
	if len(group) > 1 && len(own) > 0 {
		return strings.Join(own, ", ")
	}
	var names []string
	for _, r := range group[:min(len(group), mostModels)] {
		names = append(names, r.Name)
	}
	if more := len(group) - mostModels; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, " and ")
}

// namedValue is the value of a parameter, with its name where it is a number, which says nothing by itself.
func (b *builder) namedValue(p sweeps.Param) string {
	if _, err := strconv.ParseFloat(p.Text, 64); err == nil {
		return b.plan.NameOf(sweeps.Row{Params: []sweeps.Param{p}})
	}
	return p.Text
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
