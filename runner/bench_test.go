package runner

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"harness/registry"
)

// benchPlan queues n trials of a program that does nothing.
func benchPlan(b *testing.B, n int) (*registry.DB, []registry.Trial) {
	b.Helper()
	db := open(b, b.TempDir())
	var trials []registry.Trial
	for seed := range int64(n) {
		trials = append(trials, program(seed, "", "/bin/true"))
	}
	return db, plan(b, db, trials...)
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
