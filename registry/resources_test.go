package registry

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/registry/journal"
)

func number[T int64 | float64](v T) *T { return &v }

// TestSumUp adds lines of different lengths: rates by time, levels by time, counts as they are, and nothing for what was not measured.
func TestSumUp(t *testing.T) {
	r := journal.Resources{
		Meter: journal.Meter{Cores: 4, Devices: []journal.Device{{UUID: "GPU-1"}, {UUID: "GPU-2"}}},
		Usage: []journal.Usage{
			{To: 200, CPU: number(0.4), RSS: &journal.Level{Mean: 90, Max: 90}, PSS: &journal.Level{Mean: 9, Max: 9}, Read: number(int64(5)), Written: number(int64(1)), Processes: 3},
			{From: 200, To: 1200, CPU: number(1.), RSS: &journal.Level{Mean: 100, Max: 100}, PSS: &journal.Level{Mean: 10, Max: 10}, Read: number(int64(5)), Written: number(int64(1)),
				Devices: []journal.DeviceUsage{{Busy: &journal.Level{Mean: 50, Max: 80}, Power: &journal.Level{Mean: 100, Max: 100}, Energy: number(100.)}, {}}},
			{From: 1200, To: 11200, CPU: number(5.), RSS: &journal.Level{Mean: 300, Max: 400}, PSS: &journal.Level{Mean: 30, Max: 40}, Read: number(int64(0)), Written: number(int64(1)),
				Devices: []journal.DeviceUsage{{Busy: &journal.Level{Mean: 100, Max: 100}, Power: &journal.Level{Mean: 200, Max: 250}, Energy: number(2000.)}, {}}},
		},
	}
	used, ok := SumUp(r)
	if !ok {
		t.Fatal("nothing")
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("seconds", used.Seconds, 11.2)
	near("mean cores", used.Cores.Mean, 6.4/11.2)
	near("most cores: lines of less than half a second do not count", used.Cores.Max, 1)
	near("mean memory", used.Memory.Mean, (9*200+10*1000+30*10000)/11200.)
	near("most memory", used.Memory.Max, 40)
	near("busy", used.GPUs[0].Busy.Mean, (50*1000+100*10000)/11000.)
	near("energy", *used.GPUs[0].Energy, 2100./3600)
	near("watts", used.GPUs[0].Power.Max, 250)
	if used.Kind != PSS || *used.Read != 10 || *used.Written != 3 || used.Processes != 3 {
		t.Errorf("%+v", used)
	}
	if d := cmp.Diff(UsedGPU{Device: journal.Device{UUID: "GPU-2"}}, used.GPUs[1]); d != "" {
		t.Errorf("a GPU that tells nothing: %s", d)
	}

	r.Usage[2].PSS, r.Usage[1].Read, r.Usage[0].CPU = nil, nil, nil
	used, _ = SumUp(r)
	if used.Kind != RSS || used.Memory.Max != 400 || used.Read != nil || used.Cores != nil {
		t.Errorf("where something was not measured: %+v", used)
	}
	if _, ok := SumUp(journal.Resources{}); ok {
		t.Error("of nothing")
	}
}

func TestSystemCurves(t *testing.T) {
	r := journal.Resources{Meter: journal.Meter{Devices: []journal.Device{{}, {}}}, Usage: []journal.Usage{
		{To: 200, CPU: number(.2), RSS: &journal.Level{Mean: 2 << 30, Max: 3 << 30}},
		{From: 200, To: 5200, CPU: number(10.), Read: number(int64(5e6)), Devices: []journal.DeviceUsage{
			{Busy: &journal.Level{Mean: 50, Max: 60}, Power: &journal.Level{Mean: 100, Max: 100}}, {Busy: &journal.Level{Mean: 100, Max: 100}},
		}},
	}}
	for name, want := range map[string][]Sample{
		"system/cpu":          {{0.2, 5.2, 2, 2}},
		"system/memory":       {{0, 0.2, 2, 3}},
		"system/disk/read":    {{0.2, 5.2, 1, 1}},
		"system/disk/written": nil,
		"system/gpu":          {{0.2, 5.2, 75, 80}},
		"system/gpu/power":    nil, // one of the two does not tell
		"system/gpu/memory":   nil,
	} {
		m, ok := LookupSystem(name)
		if d := cmp.Diff(want, m.Curve(r)); !ok || d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if _, ok := LookupSystem("system/none"); ok {
		t.Error("system/none")
	}
}

// TestSystemCurveOfNoTrial: a plan has an empty name for a seed that it excludes, and names trials that were removed since.
func TestSystemCurveOfNoTrial(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	m, _ := LookupSystem("system/cpu")
	for _, id := range []string{"", "0123456789abcdef"} {
		if curve, err := db.SystemCurve(t.Context(), id, m); err != nil || curve != nil {
			t.Errorf("%q: %v %v", id, curve, err)
		}
	}
}
