package forecast

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// recorded is a trial that was run: two sweeps of nine settings, two at a time, on two cores that other programs used as well.
type recorded struct {
	Sweep, Label, Trial string
	Spec                spec.Trial
	Threads             int
	Beside              float64
	Memory              int64
	Phases              []spec.PhaseTime
}

func readRecorded(t *testing.T) (list []recorded) {
	t.Helper()
	data, err := os.ReadFile("testdata/rows.json")
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil || len(list) != 18 {
		t.Fatalf("%d trials, %v", len(list), err)
	}
	return list
}

var here = Machine{Host: "vm", CPU: "cpu"}

func (r recorded) record() *Record {
	return &Record{Trial: r.Trial, Spec: r.Spec, Phases: r.Phases, Memory: r.Memory,
		Conditions: Conditions{Machine: here, Threads: r.Threads, Beside: r.Beside}}
}

// asked is what the trial was about to do.
func (r recorded) asked() (t Task) {
	t.Spec = r.Spec
	for _, p := range r.Phases {
		if p.Phase != spec.PhaseWait {
			t.Phases = append(t.Phases, Phase{Phase: p.Phase, Work: p.Work})
		}
	}
	return t
}

// TestRecorded tells the trials of the second sweep from those of the first: what processors compute within a fifth of each trial, and within a twentieth of
// all; the clock, which others moved, within a fifth of all.
func TestRecorded(t *testing.T) {
	var known History
	var later []recorded
	for _, r := range readRecorded(t) {
		if r.Sweep == "rows" {
			known = append(known, r.record())
		} else {
			later = append(later, r)
		}
	}
	var cpu, seconds [2]float64 // told and taken
	for _, r := range later {
		e := known.Of(r.asked(), r.record().Conditions)
		if len(e.Missing) > 0 || e.From.Trials != 1 || e.From.Measured {
			t.Errorf("%s: %+v, missing %v", r.Label, e.From, e.Missing)
		}
		s := e.Alone(r.asked())
		took, computed := 0.0, 0.0
		for _, p := range r.Phases {
			if p.Phase != spec.PhaseWait {
				took, computed = took+p.Seconds, computed+p.CPU
			}
		}
		if off := s.CPU/computed - 1; math.Abs(off) > .2 {
			t.Errorf("%s: %.1f s of processors told, %.1f taken", r.Label, s.CPU, computed)
		}
		if !s.Known || s.Low >= s.Seconds || s.High <= s.Seconds {
			t.Errorf("%s: %+v", r.Label, s)
		}
		cpu[0], cpu[1] = cpu[0]+s.CPU, cpu[1]+computed
		seconds[0], seconds[1] = seconds[0]+s.Seconds, seconds[1]+took
	}
	if off := cpu[0]/cpu[1] - 1; math.Abs(off) > .05 {
		t.Errorf("all: %.1f s of processors told, %.1f taken", cpu[0], cpu[1])
	}
	if off := seconds[0]/seconds[1] - 1; math.Abs(off) > .2 {
		t.Errorf("all: %.1f s told, %.1f taken", seconds[0], seconds[1])
	}
	t.Logf("processors %.1f of %.1f, clock %.1f of %.1f", cpu[0], cpu[1], seconds[0], seconds[1])
}

// small is a trial and a record of it: 10 units of training took 20 s, and 16 s of processors.
func small() (Task, *Record) {
	s := spec.Trial{Method: spec.LocationAware, Resolution: 64, Encoder: spec.Encoder{Width: 8, Patch: 32}, Pretrain: spec.Pretrain{Steps: 5}}
	r := &Record{Trial: "a", Spec: s, Memory: 77, Conditions: Conditions{Machine: here, Threads: 1, Beside: 2},
		Phases: []spec.PhaseTime{{Phase: "pretrain", Seconds: 20, CPU: 16, Work: 10}}}
	return Task{Spec: s, Phases: []Phase{{Phase: "pretrain", Work: 30}}}, r
}

// TestEvidence: the same setting counts before the same sizes, and those before a measurement; another machine, and what was never seen, tell nothing.
func TestEvidence(t *testing.T) {
	trial, same := small()
	c := same.Conditions
	with := func(change func(*Record)) *Record {
		r := *same
		r.Phases = slices.Clone(same.Phases)
		change(&r)
		return &r
	}
	like := with(func(r *Record) { r.Trial, r.Spec.Data.Splits, r.Phases[0].Seconds = "b", "official", 40 })
	measured := with(func(r *Record) { r.Trial, r.Measured, r.Phases[0].Seconds = "", true, 80 })
	elsewhere := with(func(r *Record) { r.Machine.Host = "other" })
	for _, test := range []struct {
		name    string
		history History
		seconds float64
		from    From
	}{
		{"same", History{measured, like, same}, 60, From{Trials: 1}},
		{"like", History{measured, like, elsewhere}, 120, From{Like: 1}},
		{"measured", History{measured}, 240, From{Measured: true, Rate: 10. / 80}},
		{"elsewhere", History{elsewhere}, 0, From{}},
	} {
		e := test.history.Of(trial, c)
		if g := e.Phases[0]; g.Seconds != test.seconds || g.Unknown != (test.seconds == 0) || e.From != test.from {
			t.Errorf("%s: %+v from %+v", test.name, g, e.From)
		}
		if (len(e.Missing) == 1) != (test.seconds == 0) {
			t.Errorf("%s: missing %v", test.name, e.Missing)
		}
	}
	trial.Phases[0].Uncounted = true
	if e := (History{same}).Of(trial, c); !e.Phases[0].Unknown {
		t.Errorf("work that is not known takes %+v", e.Phases[0])
	}
}

