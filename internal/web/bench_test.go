package web

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"harness/internal/view"
	"harness/internal/web/fixture"
	"harness/registry"
	"harness/registry/journal"
)

// largeSweep is 10,002 runs of 20 metrics: what the pages of a sweep cost does not depend on how long its curves are.
var largeSweep = fixture.Size{Handle: "large", Rows: 3334, Seeds: 3, Metrics: 20, Points: 1}

// largeServer serves a home of 10,002 runs, that at $HARNESS_LARGE if it is set.
func largeServer(b testing.TB) *Server {
	b.Helper()
	home := os.Getenv("HARNESS_LARGE")
	if home == "" {
		home = filepath.Join(b.TempDir(), "large")
		if err := largeSweep.Make(context.Background(), home); err != nil {
			b.Fatal(err)
		}
	}
	s := New(Options{Home: home, Staleness: func(db *registry.DB) *view.Staleness {
		return view.NewStaleness(db, func() journal.Provenance { return journal.Provenance{} }, nil)
	}})
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkPages asks for the list and the tables of 10,002 runs: the first time, and again as a reader does who sorts and filters.
func BenchmarkPages(b *testing.B) {
	s := largeServer(b)
	for _, c := range []struct{ name, path string }{
		{"list", "/"},
		{"table", "/sweeps/large"},
		{"sorted", "/sweeps/large?sort=-metrics.metric/00"},
		{"filtered", "/sweeps/large?filter=metrics.metric/01+%3E+0.3+and+params.width+%3C+20&page=2"},
		{"pivot", "/sweeps/large?columns=width&metrics=metric/00"},
		{"trials", "/sweeps/large?trials=metrics.metric/00+%3E+0.7"},
		{"csv", "/sweeps/large/table.csv"},
	} {
		b.Run(c.name, func(b *testing.B) {
			began := cpu()
			first := ask(b, s, c.path)
			firstCPU := cpu() - began
			var times []time.Duration
			began = cpu()
			for b.Loop() {
				times = append(times, ask(b, s, c.path))
			}
			b.ReportMetric(float64((cpu()-began).Microseconds())/1000/float64(len(times)), "cpu-ms/op")
			slices.Sort(times)
			b.ReportMetric(float64(firstCPU.Microseconds())/1000, "first-cpu-ms")
			b.ReportMetric(float64(first.Microseconds())/1000, "first-ms")
			b.ReportMetric(float64(times[len(times)*9/10].Microseconds())/1000, "p90-ms")
		})
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("%d MB in use\n", m.HeapInuse>>20)
}

// cpu is the processor time that this process has used: on a machine that others use, too, it says more than the clock.
func cpu() time.Duration {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// ask answers a request and says how long that took.
func ask(b testing.TB, s *Server, path string) time.Duration {
	b.Helper()
	r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
	began := time.Now()
	s.ServeHTTP(w, r)
	took := time.Since(began)
	if w.Code != 200 {
		b.Fatalf("%s: %d: %.300s", path, w.Code, w.Body)
	}
	return took
}
