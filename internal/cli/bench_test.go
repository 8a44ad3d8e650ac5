package cli

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"harness/registry"
	"harness/runner"
)

var benchHarness = flag.String("bench-harness", "", "TestBenchRunner measures this program: make bench-runner")

// gridSize is the number of trials that do nothing.
const gridSize = 200

// TestBenchRunner measures what the harness adds to the programs that it runs, through the real command, and prints a
// table. Each number is the median of several runs; what is compared is measured in turns, since the machine may be shared.
func TestBenchRunner(t *testing.T) {
	if *benchHarness == "" {
		t.Skip("make bench-runner")
	}
	b := &bench{t: t, dir: t.TempDir(), times: map[string][]time.Duration{}}
	b.grid()
	b.ls()
	b.second()
	b.print()
}

type bench struct {
	t     *testing.T
	dir   string
	times map[string][]time.Duration
	rows  []benchRow
}

type benchRow struct{ what, target, measured, verdict string }

// timed runs fn and keeps how long it took.
func (b *bench) timed(what string, fn func() error) {
	b.t.Helper()
	began := time.Now()
	if err := fn(); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	b.times[what] = append(b.times[what], time.Since(began))
}

// command runs a program in the folder of the benchmark, its output thrown away.
func (b *bench) command(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = b.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

// row adds a row; target 0 = none.
func (b *bench) row(what string, measured, target float64, unit string) {
	r := benchRow{what: what, measured: fmt.Sprintf("%.2f %s", measured, unit)}
	if target > 0 {
		r.target = fmt.Sprintf("%.2g %s", target, unit)
		if r.verdict = "met"; measured > target {
			r.verdict = "MISSED"
		}
	}
	b.rows = append(b.rows, r)
}

// grid runs trials that do nothing, one at a time: by hand, with the real command, with runner.Run, with GNU parallel.
func (b *bench) grid() {
	text := "version: 1\nname: noop\ncommand: [/bin/true]\nseeds: ["
	for seed := range gridSize {
		text += fmt.Sprintf("%d, ", seed)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "noop.yaml"), []byte(text+"]\n"), 0o644); err != nil {
		b.t.Fatal(err)
	}
	b.t.Chdir(b.dir)
	parallel, errParallel := exec.LookPath("parallel")
	for n := range 5 {
		b.timed("bare", func() error {
			for range gridSize {
				if err := exec.Command("/bin/true").Run(); err != nil {
					return err
				}
			}
			return nil
		})
		home := filepath.Join(b.dir, fmt.Sprintf("noop-%d", n))
		for _, jobs := range []string{"1", "2"} {
			b.timed("command -j"+jobs, func() error {
				return b.command(*benchHarness, "sweep", "noop.yaml", "--home", home+"-"+jobs, "--parallel", jobs)
			})
		}
		db, trials := b.planned(home + "-run")
		b.timed("run", func() error {
			r, err := runner.Run(context.Background(), db, trials, runner.Options{Parallel: 1})
			if err == nil && r.Done != gridSize {
				err = fmt.Errorf("%+v", r)
			}
			return err
		})
		if err := db.Close(); err != nil {
			b.t.Fatal(err)
		}
		if errParallel == nil && n < 1 {
			b.timed("parallel", func() error {
				args := []string{"--will-cite", "-j1", "/bin/true", ":::"}
				for seed := range gridSize {
					args = append(args, fmt.Sprint(seed))
				}
				return b.command(parallel, args...)
			})
		}
	}
	over := func(what string) float64 {
		list := make([]time.Duration, 0, len(b.times[what]))
		for i, took := range b.times[what] { // each over the bare spawn of the same round
			list = append(list, took-b.times["bare"][i])
		}
		return median(list).Seconds() * 1000 / gridSize
	}
	b.row("bare spawn of /bin/true", median(b.times["bare"]).Seconds()*1000/gridSize, 0, "ms")
	b.row("grid of 200 through the command, one at a time: over the bare spawn", over("command -j1"), 1.5, "ms/trial")
	b.row("grid of 200 through the command, two at a time: over the bare spawn", over("command -j2"), 0, "ms/trial")
	b.row("grid of 200 through runner.Run, one at a time: over the bare spawn", over("run"), 1.5, "ms/trial")
	if errParallel == nil {
		b.row("grid of 200 through GNU parallel -j1: over the bare spawn", over("parallel"), 0, "ms/trial")
	}
}

// planned is a new home in which noop.yaml is planned.
func (b *bench) planned(home string) (*registry.DB, []registry.Trial) {
	ctx := context.Background()
	plan, err := sweepOptions{home: home}.expand(ctx, io.Discard, "noop.yaml")
	if err != nil {
		b.t.Fatal(err)
	}
	db, err := registry.Open(ctx, home)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := register(ctx, io.Discard, db, plan); err != nil {
		b.t.Fatal(err)
	}
	trials, err := db.Trials(ctx, registry.Query{Sweep: plan.Handle})
	if err != nil {
		b.t.Fatal(err)
	}
	return db, trials
}

// filled is a home of n finished trials, made once a machine.
func (b *bench) filled(n, steps, metrics int) (dir, home string) {
	dir = filepath.Join(os.TempDir(), fmt.Sprintf("harness-bench-rows-%d-%d-%d", n, steps, metrics))
	home = filepath.Join(dir, "runs")
	if _, err := os.Stat(filepath.Join(dir, "whole")); err == nil {
		return dir, home
	}
	if err := os.RemoveAll(dir); err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	fillHome(b.t, dir, home, n, steps, metrics)
	if err := os.WriteFile(filepath.Join(dir, "whole"), nil, 0o644); err != nil {
		b.t.Fatal(err)
	}
	return dir, home
}

func (b *bench) ls() {
	_, home := b.filled(10_000, 3, 20)
	for range 9 {
		b.timed("ls", func() error { return b.command(*benchHarness, "ls", "--home", home) })
		b.timed("ls --json", func() error { return b.command(*benchHarness, "ls", "--json", "--home", home) })
	}
	b.row("ls of 10,000 runs with 20 metrics", median(b.times["ls"]).Seconds(), 0.3, "s")
	b.row("ls --json of 10,000 runs with 20 metrics", median(b.times["ls --json"]).Seconds(), 0, "s")
	for _, words := range [][]string{{"show", "a"}, {"ls", "--columns", "me"}, {"report", ""}} {
		what := "__complete " + strings.Join(words, " ")
		for range 9 {
			b.timed(what, func() error {
				return b.command(*benchHarness, append([]string{"__complete", "--home", home}, words...)...)
			})
		}
		b.row(what+" with 10,000 runs", median(b.times[what]).Seconds(), 0.1, "s")
	}
}

func (b *bench) second() {
	dir, home := b.filled(2_000, 1, 2)
	b.dir = dir
	for range 9 {
		b.timed("second call", func() error { return b.command(*benchHarness, "sweep", "bench.yaml", "--home", home) })
		b.timed("second call, quiet", func() error { return b.command(*benchHarness, "sweep", "bench.yaml", "--home", home, "--quiet") })
	}
	b.row("second call of a sweep of 2,000 done trials", median(b.times["second call"]).Seconds(), 0.2, "s")
	b.row("second call without its table (--quiet)", median(b.times["second call, quiet"]).Seconds(), 0, "s")
}

func (b *bench) print() {
	fmt.Printf("medians, %d cores\n", runtime.NumCPU())
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "WHAT\tMEASURED\tTARGET\t")
	for _, r := range b.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.what, r.measured, r.target, r.verdict)
	}
	w.Flush()
}
