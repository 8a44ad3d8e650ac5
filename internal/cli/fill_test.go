package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/registry"
	"harness/registry/journal"
)

// fillHome makes a home in which all n trials of dir/bench.yaml, five seeds a row, are done, each with so many metrics of so many points, as
// sweep would. The program of the trials does nothing, and registry.db is up to date.
func fillHome(t *testing.T, dir, home string, n, steps, metrics int) {
	t.Helper()
	var rates []string
	for i := range n / 5 {
		rates = append(rates, fmt.Sprintf("0.%04d", i+1))
	}
	text := fmt.Sprintf("version: 1\nname: bench\ncommand: [/bin/true, \"${args}\"]\nparameters: {lr: {values: [%s]}}\nseeds: [0, 1, 2, 3, 4]\n",
		strings.Join(rates, ", "))
	path := filepath.Join(dir, "bench.yaml")
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	check(os.WriteFile(path, []byte(text), 0o644))
	ctx := context.Background()
	t.Chdir(dir)
	plan, err := sweepOptions{home: home}.expand(ctx, io.Discard, "bench.yaml")
	check(err)
	db, err := registry.Open(ctx, home)
	check(err)
	check(register(ctx, io.Discard, db, plan))
	for _, trial := range plan.Trials {
		_, attempt, err := registry.NewAttempt(home, trial.ID, trial.Spec, 0)
		check(err)
		w, err := journal.Create(attempt)
		check(err)
		check(w.Start(journal.Start{Trial: trial.ID, Attempt: 1, Purpose: journal.PurposeRun, Spec: trial.Spec.Canonical(), Threads: 1,
			Dir: dir, Provenance: journal.Provenance{Host: "here", Cores: 2}}))
		for step := range steps {
			for m := range metrics {
				check(w.Point(fmt.Sprintf("metric/%d", m), step, float64(trial.Seed)+1/float64(step+m+1)))
			}
		}
		check(w.Finish(&journal.End{Outcome: journal.Done}, journal.Exit{}, func(*os.File) error { return nil }))
	}
	check(db.Close())
	paths, err := filepath.Glob(filepath.Join(home, "registry.db*"))
	check(err)
	for _, path := range paths {
		check(os.Remove(path))
	}
	db, err = registry.Open(ctx, home) // reading all journals at once is faster than one at a time
	check(err)
	check(db.Close())
}