// TestConditions: trials that ran as this one will count, where there are some; others are carried over, and known less well.
func TestConditions(t *testing.T) {
	trial, one := small()
	two := *one
	two.Trial, two.Threads, two.Beside = "b", 2, 1
	two.Phases = []spec.PhaseTime{{Phase: "pretrain", Seconds: 11, CPU: 20, Work: 10}}
	h := History{&two, one}
	if g := h.Of(trial, one.Conditions).Phases[0]; g.Seconds != 60 || g.Sigma != seenSigma {
		t.Errorf("on one thread %+v", g)
	}
	if g := h.Of(trial, two.Conditions).Phases[0]; g.Seconds != 33 {
		t.Errorf("on two threads %+v", g)
	}
	g := (History{one}).Of(trial, two.Conditions).Phases[0]
	if math.Abs(g.Seconds-60*math.Pow(.5, speedup)) > 1e-9 || g.Sigma < threadsSigma {
		t.Errorf("carried over %+v", g)
	}
}

func TestMemory(t *testing.T) {
	trial, r := small()
	for _, test := range []struct {
		history History
		bytes   int64
		from    Evidence
	}{{History{r}, 77, Same}, {nil, 0, Measured}} {
		if bytes, from := test.history.Memory(trial.Spec, here); bytes != test.bytes || bytes > 0 && from != test.from {
			t.Errorf("%d from %d", bytes, from)
		}
	}
	like := *r
	like.Spec.Data.Splits, like.Memory, like.names = "official", 99, nil
	if bytes, from := (History{&like}).Memory(trial.Spec, here); bytes != 99 || from != Like {
		t.Errorf("%d from %d", bytes, from)
	}
}

// TestPlay: what is shared is done once and waited for, what is done is not done again.
func TestPlay(t *testing.T) {
	trial := func(phases ...Phase) Task { return Task{Phases: phases} }
	known := func(seconds ...float64) (e Estimate) {
		for _, s := range seconds {
			e.Phases = append(e.Phases, Guess{Seconds: s, CPU: s, Sigma: .1})
		}
		return e
	}
	trials := []Task{
		trial(Phase{Phase: "data", Once: "d"}, Phase{Phase: "pretrain", Once: "p1"}, Phase{Phase: "test"}),
		trial(Phase{Phase: "data", Once: "d"}, Phase{Phase: "pretrain", Once: "p1"}, Phase{Phase: "test"}),
		trial(Phase{Phase: "data", Once: "d"}, Phase{Phase: "pretrain", Once: "p2", Done: true}, Phase{Phase: "test"}),
	}
	estimates := []Estimate{known(10, 20, 3), known(10, 20, 4), known(10, 20, 5)}
	s := Play(trials, estimates, 2)
	if want := []float64{33, 34, 38}; !slices.Equal(s.Ends, want) || s.Seconds != 38 || s.CPU != 42 || !s.Known {
		t.Errorf("%+v, want %v", s, want)
	}
	if one := Play(trials, estimates, 1); one.Seconds != 42 {
		t.Errorf("one at a time: %+v", one)
	}
	estimates[1].Phases[2].Unknown = true
	if s := Play(trials, estimates, 2); s.Known {
		t.Errorf("%+v is known", s)
	}
	if s := Play(nil, nil, 0); s.Seconds != 0 || !s.Known {
		t.Errorf("nothing takes %+v", s)
	}
}

// TestRange: the errors of a trial's phases are common, those of trials are so in part.
func TestRange(t *testing.T) {
	trial := Task{Phases: []Phase{{Phase: "pretrain"}, {Phase: "diffvqa"}}}
	e := Estimate{Phases: []Guess{{Seconds: 10, Sigma: .1}, {Seconds: 10, Sigma: .1}}}
	one := e.Alone(trial)
	if sigma := math.Log(one.High/one.Seconds) / 1.28; math.Abs(sigma-.1) > 1e-9 {
		t.Errorf("one trial: %g of %+v", sigma, one)
	}
	two := Play([]Task{trial, trial}, []Estimate{e, e}, 1)
	if two.Seconds != 40 || two.High/two.Seconds >= one.High/one.Seconds {
		t.Errorf("two trials: %+v, one: %+v", two, one)
	}
}

// TestBeside: only what ran on the same machine ran beside a trial.
func TestBeside(t *testing.T) {
	at := func(id, host string, from, to int64) ran {
		return ran{registry.Trial{ID: id}, registry.Attempt{Started: time.Unix(from, 0), Ended: time.Unix(to, 0), Provenance: journal.Provenance{Host: host}}}
	}
	a := at("a", "vm", 0, 100)
	if r := a.record(nil, []ran{a, at("b", "vm", 50, 200), at("c", "node", 0, 100)}); r.Beside != 1.5 {
		t.Errorf("%g beside, want 1.5", r.Beside)
	}
}

// TestLevelled: measured phases that compute keep what they computed, and share what others took.
func TestLevelled(t *testing.T) {
	h := History{{Phases: []spec.PhaseTime{{Phase: "pretrain", Seconds: 1, CPU: 1, Work: 1}, {Phase: "encode", Seconds: 3, CPU: 1, Work: 1},
		{Phase: "open", Seconds: 5, CPU: 1, Work: 1}}}}
	got := h.Levelled()[0].Phases
	if got[0].Seconds != 2 || got[1].Seconds != 2 || got[2].Seconds != 5 || h[0].Phases[0].Seconds != 1 {
		t.Errorf("%v of %v", got, h[0].Phases)
	}
}
