package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/registry"
	"harness/registry/journal"
	"harness/sweeps"
)

var (
	benchPoints = flag.Int("curve.points", 50_000, "points of each long curve in the benchmarks")
	benchHome   = flag.String("curve.home", "", "a folder that keeps the homes of the benchmarks from one call to the next")
)

// benchPlan is a plan of so many rows and seeds of a program.
func benchPlan(b *testing.B, rows, seeds int) *sweeps.Plan {
	b.Helper()
	var text strings.Builder
	text.WriteString("version: 1\nname: bench\ncommand: [x]\nmetrics: {m0: {goal: minimize}}\nparameters:\n  row: {values: [")
	for i := range rows {
		fmt.Fprintf(&text, "%d, ", i)
	}
	text.WriteString("]}\nseeds: [")
	for i := range seeds {
		fmt.Fprintf(&text, "%d, ", i)
	}
	text.WriteString("]\n")
	s, err := sweeps.Parse("bench.yaml", []byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		b.Fatal(err)
	}
	return plan
}

// benchDB is a home in which every trial of a plan has recorded some metrics at so many steps.
func benchDB(b *testing.B, plan *sweeps.Plan, metrics, points int) *registry.DB {
	b.Helper()
	home := b.TempDir()
	if *benchHome != "" {
		home = filepath.Join(*benchHome, fmt.Sprintf("%d-%d-%d", len(plan.Trials), metrics, points))
	}
	if _, err := os.Stat(home + "/trials"); err != nil {
		for i, trial := range plan.Trials {
			writeJournal(b, home, trial, i, metrics, points)
		}
	}
	db, err := registry.OpenReadOnly(context.Background(), home)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db
}

// writeJournal writes the journal of a trial that is done, as package journal does but without waiting for the disk.
func writeJournal(b *testing.B, home string, trial sweeps.Trial, number, metrics, points int) {
	b.Helper()
	var out bytes.Buffer
	q := 0
	add := func(format string, args ...any) {
		q++
		body := fmt.Sprintf(`{"q":%d,"t":1700000000000,%s}`, q, fmt.Sprintf(format, args...))
		fmt.Fprintf(&out, "%08x %s\n", crc32.ChecksumIEEE([]byte(body)), body)
	}
	start, err := json.Marshal(journal.Start{Trial: trial.ID, Attempt: 1, Purpose: journal.PurposeRun, Spec: trial.Spec.Canonical()})
	if err != nil {
		b.Fatal(err)
	}
	add(`"k":"start","start":%s`, start)
	for step := range points {
		for m := range metrics {
			add(`"k":"point","m":"m%d","s":%d,"v":%v`, m, step, math.Exp(-float64(step)/float64(points))+float64(number%97)/100)
		}
	}
	add(`"k":"end","end":{"outcome":"done"}`)
	add(`"k":"exit","exit":{"code":0}`)
	dir := filepath.Join(home, "trials", trial.ID, "1")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, journal.FileName), out.Bytes(), 0o644); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLongCurves reads twenty curves of many points, whole and a tenth of them.
func BenchmarkLongCurves(b *testing.B) {
	ctx := context.Background()
	plan := benchPlan(b, 20, 1)
	db := benchDB(b, plan, 1, *benchPoints)
	n := int64(*benchPoints)
	for name, span := range map[string]Span{"whole": {}, "log": {LogSteps: true}, "tenth": {Part: true, From: n / 3, To: n/3 + n/10}, "third": {Part: true, From: n / 3, To: 2 * n / 3}, "end": {Part: true, From: n - 1000, To: n}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				curves, err := OpenCurves(ctx, db, plan)
				if err != nil {
					b.Fatal(err)
				}
				curve, err := curves.ReadSpan(ctx, "m0", span)
				if err != nil || len(curve.Lines) != 20 {
					b.Fatal(err, len(curve.Lines))
				}
			}
		})
	}
}

// BenchmarkManyRuns chooses sixteen of thousands of rows, and reads their curves.
func BenchmarkManyRuns(b *testing.B) {
	ctx := context.Background()
	for _, c := range []struct{ rows, seeds int }{{2000, 1}, {4, 500}} {
		plan := benchPlan(b, c.rows, c.seeds)
		db := benchDB(b, plan, 2, 100)
		b.Run(fmt.Sprintf("%d rows of %d seeds", c.rows, c.seeds), func(b *testing.B) {
			for b.Loop() {
				part, chosen, err := Choose(ctx, db, plan, "m0", Choice{MostRows: 16, MostSeeds: 320})
				if err != nil || chosen.Rows != c.rows {
					b.Fatal(err, chosen)
				}
				curves, err := OpenCurves(ctx, db, part)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := curves.ReadSpan(ctx, "m0", Span{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
