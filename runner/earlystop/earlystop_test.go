package earlystop

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// recorded is a case of testdata/optuna.json, which record.py describes.
type recorded struct {
	Rule     Kind
	Goal     Goal
	First    int64
	Factor   int64
	Least    int
	Values   [][]float64
	Steps    [][]int64
	Schedule []int
	Stopped  []int64
}

// replay runs a case by our rules.
func (c recorded) replay() []int64 {
	rule := Rule{Kind: c.Rule, Metric: "acc", Goal: c.Goal, First: c.First, Factor: c.Factor, Least: c.Least}
	n := len(c.Values)
	reported, asked, stopped := make([]int, n), make([]int64, n), make([]int64, n)
	// at is the first value of a trial from a rung on.
	at := func(i int, rung int64) (k int, ok bool) {
		k = slices.IndexFunc(c.Steps[i][:reported[i]], func(step int64) bool { return step >= rung })
		return k, k >= 0
	}
	for _, i := range c.Schedule {
		if stopped[i] > 0 {
			continue
		}
		reported[i]++
		for stopped[i] == 0 {
			rung, ok := rule.Next(asked[i])
			k, there := at(i, rung)
			if !ok || !there {
				break
			}
			rung = rule.Judged(rung, c.Steps[i][k])
			asked[i] = rung
			var others []float64
			for j := range n {
				done := reported[j] == len(c.Values[j]) && stopped[j] == 0
				if k, ok := at(j, rung); ok && j != i && (c.Rule == ASHA || done) {
					others = append(others, c.Values[j][k])
				}
			}
			own := Arrival{Step: c.Steps[i][k], Value: c.Values[i][k], Best: best(c.Goal, c.Values[i][:k+1])}
			if rule.Judge(rung, own, others).Stop {
				stopped[i] = own.Step
			}
		}
	}
	return stopped
}

func best(goal Goal, values []float64) float64 {
	if goal == Minimize {
		return slices.Min(values)
	}
	return slices.Max(values)
}

