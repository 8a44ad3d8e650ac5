package slurm

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/registry"
)

// cuts lets Slurm end tasks early: a trial of the built-in trainer, and a program at its time limit, save a checkpoint, queue themselves again and
// go on. The numbers are those of trials that were never cut.
func (h *harness) cuts(p *private) {
	h.t.Helper()
	for _, name := range []string{"builtin", "limit"} {
		if out, code := h.run("local", "sweep", name+".yaml", "--quiet"); code != 0 {
			h.t.Fatalf("%s on this machine: exit code %d\n%s", name, code, out)
		}
		if out, code := h.run("cut", "sweep", name+".yaml", "--on", "slurm", "--detach"); code != 0 {
			h.t.Fatalf("%s: exit code %d\n%s", name, code, out)
		}
	}
	p.await("the built-in trial", func() bool {
		out, _ := h.run("cut", "status", "builtin")
		return strings.Contains(out, "pretrain ")
	})
	jobs := p.run("squeue", "-h", "-r", "-t", "running", "-o", "%i %j")
	for line := range strings.Lines(jobs) {
		if job, name, _ := strings.Cut(strings.TrimSpace(line), " "); strings.HasPrefix(name, "builtin.") {
			p.run("scancel", "--signal=USR1", "--batch", job)
		}
	}
	for _, name := range []string{"builtin", "limit"} {
		began := time.Now()
		if out, code := h.run("cut", "sweep", name+".yaml", "--on", "slurm", "--quiet"); code != 0 {
			p.say()
			h.t.Fatalf("%s on Slurm: exit code %d\n%s", name, code, out)
		}
		h.t.Logf("%s: followed for %.0f s", name, time.Since(began).Seconds())
	}
	h.compareCut("builtin", "stopped by the scheduler")
	h.compareCut("limit", "stopped before the time limit")
}

// compareCut compares the one trial of a sweep with that on one machine.
func (h *harness) compareCut(name, why string) {
	h.t.Helper()
	ctx := context.Background()
	var results [2]map[string]float64
	var attempts [2][]registry.Attempt
	for i, home := range []string{"local", "cut"} {
		db, err := registry.OpenReadOnly(ctx, filepath.Join(h.dir, home))
		if err != nil {
			h.t.Fatal(err)
		}
		trials, err := db.Trials(ctx, registry.Query{Sweep: name, Brief: true})
		if err != nil || len(trials) != 1 {
			h.t.Fatal(trials, err)
		}
		id := trials[0].ID
		summary, err := db.Summary(ctx, []string{id})
		if err == nil {
			attempts[i], err = db.Attempts(ctx, id)
		}
		if err != nil {
			h.t.Fatal(err)
		}
		results[i] = map[string]float64{}
		for metric, s := range summary[id] {
			if results[i][metric] = s.Last; math.IsNaN(s.Last) {
				results[i][metric] = -1
			}
		}
		if err := db.Close(); err != nil {
			h.t.Fatal(err)
		}
	}
	if diff := cmp.Diff(results[0], results[1]); diff != "" || len(results[0]) == 0 {
		h.t.Errorf("the numbers of %s (-one machine +Slurm)\n%s", name, diff)
	}
	if all := attempts[1]; len(all) < 2 || all[0].Error != why || all[0].State != registry.Interrupted {
		h.t.Errorf("%s: want a first attempt that was cut: %s: %+v", name, why, all)
	}
}
