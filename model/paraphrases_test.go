package model

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const miniParaphrases = "../testdata/metrics/paraphrase_mini.txt"

// TestParaphrases holds that a trial's texts are scored with its paraphrase table, that it says so, and that nothing else changes.
func TestParaphrases(t *testing.T) {
	plain := smokeTrial(t)
	plain.Data.Synthetic.Patients = 10
	plain.Pretrain.Steps, plain.DiffVQA.Steps = 2, 2
	plain.Eval.Regions, plain.Eval.Pairs, plain.Eval.MaxNewTokens, plain.Eval.NumBeams = 4, 4, 8, 1
	text, err := os.ReadFile(miniParaphrases)
	if err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(t.TempDir(), "table.txt")
	if err := os.WriteFile(table, text, 0o644); err != nil {
		t.Fatal(err)
	}
	with, home := plain, t.TempDir()
	with.Eval.MeteorParaphrases = table
	if err := Seal(t.Context(), home, nil, &with); err != nil {
		t.Fatal(err)
	}
	sum := with.Eval.MeteorParaphrasesDigest
	if len(sum) != 64 || with.ID() == plain.ID() {
		t.Errorf("digest %q, ID %s and %s", sum, with.ID(), plain.ID())
	}
	run := func(what string) *tape {
		t.Helper()
		rec, trial := &tape{}, plain
		if what != "without paraphrases" {
			trial = with
		}
		if err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir(), Threads: 2}, rec); err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"gcap/", "diffvqa/", "controls/question-only/diffvqa/"} {
			if got, want := rec.notes[prefix+"scorer"], "ptb; METEOR "+what+"; no BERT"; got != want {
				t.Errorf("%sscorer: %q, want %q", prefix, got, want)
			}
		}
		return rec
	}
	a, b := run("without paraphrases"), run("paraphrases "+sum[:8])
	others := func(rec *tape) (list []point) {
		for _, p := range rec.points {
			if !strings.HasSuffix(p.Metric, "meteor") {
				list = append(list, p)
			}
		}
		return list
	}
	same(t, "all but METEOR", others(b), others(a))
	if err := os.WriteFile(table, append(text, "1\na\nb\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, with, home, "the paraphrase table "+table+" changed since this trial was planned", sum[:12], "harness sweep plans it again")
}
