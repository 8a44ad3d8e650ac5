package spec

import (
	"encoding/json"
	"testing"
)

func TestPresetsAreValid(t *testing.T) {
	for _, p := range Presets {
		trial, err := Default(p)
		if err != nil {
			t.Fatal(err)
		}
		if p == Paper {
			trial.Data.Root = "mimic"
		}
		if err := trial.Validate(); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// A box and words of its phrase must fit, where regions are trained.
func TestLeastPhrase(t *testing.T) {
	for _, c := range []struct {
		method Method
		tasks  Tasks
		most   int
		want   string
	}{
		{LocationAware, AllTasks, 15, "pretrain.max_phrase: 15: want at least 16, so that a box and words of its phrase fit"},
		{LocationAware, AREF, 1, "pretrain.max_phrase: 1: want at least 16, so that a box and words of its phrase fit"},
		{LocationAware, AllTasks, 16, ""},
		{LocationAware, CAP, 1, ""},
		{GlobalContrastive, AllTasks, 1, ""},
		{RegionalContrastive, AllTasks, 1, ""},
	} {
		trial, err := Default(Smoke)
		if err != nil {
			t.Fatal(err)
		}
		trial.Method, trial.Pretrain.Tasks, trial.Pretrain.MaxPhrase = c.method, c.tasks, c.most
		got := ""
		if err := trial.Validate(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s, tasks %v, %d: %q, want %q", c.method, c.tasks, c.most, got, c.want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	want, _ := Default(Nano)
	want.Command = MakeWords("python", "train.py", "a b")
	want.Args = `{"a":1.0,"b":[1,2]}`
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Trial
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if got.ID() != want.ID() {
		t.Error("the ID changed on the way")
	}
}

func TestStagesShareAndDiffer(t *testing.T) {
	a, _ := Default(Nano)
	b := a
	b.DiffVQA.LR *= 2
	if a.StageID(StagePretrain) != b.StageID(StagePretrain) {
		t.Error("a change of the second stage renames the first")
	}
	if a.StageID(StageDiffVQA) == b.StageID(StageDiffVQA) || a.ID() == b.ID() {
		t.Error("a change of the second stage does not rename it")
	}
	c := a
	c.Resolution, c.DiffVQA.Pool, c.DiffVQA.Whiten = 448, 2, !a.DiffVQA.Whiten
	if a.StageID(StageQuestionOnly) != c.StageID(StageQuestionOnly) {
		t.Error("question only depends on the resolution")
	}
}
