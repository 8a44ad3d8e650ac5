package spec

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// presetTrial is the trial of a preset and a method as the golden files have it.
func presetTrial(t *testing.T, p Preset, m Method) Trial {
	t.Helper()
	trial, err := Default(p)
	if err != nil {
		t.Fatal(err)
	}
	trial.Method = m
	if p == Paper {
		trial.Data.Root = "mimic"
	}
	return trial
}

// names are the IDs of a trial and its stages.
func names(trial Trial, id string) string {
	return fmt.Sprint(trial.Preset, " ", trial.Method, " ", id, " ", trial.StageID(StagePretrain), " ", trial.StageID(StageDiffVQA),
		" ", trial.StageID(StageQuestionOnly))
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs: an ID or the encoding changed, and every result loses its name\ngot:\n%s", name, got)
	}
}

// The IDs and the encoding of today's trials. They change only with what a method reads.
func TestGoldenIDs(t *testing.T) {
	var b strings.Builder
	b.WriteString("# preset, method, IDs of the trial and of its stages pretrain, diffvqa and question-only\n")
	for _, p := range Presets {
		for _, m := range Methods {
			trial := presetTrial(t, p, m)
			fmt.Fprintln(&b, names(trial, trial.ID()))
		}
	}
	golden(t, "ids.txt", b.String())
	b.Reset()
	for _, m := range Methods {
		fmt.Fprintf(&b, "%s\n", presetTrial(t, Smoke, m).essential().Canonical())
	}
	program := Trial{Command: MakeWords("python", "train.py", "${args}"), Args: `{"lr":0.1}`, Seed: 2, Project: "p"}
	fmt.Fprintf(&b, "%s\n", program.essential().Canonical())
	golden(t, "encoding.txt", b.String())
}

// What 9abd933 named is found again: every trial by LegacyID, and a location-aware trial and its stages by today's IDs.
func TestNamesOf9abd933(t *testing.T) {
	file, err := os.Open(filepath.Join("testdata", "ids-9abd933.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	checked := 0
	for s := bufio.NewScanner(file); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		f := strings.Fields(s.Text())
		if Preset(f[0]) == Paper { // its settings have changed since
			continue
		}
		trial := presetTrial(t, Preset(f[0]), Method(f[1]))
		if got := trial.LegacyID(); got != f[2] && trial.Method.facts().revision == 0 {
			t.Errorf("%s %s: LegacyID %s, want %s", f[0], f[1], got, f[2])
		}
		if trial.Method == LocationAware {
			if got := names(trial, trial.ID()); got != s.Text() {
				t.Errorf("a location-aware trial has new names: %s, want %s", got, s.Text())
			}
		}
		checked++
	}
	if checked != 4*6 { // presets and methods of that time, without paper
		t.Errorf("%d trials were checked", checked)
	}
}

// Every folder of a home of 9abd933 has the LegacyID of the spec in it; those whose method reads every field, and
// programs, have today's ID as well.
func TestHomeOf9abd933(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "home-9abd933", "runs", "trials", "*", "*", "spec.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no trials: %v", err)
	}
	renamed := map[string]bool{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var trial Trial
		if err := json.Unmarshal(data, &trial); err != nil {
			t.Fatal(err)
		}
		folder := filepath.Base(filepath.Dir(filepath.Dir(path)))
		if got := trial.LegacyID(); got != folder {
			t.Errorf("%s: LegacyID %s", path, got)
		}
		if trial.ID() == folder {
			continue
		}
		if trial.Method != GlobalContrastive {
			t.Errorf("%s: renamed to %s", path, trial.ID())
		}
		renamed[trial.ID()] = true
	}
	if len(renamed) != 1 {
		t.Errorf("two global-contrastive trials that differ in parallel_ratio have %d names, want one", len(renamed))
	}
}

// BLIP-2's encoder is the global-contrastive method's, whatever sizes its Q-Former has; the Q-Former's stages are its own, and read
// what they are trained with.
func TestStagesOfBLIP2(t *testing.T) {
	for _, p := range Presets {
		blip2, contrastive := presetTrial(t, p, BLIP2), presetTrial(t, p, GlobalContrastive)
		if a, b := blip2.StageID(StagePretrain), contrastive.StageID(StagePretrain); a != b {
			t.Errorf("%s: encoders %s and %s", p, a, b)
		}
	}
	trial := presetTrial(t, Smoke, BLIP2)
	for _, c := range []struct {
		name               string
		change             func(*Trial)
		former, speaks, qa bool // whether the stages get other names
	}{
		{"queries", func(t *Trial) { t.QFormer.Queries = 4 }, true, true, true},
		{"queries in full", func(t *Trial) { t.QFormer = t.QFormerSizes() }, false, false, false},
		{"LM", func(t *Trial) { t.LM.Depth++ }, false, true, true},
		{"difference VQA", func(t *Trial) { t.DiffVQA.LR = 1 }, false, false, true},
		{"pretraining", func(t *Trial) { t.Pretrain.LR = 1 }, true, true, true},
	} {
		other := trial
		c.change(&other)
		renamed := func(s Stage) bool { return trial.StageID(s) != other.StageID(s) }
		if renamed(StageQFormer) != c.former || renamed(StageQFormerLM) != c.speaks || renamed(StageDiffVQA) != c.qa {
			t.Errorf("%s: renamed %v, %v, %v", c.name, renamed(StageQFormer), renamed(StageQFormerLM), renamed(StageDiffVQA))
		}
	}
}
