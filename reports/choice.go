package reports

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/metrics"
	"harness/registry"
	"harness/sweeps"
)

// Choice bounds how many rows and seeds of a plan a picture shows: of thousands of lines nobody can tell one from another.
type Choice struct {
	Rows      []string // by name; empty: by rule
	MostRows  int
	MostSeeds int // over all rows
}

// Chosen says what a choice came to.
type Chosen struct {
	Rows  int    // how many rows have recorded the metric
	Shown int    // of these, how many were chosen
	Rule  string // by which rule, where not all of them were
	Seeds int    // the most seeds that are read of a row; 0: all
}

// UnknownRowError is the name of a row that a plan does not have.
type UnknownRowError struct{ Row string }

func (e *UnknownRowError) Error() string {
	return fmt.Sprintf("row %q: the sweep has no such row", escape.Line(e.Row))
}

// candidate is a row that has recorded a metric.
type candidate struct {
	at    int     // in the plan
	value float64 // the mean of its seeds' last values; NaN where none is finite
	base  bool    // other rows are compared with it
}

// Choose cuts a plan down to the rows of which the curve of a metric is shown: those that are named, else all, and where these are too
// many, the baselines and the best by what the metric came to last; where no direction is better, the first of the table.
func Choose(ctx context.Context, db *registry.DB, plan *sweeps.Plan, metric string, choice Choice) (*sweeps.Plan, Chosen, error) {
	named, err := namedRows(plan, choice.Rows)
	if err != nil {
		return nil, Chosen{}, err
	}
	values, err := db.SummaryOf(ctx, plan.IDs(), metric)
	if err != nil {
		return nil, Chosen{}, err
	}
	bases := map[string]bool{}
	for _, row := range plan.Rows {
		bases[row.Baseline] = true
	}
	var list []candidate
	for i, row := range plan.Rows {
		value, recorded := lastOf(row, values)
		if recorded {
			list = append(list, candidate{i, value, bases[row.Name]})
		}
	}
	chosen := Chosen{Rows: len(list), Shown: len(list)}
	list = slices.DeleteFunc(list, func(c candidate) bool { return named != nil && !named[c.at] })
	if named != nil && len(list) < chosen.Rows {
		chosen.Rule = "those that were asked for"
	}
	if choice.MostRows > 0 && len(list) > choice.MostRows {
		chosen.Rule = cut(list, plan.Metric(metric).Goal, choice.MostRows)
		list = list[:choice.MostRows]
	}
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Compare(a.at, b.at) })
	chosen.Shown = len(list)
	part := cutPlan(plan, list, &chosen, choice.MostSeeds)
	return part, chosen, nil
}

// namedRows are the places of the rows with these names; nil where none is named.
func namedRows(plan *sweeps.Plan, names []string) (map[int]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	at := map[string]int{}
	for i, row := range plan.Rows {
		at[row.Name] = i
	}
	named := map[int]bool{}
	for _, name := range names {
		i, ok := at[name]
		if !ok {
			return nil, &UnknownRowError{name}
		}
		named[i] = true
	}
	return named, nil
}

// lastOf is the mean of what a metric came to last, over the seeds of which it is finite, and whether any seed recorded it.
func lastOf(row sweeps.Row, values map[string]registry.Summary) (mean float64, recorded bool) {
	var found []float64
	for _, id := range row.Trials {
		s, ok := values[id]
		recorded = recorded || ok
		if ok && finite(s.Last) {
			found = append(found, s.Last)
		}
	}
	mean, _ = meanStd(found)
	return mean, recorded
}

// cut puts those first of a list that are to be shown, and says by which rule.
func cut(list []candidate, goal metrics.Goal, most int) (rule string) {
	bases := 0
	slices.SortStableFunc(list, func(a, b candidate) int {
		if a.base != b.base {
			if a.base {
				return -1
			}
			return 1
		}
		return inFront(a.value, b.value, goal)
	})
	for _, c := range list[:most] {
		if c.base {
			bases++
		}
	}
	rule = "the first of the table"
	switch goal {
	case metrics.Maximize:
		rule = "those whose last value is the greatest"
	case metrics.Minimize:
		rule = "those whose last value is the least"
	}
	switch {
	case bases == most:
		return "the first baselines"
	case bases == 1:
		return "the baseline and " + rule
	case bases > 1:
		return fmt.Sprintf("the %d baselines and %s", bases, rule)
	}
	return rule
}

// inFront orders two values, the better one first, those that are not known last.
func inFront(a, b float64, goal metrics.Goal) int {
	switch {
	case goal != metrics.Maximize && goal != metrics.Minimize:
		return 0
	case math.IsNaN(a) || math.IsNaN(b):
		return cmp.Compare(lack(a), lack(b))
	case goal == metrics.Minimize:
		return cmp.Compare(a, b)
	}
	return cmp.Compare(b, a)
}

// lack is 1 for what is not known.
func lack(v float64) int {
	if math.IsNaN(v) {
		return 1
	}
	return 0
}

// cutPlan is a plan of some of the rows, each with its first seeds, at most so many over all.
func cutPlan(plan *sweeps.Plan, list []candidate, chosen *Chosen, mostSeeds int) *sweeps.Plan {
	part := *plan
	part.Rows, part.Trials = nil, nil
	each := len(plan.Seeds)
	if len(list) > 0 && mostSeeds > 0 && each*len(list) > mostSeeds {
		each = max(1, mostSeeds/len(list))
		chosen.Seeds = each
	}
	part.Seeds = plan.Seeds[:each]
	wanted := map[string]bool{}
	for _, c := range list {
		row := plan.Rows[c.at]
		row.Trials = row.Trials[:min(each, len(row.Trials))]
		for _, id := range row.Trials {
			wanted[id] = true
		}
		part.Rows = append(part.Rows, row)
	}
	for _, trial := range plan.Trials {
		if wanted[trial.ID] {
			part.Trials = append(part.Trials, trial)
		}
	}
	return &part
}

// CurveMetrics lists the metrics that trials of a plan recorded at several steps, by name.
func CurveMetrics(ctx context.Context, db *registry.DB, plan *sweeps.Plan) ([]string, error) {
	most, err := db.MostPoints(ctx, plan.IDs())
	if err != nil {
		return nil, err
	}
	b := &builder{plan: plan}
	var list []string
	for metric, n := range most {
		if n >= leastPoints && !strings.HasPrefix(metric, controlsPrefix) && b.isResult(metric) {
			list = append(list, metric)
		}
	}
	slices.Sort(list)
	return list, nil
}
