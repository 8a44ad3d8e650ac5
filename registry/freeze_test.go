package registry

import (
	"context"
	"sync"
	"testing"
)

// TestFreeze: a reader saw a trial that was done, and then no numbers of it, since it was to be run again meanwhile.
func TestFreeze(t *testing.T) {
	ctx, home := context.Background(), oldHome(t)
	writer := open(t, home)
	reader, err := OpenReadOnly(ctx, home)
	must(t, err)
	defer reader.Close()
	before, err := reader.Trials(ctx, Query{Sweep: "own"}) // a statement that was prepared before
	must(t, err)
	must(t, reader.Freeze())
	id := before[0].ID
	must(t, writer.Redo(ctx, []string{id}))
	must(t, writer.SetNote(ctx, id, "changed"))
	trials, err := reader.Trials(ctx, Query{Sweep: "own"})
	must(t, err)
	all, err := reader.Summary(ctx, []string{id})
	must(t, err)
	if trials[0].State != Done || trials[0].Note != "" || len(all[id]) == 0 {
		t.Errorf("frozen: %s, note %q, %d numbers", trials[0].State, trials[0].Note, len(all[id]))
	}
	now, err := writer.Trials(ctx, Query{IDs: []string{id}})
	must(t, err)
	if now[0].State != Queued || now[0].Note != "changed" {
		t.Errorf("now: %s, note %q", now[0].State, now[0].Note)
	}
}

// TestFreezeReadsAtOnce: several goroutines that read curves from one moment got fewer points than there are, since their queries shared
// a statement.
func TestFreezeReadsAtOnce(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	var curve []Point
	for step := int64(1); step <= 400; step++ {
		curve = append(curve, Point{step, 1 / float64(step)})
	}
	trial := program(1)
	writeRuns(t, home, trial, run{points: map[string][]Point{"loss": curve}, end: endDone})
	open(t, home)
	reader, err := OpenReadOnly(ctx, home)
	must(t, err)
	defer reader.Close()
	must(t, reader.Freeze())
	var wait sync.WaitGroup
	counts, errs := make([]int, 8), make([]error, 8)
	for i := range counts {
		wait.Go(func() {
			for range 20 {
				points, err := reader.Points(ctx, trial.ID(), "loss")
				if counts[i] = len(points); err != nil || len(points) != len(curve) {
					errs[i] = err
					return
				}
			}
		})
	}
	wait.Wait()
	for i, n := range counts {
		if n != len(curve) || errs[i] != nil {
			t.Errorf("reader %d: %d points of %d, %v", i, n, len(curve), errs[i])
		}
	}
}
