//go:build linux

package meter

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"testing"
	"time"

	"harness/internal/nvml"
	"harness/registry/journal"
)

// fakeGPU reads what it is told to.
type fakeGPU struct {
	read func(own func(int) bool) nvml.Reading
}

func (g fakeGPU) Device() journal.Device                   { return journal.Device{UUID: "GPU-1"} }
func (g fakeGPU) Read(own func(pid int) bool) nvml.Reading { return g.read(own) }

// TestEnergy is what the GPU counts, or the power over time; what it had counted before is somebody else's.
func TestEnergy(t *testing.T) {
	began := time.Now()
	power, counted := 200., func() *float64 { v := 1e6 + 200*time.Since(began).Seconds(); return &v }
	for name, g := range map[string]fakeGPU{
		"counted":    {func(func(int) bool) nvml.Reading { return nvml.Reading{Power: &power, Energy: counted()} }},
		"power":      {func(func(int) bool) nvml.Reading { return nvml.Reading{Power: &power} }},
		"unreadable": {func(func(int) bool) nvml.Reading { return nvml.Reading{} }},
	} {
		used, _, _ := measured(t, "sleep 1.5", g)
		if len(used.GPUs) != 1 {
			t.Fatalf("%s: %+v", name, used)
		}
		got := used.GPUs[0].Energy
		switch {
		case name == "unreadable" && (got != nil || used.GPUs[0].Power != nil):
			t.Errorf("%s: %v", name, got)
		case name != "unreadable" && (got == nil || *got*3600 > 200*1.7 || *got*3600 < 200*0.75):
			t.Errorf("%s: %v Wh in 1.5 s of 200 W", name, *got)
		}
	}
}

// TestOwnMemory: the GPU is told which processes are the trial's, those that it has started too.
func TestOwnMemory(t *testing.T) {
	var pids int
	g := fakeGPU{func(own func(int) bool) nvml.Reading {
		n := 0
		for pid := range 1 << 16 {
			if own(pid) {
				n++
			}
		}
		pids = max(pids, n)
		v := float64(n)
		return nvml.Reading{Own: &v}
	}}
	used, _, _ := measured(t, "sleep 0.6 & sleep 0.6", g)
	if pids != 3 || used.GPUs[0].Own == nil || used.GPUs[0].Own.Max != 3 {
		t.Errorf("%d processes, %+v", pids, used.GPUs[0])
	}
}

// TestAGPUThatHangs costs its own readings: the rest is recorded, and the trial's end does not wait for it for long.
func TestAGPUThatHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	release := make(chan struct{})
	defer close(release)
	g := fakeGPU{func(func(int) bool) nvml.Reading { <-release; return nvml.Reading{} }}
	began := time.Now()
	used, r, _ := measured(t, "sleep 3", g)
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("it took %s", took)
	}
	if used.Memory == nil || len(r.Usage) < 2 || used.GPUs[0].Busy != nil {
		t.Errorf("%+v", r)
	}
}

// TestEndDoesNotWaitForEver: a GPU that stops answering at the very end.
func TestEndDoesNotWaitForEver(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	cmd := exec.Command("sleep", "0.1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := &Meter{start: time.NewTimer(0), stop: make(chan *os.ProcessState, 1), done: make(chan error)}
	_ = cmd.Wait()
	<-m.start.C
	if err := m.End(cmd.ProcessState); !errors.Is(err, errStuck) {
		t.Error(err)
	}
}

func TestShort(t *testing.T) {
	for in, want := range map[float64]float64{0: 0, 1234567: 1234570, 0.123456789: 0.123457, -99.99999999: -100, 123: 123, 5e-324: 5e-324} {
		if got := short(in); got != want && !(in == 5e-324 && !math.IsNaN(got)) {
			t.Errorf("%v: %v, want %v", in, got, want)
		}
	}
}
