package runner

import (
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"harness/model/spec"
	"harness/registry"
)

// benchPlan queues n trials of a program that does nothing.
func benchPlan(b *testing.B, n int) (*registry.DB, []Trial) {
	b.Helper()
	db, err := registry.Open(context.Background(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	var trials []Trial
	var planned []registry.Member
	for seed := range int64(n) {
		t := spec.Trial{Command: spec.MakeWords("/bin/true"), Seed: seed}
		trials = append(trials, Trial{ID: t.ID(), Spec: t, Label: fmt.Sprint(seed)})
		planned = append(planned, registry.Member{ID: t.ID(), Spec: t})
	}
	if err := db.Plan(context.Background(), registry.Sweep{Handle: "bench", Name: "bench", Members: planned}); err != nil {
		b.Fatal(err)
	}
	return db, trials
}

// BenchmarkTrials runs 200 trials that do nothing, one at a time, and compares with starting that program 200 times.
func BenchmarkTrials(b *testing.B) {
	const n = 200
	var ours, floor time.Duration
	for range b.N {
		b.StopTimer()
		db, trials := benchPlan(b, n)
		began := time.Now()
		for range n {
			if err := exec.Command("/bin/true").Run(); err != nil {
				b.Fatal(err)
			}
		}
		floor += time.Since(began)
		b.StartTimer()
		began = time.Now()
		if r, err := Run(context.Background(), db, trials, Options{Parallel: 1}); err != nil || r.Done != n {
			b.Fatal(r, err)
		}
		ours += time.Since(began)
	}
	b.ReportMetric((ours-floor).Seconds()*1000/n/float64(b.N), "ms-over-start/trial")
	b.ReportMetric(floor.Seconds()*1000/n/float64(b.N), "ms-to-start/trial")
}

// BenchmarkNothingToDo calls a finished sweep of 200 trials again.
func BenchmarkNothingToDo(b *testing.B) {
	db, trials := benchPlan(b, 200)
	if _, err := Run(context.Background(), db, trials, Options{}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r, err := Run(context.Background(), db, trials, Options{}); err != nil || r.Before != 200 {
			b.Fatal(r, err)
		}
	}
}
