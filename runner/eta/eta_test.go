package eta

import (
	"fmt"
	"math"
	"testing"
	"time"

	"harness/registry"
)

// done is a trial of one stage that took so long.
func done(setting string, took time.Duration, steps int) Timing {
	return Timing{ID: setting + took.String(), Setting: setting, Params: map[string]string{"a": setting}, State: registry.Done, Took: took, Ended: epoch,
		Course: Course{{Name: "run", Total: steps, First: 1, Last: steps, Began: 0, Heard: took}}}
}

func waiting(setting string) Timing {
	return Timing{ID: "waiting " + setting, Setting: setting, Params: map[string]string{"a": setting}, State: registry.Queued}
}

// program is a program that has run for so long and said how far it is.
func program(setting string, elapsed time.Duration, step, total int) Timing {
	t := Timing{ID: "running " + setting, Setting: setting, Params: map[string]string{"a": setting}, State: registry.Running, Started: epoch.Add(-elapsed)}
	for i := 1; i <= step; i++ {
		t.hear(i, total, "run", elapsed*time.Duration(i)/time.Duration(step))
	}
	return t
}

func near(t *testing.T, got, want time.Duration, share float64) {
	t.Helper()
	if d := math.Abs(got.Seconds() - want.Seconds()); d > share*want.Seconds() {
		t.Errorf("%s, want about %s", got, want)
	}
}

