package model

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/engine/xla"
	"harness/model/spec"
)

// fakeCompiler is the native engine as one that says of its programs what a compiler says.
type fakeCompiler struct {
	engine.Engine
	memory int64
}

func (fakeCompiler) Device() string { return "cpu, of a test" }

func (f fakeCompiler) New(params []engine.Param) (engine.Session, error) {
	s, err := f.Engine.New(params)
	return &fakePrograms{Session: s, memory: f.memory}, err
}

type fakePrograms struct {
	engine.Session
	memory   int64
	compiled []xla.Compiled
}

func (f *fakePrograms) Prepare(purpose xla.Purpose, key string, _ engine.Program, _ engine.Inputs) (xla.Compiled, error) {
	c := xla.Compiled{Key: key, Purpose: purpose, ID: key + string(purpose), Source: xla.FromCompiler, Compile: 1500 * time.Millisecond,
		Memory: &xla.Memory{Temporary: f.memory}, FLOPs: 2e12}
	f.compiled = append(f.compiled, c)
	return c, nil
}

func (f *fakePrograms) Compiled() []xla.Compiled { return f.compiled }

// What a step needs is noted before the first one, and each program once; a step for which there is no room is refused with what to change.
func TestNeedIsSaid(t *testing.T) {
	trial := shortTrial(t, spec.LocationAware)
	home, rec := t.TempDir(), &tape{}
	runOn := func(trial spec.Trial, memory int64) error {
		open := func(Env) (engine.Engine, error) { return fakeCompiler{native.New(2), memory}, nil }
		return run(context.Background(), trial, Env{Home: home, Dir: t.TempDir(), Threads: 2}, rec, open)
	}
	err := runOn(trial, 1<<60)
	want := "pretrain: out of memory before the first step: it needs 1073741824.0 GiB, the device has "
	if err == nil || !strings.HasPrefix(err.Error(), want) ||
		!strings.HasSuffix(err.Error(), ": lower pretrain.batch (4), or raise pretrain.accumulate (1), or set precision to bf16") {
		t.Errorf("%v, want %s…", err, want)
	}
	whole := trial
	whole.Method = spec.GlobalContrastive
	if err := runOn(whole, 1<<60); err == nil || !strings.Contains(err.Error(), "lower pretrain.batch (4), or set pretrain.chunk (0), or") {
		t.Error(err)
	}
	if err := runOn(trial, 3<<20); err != nil {
		t.Fatal(err)
	}
	for _, stage := range []spec.Stage{spec.StagePretrain, spec.StageQuestionOnly, spec.StageDiffVQA} {
		text := rec.notes[MemoryKey+string(stage)]
		if !strings.HasPrefix(text, "3.0 MiB of ") || !strings.HasSuffix(text, ", 2.0 TFLOP a step, compiled in 1.5 s") {
			t.Errorf("%s: %q", stage, text)
		}
	}
	var first Compiled
	if err := json.Unmarshal([]byte(rec.notes[CompiledKey+"01"]), &first); err != nil {
		t.Fatal(err)
	}
	if want := (Compiled{Purpose: "step", Key: "pretrain caption region", Memory: 3 << 20, FLOPs: 2e12, Compile: 1.5, Source: "compiler"}); first != want {
		t.Errorf("%+v, want %+v", first, want)
	}
	trial.DiffVQA.Accumulate = 2
	if err := runOn(trial, 3<<20); err != nil {
		t.Fatal(err)
	}
	if text := rec.notes[MemoryKey+"diffvqa"]; !strings.Contains(text, ", 6.0 TFLOP a step, compiled in 3.0 s") { // two parts, which share a program, and the optimiser
		t.Errorf("in parts: %q", text)
	}
}
