package web

import (
	"cmp"
	"slices"
	"strings"

	"harness/metrics"
	"harness/reports"
)

// layoutForm is what a reader can choose of a table, and has chosen.
type layoutForm struct {
	Rows, Group, Sort, Baseline []choice
	Columns, Metrics, More      []choice // More: metrics that the plan does not show
	Spread, Extra               []choice // what cells show
	Filter                      string
	Baselines                   []string // several settings together, as an address can give them
	Rest                        bool     // there are too many rows to list as baselines
	Chosen                      bool     // anything differs from the plan
}

// choice is one option.
type choice struct {
	Value, Label string
	Chosen       bool
}

const (
	mostBaselines = 200
	mostMore      = 300
)

// formOf makes the form for a table, with what the layout has chosen.
func formOf(own *reports.Table, l reports.Layout) layoutForm {
	f := layoutForm{Filter: l.Filter, Chosen: len(l.Query()) > 0}
	parameters := own.Parameters()
	one := func(list []choice, value, label string, chosen []string) []choice {
		return append(list, choice{value, label, len(chosen) == 1 && chosen[0] == value})
	}
	f.Rows, f.Group = []choice{{"", "as the experiment has them", len(l.Rows) == 0}}, []choice{{"", "no titles", l.Group == ""}}
	for _, p := range parameters {
		f.Rows = one(f.Rows, reports.QuoteName(p.Path), p.Label, quotedAll(l.Rows))
		f.Group = one(f.Group, p.Path, p.Label, []string{l.Group})
		if p.Axis {
			f.Columns = append(f.Columns, choice{reports.QuoteName(p.Path), p.Label, slices.Contains(l.Columns, p.Path) || slices.Contains(l.Columns, p.Label)})
		}
	}
	f.Rows = kept(f.Rows, quotedList(l.Rows))
	f.metrics(own, l)
	f.sorts(own, parameters, l)
	f.baselines(own, parameters, l)
	show := l.Show
	if len(show) == 0 {
		show = own.Show
	}
	spread := "mean"
	for _, s := range []string{"std", "ci"} {
		if slices.Contains(show, s) {
			spread = "mean," + s
		}
	}
	f.Spread = []choice{{"mean", "the mean", spread == "mean"}, {"mean,std", "mean ± standard deviation", spread == "mean,std"},
		{"mean,ci", "mean ± 95% interval", spread == "mean,ci"}}
	for _, s := range [][2]string{{"delta", "Δ difference from the baseline"}, {"p", "p, adjusted"}, {"n", "n seeds"}} {
		f.Extra = append(f.Extra, choice{s[0], s[1], slices.Contains(show, s[0])})
	}
	return f
}

func quotedAll(names []string) []string {
	var list []string
	for _, name := range names {
		list = append(list, reports.QuoteName(name))
	}
	return list
}

func quotedList(names []string) string { return strings.Join(quotedAll(names), ",") }

// kept adds what was chosen by the address and is none of the options.
func kept(list []choice, value string) []choice {
	if value == "" || slices.ContainsFunc(list, func(c choice) bool { return c.Value == value }) {
		return list
	}
	return append(list, choice{value, value, true})
}

// metrics lists the columns of the plan, and what else was recorded.
func (f *layoutForm) metrics(own *reports.Table, l reports.Layout) {
	all := len(l.Metrics) == 0
	var shown []string
	for _, c := range own.Columns {
		shown = append(shown, c.Metric)
		f.Metrics = append(f.Metrics, choice{reports.QuoteName(c.Metric), cmp.Or(c.Label, c.Metric), all || slices.Contains(l.Metrics, c.Metric)})
	}
	for _, name := range own.Recorded() {
		if chosen := slices.Contains(l.Metrics, name); !slices.Contains(shown, name) && (chosen || len(f.More) < mostMore) {
			f.More = append(f.More, choice{reports.QuoteName(name), name, chosen})
		}
	}
}

// sorts lists the orders: each metric with what is better on top first, then each parameter.
func (f *layoutForm) sorts(own *reports.Table, parameters []reports.Parameter, l reports.Layout) {
	f.Sort = []choice{{"", "as the experiment has them", len(l.Sort) == 0}}
	now := quotedList(l.Sort)
	add := func(name, label string) {
		f.Sort = append(f.Sort, choice{reports.QuoteName(name), label, now == reports.QuoteName(name)})
	}
	if len(l.Columns) == 0 { // where parameters became columns, the heads sort
		for _, c := range own.Columns {
			name, label := "metrics."+c.Metric, cmp.Or(c.Label, c.Metric)
			if c.Goal == metrics.Minimize {
				add(name, label+", lowest first")
				add("-"+name, label+", highest first")
				continue
			}
			add("-"+name, label+", highest first")
			add(name, label+", lowest first")
		}
	}
	for _, p := range parameters {
		add("params."+p.Path, p.Label+", rising")
		add("-params."+p.Path, p.Label+", falling")
	}
	f.Sort = kept(f.Sort, now)
}

// baselines lists the settings that every row has a partner with, then the rows.
func (f *layoutForm) baselines(own *reports.Table, parameters []reports.Parameter, l reports.Layout) {
	f.Baseline = []choice{{"", "that of the experiment", len(l.Baseline) == 0}}
	now := ""
	switch len(l.Baseline) {
	case 0:
	case 1:
		now = l.Baseline[0]
	default:
		f.Baselines = l.Baseline
	}
	for _, p := range parameters {
		if !p.Axis || len(p.Values) > 20 {
			continue
		}
		for _, value := range p.Values {
			setting := p.Path + "=" + value
			f.Baseline = append(f.Baseline, choice{setting, "each row's own with " + p.Label + " " + value, now == setting})
		}
	}
	rows := 0
	for _, row := range own.Rows {
		if row.Kind != reports.Model {
			continue
		}
		if rows++; rows > mostBaselines {
			f.Rest = true
			break
		}
		f.Baseline = append(f.Baseline, choice{row.Name, "the row " + row.Name, now == row.Name})
	}
	f.Baseline = kept(f.Baseline, now)
}
