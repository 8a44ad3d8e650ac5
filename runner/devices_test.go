package runner

import (
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

	p = newPool(GPUs{PerTrial: 1}) // no GPU here: no limit, and nothing is said of any
	if devices, ok := p.take(); !ok || p.room() != 0 || p.environment(devices) != nil {
		t.Error(devices, ok)
	}
}
