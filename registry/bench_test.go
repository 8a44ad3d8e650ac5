package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"harness/registry/journal"
)

// BenchmarkIngest reads journals of 100,000 points of ten metrics.
func BenchmarkIngest(b *testing.B) {
	const points = 100_000
	home := b.TempDir()
	db, err := Open(context.Background(), home)
	must(b, err)
	defer db.Close()
	var used time.Duration
	seed := int64(0)
	for b.Loop() {
		b.StopTimer()
		seed++
		trial := program(seed)
		writePoints(b, home, seed, points/10, 10)
		b.StartTimer()
		began := time.Now()
		if _, err := db.Ingest(context.Background(), trial.ID(), 1); err != nil {
			b.Fatal(err)
		}
		used += time.Since(began)
	}
	b.ReportMetric(points*float64(seed)/used.Seconds(), "points/s")
}

// cpu is the processor time that this process has used: on a machine that others use, too, it says more than the clock.
func cpu() time.Duration {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// loop runs fn b.N times and reports the processor time of one.
func loop(b *testing.B, fn func()) {
	began, n := cpu(), 0
	for b.Loop() {
		fn()
		n++
	}
	b.ReportMetric(float64((cpu()-began).Microseconds())/1000/float64(n), "cpu-ms/op")
}

// writePoints makes a finished trial with steps × metrics points, as package journal writes it but without waiting for the
// disk.
func writePoints(b testing.TB, home string, seed int64, steps, metrics int) {
	b.Helper()
	trial := program(seed)
	var j fakeJournal
	j.add(`"k":"start","start":{"trial":%q,"attempt":1,"purpose":"run","spec":%s,"provenance":{"host":"here","cores":2}}`,
		trial.ID(), trial.Canonical())
	for step := range steps {
		for m := range metrics {
			j.add(`"k":"point","m":"metric/%d","s":%d,"v":%v`, m, step, 1/float64(step+m+1))
		}
	}
	j.add(`"k":"end","end":{"outcome":"done"}`)
	j.add(`"k":"exit","exit":{"code":0}`)
	j.write(b, home, trial.ID(), 1)
}

// fakeJournal is a journal written by hand.
type fakeJournal struct {
	bytes.Buffer
	events int
}

// add appends an event whose parts behind its number and time are given.
func (j *fakeJournal) add(format string, args ...any) {
	j.events++
	body := fmt.Sprintf(`{"q":%d,"t":1700000000000,`, j.events) + fmt.Sprintf(format, args...) + "}"
	fmt.Fprintf(j, "%08x %s\n", crc32.ChecksumIEEE([]byte(body)), body)
}

func (j *fakeJournal) write(t testing.TB, home, id string, attempt int) string {
	t.Helper()
	dir := filepath.Join(home, "trials", id, fmt.Sprint(attempt))
	must(t, os.MkdirAll(dir, 0o755))
	path := filepath.Join(dir, journal.FileName)
	must(t, os.WriteFile(path, j.Bytes(), 0o644))
	return path
}

// fillHome makes a home with n finished trials of a sweep "bench", each with so many metrics of so many points.
func fillHome(b testing.TB, home string, n, steps, metrics int) Sweep {
	b.Helper()
	sweep := Sweep{Handle: "bench", Name: "bench", Plan: json.RawMessage(`{"version":1}`)}
	for seed := range int64(n) {
		if steps > 0 {
			writePoints(b, home, seed, steps, metrics)
		}
		trial := program(seed)
		sweep.Members = append(sweep.Members, Member{ID: trial.ID(), Spec: trial, Label: fmt.Sprintf("lr=0.1, seed=%d", seed),
			Row: "lr=0.1", Seed: seed, Params: json.RawMessage(fmt.Sprintf(`{"lr":0.1,"seed":%d}`, seed))})
	}
	return sweep
}

// BenchmarkList reads 10,000 runs with 20 metrics each, as ls does, opening included.
func BenchmarkList(b *testing.B) {
	ctx, home := context.Background(), b.TempDir()
	const runs = 10_000
	sweep := fillHome(b, home, runs, 3, 20)
	began := time.Now()
	db, err := Open(ctx, home)
	must(b, err)
	b.ReportMetric(time.Since(began).Seconds(), "s/rebuild")
	must(b, db.Plan(ctx, sweep))
	must(b, db.Close())
	for name, q := range map[string]Query{"whole": {}, "brief": {Brief: true}, "sweep": {Sweep: "bench", Brief: true}} {
		b.Run(name, func(b *testing.B) {
			loop(b, func() {
				db, err := OpenReadOnly(ctx, home)
				must(b, err)
				trials, err := db.Trials(ctx, q)
				must(b, err)
				ids := make([]string, len(trials))
				for i, t := range trials {
					ids[i] = t.ID
				}
				all, err := db.Summary(ctx, ids)
				if err != nil || len(all) != runs || len(all[ids[0]]) != 20 {
					b.Fatal(len(all), err)
				}
				must(b, db.Close())
			})
		})
	}
}

// BenchmarkRebuild makes registry.db of 2,000 trials of ten points.
func BenchmarkRebuild(b *testing.B) {
	ctx, home := context.Background(), b.TempDir()
	sweep := fillHome(b, home, 2000, 5, 2)
	db, err := Open(ctx, home)
	must(b, err)
	must(b, db.Plan(ctx, sweep))
	must(b, db.Close())
	loop(b, func() {
		must(b, os.Remove(filepath.Join(home, fileName)))
		db, err := OpenReadOnly(ctx, home)
		if err != nil || db.Rebuilt != 2000 {
			b.Fatal(err)
		}
		must(b, db.Close())
	})
}

// BenchmarkSecondCall is what a sweep asks of 2,000 trials that are done: open, plan what is planned, their states.
func BenchmarkSecondCall(b *testing.B) {
	ctx, home := context.Background(), b.TempDir()
	sweep := fillHome(b, home, 2000, 1, 2)
	var ids []string
	for _, m := range sweep.Members {
		ids = append(ids, m.ID)
	}
	loop(b, func() {
		db, err := Open(ctx, home)
		must(b, err)
		must(b, db.Plan(ctx, sweep))
		trials, err := db.Trials(ctx, Query{IDs: ids, Brief: true})
		if err != nil || len(trials) != 2000 || trials[0].State != Done {
			b.Fatal(err)
		}
		must(b, db.Close())
	})
}

// BenchmarkTrial is the registry's share in a trial that does nothing: its number, its start, its end, its state.
func BenchmarkTrial(b *testing.B) {
	ctx, home := context.Background(), b.TempDir()
	db, err := Open(ctx, home)
	must(b, err)
	defer db.Close()
	must(b, db.Plan(ctx, fillHome(b, home, 2000, 0, 0)))
	shares := map[string]time.Duration{}
	timed := func(what string, fn func() error) {
		began := cpu()
		must(b, fn())
		shares[what] += cpu() - began
	}
	n := 0
	for b.Loop() {
		trial := program(int64(n % 2000))
		n++
		id := trial.ID()
		var last int
		timed("number", func() (err error) { last, err = db.LastAttempt(ctx, id); return err })
		var dir string
		timed("folder", func() (err error) { last, dir, err = NewAttempt(home, id, trial, last); return err })
		var j fakeJournal
		j.add(`"k":"start","start":{"trial":%q,"attempt":%d,"purpose":"run","spec":%s,"provenance":{"host":"here","cores":2}}`,
			id, last, trial.Canonical())
		path := filepath.Join(dir, journal.FileName)
		must(b, os.WriteFile(path, j.Bytes(), 0o644))
		timed("start", func() error { _, err := db.Ingest(ctx, id, last); return err })
		j.add(`"k":"point","m":"acc","s":0,"v":1`)
		j.add(`"k":"end","end":{"outcome":"done"}`)
		j.add(`"k":"exit","exit":{"code":0}`)
		must(b, os.WriteFile(path, j.Bytes(), 0o644))
		timed("end", func() error { _, err := db.Ingest(ctx, id, last); return err })
		timed("state", func() error { _, err := db.Trials(ctx, Query{IDs: []string{id}, Brief: true}); return err })
	}
	for what, share := range shares {
		b.ReportMetric(float64(share.Microseconds())/float64(n), "cpu-µs/"+what)
	}
}
