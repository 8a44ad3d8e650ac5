package reports

import (
	"context"
	"maps"
	"slices"

	"harness/metrics"
	"harness/registry"
	"harness/registry/journal"
	"harness/sweeps"
)

// Costs are what the runs of a trial took of the machine, as metrics that a table may name (metrics.LookupCost). A trial that was interrupted
// counts with all its runs, and has no such number where that of one run is not known. What trials themselves recorded under such a name
// is no cost, and stays.

func isCost(metric string) bool {
	_, cost := metrics.LookupCost(metric)
	return cost
}

// namesCosts reports whether a table with this layout shows what runs took, or judges it.
func namesCosts(plan *sweeps.Plan, l Layout) bool {
	return slices.ContainsFunc(plan.Metrics, func(m sweeps.Metric) bool { return isCost(m.Key) }) ||
		slices.ContainsFunc(plan.Hypotheses, func(h sweeps.Hypothesis) bool { return isCost(h.Metric) }) ||
		slices.ContainsFunc(plan.Report.Columns, isCost) || slices.ContainsFunc(l.Metrics, isCost)
}

// addCosts gives trials that are done what their runs took. Imported ones ran elsewhere.
func (results Results) addCosts(ctx context.Context, db *registry.DB, plan *sweeps.Plan) error {
	var ids []string
	for _, t := range plan.Trials {
		if t.Spec.Imported == "" {
			ids = append(ids, t.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var own []string // names under which trials recorded numbers of theirs
	for _, m := range metrics.Costs() {
		if results.have(m.Name) {
			own = append(own, m.Name)
		}
	}
	known, err := db.Trials(ctx, registry.Query{IDs: ids, NoSpec: true})
	if err != nil {
		return err
	}
	for _, t := range known {
		r, has := results[t.ID]
		if !has || t.Result == 0 {
			continue
		}
		runs := []registry.Attempt{t.Newest}
		if t.Attempt != t.RedoAfter+1 || t.Newest.Number != t.Result {
			all, err := db.Attempts(ctx, t.ID)
			if err != nil {
				return err
			}
			runs = runsOf(all, t)
		}
		r.costs = costsOf(runs)
		maps.DeleteFunc(r.costs, func(name string, _ float64) bool { return slices.Contains(own, name) })
		results[t.ID] = r
	}
	return nil
}

// runsOf are the attempts that led to the trial's result: no reruns and no history.
func runsOf(attempts []registry.Attempt, t registry.Trial) (runs []registry.Attempt) {
	for _, a := range attempts {
		if a.Purpose == journal.PurposeRun && t.RedoAfter < a.Number && a.Number <= t.Result {
			runs = append(runs, a)
		}
	}
	return runs
}

// costsOf is what runs took together, and the most memory of one; without what is not known of all.
func costsOf(runs []registry.Attempt) map[string]float64 {
	var seconds, cpu, memory float64
	timed, counted, measured := true, true, true
	for _, a := range runs {
		timed = timed && !a.Ended.IsZero()
		counted = counted && a.CPUSeconds > 0
		measured = measured && a.PeakMemory > 0
		seconds += a.Ended.Sub(a.Started).Seconds()
		cpu += a.CPUSeconds
		memory = max(memory, float64(a.PeakMemory)/(1<<30))
	}
	costs := map[string]float64{}
	if timed {
		costs[metrics.CostSeconds] = seconds
	}
	if counted {
		costs[metrics.CostCPU] = cpu
	}
	if measured {
		costs[metrics.CostMemory] = memory
	}
	return costs
}

// have reports whether a trial recorded a metric.
func (results Results) have(metric string) bool {
	for _, r := range results {
		if _, recorded := r.Values[metric]; recorded {
			return true
		}
	}
	return false
}
