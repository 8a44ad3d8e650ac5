package runner

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"harness/internal/nvml"
	"harness/registry/journal"
	"harness/runner/meter"
)

// fakeGPU is a device of a machine that is not there.
type fakeGPU journal.Device

func (g fakeGPU) Device() journal.Device           { return journal.Device(g) }
func (g fakeGPU) Read(func(int) bool) nvml.Reading { return nvml.Reading{} }

// fakeGPUs are instruments of a machine whose devices are called as they are.
type fakeGPUs struct {
	parent map[string]string
	broken []Broken
}

func (f *fakeGPUs) Find(name string) (meter.GPU, error) {
	return fakeGPU{UUID: "GPU-" + name, Parent: f.parent[name]}, nil
}

func (f *fakeGPUs) Broken() []Broken {
	all := f.broken
	f.broken = nil
	return all
}

var (
	fine     = journal.Exit{}
	killed   = journal.Exit{Class: journal.ClassKilled, Error: "it was ended by a signal: killed"}
	ecc      = journal.Exit{Class: journal.ClassError, Error: "exit status 1: RuntimeError: CUDA error 17: uncorrectable ECC error"}
	eccAgain = journal.Exit{Class: journal.ClassError, Error: "exit status 1: RuntimeError: CUDA error 18: uncorrectable ECC error"}
	assert   = journal.Exit{Class: journal.ClassError, Error: "exit status 1: RuntimeError: CUDA error: device-side assert triggered"}
	own      = journal.Exit{Class: journal.ClassError, Error: "exit status 1: ValueError: bad lr"}
	timeout  = journal.Exit{Class: journal.ClassTimeout, Error: "stopped after the timeout of 1s; the CUDA kernel hung"}
)

// TestGPUsAreSetAside plays how attempts end on devices, and looks which are no longer used.
func TestGPUsAreSetAside(t *testing.T) {
	type end struct {
		device int
		trial  string
		exit   journal.Exit
	}
	for name, c := range map[string]struct {
		devices, need int
		ends          []end
		aside         string // devices
		said          []string
	}{
		"two in a row": {devices: 2, ends: []end{{0, "a", killed}, {0, "b", ecc}}, aside: "0",
			said: []string{"GPU 0 is set aside for the rest of the sweep: the last 2 trials on it have failed: exit status 1: RuntimeError: CUDA"}},
		"one":                       {devices: 2, ends: []end{{0, "a", killed}}},
		"the same trial twice":      {devices: 2, ends: []end{{0, "a", killed}, {0, "a", killed}}},
		"one ended well between":    {devices: 2, ends: []end{{0, "a", killed}, {0, "b", fine}, {0, "c", killed}}},
		"one elsewhere between":     {devices: 2, ends: []end{{0, "a", killed}, {1, "b", fine}, {0, "c", killed}}, aside: "0"},
		"errors of the program":     {devices: 2, ends: []end{{0, "a", own}, {0, "b", own}, {0, "c", timeout}}},
		"the same error elsewhere":  {devices: 2, ends: []end{{1, "a", assert}, {0, "b", assert}, {0, "c", assert}, {1, "d", assert}}},
		"numbers do not tell apart": {devices: 2, ends: []end{{1, "a", ecc}, {0, "b", eccAgain}, {0, "c", ecc}}},
		"the trial fails everywhere": {devices: 2, ends: []end{{0, "a", killed}, {0, "b", killed}, {1, "b", killed}},
			said: []string{"GPU 0 is set aside", "GPU 0 is used again: trial b has failed on another, too"}},
		"and counts no more": {devices: 3, ends: []end{{0, "a", killed}, {1, "a", killed}, {2, "a", killed}, {2, "b", killed}}},
		"the only one":       {devices: 1, ends: []end{{0, "a", killed}, {0, "b", killed}, {0, "c", killed}}},
		"too few are left":   {devices: 3, need: 3, ends: []end{{0, "a", killed}, {0, "b", killed}}},
		"one after another":  {devices: 3, ends: []end{{0, "a", killed}, {0, "b", killed}, {2, "c", ecc}, {2, "d", killed}, {1, "e", killed}, {1, "f", killed}}, aside: "02"},
	} {
		g := GPUs{PerTrial: 1}
		for i := range c.devices {
			g.Devices = append(g.Devices, string(rune('0'+i)))
		}
		p := newPool(g)
		var said []string
		for _, e := range c.ends {
			said = append(said, p.judge(share{devices: []int{e.device}}, e.trial, e.exit, c.need)...)
		}
		aside := ""
		for _, a := range p.aside() {
			aside += a.GPU
		}
		if aside != c.aside {
			t.Errorf("%s: set aside are %q, want %q (%q)", name, aside, c.aside, said)
		}
		for i, want := range c.said {
			if len(said) != len(c.said) || !strings.HasPrefix(said[i], want) {
				t.Errorf("%s: said %q, want %q", name, said, c.said)
				break
			}
		}
		for range 2 * c.devices {
			if s, ok := p.find(1, false, "z"); ok && strings.Contains(aside, p.Devices[s.devices[0]]) {
				t.Errorf("%s: a trial gets GPU %s", name, p.Devices[s.devices[0]])
			} else if ok {
				p.take(s)
			}
		}
	}
}

