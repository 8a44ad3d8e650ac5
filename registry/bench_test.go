package registry

import (
	"context"
	"fmt"
	"testing"

	"harness/registry/journal"
)

// BenchmarkIngest reads a journal of 100,000 points of ten metrics.
func BenchmarkIngest(b *testing.B) {
	const points = 100_000
	home := b.TempDir()
	trial := program(1)
	writePoints(b, home, 1, points/10, 10)
	b.ResetTimer()
	for i := range b.N {
		db, err := connectFresh(b, i)
		if err != nil {
			b.Fatal(err)
		}
		db.Home = home
		if _, err := db.Ingest(context.Background(), trial.ID(), 1); err != nil {
			b.Fatal(err)
		}
		db.Close()
	}
	b.ReportMetric(points*float64(b.N)/b.Elapsed().Seconds(), "points/s")
}

// connectFresh makes an empty registry in a home of its own.
func connectFresh(b *testing.B, i int) (*DB, error) {
	b.StopTimer()
	defer b.StartTimer()
	return Open(context.Background(), fmt.Sprintf("%s/%d", b.TempDir(), i))
}

// writePoints makes a finished trial with steps × metrics points.
func writePoints(b *testing.B, home string, seed int64, steps, metrics int) {
	b.Helper()
	trial := program(seed)
	number, dir, err := NewAttempt(home, trial.ID(), trial, 0)
	if err != nil {
		b.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Start(journal.Start{Trial: trial.ID(), Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Canonical()}); err != nil {
		b.Fatal(err)
	}
	for step := range steps {
		for m := range metrics {
			if err := w.Point(fmt.Sprintf("metric/%d", m), step, 1/float64(step+m+1)); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := w.End(journal.End{Outcome: journal.Done}); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkList reads 1000 runs with 20 metrics of 50 points each, as ls does.
func BenchmarkList(b *testing.B) {
	ctx := context.Background()
	home := b.TempDir()
	var planned []Member
	for seed := range int64(1000) {
		writePoints(b, home, seed, 50, 20)
		trial := program(seed)
		planned = append(planned, Member{ID: trial.ID(), Spec: trial, Label: fmt.Sprint(seed)})
	}
	db, err := Open(ctx, home)
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Plan(ctx, Sweep{Handle: "bench", Name: "bench", Members: planned}); err != nil {
		b.Fatal(err)
	}
	db.Close()
	for b.Loop() {
		db, err := OpenReadOnly(ctx, home)
		if err != nil {
			b.Fatal(err)
		}
		trials, err := db.Trials(ctx, Query{Sweep: "bench"})
		if err != nil {
			b.Fatal(err)
		}
		ids := make([]string, len(trials))
		for i, t := range trials {
			ids[i] = t.ID
		}
		all, err := db.Summary(ctx, ids)
		if err != nil || len(all) != 1000 || len(all[ids[0]]) != 20 {
			b.Fatal(len(all), err)
		}
		db.Close()
	}
}