// TestOptuna: the same trials stop at the same steps as by Optuna's own pruners.
func TestOptuna(t *testing.T) {
	data, err := os.ReadFile("testdata/optuna.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Optuna string
		Cases  []recorded
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	stopped, finished := map[Kind]int{}, map[Kind]int{}
	for i, c := range golden.Cases {
		if got := c.replay(); !slices.Equal(got, c.Stopped) {
			t.Errorf("case %d: %s, %s: stopped at %v, Optuna %s at %v", i, c.Rule, c.Goal, got, golden.Optuna, c.Stopped)
		}
		for _, step := range c.Stopped {
			if step > 0 {
				stopped[c.Rule]++
			} else {
				finished[c.Rule]++
			}
		}
	}
	for _, kind := range []Kind{Median, ASHA} {
		if stopped[kind] < 50 || finished[kind] < 50 {
			t.Errorf("%s: only %d trials were stopped and %d were not", kind, stopped[kind], finished[kind])
		}
	}
}

// TestJudge: few trials, equal values, values that are no number, both goals. Where Optuna differs, the case says how.
func TestJudge(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	median := Rule{Kind: Median, Metric: "acc", Goal: Maximize, First: 10, Least: 3}
	asha := Rule{Kind: ASHA, Metric: "acc", Goal: Maximize, First: 10, Factor: 3}
	down := func(r Rule) Rule { r.Goal = Minimize; return r }
	for name, c := range map[string]struct {
		rule   Rule
		own    Arrival
		others []float64
		want   string
	}{
		"too few to compare with": {median, Arrival{10, .1, .1}, []float64{.8, .9},
			"goes on at step 10: acc 0.1 at best; too few other trials are done to compare with (2)"},
		"below":                   {median, Arrival{12, .3, .41}, []float64{.9, .56, .1}, "stopped early at step 12: acc 0.41 at best, below the median 0.56 of 3 trials"},
		"the best value counts":   {median, Arrival{12, .3, .6}, []float64{.9, .56, .1}, "goes on at step 12: acc 0.6 at best, not below the median 0.56 of 3 trials"},
		"as good as the median":   {median, Arrival{10, .56, .56}, []float64{.9, .56, .1}, "goes on at step 10: acc 0.56 at best, not below the median 0.56 of 3 trials"},
		"between two":             {median, Arrival{10, .69, .69}, []float64{.9, .6, .8, .1}, "stopped early at step 10: acc 0.69 at best, below the median 0.7 of 4 trials"},
		"above":                   {down(median), Arrival{10, .9, .7}, []float64{.9, .56, .1}, "stopped early at step 10: acc 0.7 at best, above the median 0.56 of 3 trials"},
		"others diverged":         {median, Arrival{10, .3, .3}, []float64{nan, -inf, .5, .9, .8}, "stopped early at step 10: acc 0.3 at best, below the median 0.5 of 5 trials"}, // Optuna leaves NaN out: 0.8
		"most others diverged":    {median, Arrival{10, .3, .3}, []float64{nan, inf, .5}, "goes on at step 10: acc 0.3 at best, not below the median -Inf of 3 trials"},           // Optuna: 0.5
		"diverged, nobody else":   {median, Arrival{10, nan, .3}, nil, "stopped early at step 10: acc is NaN"},                                                                    // Optuna goes on
		"infinitely good":         {asha, Arrival{10, inf, nan}, []float64{.1}, "stopped early at step 10: acc is +Inf"},                                                          // Optuna goes on
		"the first of all":        {asha, Arrival{11, .1, nan}, nil, "goes on at step 11: acc 0.1, among the best 1 of 1 trial, which begin at 0.1"},
		"the second is worse":     {asha, Arrival{10, .1, nan}, []float64{.2}, "stopped early at step 10: acc 0.1, not among the best 1 of 2 trials, which begin at 0.2"},
		"the second is equal":     {asha, Arrival{10, .2, nan}, []float64{.2}, "goes on at step 10: acc 0.2, among the best 1 of 2 trials, which begin at 0.2"},
		"two of seven":            {asha, Arrival{10, .5, nan}, []float64{.1, .9, .2, .3, .4, .4}, "goes on at step 10: acc 0.5, among the best 2 of 7 trials, which begin at 0.5"},
		"not two of seven":        {asha, Arrival{10, .4, nan}, []float64{.1, .9, .2, .3, .5, .4}, "stopped early at step 10: acc 0.4, not among the best 2 of 7 trials, which begin at 0.5"},
		"low is good":             {down(asha), Arrival{10, .1, nan}, []float64{.2, nan, .3}, "goes on at step 10: acc 0.1, among the best 1 of 4 trials, which begin at 0.1"},
		"diverged ones are worst": {down(asha), Arrival{10, .4, nan}, []float64{nan, inf, -inf, nan, .2}, "goes on at step 10: acc 0.4, among the best 2 of 6 trials, which begin at 0.4"},
	} {
		if got := c.rule.Judge(10, c.own, c.others).String(); got != c.want {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
}

// TestRungs: where the rule is asked.
func TestRungs(t *testing.T) {
	list := func(r Rule, n int) (rungs []int64) {
		for at, ok := r.Next(0); ok && len(rungs) < n; at, ok = r.Next(at) {
			rungs = append(rungs, at)
		}
		return rungs
	}
	for name, c := range map[string]struct {
		rule Rule
		want []int64
	}{
		"median":      {Rule{Kind: Median, First: 5}, []int64{5, 10, 15, 20}},
		"asha":        {Rule{Kind: ASHA, First: 2, Factor: 3}, []int64{2, 6, 18, 54}},
		"listed":      {Rule{Kind: ASHA, Rungs: []int64{3, 10}, Factor: 3}, []int64{3, 10}},
		"no more":     {Rule{Kind: Median, First: math.MaxInt64/2 + 1}, []int64{math.MaxInt64/2 + 1}},
		"none at 2⁶⁴": {Rule{Kind: ASHA, First: 1 << 60, Factor: 4}, []int64{1 << 60, 1 << 62}},
	} {
		if got := list(c.rule, 4); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for _, c := range []struct {
		rule             Rule
		rung, step, want int64
	}{
		{Rule{Kind: Median, First: 5}, 5, 23, 20},
		{Rule{Kind: Median, First: 5}, 5, 5, 5},
		{Rule{Kind: ASHA, First: 5, Factor: 2}, 5, 23, 5},
		{Rule{Kind: Median, Rungs: []int64{3, 10, 30}}, 3, 29, 10},
		{Rule{Kind: Median, Rungs: []int64{3, 10, 30}}, 3, 30, 30},
		{Rule{Kind: Median, Rungs: []int64{3, 10, 30}}, 3, 99, 30},
	} {
		if got := c.rule.Judged(c.rung, c.step); got != c.want {
			t.Errorf("%+v: a point at %d is judged at %d, want %d", c.rule, c.step, got, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	good := Rule{Kind: ASHA, Metric: "acc", Goal: Maximize, First: 1, Factor: 2}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Rule){
		`rule "hyperband": want median or asha`:        func(r *Rule) { r.Kind = "hyperband" },
		`no metric is named`:                           func(r *Rule) { r.Metric = "" },
		`goal "none": want maximize or minimize`:       func(r *Rule) { r.Goal = "none" },
		`first rung 0: want a step of at least 1`:      func(r *Rule) { r.First = 0 },
		`factor 1: want at least 2`:                    func(r *Rule) { r.Factor = 1 },
		`least -1: want at least 0`:                    func(r *Rule) { r.Least = -1 },
		`rungs [3 3]: want rising steps of at least 1`: func(r *Rule) { r.First, r.Rungs = 0, []int64{3, 3} },
		`want a first rung or all rungs, not both`:     func(r *Rule) { r.Rungs = []int64{3, 4} },
	} {
		bad := good
		change(&bad)
		if err := bad.Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