// TestATrialTriesAnotherGPU: the attempt after a failure gets a device that the trial has not failed on, if one is free.
func TestATrialTriesAnotherGPU(t *testing.T) {
	p := newPool(GPUs{Devices: []string{"0", "1"}, PerTrial: 1})
	p.judge(share{devices: []int{0}}, "a", killed, 1)
	if s, ok := p.find(1, false, "a"); !ok || s.devices[0] != 1 {
		t.Error(s, ok)
	}
	if s, ok := p.find(1, false, "b"); !ok || s.devices[0] != 0 {
		t.Error(s, ok)
	}
	p.take(share{devices: []int{1}})
	if s, ok := p.find(1, false, "a"); !ok || s.devices[0] != 0 {
		t.Error(s, ok)
	}
}

// TestEnoughGPUsStay: the last trial of a sweep, which is tried again, finds as many GPUs as it needs. Counted among the trials that wait,
// of which there was none, they were too few, and the sweep waited for ever.
func TestEnoughGPUsStay(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db, shell(`echo "RuntimeError: CUDA error: uncorrectable" >&2; exit 1`, 1),
		shell(`echo '{"metric": "m", "value": 1}'; test $HARNESS_ATTEMPT = 2 || kill -9 $$`, 2))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	r, err := Run(ctx, db, trials, Options{Parallel: 1, Retries: 1, Backoff: time.Millisecond, Out: &out, Display: Plain,
		GPUs: GPUs{Devices: []string{"0", "1", "2"}, PerTrial: 2, Instruments: &fakeGPUs{}}})
	if err != nil || r.Done != 1 || r.Failed != 1 || r.Stopped != nil {
		t.Errorf("%+v, %v\n%s", r, err, &out)
	}
	if n := strings.Count(out.String(), "is set aside"); n != 1 {
		t.Errorf("%d GPUs are set aside, want 1:\n%s", n, &out)
	}
}

// TestBrokenHardware: a device whose hardware reports an error is set aside at once, and with a GPU its instances; the last one stays, and
// that is said once.
func TestBrokenHardware(t *testing.T) {
	i := &fakeGPUs{parent: map[string]string{"2": "GPU-x", "3": "GPU-x"}}
	p := newPool(GPUs{Devices: []string{"0", "1", "2", "3"}, PerTrial: 1})
	if err := p.equip(i); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		uuid string
		said []string
	}{
		{"GPU-1", []string{"GPU 1 is set aside for the rest of the sweep: Xid 79"}},
		{"GPU-1", nil},
		{"GPU-x", []string{"GPU 2 is set aside for the rest of the sweep: Xid 79", "GPU 3 is set aside for the rest of the sweep: Xid 79"}},
		{"GPU-y", nil},
		{"GPU-0", []string{"GPU 0 has reported Xid 79; it stays in use, since there is no other"}},
		{"GPU-0", nil},
	} {
		got := p.broke([]Broken{{c.uuid, "Xid 79"}}, 1)
		if strings.Join(got, "\n") != strings.Join(c.said, "\n") {
			t.Errorf("%s: %q, want %q", c.uuid, got, c.said)
		}
	}
	p.judge(share{devices: []int{1}}, "a", killed, 1)
	p.judge(share{devices: []int{0}}, "a", killed, 1)
	if len(p.aside()) != 3 {
		t.Errorf("%v: broken hardware was taken back", p.aside())
	}
}
