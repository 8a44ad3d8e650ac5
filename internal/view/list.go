package view

import (
	"context"
	"harness/metrics"
	"harness/registry"
	"maps"
	"slices"
	"strings"
)

// Query chooses and orders trials. Empty fields choose all, in the order of the sweep or of the registry.
type Query struct {
	Sweep   string // its handle; "" = all trials, those that no sweep wants any more included
	States  []string
	Filter  string
	Sort    string
	Columns []string // names that are to be shown, which are checked
}

// Choose reads the trials of a query with their metrics. What the user has given wrong is a *MisuseError.
func Choose(ctx context.Context, db *registry.DB, q Query) ([]Listed, error) {
	for _, state := range q.States {
		if !slices.Contains(registry.States[:], registry.State(state)) {
			return nil, misused("--state", "unknown state %q: want queued, running, done, failed, interrupted or stopped", state)
		}
	}
	chosen, err := ParseFilter("--filter", q.Filter)
	if err != nil {
		return nil, err
	}
	query := registry.Query{Sweep: q.Sweep, All: q.Sweep == "", Brief: true}
	trials, err := db.Trials(ctx, query)
	if err != nil {
		return nil, err
	}
	all := make([]Listed, 0, len(trials))
	for _, t := range trials {
		t.State = db.LiveState(t)
		if len(q.States) == 0 || slices.Contains(q.States, string(t.State)) {
			all = append(all, NewListed(t))
		}
	}
	if err := AddMetrics(ctx, db, all); err != nil {
		return nil, err
	}
	if all, err = chosen.Apply(all); err != nil {
		return nil, err
	}
	if len(q.Columns) > 0 {
		if err := CheckNames("--columns", q.Columns, all); err != nil && len(all) > 0 {
			return nil, err
		}
	}
	return all, Order("--sort", all, q.Sort)
}

// ChooseMetrics picks at most n metrics to show: those that package metrics calls main, then other results, then losses, and no
// controls or parts of a result.
func ChooseMetrics(trials []Listed, n int) []string {
	seen := map[string]bool{}
	for _, t := range trials {
		for metric := range t.Metrics {
			if !seen[metric] && strings.Count(metric, "/") < 2 && !strings.HasPrefix(metric, "controls/") {
				seen[metric] = true
			}
		}
	}
	known := slices.Sorted(maps.Keys(seen))
	rank := func(metric string) int {
		known, _ := metrics.LookupRecorded(metric)
		switch {
		case known.Main:
			return 0
		case strings.HasSuffix(metric, "loss") || metrics.IsDiagnostic(metric):
			return 2
		}
		return 1
	}
	slices.SortStableFunc(known, func(a, b string) int { return rank(a) - rank(b) })
	return known[:min(n, len(known))]
}
