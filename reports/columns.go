package reports

import (
	"maps"
	"math"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/internal/nearest"
	"harness/metrics"
	"harness/sweeps"
)

// maxColumns limits what is shown when no metrics were chosen.
const maxColumns = 12

// columns lists the metrics of the table: those that the experiment names, else what its trials recorded.
func (b *builder) columns() []Column {
	var list []Column
	for _, m := range b.plan.Metrics {
		list = append(list, columnOf(m))
	}
	if len(list) == 0 {
		list = b.recorded()
	}
	if len(b.plan.Report.Columns) == 0 {
		return b.qualified(list)
	}
	var chosen []Column
	for _, key := range b.plan.Report.Columns {
		if i := slices.IndexFunc(list, func(c Column) bool { return c.Metric == key }); i >= 0 {
			chosen = append(chosen, list[i])
			continue
		}
		chosen = append(chosen, b.undeclared(key))
	}
	return b.qualified(chosen)
}

// addChosen adds the metrics that a reader chose and the plan does not show. They count in no family, so that the choice changes no
// test of the others.
func (b *builder) addChosen(columns []Column) ([]Column, error) {
	for _, key := range b.options.Layout.Metrics {
		if slices.ContainsFunc(columns, func(c Column) bool { return c.Metric == key }) {
			continue
		}
		added := columnOf(b.plan.Metric(key))
		declared := slices.ContainsFunc(b.plan.Metrics, func(m sweeps.Metric) bool { return m.Key == key })
		if known := b.results.recorded(); !declared && !isCost(key) && !slices.Contains(known, key) {
			named := slices.Clone(known)
			for _, m := range metrics.Costs() {
				named = append(named, m.Name)
			}
			return nil, refuse("metrics", "no trial has recorded %q%s", key, nearest.Choices(key, named))
		}
		added.Primary, added.extra = false, true
		columns = append(columns, b.qualified([]Column{added})...)
	}
	return columns, nil
}

// qualified adds to the labels what a reader must know of how the numbers were scored: METEOR without its paraphrase table is not
// the METEOR that papers print, and what a program reports under the name of a cost is none.
func (b *builder) qualified(columns []Column) []Column {
	for i := range columns {
		if m, cost := metrics.LookupCost(columns[i].Metric); cost && columns[i].Label == m.Label && b.results.have(m.Name) {
			columns[i].Label, columns[i].Unit = escape.Line(m.Name), ""
		}
		task, m, ok := metrics.SplitRecorded(columns[i].Metric)
		if ok && !b.plan.Command && m.Group == "meteor" && b.anyScored(columns[i].Metric, task, "without paraphrases") {
			columns[i].Label += " (no paraphrases)"
		}
	}
	return columns
}

// anyScored reports whether a trial recorded a metric with a setting of its scorer.
func (b *builder) anyScored(metric, task, setting string) bool {
	for _, r := range b.results {
		if _, recorded := r.Values[metric]; recorded && strings.Contains(r.scorer(task, "meteor"), setting) {
			return true
		}
	}
	return false
}

// bertModels lists with which models, by the digests of their files, the columns of BERTScore were scored.
func (b *builder) bertModels() []string {
	models := map[string]bool{}
	for _, column := range b.table.Columns {
		task, m, ok := metrics.SplitRecorded(column.Metric)
		if !ok || b.plan.Command || m.Group != "bertscore" {
			continue
		}
		for _, r := range b.results {
			_, recorded := r.Values[column.Metric]
			if _, model, named := strings.Cut(r.scorer(task, m.Group), "; BERT "); recorded && named {
				models["model "+model] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(models))
}

func columnOf(m sweeps.Metric) Column {
	return Column{Metric: m.Key, Label: m.Label, Unit: m.Unit, Goal: m.Goal, Digits: m.Digits, Scale: m.Scale, Primary: m.Primary, at: m.At}
}

func (b *builder) undeclared(key string) Column {
	return columnOf(sweeps.DefaultMetric(key, b.plan.Command))
}

// recorded chooses among what the trials recorded: of the built-in trainer what package metrics shows, in its order, of
// other programs the first by name.
func (b *builder) recorded() []Column {
	names := b.results.recorded()
	var shown []string
	if !b.plan.Command {
		for _, known := range metrics.Recorded() {
			if known.Shown && slices.Contains(names, known.Name) {
				shown = append(shown, known.Name)
			}
		}
	}
	if len(shown) == 0 {
		shown = names[:min(len(names), maxColumns)]
	}
	var list []Column
	for _, key := range shown {
		list = append(list, b.undeclared(key))
	}
	return list
}

// notShown names in a footnote what trials recorded and the table leaves out when no metrics were chosen. Details of a
// metric of the built-in trainer, such as caref/acc50/REGION, are not named.
func (b *builder) notShown() {
	if len(b.plan.Metrics) > 0 || len(b.plan.Report.Columns) > 0 {
		return
	}
	left := slices.DeleteFunc(b.results.recorded(), func(key string) bool {
		known, ok := metrics.LookupRecorded(key)
		detail := ok && !b.plan.Command && known.Detail
		return detail || !b.isResult(key) || slices.ContainsFunc(b.table.Columns, func(c Column) bool { return c.Metric == key })
	})
	if len(left) > 0 {
		b.table.note("not shown: " + listed(left, 20) + "; declare them under metrics")
	}
}

// isResult reports whether a metric describes the model: the learning rate and the gradient norm of the built-in
// trainer are settings and diagnostics of its optimizer.
func (b *builder) isResult(key string) bool {
	return b.plan.Command || !metrics.IsDiagnostic(key)
}

// maxDigits bounds what a column prints behind the point.
const maxDigits = 9

// showSmall gives columns of a program more digits where a mean that is not zero would be printed as zero: a learning rate of
// 0.00001 is no 0.000.
func (b *builder) showSmall() {
	if !b.plan.Command {
		return
	}
	for c := range b.table.Columns {
		column := &b.table.Columns[c]
		for _, row := range b.table.Rows {
			size := math.Abs(row.Cells[c].Mean * column.Scale)
			if size > 0 && size < 0.5*math.Pow10(-column.Digits) {
				column.Digits = min(maxDigits, 1-int(math.Floor(math.Log10(size))))
			}
		}
	}
}
