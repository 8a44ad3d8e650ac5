package live

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"harness/registry"
	"harness/runner/eta"
)

var update = flag.Bool("update", false, "write the golden files anew")

// trials are running trials of all kinds.
func trials() []Row {
	falling := make([]float64, 40)
	for i := range falling {
		falling[i] = 3 / float64(i+1)
	}
	return []Row{
		{ID: "a", Label: "all tasks, resolution=448, seed=0", Stage: "pretrain", Step: 340, Total: 1500, Elapsed: 12*time.Minute + 3*time.Second,
			Left:  &eta.Left{Left: 41 * time.Minute, Done: 0.2},
			Gauge: Gauge{Cores: 1.93, Busy: 87.2, Memory: 41.2 * (1 << 30), Metric: "pretrain/loss", Value: 0.55123, Curve: falling}},
		{ID: "b", Label: "w/o AREF", Stage: "question-only", Step: 7, Total: 3000, Elapsed: 62 * time.Second, Left: &eta.Left{Left: 3*time.Minute + 8*time.Second, AtLeast: true},
			Gauge: Gauge{Cores: 0.98, Busy: math.NaN(), Memory: math.NaN(), Metric: "val/acc", Value: math.NaN(), Curve: []float64{0.1, 0.2, math.NaN(), 0.4}}},
		{ID: "c", Label: "肺炎のみ\x1b[2J", Elapsed: 1500 * time.Millisecond, Loss: math.NaN(), Gauge: None},
		{ID: "d", Label: "no steps", Stage: "run", Elapsed: time.Second, Loss: 2.5, Gauge: None},
	}
}

func TestLines(t *testing.T) {
	var all strings.Builder
	for _, width := range []int{60, 80, 100, 132, 200} {
		all.WriteString(strings.Repeat("-", width) + "\n" + strings.Join(Lines(trials(), width), "\n") + "\n")
	}
	path := filepath.Join("testdata", "lines.txt")
	if *update {
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

// TestLinesFit holds that no line is as wide as the terminal, and that none lets through what a terminal acts on.
func TestLinesFit(t *testing.T) {
	for width := 1; width < 220; width++ {
		for _, line := range Lines(trials(), width) {
			if runewidth.StringWidth(line) >= width || strings.ContainsAny(line, "\x1b\n\r\t") {
				t.Fatalf("width %d: %q", width, line)
			}
		}
	}
	if Lines(nil, 80) != nil {
		t.Error("lines of nothing")
	}
}

func TestSpark(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		values []float64
		width  int
		want   string
	}{
		{nil, 8, ""},
		{[]float64{1}, 0, ""},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 8, "▁▂▃▄▅▆▇█"},
		{[]float64{1, 1, 1}, 8, "▅▅▅"},
		{[]float64{0, 0}, 8, "▅▅"},
		{[]float64{0, 1, 2, 3}, 2, "▁█"},
		{[]float64{0, nan, 1}, 8, "▁×█"},
		{[]float64{0, 1, nan, 3}, 2, "▅×"},
		{[]float64{nan, nan}, 8, "××"},
		{[]float64{0, inf, -inf, 1}, 8, "▁××█"},
		{[]float64{-math.MaxFloat64, 0, math.MaxFloat64}, 8, "▁▅█"},
	} {
		if got := Spark(c.values, c.width); got != c.want {
			t.Errorf("%v in %d: %q, want %q", c.values, c.width, got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                  "0ms",
		850 * time.Millisecond:             "850ms",
		4240 * time.Millisecond:            "4.2s",
		58 * time.Second:                   "58s",
		43 * time.Second:                   "43s",
		83 * time.Second:                   "1m23s",
		597 * time.Second:                  "9m57s",
		43*time.Minute + 40*time.Second:    "43m40s",
		59*time.Minute + 50*time.Second:    "59m50s",
		2*time.Hour + 5*time.Minute + 1e10: "2h05m",
		9*time.Hour + 58*time.Minute:       "9h58m",
		49 * time.Hour:                     "49h00m",
		100 * time.Hour:                    "100h00m",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestPaint(t *testing.T) {
	if got := (Paint{}).State(registry.Failed, "failed"); got != "failed" {
		t.Errorf("%q", got)
	}
	if got := (Paint{On: true}).State(registry.Failed, "failed"); got != "\x1b[31mfailed\x1b[0m" {
		t.Errorf("%q", got)
	}
	if got := (Paint{On: true}).State(registry.Queued, "queued"); got != "queued" {
		t.Errorf("%q", got)
	}
}
