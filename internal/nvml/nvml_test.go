//go:build linux

package nvml_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/internal/nvml"
	"harness/internal/nvml/nvmltest"
)

// load loads a copy of the fake library: each may be started once.
func load(t *testing.T, environment ...string) (*nvml.Library, error) {
	t.Helper()
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	return nvml.OpenAt(filepath.Join(nvmltest.Build(t), nvml.Name))
}

func mustLoad(t *testing.T, environment ...string) *nvml.Library {
	t.Helper()
	l, err := load(t, environment...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func names(devices []*nvml.Device) (list []string) {
	for _, d := range devices {
		list = append(list, fmt.Sprintf("%d %s %s %d", d.Index, d.Name, d.UUID, d.Memory>>30))
	}
	return list
}

const (
	first  = "GPU-00000001-aaaa-bbbb-cccc-000000000000"
	second = "GPU-00000002-aaaa-bbbb-cccc-000000000000"
	part0  = "MIG-00000002-aaaa-bbbb-cccc-000000000000"
	part1  = "MIG-00000002-aaaa-bbbb-cccc-000000000001"
)

func TestDevices(t *testing.T) {
	l := mustLoad(t)
	if d := cmp.Diff([]string{"0 Fake GPU " + first + " 80", "1 Fake GPU " + second + " 80"}, names(l.Devices())); d != "" {
		t.Error(d)
	}
	if l.Driver != "580.12.34" {
		t.Error(l.Driver)
	}
	l = mustLoad(t, "FAKE_MIG=1")
	want := []string{"0 Fake GPU " + first + " 80", "1 Fake GPU MIG 1g.10gb " + part0 + " 10", "1 Fake GPU MIG 1g.10gb " + part1 + " 10"}
	if d := cmp.Diff(want, names(l.Devices())); d != "" {
		t.Error(d)
	}
	if n := len(l.GPUs()); n != 2 {
		t.Errorf("%d GPUs", n)
	}
}

// TestFind resolves every form of a name that CUDA_VISIBLE_DEVICES may hold; what is not one device is refused.
func TestFind(t *testing.T) {
	plain, divided, mixed := mustLoad(t), mustLoad(t, "FAKE_MIG=1"), mustLoad(t, "FAKE_MIG=", "FAKE_OTHER=1")
	for _, c := range []struct {
		l          *nvml.Library
		name       string
		byBus      bool
		want, fail string
	}{
		{l: plain, name: "1", want: second},
		{l: plain, name: second, want: second},
		{l: plain, name: "GPU-00000001", want: first},
		{l: plain, name: strings.ToLower(first), want: first},
		{l: plain, name: "GPU-0000000", fail: "GPU GPU-0000000: 2 have a name that begins so"},
		{l: plain, name: "2", fail: "there is no GPU 2"},
		{l: plain, name: "-1", fail: "there is no GPU -1"},
		{l: plain, name: "GPU-", fail: "there is no GPU GPU-"},
		{l: plain, name: part0, fail: "there is no GPU " + part0},
		{l: divided, name: "0", byBus: true, want: first},
		{l: divided, name: "0", fail: "GPU 0: the GPUs differ"},
		{l: divided, name: "1", byBus: true, fail: "GPU 1 is divided into instances"},
		{l: divided, name: part1, want: part1},
		{l: divided, name: "MIG-" + second + "/8/0", want: part1},
		{l: divided, name: "MIG-" + second + "/9/0", fail: "there is no instance MIG-" + second + "/9/0"},
		{l: divided, name: "MIG-GPU-1", fail: "there is no instance MIG-GPU-1"},
		{l: mixed, name: "1", byBus: true, want: second},
		{l: mixed, name: "1", fail: "set CUDA_DEVICE_ORDER=PCI_BUS_ID"},
		{l: mixed, name: second, want: second},
	} {
		d, err := c.l.Find(c.name, c.byBus)
		switch {
		case c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)):
			t.Errorf("%s: %v, want %q", c.name, err, c.fail)
		case c.fail == "" && (err != nil || d.UUID != c.want):
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
}

func known(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprint(*v)
}

func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "processes")
	lines := "0 11 1000\n0 12 200\n1 11 30\n0 13 18446744073709551615\n"
	if err := os.WriteFile(file, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	l := mustLoad(t, "FAKE_PROCESSES="+file, "FAKE_MIG=1")
	gpu, part := l.Devices()[0], l.Devices()[1]
	mine := func(pids ...int) func(int) bool {
		return func(pid int) bool {
			for _, p := range pids {
				if p == pid {
					return true
				}
			}
			return false
		}
	}
	before := gpu.Read(mine(11, 12))
	got := []string{known(before.Busy), known(before.Memory), known(before.Own), known(before.Power), known(before.Temperature)}
	if d := cmp.Diff([]string{"87", "4.294967296e+10", "1200", "300", "61"}, got); d != "" {
		t.Error(d)
	}
	if r := gpu.Read(mine(14)); r.Own != nil {
		t.Errorf("of a process that is not there: %v", *r.Own)
	}
	if r := gpu.Read(mine(11, 13)); r.Own != nil {
		t.Errorf("of a process whose memory is not known: %v", *r.Own)
	}
	time.Sleep(50 * time.Millisecond)
	if used := *gpu.Read(mine()).Energy - *before.Energy; used < 10 || used > 600 {
		t.Errorf("%v J in 50 ms of 300 W", used)
	}
	if r := part.Read(mine()); r.Busy != nil || r.Power != nil || r.Energy != nil || r.Temperature != nil || known(r.Memory) == "-" {
		t.Errorf("an instance: %+v", r)
	}
	if r := mustLoad(t, "FAKE_OLD=1").Devices()[0].Read(mine(11)); r.Energy != nil || r.Own != nil || r.Power == nil {
		t.Errorf("an old library: %+v", r)
	}
}

func TestEvents(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events")
	l := mustLoad(t, "FAKE_EVENTS="+file)
	if e, some := l.Next(); some {
		t.Errorf("%v before anybody watches", e)
	}
	for _, d := range l.GPUs() {
		if err := l.Watch(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte("1 8 79\n0 2 0\n0 8 31\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		e, some := l.Next()
		if !some {
			break
		}
		got = append(got, fmt.Sprint(e.Device.Index, " ", e, " ", e.OfHardware()))
	}
	want := []string{"0 Xid 31 false", "0 an ECC error that could not be corrected true", "1 Xid 79 true"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestWithout: no library, one that is something else, and one that does not start are errors of their own.
func TestWithout(t *testing.T) {
	if _, err := nvml.OpenAt(filepath.Join(t.TempDir(), nvml.Name)); !errors.Is(err, nvml.ErrMissing) {
		t.Error(err)
	}
	if _, err := nvml.OpenAt("libm.so.6"); err == nil || !strings.Contains(err.Error(), "is not NVML") {
		t.Error(err)
	}
	_, err := load(t, "FAKE_MISMATCH=1")
	if err == nil || errors.Is(err, nvml.ErrMissing) || !strings.Contains(err.Error(), "Driver/library version mismatch") {
		t.Error(err)
	}
}
