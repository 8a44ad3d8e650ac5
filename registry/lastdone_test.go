package registry

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/registry/journal"
)

// TestLastDone: newest first, without those of the sweep that asks, failed ones, and those that were never done.
func TestLastDone(t *testing.T) {
	ctx := context.Background()
	home := t.TempDir()
	for seed := int64(1); seed <= 5; seed++ {
		w, _ := begin(t, home, program(seed), journal.PurposeRun)
		w.At(time.UnixMilli(1_000_000 + 1000*(seed%4))) // 4 ended first, then 1 and 5, 2, 3
		outcome := journal.Done
		if seed == 2 {
			outcome = journal.Failed
		}
		must(t, w.End(journal.End{Outcome: outcome}))
		must(t, w.Close())
	}
	db := open(t, home)
	must(t, db.Plan(ctx, Sweep{Handle: "own", Name: "own", Members: []Member{{ID: program(1).ID(), Spec: program(1)}, {ID: program(9).ID(), Spec: program(9)}}}))
	list := func(but string, most int) (seeds []int64) {
		trials, err := db.LastDone(ctx, but, most)
		must(t, err)
		for _, k := range trials {
			seeds = append(seeds, k.Spec.Seed)
		}
		return seeds
	}
	if d := cmp.Diff([]int64{3, 5, 4}, list("own", 10)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int64{3}, list("", 1)); d != "" {
		t.Error(d)
	}
}

func TestSpans(t *testing.T) {
	home := t.TempDir()
	twoAttempts(t, home)
	db := open(t, home)
	trials, err := db.Trials(context.Background(), Query{})
	must(t, err)
	spans, err := db.Spans(context.Background(), trials[0].ID)
	must(t, err)
	if len(spans) != 2 || spans[0].Number != 1 || spans[0].Resumed || spans[1].Number != 2 || !spans[1].Resumed || spans[1].Ended < spans[1].Started {
		t.Errorf("%+v", spans)
	}
}
