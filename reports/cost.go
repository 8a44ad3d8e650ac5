package reports

import (
	"context"

	"harness/metrics"
	"harness/registry"
	"harness/registry/journal"
)

// addCosts gives a trial that is done what its runs took of the machine, as metrics that a table may name (metrics.LookupCost). A trial that was
// interrupted counts with all its runs, and has no such number where that of one run is not known. What the trial itself recorded under
// such a name stays.
func (r *Result) addCosts(ctx context.Context, db *registry.DB, t registry.Trial) error {
	if t.Result == 0 {
		return nil
	}
	runs := []registry.Attempt{t.Newest}
	if t.Attempt != t.RedoAfter+1 || t.Newest.Number != t.Result {
		all, err := db.Attempts(ctx, t.ID)
		if err != nil {
			return err
		}
		runs = runsOf(all, t)
	}
	if r.Values == nil {
		r.Values = map[string]registry.Summary{}
	}
	for name, v := range costsOf(runs) {
		if _, recorded := r.Values[name]; !recorded && v > 0 {
			r.Values[name] = registry.Summary{Last: v, Min: v, Max: v, N: 1, Final: true}
		}
	}
	return nil
}

func isCost(metric string) bool {
	_, cost := metrics.LookupCost(metric)
	return cost
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

// costsOf is what runs took together, and the most memory of one; 0 where it is not known of all.
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
	known := func(v float64, all bool) float64 {
		if !all {
			return 0
		}
		return v
	}
	return map[string]float64{metrics.CostSeconds: known(seconds, timed), metrics.CostCPU: known(cpu, counted), metrics.CostMemory: known(memory, measured)}
}
