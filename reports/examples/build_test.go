package examples

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/registry"
	"harness/reports"
	"harness/reports/plots"
	"harness/sweeps"
)

// added and missing are answers of the data set's grammar.
func added(name string) string {
	return "the main image has an additional finding of " + name + " than the reference image."
}

func missing(name string) string {
	return "the main image is missing the finding of " + name + " than the reference image."
}

// references are the true answers of five test pairs.
var references = map[string]string{
	"1_0_5": added("edema"), "2_1_6": added("hernia") + " " + missing("edema"), "3_2_7": "nothing has changed.",
	"4_3_8": missing("granuloma"), "5_4_9": added("granuloma"),
}

// line is one line of predictions.jsonl.
type line struct {
	Task, ID, Question, Hyp string
	Refs                    []string
}

// predictions writes the file of a trial.
func predictions(t *testing.T, lines ...line) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "predictions.jsonl")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, l := range lines {
		if err := json.NewEncoder(file).Encode(map[string]any{"task": l.Task, "id": l.ID, "question": l.Question, "hyp": l.Hyp, "refs": l.Refs}); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// answersOf writes a file of answers: to each pair what say says.
func answersOf(t *testing.T, say func(id string) string, more ...line) string {
	t.Helper()
	for id, reference := range references {
		more = append(more, line{"diffvqa", id, "what has changed?", say(id), []string{reference}})
	}
	return predictions(t, more...)
}

// world is a plan of three rows and a control, two of them with answers of seed 4, none of seed 5.
func world(t *testing.T) (*sweeps.Plan, reports.Results) {
	t.Helper()
	plan := &sweeps.Plan{Name: "world", Handle: "world", Seeds: []int64{4, 5}, Rows: []sweeps.Row{
		{Name: "blind", Trials: []string{"a4", "a5"}}, {Name: "good", Trials: []string{"b4", ""}}, {Name: "lost", Trials: []string{"c4", "c5"}},
		{Name: "untrained", Control: "untrained", Trials: []string{"a4", "a5"}},
	}}
	good := answersOf(t, func(id string) string {
		if id == "4_3_8" {
			return added("granuloma")
		}
		return references[id]
	}, line{"caref", "im1_left lung", "left lung", "left lung: Edema. [0, 0, 224, 448]", []string{"x"}},
		line{"caref", "im1_trachea", "trachea", "no box", []string{"x"}})
	return plan, reports.Results{
		"a4": {State: registry.Done, Predictions: answersOf(t, func(string) string { return added("edema") }), Synthetic: true},
		"b4": {State: registry.Done, Predictions: good},
		"c4": {State: registry.Failed, Error: "out of\nmemory"},
		"a5": {State: registry.Running},
	}
}

func ids(e *Examples) string {
	var list []string
	for _, p := range e.Pairs {
		list = append(list, p.ID)
	}
	return strings.Join(list, " ")
}

func choiceOf(rule Rule, finding string, seed int64, n int) Choice {
	if rule == Disagreement {
		return Choice{Rule: rule, N: n}
	}
	return Choice{Rule: rule, Finding: finding, Seed: &seed, N: n}
}

func TestBuild(t *testing.T) {
	plan, results := world(t)
	e, err := Build(plan, results, Options{Choice: choiceOf(Disagreement, "", 0, 3)})
	if err != nil {
		t.Fatal(err)
	}
	// F1 of blind: 1, 0, undefined, 0, 0; of good: 1, 1, undefined, 0, 1. Equal differences stand by ID.
	if got := ids(e); got != "2_1_6 5_4_9 1_0_5" || e.Candidates != 4 {
		t.Errorf("%s of %d", got, e.Candidates)
	}
	if !e.Synthetic || e.TrialSeed != 4 || e.BoxesOf != "good" || e.Illustrator() != "b4" {
		t.Errorf("%+v", e)
	}
	var absent []string
	for _, a := range e.Pairs[0].Answers {
		absent = append(absent, a.Row+":"+a.Absent)
	}
	if diff := cmp.Diff([]string{"blind:", "good:", `lost:failed: out of\nmemory`}, absent); diff != "" {
		t.Error(diff)
	}
	again, err := Build(plan, results, Options{Choice: choiceOf(Disagreement, "", 0, 9)})
	if err != nil || len(again.Pairs) != 4 {
		t.Errorf("%d pairs of 9 that were asked for, %v", len(again.Pairs), err)
	}
}

// TestRandom: the same seed chooses the same pairs, more of them begin with the fewer, and another seed chooses others.
func TestRandom(t *testing.T) {
	plan, results := world(t)
	chosen := func(finding string, seed int64, n int) string {
		rule := Random
		if finding != "" {
			rule = Finding
		}
		e, err := Build(plan, results, Options{Choice: choiceOf(rule, finding, seed, n)})
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(e.Candidates, " ", ids(e))
	}
	two, four := chosen("", 1, 2), chosen("", 1, 4)
	if !strings.HasPrefix(four, two) || two != chosen("", 1, 2) || len(strings.Fields(four)) != 5 {
		t.Errorf("%s, then %s", two, four)
	}
	differ := false
	for seed := range int64(5) {
		differ = differ || chosen("", seed, 2) != two
	}
	if !differ {
		t.Error("all seeds choose the same pairs")
	}
	if got := chosen("edema", 0, 5); !strings.HasPrefix(got, "2 ") || !strings.Contains(got, "1_0_5") || !strings.Contains(got, "2_1_6") {
		t.Errorf("finding edema: %s", got)
	}
}

func TestRefused(t *testing.T) {
	plan, results := world(t)
	seed, other := int64(5), int64(7)
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Choice: choiceOf(Random, "", 0, 1), TrialSeed: &other}, "--trial-seed: 7: the seeds of world are 4 5"},
		{Options{Choice: choiceOf(Random, "", 0, 1), TrialSeed: &seed}, "examples world: no answers were kept by the trials of seed 5: running; no trial of this seed; not started"},
		{Options{Choice: choiceOf(Finding, "edima", 0, 1)}, "--choose finding=edima: no reference names it: they name edema, granuloma, hernia: did you mean edema?"},
		{Options{Choice: choiceOf(Random, "", 0, 1), BoxesOf: "god"}, `--boxes: "god": the rows are blind, good, lost: did you mean good?`},
		{Options{Choice: choiceOf(Random, "", 0, 1), BoxesOf: "blind"}, "--boxes: blind has predicted no boxes: its method does not, or was not tested on regions"},
		{Options{Choice: choiceOf(Random, "", 0, 1), BoxesOf: "lost"}, `--boxes: lost has predicted no boxes: failed: out of\nmemory`},
	} {
		if _, err := Build(plan, results, c.o); err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
	plan.Rows = plan.Rows[:1]
	var option *plots.OptionError
	if _, err := Build(plan, results, Options{Choice: choiceOf(Disagreement, "", 0, 1)}); !errors.As(err, &option) {
		t.Errorf("disagreement of one row: %v", err)
	}
	results["a4"] = reports.Result{State: registry.Done, Predictions: filepath.Join(t.TempDir(), "none")}
	if _, err := Build(plan, results, Options{Choice: choiceOf(Random, "", 0, 1)}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
}

// TestOtherReference: a pair whose reference differs between rows is none that they have in common.
func TestOtherReference(t *testing.T) {
	plan, results := world(t)
	results["a4"] = reports.Result{State: registry.Done, Predictions: predictions(t,
		line{"diffvqa", "1_0_5", "what has changed?", "x", []string{"nothing has changed."}}, line{"diffvqa", "3_2_7", "what has changed?", "x", []string{references["3_2_7"]}})}
	e, err := Build(plan, results, Options{Choice: choiceOf(Random, "", 0, 9)})
	if err != nil || ids(e) != "3_2_7" {
		t.Errorf("%v %v", e, err)
	}
}

func TestParseChoice(t *testing.T) {
	for text, want := range map[string]Choice{"random": {Rule: Random}, "disagreement": {Rule: Disagreement}, "finding= Pleural  effusion": {Rule: Finding, Finding: "pleural effusion"}} {
		if got, err := ParseChoice(text); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %+v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "best", "finding", "finding=", "random=3", "finding= "} {
		if got, err := ParseChoice(text); err == nil {
			t.Errorf("%q: taken as %+v", text, got)
		}
	}
}
