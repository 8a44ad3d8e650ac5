package model

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/spec"
)

// TestPhasesWithin: what is counted within a span is not the span's, on either clock.
func TestPhasesWithin(t *testing.T) {
	start := time.Now()
	at := func(second int) moment {
		return moment{start.Add(time.Duration(second) * time.Second), float64(second) / 2}
	}
	var p phases
	outer := p.from(at(0))
	p.from(at(1)).until(at(3), spec.PhaseWait, 0)
	p.from(at(4)).until(at(5), spec.PhasePrepare, 2)
	outer.until(at(8), spec.PhasePrepare, 5)
	p.from(at(8)).until(at(9), spec.PhaseWait, 0)
	want := []spec.PhaseTime{{Phase: spec.PhaseWait, Seconds: 3, CPU: 1.5}, {Phase: spec.PhasePrepare, Seconds: 6, CPU: 3, Work: 7}}
	if d := cmp.Diff(want, p.list); d != "" {
		t.Error(d)
	}
}

// sketched is a run on the texts of the smoke trial, with pixels that show nothing.
func sketched(t *testing.T, e engine.Engine) *trialRun {
	t.Helper()
	trial := smokeTrial(t)
	sketches := corpus.Sketches{Home: t.TempDir()}
	t.Cleanup(func() { sketches.Close() })
	c, _, err := sketches.Open(context.Background(), trial)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	return &trialRun{trial: trial, env: Env{Home: home, Dir: home, Threads: 1}, rec: &tape{}, engine: e, corpus: c.WithNoise(),
		wanted: func(spec.Phase) bool { return true }}
}

// TestRawPixelsWait: the wait for a trial that computes the control is a phase of its own.
func TestRawPixelsWait(t *testing.T) {
	r := sketched(t, nil)
	data, err := r.readings()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cacheDir(r.env.Home), "raw-pixels-"+r.rawKey(data)+".json")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := writeFacts(path, &facts{points: []point{{"controls/raw-pixels/probe/tokens/auc", 0, .5}}}); err != nil {
		t.Fatal(err)
	}
	if err := r.rawPixels(context.Background(), data); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.phases.list, func(one spec.PhaseTime) bool { return one.Phase == spec.PhaseWait }) {
		t.Errorf("waiting is not counted: %v", r.phases.list)
	}
}

// TestManyFeatures: where there is no room for the features of all images, none is encoded before it is asked for, planned or measured.
func TestManyFeatures(t *testing.T) {
	many := &features{images: make([]int, 1<<20), tokens: 1 << 6, width: 1 << 6}
	many.compute = func([]int) (engine.Tensor, error) { return engine.Tensor{}, errors.New("it was encoded") }
	planned := &Planned{}
	for _, r := range []*trialRun{
		{rec: silent{}},
		{plan: &plan{Planned: planned}},
		{brief: true, wanted: func(spec.Phase) bool { return true }},
	} {
		if err := r.encodeAll(context.Background(), many, 1); err != nil {
			t.Error(err)
		}
		if len(r.phases.list) > 0 || len(planned.Phases) > 0 || planned.Features != 0 {
			t.Errorf("it was counted: %v, %+v", r.phases.list, planned)
		}
		if r.brief && !(r.skips(spec.PhaseProbe) && r.skips(spec.PhasePrepare) && !r.skips(spec.PhaseTest)) {
			t.Error("what encodes all images is measured")
		}
	}
}

// TestEncodeFailsClosed: an encoder that cannot be used is closed.
func TestEncodeFailsClosed(t *testing.T) {
	for _, brief := range []bool{false, true} {
		e := &countedEngine{Engine: native.New(1)}
		r := sketched(t, e)
		r.brief = brief
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := r.encode(ctx, nil); err == nil {
			t.Error("it was encoded")
		}
		if e.open != 0 || e.opened != 1 {
			t.Errorf("measured %v: %d of %d sessions are open", brief, e.open, e.opened)
		}
	}
}

// countedEngine counts its sessions.
type countedEngine struct {
	engine.Engine
	open, opened int
}

func (e *countedEngine) New(params []engine.Param) (engine.Session, error) {
	e.open, e.opened = e.open+1, e.opened+1
	s, err := e.Engine.New(params)
	return countedSession{s, e}, err
}

type countedSession struct {
	engine.Session
	engine *countedEngine
}

func (s countedSession) Close() {
	s.engine.open--
	s.Session.Close()
}
