package metrics

import "slices"

// What a run took of the machine. The registry knows it of every trial of any program, so that it can stand in a table beside the
// results; see package reports.
const (
	CostSeconds = "cost/seconds" // from start to end
	CostCPU     = "cost/cpu"     // seconds of processors
	CostMemory  = "cost/memory"  // GiB, of the largest process
)

var costs = []Metric{
	{Name: CostSeconds, Label: "time", Unit: "s", Goal: NoGoal, Digits: 1, Scale: 1},
	{Name: CostCPU, Label: "CPU time", Unit: "s", Goal: NoGoal, Digits: 1, Scale: 1},
	{Name: CostMemory, Label: "memory", Unit: "GiB", Goal: NoGoal, Digits: 2, Scale: 1},
}

// Costs lists them.
func Costs() []Metric { return slices.Clone(costs) }

// LookupCost describes what a run took, by its name; ok is false for another name.
func LookupCost(name string) (m Metric, ok bool) {
	i := slices.IndexFunc(costs, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return costs[i], true
}
