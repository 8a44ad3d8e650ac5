package reports

import (
	"slices"
	"sort"
	"strings"

	"harness/sweeps"
)

// knownColumns are the metrics of the built-in trainer that a table shows when the experiment names none, in order.
var knownColumns = []Column{
	{Metric: "caref/acc50", Label: "CAREF Acc@0.5"},
	{Metric: "probe/auc", Label: "probe AUC"},
	{Metric: "gcap/bleu4", Label: "GCAP BLEU-4"},
	{Metric: "gcap/cider", Label: "GCAP CIDEr"},
	{Metric: "diffvqa/bleu4", Label: "BLEU-4"},
	{Metric: "diffvqa/meteor", Label: "METEOR"},
	{Metric: "diffvqa/rouge_l", Label: "ROUGE-L"},
	{Metric: "diffvqa/cider", Label: "CIDEr"},
	{Metric: "diffvqa/f1", Label: "finding F1"},
	{Metric: "diffvqa/exact", Label: "exact match"},
}

// maxColumns bounds what is shown when nothing was asked for.
const maxColumns = 12

// columns lists the metrics of the table: those that the experiment names, else what its trials recorded.
func columns(s *sweeps.Sweep, results Results) []Column {
	list := declared(s)
	if len(list) == 0 {
		list = recorded(s, results)
	}
	if len(s.Report.Columns) == 0 {
		return list
	}
	var chosen []Column
	for _, key := range s.Report.Columns {
		if i := slices.IndexFunc(list, func(c Column) bool { return c.Metric == key }); i >= 0 {
			chosen = append(chosen, list[i])
			continue
		}
		chosen = append(chosen, defaultColumn(key))
	}
	return chosen
}

func declared(s *sweeps.Sweep) []Column {
	var list []Column
	for _, m := range s.Metrics {
		c := Column{Metric: m.Key, Label: m.Label, Goal: m.Goal, Digits: m.Digits, Scale: m.Scale, at: m.At}
		if c.Label == c.Metric {
			c.Label = defaultColumn(m.Key).Label
		}
		list = append(list, c)
	}
	return list
}

func recorded(s *sweeps.Sweep, results Results) []Column {
	keys := map[string]bool{}
	for _, r := range results {
		for key := range r.Values {
			keys[key] = true
		}
	}
	var list []Column
	for _, c := range knownColumns {
		if s.Command == "" && keys[c.Metric] {
			list = append(list, defaultColumn(c.Metric))
		}
	}
	if len(list) > 0 {
		return list
	}
	var names []string
	for key := range keys {
		if !strings.HasPrefix(key, "controls/") {
			names = append(names, key)
		}
	}
	sort.Strings(names)
	for _, key := range names[:min(len(names), maxColumns)] {
		list = append(list, defaultColumn(key))
	}
	return list
}

func defaultColumn(key string) Column {
	c := Column{Metric: key, Label: key, Goal: sweeps.DefaultGoal(key), Digits: 3, Scale: 1, at: "last"}
	for _, known := range knownColumns {
		if known.Metric == key {
			c.Label = known.Label
		}
	}
	return c
}
