package runner

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"harness/registry"
	"harness/registry/journal"
)

func TestBarsAreDrawn(t *testing.T) {
	s := snapshot{total: 12, done: 3, failed: 1, running: 2, eta: 750 * time.Second, processes: []processStatus{
		{label: "all tasks, seed=0", stage: "pretrain", step: 340, total: 1500, loss: 2.3456, eta: 63 * time.Second},
		{label: "w/o AREF", loss: math.NaN(), elapsed: 1500 * time.Millisecond},
	}}
	want := []string{
		"all tasks, seed=0 ▕█████▍                  ▏ pretrain 340/1500 loss 2.35 eta 1m03s",
		"w/o AREF          ▕                        ▏ running 1.5s",
		"total             ▕████████                ▏ 3/12 done, 1 failed, 2 running, eta 12m30s",
	}
	if d := cmp.Diff(want, s.draw(100)); d != "" {
		t.Error(d)
	}
	for width := 12; width < 100; width++ {
		for _, line := range s.draw(width) {
			if runewidth.StringWidth(line) >= width {
				t.Fatalf("width %d: %q", width, line)
			}
		}
	}
}

func TestBarsAreRedrawnInPlace(t *testing.T) {
	var out bytes.Buffer
	b := newBars(&out)
	b.poll(snapshot{total: 2, processes: make([]processStatus, 2)})
	out.Reset()
	b.log("hello")
	if got := out.String(); !strings.HasPrefix(got, "\x1b[3A\r"+clearBelow+"hello\n") {
		t.Errorf("%q", got)
	}
	out.Reset()
	b.close()
	if got := out.String(); got != "\x1b[3A\r"+clearBelow+showCursor {
		t.Errorf("%q", got)
	}
}

func TestEndLine(t *testing.T) {
	k := newJob(registry.Trial{ID: "0123456789", Label: "a\x1b[2J"}, registry.Trial{})
	k.state = registry.Done
	s := &process{job: k, started: time.Now(), remark: "3 lines not recorded"}
	if got, want := endLine(k, s), `done    01234567  a\x1b[2J  0ms (3 lines not recorded)`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	k.state, k.note = registry.Failed, "boom"
	if got, want := endLine(k, s), `failed  01234567  a\x1b[2J  0ms: boom [harness trial log 01234567]`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestShortDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                  "0ms",
		850 * time.Millisecond:             "850ms",
		4240 * time.Millisecond:            "4.2s",
		59 * time.Second:                   "59s",
		190 * time.Second:                  "3m10s",
		2*time.Hour + 5*time.Minute + 1e10: "2h05m",
		49 * time.Hour:                     "49h00m",
	} {
		if got := shortDuration(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

func TestETA(t *testing.T) {
	now := time.Now()
	s := &process{job: &job{Trial: registry.Trial{Label: "a"}}, started: now.Add(-time.Minute)}
	s.heard = journal.Progress{Stage: "pretrain", Step: 300, Total: 1000, Loss: 1}
	s.stage.step, s.stage.began, s.stage.heard = 100, now.Add(-20*time.Second), now
	if got := s.status(now).eta; got != 70*time.Second { // 200 steps took 20 s; steps before a checkpoint do not count
		t.Errorf("%s", got)
	}
	r := &run{processes: []*process{s}, parallel: 2, finished: []time.Duration{80 * time.Second, 120 * time.Second},
		queue: make([]*job, 4), all: []*job{{state: registry.Done}, {state: registry.Failed}}}
	if got := r.snapshot(); got.eta.Round(time.Second) != (40+400)*time.Second/2 || got.done != 1 || got.failed != 1 {
		t.Errorf("%+v", got)
	}
}
