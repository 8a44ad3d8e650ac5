package spec

import (
	"math"
	"testing"
)

func TestPhases(t *testing.T) {
	list := []PhaseTime{{Phase: PhaseEncode, Seconds: 1.5, CPU: 3, Work: 1e12}, {Phase: Phase(StagePretrain), Seconds: .1}}
	text, err := EncodePhases(list)
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodePhases(text)
	if err != nil || len(back) != 2 || back[0] != list[0] || back[1] != list[1] {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"", "{}", `[{"phase":"x","seconds":-1}]`, `[{"seconds":1}]`, `[{"phase":"x","seconds":1e999}]`} {
		if got, err := DecodePhases(bad); err == nil {
			t.Errorf("%s was read: %v", bad, got)
		}
	}
}

func FuzzDecodePhases(f *testing.F) {
	f.Add(`[{"phase":"encode","seconds":1.5,"cpu":3,"work":1e12}]`)
	f.Add(`[{"phase":"","seconds":-1}]`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := DecodePhases(text)
		if err != nil {
			return
		}
		for _, p := range list {
			if p.Phase == "" || !(p.Seconds >= 0) || !(p.CPU >= 0) || !(p.Work >= 0) || math.IsInf(p.Seconds+p.CPU+p.Work, 0) {
				t.Errorf("%+v was read", p)
			}
		}
	})
}

// TestPhaseKeys: neither seeds nor lengths matter, what is computed does.
func TestPhaseKeys(t *testing.T) {
	a := Trial{Method: LocationAware, Resolution: 224, Encoder: Encoder{Width: 96, Patch: 32}, Pretrain: Pretrain{Steps: 10, Tasks: CAP},
		DiffVQA: DiffVQA{Steps: 10}, Eval: Eval{NumBeams: 4}}
	longer := a
	longer.Seed, longer.Pretrain.Steps, longer.DiffVQA.Steps = 7, 99, 99
	tasks := a
	tasks.Pretrain.Tasks = AllTasks
	untrained := a
	untrained.Method = Untrained
	wider := a
	wider.Encoder.Width = 128
	for _, p := range []Phase{Phase(StagePretrain), Phase(StageDiffVQA), PhaseTest, PhaseEncode, PhaseRegions, PhaseOpen} {
		if a.PhaseKey(p) != longer.PhaseKey(p) || a.PhaseShape(p) != longer.PhaseShape(p) {
			t.Errorf("%s: the seed or the length counts", p)
		}
	}
	if a.PhaseKey(Phase(StagePretrain)) == tasks.PhaseKey(Phase(StagePretrain)) || a.PhaseShape(Phase(StagePretrain)) != tasks.PhaseShape(Phase(StagePretrain)) {
		t.Error("tasks are another key of the same shape")
	}
	if a.PhaseShape(Phase(StageDiffVQA)) != untrained.PhaseShape(Phase(StageDiffVQA)) || a.PhaseShape(PhaseTest) == wider.PhaseShape(PhaseTest) {
		t.Error("answering over a frozen encoder depends on its sizes alone")
	}
	if a.PhaseKey(PhaseEncode) == wider.PhaseKey(PhaseEncode) {
		t.Error("the encoder's width does not count")
	}
	if a.Setting() != func() string { b := a; b.Seed = 3; return b.Setting() }() || a.Setting() == longer.Setting() {
		t.Error("a setting is a trial but for its seed")
	}
}
