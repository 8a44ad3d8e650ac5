package reports

import (
	"maps"
	"testing"
	"time"

	"harness/registry"
	"harness/registry/journal"
	"harness/sweeps"
)

// A trial costs what all the runs took that led to its result, and where one of them is not known, nothing is said.
func TestCostsAreThoseOfAllRuns(t *testing.T) {
	start := time.Unix(1000, 0)
	run := func(number int, seconds, cpu float64, memory int64) registry.Attempt {
		return registry.Attempt{Number: number, Purpose: journal.PurposeRun, Started: start, Ended: start.Add(time.Duration(seconds * float64(time.Second))),
			CPUSeconds: cpu, PeakMemory: memory << 30}
	}
	rerun := run(4, 100, 100, 9)
	rerun.Purpose = journal.PurposeRerun
	killed := run(2, 3, 0, 0)
	killed.Ended = time.Time{}
	trial := registry.Trial{Result: 3, RedoAfter: 1}
	for name, c := range map[string]struct {
		attempts []registry.Attempt
		want     map[string]float64
	}{
		"interrupted": {[]registry.Attempt{run(1, 50, 50, 8), run(2, 3, 2, 1), run(3, 4, 3, 2), rerun}, map[string]float64{"cost/seconds": 7, "cost/cpu": 5, "cost/memory": 2}},
		"killed":      {[]registry.Attempt{run(1, 50, 50, 8), killed, run(3, 4, 3, 2), rerun}, map[string]float64{}},
	} {
		if got := costsOf(runsOf(c.attempts, trial)); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// What trials took is compared whatever they were measured on; results are not.
func TestCostsOfOtherDataAreCompared(t *testing.T) {
	plan := &sweeps.Plan{Seeds: []int64{0}}
	b := &builder{plan: plan, table: &Table{}, results: Results{"a": {DataHash: "aaaaaaaa"}, "b": {DataHash: "bbbbbbbb"}}}
	p := &pair{row: &Row{Name: "a", trials: []string{"a"}}, base: &Row{Name: "b", trials: []string{"b"}}, seeds: []int{0}}
	for c, metric := range []string{"cost/cpu", "pretrain/flops", "probe/auc"} {
		b.table.Columns = append(b.table.Columns, Column{Metric: metric})
		reason, err := b.incomparable(p, c)
		if err != nil || (reason == "") != (metric != "probe/auc") {
			t.Errorf("%s: %q, %v", metric, reason, err)
		}
	}
}

// A number that a program reports under the name of a cost stays its own: no other trial's cost stands beside it, and the label is its name.
func TestOwnNumbersAreNoCosts(t *testing.T) {
	own := Result{State: registry.Done, Values: map[string]registry.Summary{"cost/cpu": {Last: 7}}}
	other := Result{State: registry.Done, costs: map[string]float64{"cost/seconds": 3}}
	b := &builder{plan: &sweeps.Plan{Command: true}, table: &Table{}, results: Results{"own": own, "other": other}}
	columns := b.qualified([]Column{b.undeclared("cost/cpu"), b.undeclared("cost/seconds")})
	if columns[0].Label != "cost/cpu" || columns[0].Unit != "" || columns[1].Label != "time" || columns[1].Unit != "s" {
		t.Errorf("%+v", columns)
	}
	if v, ok := own.value("cost/cpu", "last", true); v != 7 || !ok {
		t.Error(v, ok)
	}
	if v, ok := other.value("cost/seconds", "last", true); v != 3 || !ok {
		t.Error(v, ok)
	}
	if got := b.results.recorded(); len(got) != 1 || got[0] != "cost/cpu" {
		t.Errorf("recorded %q", got)
	}
}
