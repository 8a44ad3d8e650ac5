package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func number[T int64 | float64](v T) *T { return &v }

// someResources is a file of two lines.
func someResources(t testing.TB, dir string) Resources {
	t.Helper()
	want := Resources{
		Meter: Meter{Cores: 8, Devices: []Device{{UUID: "GPU-1", Name: "A", Memory: 80 << 30}, {UUID: "MIG-2", MIG: true, Parent: "GPU-2", Shared: 3}}},
		Usage: []Usage{
			{From: 0, To: 200, CPU: number(0.19), RSS: &Level{1e6, 2e6}, PSS: &Level{1e6, 1e6}, Read: number(int64(0)), Written: number(int64(4096)), Processes: 2,
				Devices: []DeviceUsage{{Busy: &Level{50, 100}, Power: &Level{300, 310.5}, Energy: number(60.), Memory: &Level{1, 2}, Own: &Level{1, 1}, Temperature: &Level{60, 61}}, {}}},
			{From: 200, To: 5000, CPU: number(0.)},
		},
	}
	w, err := CreateResources(dir, want.Meter)
	must(t, err)
	for _, u := range want.Usage {
		must(t, w.Usage(u))
	}
	must(t, w.Close())
	return want
}

// TestResourcesAreReadAsWritten: what was zero is zero, and what was not measured is nil.
func TestResourcesAreReadAsWritten(t *testing.T) {
	dir := attemptDir(t)
	want := someResources(t, dir)
	got, err := ReadResources(dir)
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if none, err := ReadResources(t.TempDir()); err != nil || len(none.Usage) != 0 {
		t.Error(none, err)
	}
}

// TestResourcesThatAreDamaged are read up to the damage; a line that is not whole yet is no damage.
func TestResourcesThatAreDamaged(t *testing.T) {
	for name, c := range map[string]struct {
		more   string
		reason string
	}{
		"half a line":   {more: `12345678 {"q":4,"t"`},
		"another text":  {more: "what is this\n", reason: "not a line of a journal"},
		"an older span": {more: string(line(`{"q":4,"t":1,"k":"usage","usage":{"from":100,"to":6000}}`)), reason: "a span from 100 to 6000 ms after one to 5000 ms"},
		"backwards":     {more: string(line(`{"q":4,"t":1,"k":"usage","usage":{"from":6000,"to":5500}}`)), reason: "a span from 6000 to 5500 ms"},
		"other GPUs":    {more: string(line(`{"q":4,"t":1,"k":"usage","usage":{"from":5000,"to":6000,"devices":[{}]}}`)), reason: "1 GPUs of 2"},
		"no content":    {more: string(line(`{"q":4,"t":1,"k":"usage"}`)), reason: `an event "usage" without its content`},
		"a newer kind":  {more: string(line(`{"q":4,"t":1,"k":"aura","aura":7}`))},
	} {
		dir := attemptDir(t)
		want := someResources(t, dir)
		file, err := os.OpenFile(filepath.Join(dir, ResourcesName), os.O_APPEND|os.O_WRONLY, 0)
		must(t, err)
		_, err = file.WriteString(c.more)
		must(t, errors.Join(err, file.Close()))
		got, err := ReadResources(dir)
		var bad *BadLineError
		if c.reason == "" && err != nil || c.reason != "" && (!errors.As(err, &bad) || !strings.Contains(bad.Reason, c.reason)) {
			t.Errorf("%s: %v, want %q", name, err, c.reason)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// FuzzResources reads any bytes: it never panics, and what it returns is in order.
func FuzzResources(f *testing.F) {
	dir := f.TempDir()
	someResources(f, dir)
	data, err := os.ReadFile(filepath.Join(dir, ResourcesName))
	must(f, err)
	f.Add(data)
	f.Add(line(`{"q":1,"t":1,"k":"usage","usage":{"from":0,"to":1,"cpu":1e300}}`))
	f.Add(append(line(`{"q":1,"t":1,"k":"meter","meter":{"devices":[{}]}}`), line(`{"q":2,"t":1,"k":"usage","usage":{"devices":[{"energy":null}]}}`)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, ResourcesName), data, 0o644))
		r, _ := ReadResources(dir)
		last := int64(0)
		for _, u := range r.Usage {
			if u.From < last || u.To < u.From || len(u.Devices) != 0 && len(u.Devices) != len(r.Meter.Devices) {
				t.Fatalf("%+v", r)
			}
			last = u.To
		}
	})
}