// TestNothingFromNothing holds that no number is made of no information.
func TestNothingFromNothing(t *testing.T) {
	silent := program("a", time.Hour, 0, 0)
	staged := silent
	staged.Resumes = true
	staged.hear(1, 10, "images", time.Minute)
	staged.hear(10, 10, "images", 2*time.Minute)
	for name, s := range map[string]Sweep{
		"all wait":                       {Trials: []Timing{waiting("a"), waiting("b")}},
		"it has said nothing":            {Trials: []Timing{silent, waiting("a")}},
		"it has not said what follows":   {Trials: []Timing{staged, waiting("a")}},
		"all have failed":                {Trials: []Timing{{Setting: "a", State: registry.Failed, Took: time.Minute}, waiting("a")}},
		"others were of other settings":  {Trials: []Timing{waiting("a")}, Earlier: []Timing{done("b", time.Minute, 10)}},
		"nobody says how many at a time": {Trials: []Timing{done("a", time.Minute, 10), waiting("a"), waiting("a")}},
		"one step says nothing of speed": {Trials: []Timing{program("a", time.Minute, 1, 100), waiting("a")}},
	} {
		if e := s.Estimate(epoch); e.Known || e.Left != 0 || e.Low != 0 || e.High != 0 || !math.IsNaN(e.Done) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if e := (Sweep{Trials: []Timing{staged}}).Estimate(epoch); len(e.Trials) != 0 {
		t.Errorf("a stage that is over: %+v", e.Trials)
	}
}

// TestFirstTrial is the first trial of a sweep, which nothing was run before of.
func TestFirstTrial(t *testing.T) {
	s := Sweep{Trials: []Timing{program("a", time.Minute, 10, 100), waiting("a"), waiting("a"), waiting("a")}, Parallel: 1}
	e := s.Estimate(epoch)
	if !e.Known || e.Low >= e.Left || e.High <= e.Left {
		t.Fatalf("%+v", e)
	}
	near(t, e.Trials["running a"].Left, 9*time.Minute, 0.2)
	near(t, e.Left, 39*time.Minute, 0.2)
	near(t, time.Duration(e.Done*float64(40*time.Minute)), time.Minute, 0.2)
	s.Parallel = 4 // those that wait start now
	near(t, s.Estimate(epoch).Left, 10*time.Minute, 0.2)
}

// TestOwnSettingCounts holds that trials are compared with those of their own setting where there are any.
func TestOwnSettingCounts(t *testing.T) {
	s := Sweep{Parallel: 1, Trials: []Timing{done("a", time.Minute, 10), done("a", time.Minute, 10), done("b", 10*time.Minute, 10), done("b", 10*time.Minute, 10),
		waiting("a")}}
	cheap := s.Estimate(epoch)
	s.Trials[4] = waiting("b")
	dear := s.Estimate(epoch)
	if cheap.Left > 4*time.Minute || dear.Left < 7*time.Minute {
		t.Errorf("%s and %s", cheap.Left, dear.Left)
	}
	s.Trials[4] = waiting("c")
	unknown := s.Estimate(epoch)
	if unknown.High.Seconds()/unknown.Low.Seconds() <= dear.High.Seconds()/dear.Low.Seconds() {
		t.Errorf("no less sure of what was never run: %+v, %+v", unknown, dear)
	}
}

// TestWholes: what a trial is told from is counted: its setting wherever it ran, others of the sweep, and not those of other sweeps.
func TestWholes(t *testing.T) {
	s := Sweep{Trials: []Timing{done("a", time.Minute, 10), done("b", 2*time.Minute, 10), waiting("a"), waiting("c")},
		Earlier: []Timing{done("a", time.Minute, 10), done("x", time.Hour, 10), done("y", time.Hour, 10)}}
	whole := s.Wholes()
	for setting, want := range map[string][2]int{"a": {2, 1}, "c": {0, 2}} {
		for range 2 { // it is asked again
			if w := whole(waiting(setting)); !w.Known || w.Same != want[0] || w.Like != want[1] || w.Took <= 0 || w.Sigma <= 0 {
				t.Errorf("%s: %+v, want %v", setting, w, want)
			}
		}
	}
	s.Trials = s.Trials[2:]
	if w := s.Wholes()(waiting("c")); w != (Whole{Sigma: 1}) {
		t.Errorf("only other settings of other sweeps: %+v", w)
	}
}

// TestProgressCorrects is a trial that is half as fast as the one before it.
func TestProgressCorrects(t *testing.T) {
	s := Sweep{Parallel: 1, Trials: []Timing{done("a", 10*time.Minute, 100), program("a", 10*time.Minute, 50, 100)}}
	near(t, s.Estimate(epoch).Left, 10*time.Minute, 0.15)
	s.Trials[0].Course = nil // trials that say nothing of their progress
	s.Trials[1] = Timing{ID: "mute", Setting: "a", State: registry.Running, Started: epoch.Add(-4 * time.Minute)}
	near(t, s.Estimate(epoch).Left, 6*time.Minute, 0.01)
	s.Trials[1].Started = epoch.Add(-time.Hour) // longer than it should
	e := s.Estimate(epoch)
	if !e.Known || e.Left <= 0 || e.Left > 10*time.Minute || e.High < 2*e.Left {
		t.Errorf("%+v", e)
	}
}

// TestTail is the end of a sweep: fewer trials than could run.
func TestTail(t *testing.T) {
	s := Sweep{Parallel: 4, Trials: []Timing{done("a", 10*time.Minute, 100), program("a", 5*time.Minute, 50, 100), program("a", time.Minute, 10, 100)}}
	near(t, s.Estimate(epoch).Left, 9*time.Minute, 0.1)
	s.Trials = append(s.Trials, waiting("a"), waiting("a"), waiting("a")) // two start at once, the third after 5 minutes
	near(t, s.Estimate(epoch).Left, 15*time.Minute, 0.1)
}

// TestResumed is a trial that goes on where it was.
func TestResumed(t *testing.T) {
	before := done("a", 10*time.Minute, 100)
	interrupted := Timing{ID: "i", Setting: "a", State: registry.Interrupted, Resumes: true, Course: Course{{Name: "run", Total: 100, First: 1, Last: 80, Heard: 8 * time.Minute}}}
	s := Sweep{Parallel: 1, Trials: []Timing{before, interrupted}}
	near(t, s.Estimate(epoch).Left, 2*time.Minute, 0.1)
	s.Trials[1].Resumes = false // it starts anew
	near(t, s.Estimate(epoch).Left, 10*time.Minute, 0.01)
	running := Timing{ID: "r", Setting: "a", State: registry.Running, Resumes: true, Resumed: true, Started: epoch.Add(-time.Minute)}
	for i := 80; i <= 90; i++ {
		running.hear(i, 100, "run", time.Duration(i-80)*6*time.Second)
	}
	s.Trials = []Timing{before, running, waiting("a")}
	e := s.Estimate(epoch)
	near(t, e.Trials["r"].Left, time.Minute, 0.1)
	near(t, e.Left, 11*time.Minute, 0.1)
}

// TestStoppedEarly holds that trials that a rule stops make the others shorter, too.
func TestStoppedEarly(t *testing.T) {
	early := done("a", 2*time.Minute, 100)
	early.State, early.Course[0].Last = registry.Stopped, 20
	s := Sweep{Parallel: 1, Trials: []Timing{done("a", 10*time.Minute, 100), early, early, early, waiting("a")}}
	e := s.Estimate(epoch)
	near(t, e.Left, 4*time.Minute, 0.3)
	s.Trials[4] = program("a", 5*time.Minute, 50, 100) // it has come farther than those
	near(t, s.Estimate(epoch).Left, 5*time.Minute, 0.1)
}

// TestStages is a trainer of several stages.
func TestStages(t *testing.T) {
	before := Timing{ID: "before", Setting: "a", State: registry.Done, Took: 20 * time.Minute, Ended: epoch, Resumes: true, Course: Course{
		{Name: "pretrain", Total: 100, First: 1, Last: 100, Began: time.Minute, Heard: 10 * time.Minute},
		{Name: "test", Total: 10, First: 1, Last: 10, Began: 11 * time.Minute, Heard: 20 * time.Minute}}}
	running := Timing{ID: "r", Setting: "a", State: registry.Running, Started: epoch.Add(-6 * time.Minute), Resumes: true}
	for i := 1; i <= 50; i++ {
		running.hear(i, 100, "pretrain", time.Minute+time.Duration(i)*6*time.Second)
	}
	s := Sweep{Parallel: 1, Trials: []Timing{before, running}}
	near(t, s.Estimate(epoch).Left, 14*time.Minute, 0.1)
	s.Trials = s.Trials[1:] // nothing to compare with: only the stage is known
	e := s.Estimate(epoch)
	if left := e.Trials["r"]; e.Known || !left.AtLeast {
		t.Errorf("%+v", e)
	}
	near(t, e.Trials["r"].Left, 5*time.Minute, 0.05)
	s.Earlier = []Timing{before} // of the same home
	near(t, s.Estimate(epoch).Left, 14*time.Minute, 0.1)
}

// TestControlsTellNothing is a sweep whose controls, which train nothing, have ended last: they say nothing of the rows that wait.
func TestControlsTellNothing(t *testing.T) {
	trains := Course{{Name: "pretrain", Total: 100, Last: 100, Heard: 100 * time.Second}}
	var trials []Timing
	for i := range 8 {
		row := done("row", 70*time.Second, 100)
		row.ID, row.Ended, row.Announced, row.Resumes = fmt.Sprint("row ", i), epoch.Add(-time.Hour), trains, true
		control := done("untrained", 5*time.Second, 1)
		control.ID, control.Params, control.Resumes = fmt.Sprint("control ", i), nil, true
		trials = append(trials, row, control)
	}
	other := waiting("other")
	other.Announced, other.Resumes = trains, true
	e := Sweep{Parallel: 1, Trials: append(trials, other)}.Estimate(epoch)
	near(t, e.Left, 70*time.Second, 0.2)
}

// TestCountsStepsAnew is a program that counts the steps of each epoch anew: what it announces is no whole.
func TestCountsStepsAnew(t *testing.T) {
	r := Timing{ID: "r", Setting: "a", State: registry.Running, Started: epoch.Add(-4 * time.Minute)}
	for i := range 40 {
		r.hear(i%20+1, 20, "run", time.Duration(i)*6*time.Second)
	}
	if e := (Sweep{Trials: []Timing{r}}).Estimate(epoch); e.Known {
		t.Errorf("%+v", e)
	}
}

// TestManyTrials holds that an estimate of a great sweep takes no time to speak of.
func TestManyTrials(t *testing.T) {
	var s Sweep
	for i := range 10_000 {
		switch {
		case i < 5000:
			s.Trials = append(s.Trials, done(fmt.Sprint(i%500), time.Minute, 10))
		case i < 5008:
			s.Trials = append(s.Trials, program(fmt.Sprint(i%500), 30*time.Second, 5, 10))
		default:
			s.Trials = append(s.Trials, waiting(fmt.Sprint(i%500)))
		}
	}
	s.Parallel = 8
	began := time.Now()
	e := s.Estimate(epoch)
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	} else {
		t.Log(took)
	}
	near(t, e.Left, 4992*time.Minute/8, 0.1)
}

