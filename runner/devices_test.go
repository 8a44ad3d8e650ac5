package runner

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/model/spec"
	"harness/registry"
)

// jobs are n trials of a spec.
func jobs(n int, t spec.Trial) []*job {
	var list []*job
	for range n {
		list = append(list, &job{Trial: registry.Trial{Spec: t}})
	}
	return list
}

// mustTake takes a share that must be there.
func mustTake(t *testing.T, p *pool, need int, alone bool) share {
	t.Helper()
	s, ok := p.find(need, alone, "")
	if !ok {
		t.Fatalf("no %d devices, alone %v, with loads %v", need, alone, p.load)
	}
	p.take(s)
	return s
}

func TestGPUsAreSharedOut(t *testing.T) {
	p := newPool(GPUs{Devices: []string{"3", "MIG-5"}, PerTrial: 1, PerGPU: 2})
	if n := p.room(jobs(9, spec.Trial{})); n != 4 {
		t.Errorf("room for %d", n)
	}
	var got []string
	var taken []share
	for range 4 {
		s := mustTake(t, p, 1, false)
		taken = append(taken, s)
		got = append(got, p.environment(s)[0])
	}
	want := []string{"CUDA_VISIBLE_DEVICES=3", "CUDA_VISIBLE_DEVICES=MIG-5", "CUDA_VISIBLE_DEVICES=3", "CUDA_VISIBLE_DEVICES=MIG-5"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, ok := p.find(1, false, ""); ok {
		t.Error("a fifth trial")
	}
	p.give(taken[1])
	if _, ok := p.find(1, true, ""); ok {
		t.Error("alone on a device that another trial is on")
	}
	p.give(taken[3])
	alone := mustTake(t, p, 1, true)
	if d := cmp.Diff([]string{"CUDA_VISIBLE_DEVICES=MIG-5"}, p.environment(alone)); d != "" {
		t.Error(d)
	}
	if _, ok := p.find(1, false, ""); ok {
		t.Error("another trial on a device that one has to itself")
	}
	p.give(alone)
	mustTake(t, p, 1, false)
	mustTake(t, p, 1, false)

	p = newPool(GPUs{Devices: []string{"0", "1", "2"}, PerTrial: 2})
	if s := mustTake(t, p, 2, false); len(s.devices) != 2 || p.room(jobs(3, spec.Trial{})) != 1 {
		t.Error(s, p.load)
	}
	if _, ok := p.find(2, false, ""); ok {
		t.Error("half a trial")
	}

	p = newPool(GPUs{}) // no GPU is wanted: no limit, and nothing is said of any
	if s := mustTake(t, p, 0, false); p.room(jobs(3, spec.Trial{})) != 0 || p.environment(s) != nil {
		t.Error(s)
	}
}

// A trial on engine xla needs a GPU though no file says so; one of the same sweep on native needs none.
func TestXLANeedsAGPU(t *testing.T) {
	g := GPUs{Devices: []string{"0", "1"}, OnXLA: 1}
	for _, c := range []struct {
		trial spec.Trial
		want  int
	}{
		{spec.Trial{Engine: "xla"}, 1}, {spec.Trial{Engine: "xla", Precision: spec.BF16}, 1}, {spec.Trial{}, 0}, {spec.Trial{Engine: "go"}, 0},
		{spec.Trial{Command: spec.MakeWords("true")}, 0},
	} {
		if got := g.need(c.trial); got != c.want {
			t.Errorf("%q: %d GPUs, want %d", c.trial.Engine, got, c.want)
		}
	}
	p := newPool(g)
	if n := p.room(jobs(5, spec.Trial{Engine: "xla"})); n != 2 {
		t.Errorf("room for %d", n)
	}
	if n := p.room(append(jobs(5, spec.Trial{Engine: "xla"}), jobs(1, spec.Trial{})...)); n != 0 {
		t.Errorf("the GPUs bound trials that need none to %d", n)
	}
	g.PerTrial = 2
	if g.need(spec.Trial{Engine: "xla"}) != 2 || g.need(spec.Trial{}) != 2 {
		t.Error("the file says 2")
	}
}

// Trials that share a GPU take their part of its memory, unless the user says otherwise; one that has it to itself is told nothing.
func TestSharedMemory(t *testing.T) {
	for _, name := range []string{preallocate, memoryFraction, "XLA_CLIENT_MEM_FRACTION"} {
		t.Setenv(name, "") // to be restored
		os.Unsetenv(name)
	}
	told := func(perGPU int) []string {
		p := newPool(GPUs{Devices: []string{"7"}, PerTrial: 1, PerGPU: perGPU})
		return p.environment(mustTake(t, p, 1, false))[1:]
	}
	for _, c := range []struct {
		perGPU int
		set    string
		want   []string
	}{
		{1, "", []string{}},
		{2, "", []string{preallocate + "=false", memoryFraction + "=0.450"}},
		{3, "", []string{preallocate + "=false", memoryFraction + "=0.300"}},
		{3, preallocate, []string{memoryFraction + "=0.300"}},
		{3, memoryFraction, []string{preallocate + "=false"}},
		{3, "XLA_CLIENT_MEM_FRACTION", []string{preallocate + "=false"}},
	} {
		if c.set != "" {
			t.Setenv(c.set, "0.2")
		}
		if d := cmp.Diff(c.want, told(c.perGPU)); d != "" {
			t.Errorf("%d on a GPU, %s set: %s", c.perGPU, c.set, d)
		}
		os.Unsetenv(c.set)
	}
}

func TestCheckResources(t *testing.T) {
	for _, c := range []struct {
		visible string
		gpus    GPUs
		cpus    int
		want    string
	}{
		{"0", GPUs{}, 1, ""},
		{"0", GPUs{Devices: []string{"0"}, PerTrial: 1}, 0, ""},
		{"0", GPUs{Devices: []string{"0"}, PerTrial: 4}, 0, "gpus: a trial needs 4, and there is 1 GPU here (CUDA_VISIBLE_DEVICES=0)"},
		{"-1", GPUs{OnXLA: 1}, 0, "gpus: a trial needs 1, and there is no GPU here (CUDA_VISIBLE_DEVICES=-1)"},
		{"", GPUs{OnXLA: 1}, 0, "gpus: a trial needs 1, and there is no GPU here (CUDA_VISIBLE_DEVICES is empty)"},
		{"0", GPUs{}, 1000, fmt.Sprintf("cpus: a trial needs 1000, and %s here", count(cores(), "CPU"))},
	} {
		t.Setenv("CUDA_VISIBLE_DEVICES", c.visible)
		got := ""
		if err := CheckResources(c.gpus, c.cpus); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v, %d: %q, want %q", c.gpus, c.cpus, got, c.want)
		}
	}
	db := open(t, t.TempDir())
	k := plan(t, db, shell("true", 1))
	if _, err := Run(context.Background(), db, k, Options{GPUs: GPUs{PerTrial: 4}}); err == nil {
		t.Error("Run starts trials that the machine cannot run")
	}
}
