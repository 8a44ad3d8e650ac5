package runner

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"harness/registry"
	"harness/runner/eta"
	"harness/runner/live"
)

func running() snapshot {
	return snapshot{total: 12, done: 3, failed: 1, running: 2, trials: []live.Row{
		{Label: "all tasks, seed=0", Stage: "pretrain", Step: 340, Total: 1500, Loss: 2.3456, Gauge: live.None, Elapsed: time.Minute},
		{Label: "w/o AREF", Loss: math.NaN(), Elapsed: 1500 * time.Millisecond, Gauge: live.None},
	}, estimate: eta.Estimate{Known: true, Left: 750 * time.Second, Low: 10 * time.Minute, High: 20 * time.Minute, Done: 0.25}}
}

func TestBarsAreDrawn(t *testing.T) {
	want := []string{
		"all tasks, seed=0  pretrain  ▕████▌               ▏  340/1500  1m00s  loss 2.346",
		"w/o AREF           running                                      1.5s",
		"total ▕█████               ▏ 3/12 done, 1 failed, 2 running, eta ~13m (10m–20m)",
	}
	s := running()
	if d := cmp.Diff(want, s.draw(100, 24)); d != "" {
		t.Error(d)
	}
	for width := 2; width < 100; width++ {
		for _, line := range s.draw(width, 24) {
			if runewidth.StringWidth(line) >= width {
				t.Fatalf("width %d: %q", width, line)
			}
		}
	}
}

// TestMoreTrialsThanLines holds that the bars never fill the screen: what is drawn over must still be on it.
func TestMoreTrialsThanLines(t *testing.T) {
	s := running()
	for i := range 98 {
		s.trials = append(s.trials, live.Row{Label: fmt.Sprint("more ", i), Gauge: live.None})
	}
	for height := 4; height < 40; height++ {
		drawing := s.draw(80, height)
		if len(drawing) != height-1 || drawing[height-3] != fmt.Sprintf("and %d more", 100-(height-3)) {
			t.Fatalf("height %d: %d lines: %q", height, len(drawing), drawing)
		}
	}
}

func testBars(out *bytes.Buffer, width, height int) *bars {
	b := newBars(out, live.Paint{})
	b.size = func() (int, int) { return width, height }
	return b
}

func TestBarsAreRedrawnInPlace(t *testing.T) {
	var out bytes.Buffer
	b := testBars(&out, 80, 24)
	b.last = running()
	b.flush("")
	out.Reset()
	b.flush("")
	if out.Len() > 0 {
		t.Errorf("what is on the screen is drawn again: %q", out.String())
	}
	b.log("hello")
	if got := out.String(); !strings.HasPrefix(got, hideCursor+"\x1b[3A\rhello"+clearLine+"\nall tasks") || !strings.HasSuffix(got, clearLine+"\n"+clearBelow+showCursor) {
		t.Errorf("%q", got)
	}
	out.Reset()
	b.size = func() (int, int) { return 40, 24 } // the lines have been broken
	b.last.trials = b.last.trials[:1]
	b.flush("")
	if got := out.String(); !strings.HasPrefix(got, hideCursor+"\x1b[6A\r") {
		t.Errorf("%q", got)
	}
	out.Reset()
	b.close()
	if got := out.String(); got != hideCursor+"\x1b[2A\r"+clearBelow+showCursor {
		t.Errorf("%q", got)
	}
}

// TestCursorIsThereAfterAPanic runs the display as Run does.
func TestCursorIsThereAfterAPanic(t *testing.T) {
	var out bytes.Buffer
	func() {
		defer func() { _ = recover() }()
		b := testBars(&out, 80, 24)
		defer b.close()
		b.last = running()
		b.flush("")
		panic("anything")
	}()
	if got := out.String(); !strings.HasSuffix(got, clearBelow+showCursor) || strings.Count(got, hideCursor) != strings.Count(got, showCursor) {
		t.Errorf("%q", got)
	}
}

func TestEndsAreSaid(t *testing.T) {
	k := newJob(registry.Trial{ID: "0123456789", Label: "a\x1b[2J"}, registry.Trial{})
	k.state = registry.Done
	s := &process{job: k, started: time.Now(), remark: "3 lines not recorded"}
	var out bytes.Buffer
	l := &lines{out: &out}
	l.ended(k, s)
	k.state, k.note = registry.Failed, "boom"
	l.ended(k, s)
	l.paint.On = true
	l.ended(k, s)
	testBars(&out, 80, 24).ended(k, s)
	want := `done    01234567  a\x1b[2J  0ms (3 lines not recorded)
failed  01234567  a\x1b[2J  0ms: boom [harness trial log 01234567]
` + "\x1b[31mfailed \x1b[0m" + ` 01234567  a\x1b[2J  0ms: boom [harness trial log 01234567]
` + hideCursor + "\r" + `failed  01234567  a\x1b[2J  0ms: boom [harness trial log 01234567]` + clearLine + "\n" + clearBelow + showCursor
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

// TestFewLines holds that a sweep of many short trials prints few lines, and each failure.
func TestFewLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := &lines{out: &out, shown: time.Now()}
		r := &run{}
		for i := range 5000 {
			k := newJob(registry.Trial{ID: fmt.Sprintf("%010d", i), Label: "a"}, registry.Trial{})
			r.all = append(r.all, k)
			l.started(k, 1)
			time.Sleep(20 * time.Millisecond)
			if k.state = registry.Done; i%1000 == 0 {
				k.state = registry.Failed
			}
			l.ended(k, &process{job: k, started: time.Now()})
			l.poll(r, time.Now())
		}
		text := out.String()
		if n := strings.Count(text, "\n"); n > 20+20+100+5+6 {
			t.Errorf("%d lines", n)
		}
		if n := strings.Count(text, "failed  "); n != 5 {
			t.Errorf("%d failures", n)
		}
		for _, counted := range []string{"249/250 done, 1 failed\n", "3996/4000 done, 4 failed\n"} {
			if !strings.Contains(text, counted) {
				t.Errorf("no %q in %s", counted, text)
			}
		}
	})
}