// TestSlopes: trials whose cost grows with two numbers and depends on a word; what was never run is told from those.
func TestSlopes(t *testing.T) {
	var s Sweep
	took := func(width, depth int, kind string) time.Duration {
		d := time.Duration(width*depth) * time.Minute
		if kind == "slow" {
			d *= 3
		}
		return d
	}
	trial := func(width, depth int, kind string, state registry.State) Timing {
		k := done(fmt.Sprint(width, depth, kind), took(width, depth, kind), 10)
		k.Params, k.State = map[string]string{"width": fmt.Sprint(width), "depth": fmt.Sprint(depth), "kind": kind}, state
		if state == registry.Queued {
			k.Took, k.Course = 0, nil
		}
		return k
	}
	for _, width := range []int{1, 2} {
		for _, depth := range []int{1, 2, 4} {
			for _, kind := range []string{"fast", "slow"} {
				s.Trials = append(s.Trials, trial(width, depth, kind, registry.Done))
			}
		}
	}
	s.Trials = append(s.Trials, trial(8, 8, "slow", registry.Queued))
	near(t, s.Estimate(epoch).Left, took(8, 8, "slow"), 0.25)
	s.Trials[len(s.Trials)-1] = trial(8, 8, "fast", registry.Queued)
	near(t, s.Estimate(epoch).Left, took(8, 8, "fast"), 0.25)
	s.Trials = append(s.Trials[:1], trial(1, 1, "slow", registry.Queued)) // one trial tells of no slope
	near(t, s.Estimate(epoch).Left, time.Minute, 0.01)
}
