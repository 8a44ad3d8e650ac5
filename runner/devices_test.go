package runner

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGPUsAreSharedOut(t *testing.T) {
	p := newPool(GPUs{Devices: []string{"3", "5"}, PerTrial: 1, PerGPU: 2})
	if p.room() != 4 {
		t.Errorf("room for %d", p.room())
	}
	var got [][]string
	var taken [][]int
	for range 4 {
		devices, ok := p.take()
		if !ok {
			t.Fatal("full too early")
		}
		taken = append(taken, devices)
		got = append(got, p.environment(devices))
	}
	want := [][]string{{"CUDA_VISIBLE_DEVICES=3"}, {"CUDA_VISIBLE_DEVICES=5"}, {"CUDA_VISIBLE_DEVICES=3"}, {"CUDA_VISIBLE_DEVICES=5"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, ok := p.take(); ok {
		t.Error("a fifth trial")
	}
	p.give(taken[1])
	if devices, ok := p.take(); !ok || devices[0] != 1 {
		t.Error(devices, ok)
	}

	p = newPool(GPUs{Devices: []string{"0", "1", "2"}, PerTrial: 2})
	if devices, ok := p.take(); !ok || len(devices) != 2 || p.room() != 1 {
		t.Error(devices, ok, p.room())
	}
	if _, ok := p.take(); ok {
		t.Error("half a trial")
	}

	p = newPool(GPUs{}) // no GPU is wanted: no limit, and nothing is said of any
	if devices, ok := p.take(); !ok || p.room() != 0 || p.environment(devices) != nil {
		t.Error(devices, ok)
	}
}

func TestCheckResources(t *testing.T) {
	t.Setenv("CUDA_VISIBLE_DEVICES", "0")
	for _, c := range []struct {
		gpus GPUs
		cpus int
		want string
	}{
		{GPUs{}, 1, ""},
		{GPUs{Devices: []string{"0"}, PerTrial: 1}, 0, ""},
		{GPUs{Devices: []string{"0"}, PerTrial: 4}, 0, "gpus: a trial needs 4, and there is 1 GPU here (CUDA_VISIBLE_DEVICES=0)"},
		{GPUs{}, 1000, fmt.Sprintf("cpus: a trial needs 1000, and %s here", count(cores(), "CPU"))},
	} {
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
