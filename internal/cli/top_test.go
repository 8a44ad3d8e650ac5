package cli

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"harness/internal/view"
	"harness/registry"
	"harness/runner"
	"harness/runner/eta"
	"harness/runner/live"
)

// twoSweeps are sweeps that run, at a fixed time.
func twoSweeps(more int) topFrame {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	gauge := live.Gauge{Cores: 1.9, Busy: 87, Memory: 41 << 30, Metric: "val/acc", Value: 0.71, Curve: []float64{0.1, 0.5, 0.6, 0.71}}
	nan := live.None
	nan.Metric, nan.Curve = "loss", []float64{1, math.NaN()}
	first := view.LiveSweep{Estimate: eta.Estimate{Known: true, Left: 41 * time.Minute, Low: 30 * time.Minute, High: 55 * time.Minute}, Shown: []live.Row{
		{ID: "aaaaaaaaaa", Label: "all tasks, seed=0", Stage: "pretrain", Step: 340, Total: 1500, Elapsed: 20 * time.Minute, Left: &eta.Left{Left: 30 * time.Minute}, Gauge: gauge},
		{ID: "bbbbbbbbbb", Label: "CAP only\x1b[2J, seed=0", Stage: "test", Step: 9, Total: 10, Elapsed: 10 * time.Minute, Left: &eta.Left{Left: 4 * time.Second}, Gauge: nan},
	}, Failures: []view.FailedTrial{{ID: "cccccccccccc", Label: "w/o AREF", Reason: "out of memory\x1b[2J"}}}
	first.SweepStatus = view.SweepStatus{Sweep: "ablation", PID: 4711, Host: "here", Started: now.Add(-63 * time.Minute),
		Counts: map[registry.State]int{registry.Done: 3, registry.Running: 2, registry.Failed: 1, registry.Queued: 6},
		Aside:  []runner.Aside{{GPU: "3", Why: "it fell off the bus"}}}
	second := view.LiveSweep{}
	second.SweepStatus = view.SweepStatus{Sweep: "grid", Scheduler: "slurm", Jobs: []string{"12"}, AtScheduler: 1, Waiting: 7, Reason: "Priority", Started: now.Add(-time.Minute),
		Counts: map[registry.State]int{registry.Running: 1, registry.Queued: 7}}
	for i := range 1 + more {
		second.Shown = append(second.Shown, live.Row{ID: fmt.Sprint("d", i), Label: fmt.Sprint("lr=", i), Loss: math.NaN(), Elapsed: time.Second, Gauge: live.None})
	}
	return topFrame{sweeps: []view.LiveSweep{first, second}, now: now, height: 14, order: byStart}
}

func TestTopFrames(t *testing.T) {
	var all strings.Builder
	add := func(f topFrame) {
		all.WriteString(strings.Repeat("-", f.width) + "\n" + strings.Join(f.screen(), "\n") + "\n")
	}
	for _, width := range []int{60, 100, 160} {
		f := twoSweeps(0)
		f.width = width
		add(f)
	}
	f := twoSweeps(30)
	f.width, f.selected, f.order = 80, "d29", byLeft
	add(f)
	f.sweeps, f.height = nil, 3
	add(f)
	path := filepath.Join("testdata", "top.txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), all.String()); d != "" {
		t.Error(d)
	}
}

// TestTopFits holds that a screen has as many lines as the terminal, none of them too wide, and that the selected trial is on it.
func TestTopFits(t *testing.T) {
	for height := 2; height < 60; height += 3 {
		for width := 2; width < 170; width += 7 {
			f := twoSweeps(40)
			f.width, f.height, f.selected = width, height, fmt.Sprint("d", height%40)
			lines := f.screen()
			if len(lines) != height {
				t.Fatalf("%d lines on %d", len(lines), height)
			}
			for _, line := range lines {
				if runewidth.StringWidth(line) > width || strings.ContainsAny(line, "\x1b\n") {
					t.Fatalf("width %d: %q", width, line)
				}
			}
			if height > 4 && width > 2 && !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "> ") }) {
				t.Fatalf("%d × %d: the selected trial is not there: %q", width, height, lines)
			}
		}
	}
}

func TestTopOrders(t *testing.T) {
	ids := func(o topOrder) (ids []string) {
		f := twoSweeps(0)
		f.order = o
		for _, k := range f.selectable() {
			ids = append(ids, k.ID[:1])
		}
		return ids
	}
	for order, want := range map[topOrder]string{byStart: "abd", byLeft: "bad", byLabel: "bad"} {
		if got := strings.Join(ids(order), ""); got != want {
			t.Errorf("by %s: %s", order, got)
		}
	}
	if byStart.next().next().next() != byStart {
		t.Error("the orders do not come again")
	}
}

func TestKeys(t *testing.T) {
	for text, want := range map[string][]key{
		"":                 nil,
		"jk":               {keyDown, keyUp},
		"\x1b[A\x1b[Bq":    {keyUp, keyDown, keyQuit},
		"\x1bOA":           {keyUp},
		"\x1b":             {keyBack},
		"\x1b[1;5A":        {keyUp},
		"\x1b[15~l":        {keyLog},
		"\x03":             {keyInterrupt},
		"xyz\x1b[":         {keyBack},
		"s\r":              {keySort, keyLog},
		"\x1b[200~é\x1b[B": {keyDown},
	} {
		if d := cmp.Diff(want, keysIn([]byte(text))); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte("\x1b[A"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n := len(keysIn(data)); n > len(data) {
			t.Errorf("%d keys of %d bytes", n, len(data))
		}
	})
}

func TestLogTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.txt")
	if lines, err := logTail(path, 5); lines != nil || err != nil {
		t.Error(lines, err)
	}
	text := strings.Repeat("0123456789\n", 10_000) + "10%\r50%\r100%\r\nred \x1b[31m\nunfinished"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := logTail(path, 4)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"0123456789", "100%", `red \x1b[31m`, "unfinished"}, got); d != "" {
		t.Error(d)
	}
	bar := filepath.Join(t.TempDir(), "bar.txt")
	if err := os.WriteFile(bar, []byte(strings.Repeat("50%\r", 40_000)+"99%"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := logTail(bar, 4); err != nil || len(got) != 1 || got[0] != "99%" { // a bar without a line's end, longer than what is read
		t.Errorf("a bar: %q, %v", got, err)
	}
	if all, _ := logTail(path, 1<<20); len(all) < 1000 || all[0] != "0123456789" {
		t.Errorf("%d lines from %q", len(all), all[0])
	}
}
