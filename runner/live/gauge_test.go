package live

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// recorded makes a trial that runs, with points of some metrics and a line of what it uses.
func recorded(t *testing.T, db *registry.DB, seed int64, usage *journal.Usage, points map[string][]float64) Row {
	t.Helper()
	s := spec.Trial{Command: spec.MakeWords("train"), Seed: seed}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	number, dir, err := registry.NewAttempt(db.Home, s.ID(), s, 0)
	must(err)
	w, err := journal.Create(dir)
	must(err)
	must(w.Start(journal.Start{Trial: s.ID(), Attempt: number, Purpose: journal.PurposeRun, Spec: s.Canonical()}))
	for name, values := range points {
		for step, v := range values {
			must(w.Point(name, step, v))
		}
	}
	must(w.Close())
	if usage != nil {
		r, err := journal.CreateResources(dir, journal.Meter{Cores: 2, Devices: make([]journal.Device, len(usage.Devices))})
		must(err)
		must(r.Usage(*usage))
		must(r.Close())
	}
	_, err = db.Ingest(context.Background(), s.ID(), number)
	must(err)
	return Row{ID: s.ID(), Attempt: number, Stage: "train"}
}

func TestGauges(t *testing.T) {
	ctx := context.Background()
	db, err := registry.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	cpu, nan := 7.5, math.NaN()
	busy := &journal.Usage{From: 0, To: 5000, CPU: &cpu, Devices: []journal.DeviceUsage{
		{Busy: &journal.Level{Mean: 80, Max: 90}, Memory: &journal.Level{Mean: 1 << 30, Max: 2 << 30}},
		{Busy: &journal.Level{Mean: 40, Max: 50}, Memory: &journal.Level{Mean: 3 << 30, Max: 3 << 30}}}}
	rows := []Row{
		recorded(t, db, 1, busy, map[string][]float64{"acc": {0.1, 0.2}, "train/loss": {3, 2, 1}}),
		recorded(t, db, 2, nil, map[string][]float64{"train/loss": {3, nan}, "other/loss": {1}}),
		recorded(t, db, 3, &journal.Usage{From: 0, To: 5000}, map[string][]float64{"speed": {7}, "x_loss": {5}}),
		recorded(t, db, 4, nil, map[string][]float64{"speed": {7}}),
		recorded(t, db, 5, nil, nil),
	}
	g := NewGauges(db, []string{"f1", "acc"})
	now := time.Now()
	g.Fill(ctx, rows, now)
	want := []Gauge{
		{Cores: 1.5, Busy: 60, Memory: 4 << 30, Metric: "acc", Value: 0.2, Curve: []float64{0.1, 0.2}},
		{Cores: nan, Busy: nan, Memory: nan, Metric: "train/loss", Value: nan, Curve: []float64{3, nan}},
		{Cores: nan, Busy: nan, Memory: nan, Metric: "x_loss", Value: 5, Curve: []float64{5}},
		None, None,
	}
	for i, r := range rows {
		if d := cmp.Diff(want[i], r.Gauge, cmpopts.EquateNaNs()); d != "" {
			t.Errorf("trial %d: %s", i, d)
		}
	}
	rows = append(rows, recorded(t, db, 6, nil, map[string][]float64{"acc": {1}}))
	g.Fill(ctx, rows, now.Add(readEvery/2))
	if rows[5].Metric != "" || rows[0].Metric != "acc" {
		t.Errorf("read again at once: %+v", rows[5])
	}
	g.Fill(ctx, rows, now.Add(time.Hour))
	if rows[5].Metric != "acc" {
		t.Errorf("never read again: %+v", rows[5])
	}
}
