package reports

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"harness/registry"
	"harness/sweeps"
)

// nullFile compares four settings with one, none of which differs from it.
func nullFile(hypotheses, seeds int) string {
	var b strings.Builder
	b.WriteString("version: 1\nname: none\ncommand: [x]\nparameters: {a: {values: [z, r1, r2, r3, r4], labels: [z, r1, r2, r3, r4]}}\nseeds: [0")
	for seed := 1; seed < seeds; seed++ {
		fmt.Fprintf(&b, ", %d", seed)
	}
	b.WriteString("]\nmetrics: {m: {goal: maximize}}\nhypotheses:\n")
	for i := 1; i <= hypotheses; i++ {
		fmt.Fprintf(&b, "  - {name: h%d, claim: it differs, metric: m, row: r%d, against: z}\n", i, i)
	}
	b.WriteString("  - {name: each, claim: all differ, metric: m, row: [r1, r2, r3, r4], against: z}\n")
	return b.String()
}

// TestHypothesesNull draws results in which no row differs: how often a claim is supported, or refuted by its direction.
func TestHypothesesNull(t *testing.T) {
	for _, c := range []struct {
		hypotheses, seeds int
		low, high         float64 // of the share of files with any such verdict among the first hypotheses
	}{
		{0, 10, .001, .05}, // that each of four rows differs hardly ever passes; any of them may refute it
		{3, 10, .01, .055}, // four hypotheses together: never more than the level
	} {
		plan, _ := expanded(t, nullFile(c.hypotheses, c.seeds))
		rng := rand.New(rand.NewPCG(uint64(c.seeds), 11))
		any := 0
		const runs = 1500
		for range runs {
			for _, h := range drawn(t, plan, rng) {
				if h.Outcome == Supported || h.Outcome == Refuted {
					any++
					break
				}
			}
		}
		if share := float64(any) / runs; share < c.low || share > c.high {
			t.Errorf("%d hypotheses and one of four rows, %d seeds: a verdict in %.3f of the files, want %.3f to %.3f", c.hypotheses, c.seeds, share, c.low, c.high)
		}
	}
	plan, _ := expanded(t, strings.Replace(nullFile(1, 10), "  - {name: each", "  # - {name: each", 1))
	rng := rand.New(rand.NewPCG(7, 8))
	supported, refuted := 0, 0
	const runs = 3000
	for range runs {
		switch drawn(t, plan, rng)[0].Outcome {
		case Supported:
			supported++
		case Refuted:
			refuted++
		}
	}
	both := float64(supported+refuted) / runs
	t.Logf("one hypothesis, 10 seeds: supported %.3f, refuted %.3f", float64(supported)/runs, float64(refuted)/runs)
	if both < .03 || both > .07 {
		t.Errorf("a verdict on rows that do not differ in %.3f of the runs, want .03 to .07", both)
	}
}

func expanded(t *testing.T, file string) (*sweeps.Plan, *sweeps.Sweep) {
	t.Helper()
	s, err := sweeps.Parse("none.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan, s
}

// drawn judges results in which every trial has the seed's own number and noise.
func drawn(t *testing.T, plan *sweeps.Plan, rng *rand.Rand) []Hypothesis {
	t.Helper()
	seeds := map[int64]float64{}
	for _, seed := range plan.Seeds {
		seeds[seed] = rng.NormFloat64()
	}
	results := Results{}
	for _, trial := range plan.Trials {
		v := seeds[trial.Seed] + .3*rng.NormFloat64()
		results[trial.ID] = Result{State: registry.Done, Values: map[string]registry.Summary{"m": {Last: v, Min: v, Max: v, N: 1}}}
	}
	b := &builder{plan: plan, results: results, table: &Table{}}
	if err := b.judgeHypotheses(context.Background(), plan); err != nil {
		t.Fatal(err)
	}
	for _, h := range b.table.Hypotheses.List {
		if math.IsNaN(h.Holm) {
			t.Fatalf("%s was not tested: %+v", h.Name, h.Lines)
		}
	}
	return b.table.Hypotheses.List
}
