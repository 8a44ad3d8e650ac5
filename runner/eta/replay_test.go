package eta

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"harness/registry"
)

// recorded is a trial of a sweep that was run, with what it said of its progress: seconds, stage, step, total.
type recorded struct {
	Row       string            `json:"row"`
	Params    map[string]string `json:"params"`
	Started   float64           `json:"started"`
	Took      float64           `json:"took"`
	Announced [][2]any          `json:"announced"`
	Heard     [][4]any          `json:"heard"`
}

func readRecorded(t *testing.T, name string) []recorded {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []recorded
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// after is the trial as it stood so many seconds after the sweep began.
func (r recorded) after(second float64) Timing {
	t := Timing{ID: fmt.Sprint(r.Row, r.Took), Setting: r.Row, Params: r.Params, State: registry.Queued, Resumes: len(r.Announced) > 0}
	steps := 0
	for _, a := range r.Announced {
		n := int(a[1].(float64))
		began := time.Duration(steps) * time.Second
		steps += n
		t.Announced = append(t.Announced, Stage{Name: a[0].(string), Total: n, Last: n, Began: began, Heard: time.Duration(steps) * time.Second})
	}
	if second < r.Started {
		return t
	}
	t.State, t.Started = registry.Running, epoch.Add(seconds(r.Started))
	for _, h := range r.Heard {
		if at := h[0].(float64); r.Started+at <= second {
			t.hear(int(h[2].(float64)), int(h[3].(float64)), h[1].(string), seconds(at))
		}
	}
	if second >= r.Started+r.Took {
		t.State, t.Took, t.Ended = registry.Done, seconds(r.Took), t.Started.Add(seconds(r.Took))
	}
	return t
}

// byMean is the rule of the mean: what is left of the trials, each as long as those took that have ended, by the trials at a time.
func byMean(trials []Timing, now time.Time, parallel int) (float64, bool) {
	var sum, left float64
	n := 0.0
	for _, t := range trials {
		if t.State == registry.Done {
			sum, n = sum+t.Took.Seconds(), n+1
		}
	}
	if n == 0 {
		return 0, false
	}
	for _, t := range trials {
		switch t.State {
		case registry.Queued:
			left += sum / n
		case registry.Running:
			left += max(0, sum/n-now.Sub(t.Started).Seconds())
		}
	}
	return left / float64(parallel), true
}

// score says how good estimates were over the course of a sweep.
type score struct {
	share   float64 // of the time in which there was one
	first   float64 // seconds after the start
	median  float64 // of |estimate - left| / left
	worst   float64 // nine of ten are better
	inside  float64 // share of the ends that lay in the range
	minutes float64 // mean of |estimate - left|
}

func (s score) String() string {
	return fmt.Sprintf("from %4.0f s on, %3.0f%% of the time; error: median %3.0f%%, nine of ten below %3.0f%%, mean %4.1f min; in range %3.0f%%", s.first, 100*s.share,
		100*s.median, 100*s.worst, s.minutes, 100*s.inside)
}

// replay runs a recorded sweep and scores both rules.
func replay(list []recorded, earlier []Timing, parallel int, log func(string, ...any)) (ours, theirs score) {
	end := 0.0
	for _, r := range list {
		end = math.Max(end, r.Started+r.Took)
	}
	var a, b []float64
	n, inside := 0, 0
	every := end / 200
	for second := every; second < end*0.98; second += every {
		n++
		now := epoch.Add(seconds(second))
		s := Sweep{Parallel: parallel, Earlier: earlier}
		for _, r := range list {
			s.Trials = append(s.Trials, r.after(second))
		}
		left := end - second
		e := s.Estimate(now)
		if e.Known {
			if a == nil {
				ours.first = second
			}
			a = append(a, math.Abs(e.Left.Seconds()-left)/left)
			ours.minutes += math.Abs(e.Left.Seconds()-left) / 60
			if e.Low.Seconds() <= left && left <= e.High.Seconds() {
				inside++
			}
		}
		m, some := byMean(s.Trials, now, parallel)
		if some {
			if b == nil {
				theirs.first = second
			}
			b = append(b, math.Abs(m-left)/left)
			theirs.minutes += math.Abs(m-left) / 60
		}
		if log != nil && n%10 == 0 {
			log("%3.0f%% left %5.1f min: %v [%5.1f, %5.1f, %5.1f]; by the mean %5.1f", 100*second/end, left/60, e.Known, e.Low.Minutes(), e.Left.Minutes(), e.High.Minutes(), m/60)
		}
	}
	ours.inside = float64(inside) / float64(len(a))
	for _, k := range []struct {
		s    *score
		list []float64
	}{{&ours, a}, {&theirs, b}} {
		slices.Sort(k.list)
		k.s.share = float64(len(k.list)) / float64(n)
		k.s.median, k.s.worst = k.list[len(k.list)/2], k.list[len(k.list)*9/10]
		k.s.minutes /= float64(len(k.list))
	}
	return ours, theirs
}

// TestReplay measures the estimates on sweeps that were run in homes without anything like them, and holds that they come sooner than those
// by the mean and are better. In "ablation" and "methods", built-in trials for hours, the machine became faster by far on the way, since others left it: who
// does not know that expects too much. In "grid", trials of a program get dearer and dearer, from 4 to 26 seconds.
func TestReplay(t *testing.T) {
	for _, c := range []struct {
		name     string
		median   float64
		parallel int
	}{{"ablation", 1.05, 2}, {"methods", 0.65, 2}, {"grid", 0.4, 3}} {
		ours, theirs := replay(readRecorded(t, c.name), nil, c.parallel, t.Logf)
		t.Logf("%s: %v", c.name, ours)
		t.Logf("%s, by the mean: %v", c.name, theirs)
		if ours.share < 0.96 || ours.median > c.median || ours.median > theirs.median || ours.worst > theirs.worst || ours.minutes > theirs.minutes {
			t.Errorf("%s: %v; by the mean: %v", c.name, ours, theirs)
		}
	}
}

// TestReplayKnown is the grid with other seeds, once it was run in the home.
func TestReplayKnown(t *testing.T) {
	var earlier []Timing
	for _, r := range readRecorded(t, "grid") {
		e := r.after(1e9)
		e.Ended = e.Ended.Add(-time.Hour)
		earlier = append(earlier, e)
	}
	ours, theirs := replay(readRecorded(t, "grid-again"), earlier, 3, t.Logf)
	t.Logf("%v; by the mean: %v", ours, theirs)
	if ours.share < 0.99 || ours.median > 0.15 || ours.worst > 0.35 || ours.inside < 0.8 {
		t.Errorf("%v", ours)
	}
}
