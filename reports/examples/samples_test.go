package examples

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
	"harness/registry"
	"harness/reports"
	"harness/reports/plots"
	"harness/sweeps"
)

// look reads the samples of the world.
func look(t testing.TB, plan *sweeps.Plan, results reports.Results, task string) *Samples {
	t.Helper()
	s, err := ReadSamples(plan, results, task, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func chosenIDs(t *testing.T, s *Samples, f Filter, order Order) string {
	t.Helper()
	places, err := s.Choose(f, order)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, i := range places {
		list = append(list, s.ID(i))
	}
	return strings.Join(list, " ")
}

func TestSamples(t *testing.T) {
	plan, results := world(t)
	s := look(t, plan, results, "")
	if s.Task != "diffvqa" || cmp.Diff(s.Tasks, []string{"diffvqa", "caref"}) != "" || s.TrialSeed != 4 || !s.Synthetic || s.Len() != 5 {
		t.Errorf("%+v", s)
	}
	if d := cmp.Diff([]Tally{{1, 4, 0}, {4, 1, 0}, {0, 0, 5}}, s.Numbers); d != "" {
		t.Errorf("right, wrong and none (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"edema", "granuloma", "hernia"}, s.Findings); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	for _, c := range []struct {
		f     Filter
		order Order
		want  string
	}{
		{Filter{}, OrderID, "1_0_5 2_1_6 3_2_7 4_3_8 5_4_9"},
		{Filter{Right: []string{"good"}, Wrong: []string{"blind"}}, OrderID, "2_1_6 3_2_7 5_4_9"},
		{Filter{Right: []string{"blind"}}, OrderID, "1_0_5"},
		{Filter{Wrong: []string{"good", "blind"}}, OrderID, "4_3_8"},
		{Filter{Right: []string{"lost"}}, OrderID, ""},
		{Filter{Finding: "granuloma"}, OrderID, "4_3_8 5_4_9"},
		{Filter{Finding: "edema", Right: []string{"good"}, Wrong: []string{"blind"}}, OrderID, "2_1_6"},
		{Filter{Disagree: true}, OrderID, "2_1_6 3_2_7 5_4_9"},
		{Filter{Text: "HERNIA"}, OrderID, "2_1_6"},
		{Filter{Text: "5_4"}, OrderID, "5_4_9"},
		{Filter{}, OrderSpread, "2_1_6 5_4_9 1_0_5 3_2_7 4_3_8"},
		{Filter{}, OrderHardest, "4_3_8 2_1_6 3_2_7 5_4_9 1_0_5"},
		{Filter{}, OrderEasiest, "1_0_5 2_1_6 3_2_7 5_4_9 4_3_8"},
		{Filter{}, OrderFindings, "2_1_6 1_0_5 4_3_8 5_4_9 3_2_7"},
	} {
		if got := chosenIDs(t, s, c.f, c.order); got != c.want {
			t.Errorf("%+v by %s: %s, want %s", c.f, c.order, got, c.want)
		}
	}
	for _, c := range []struct {
		f     Filter
		order Order
		want  string
	}{
		{Filter{Right: []string{"god"}}, OrderID, `right: "god": the rows are blind, good, lost: did you mean good?`},
		{Filter{Right: []string{"good"}, Wrong: []string{"good"}}, OrderID, "right and wrong: good cannot be both"},
		{Filter{Finding: "edima"}, OrderID, "finding: no reference names edima: did you mean edema?"},
		{Filter{}, "name", "sort: name: want one of id, spread, hardest, easiest, findings"},
	} {
		_, err := s.Choose(c.f, c.order)
		if option := (*plots.OptionError)(nil); !errors.As(err, &option) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %s", c.f, err, c.want)
		}
	}
}

func TestSamplesRefuse(t *testing.T) {
	plan, results := world(t)
	if _, err := ReadSamples(plan, results, "vqa", nil); err == nil || err.Error() != "task: vqa: the rows have answered diffvqa, caref" {
		t.Error(err)
	}
	seed := int64(9)
	if _, err := ReadSamples(plan, results, "", &seed); err == nil || !strings.Contains(err.Error(), "the seeds of world are 4 5") {
		t.Error(err)
	}
	seed = 5
	s, err := ReadSamples(plan, results, "", &seed)
	if err != nil || s.Len() != 0 || s.Rows[0].Absent != "running" || s.Rows[1].Absent != "no trial of this seed" || s.Rows[2].Absent != "not started" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := os.WriteFile(results["b4"].Predictions, []byte("{\"task\": \"diffvqa\", \n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSamples(plan, results, "", nil); err == nil || !strings.Contains(err.Error(), "predictions.jsonl: line 1: ") {
		t.Error(err)
	}
}

func TestShow(t *testing.T) {
	plan, results := world(t)
	s := look(t, plan, results, "")
	places, err := s.Choose(Filter{Finding: "hernia"}, OrderID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from memory
		e, err := s.Show(places, "")
		if err != nil {
			t.Fatal(err)
		}
		p := e.Pairs[0]
		if e.BoxesOf != "good" || len(e.boxes) != 2 || p.Answers[1].Verdict != RightAnswer || p.Answers[0].Verdict != WrongAnswer || *p.Answers[1].F1 != 1 ||
			p.Answers[2].Absent != "failed: out of\\nmemory" || cmp.Diff(p.Answers[0].Left, []string{"hernia (additional)", "edema (missing)"}) != "" {
			t.Errorf("%s: %+v", e.BoxesOf, p.Answers)
		}
	}
	if _, err := s.Show(places, "blind"); err == nil || !strings.Contains(err.Error(), "blind has predicted no boxes") {
		t.Error(err)
	}
	if at, ok := s.Place("4_3_8"); !ok || s.ID(at) != "4_3_8" {
		t.Error(at, ok)
	}
}

// TestRegions: boxes are judged by their overlap, and other tasks by their text.
func TestRegions(t *testing.T) {
	plan, results := world(t)
	results["a4"] = reports.Result{State: registry.Done, Predictions: predictions(t,
		line{"caref", "im1_left lung", "q", "[0, 0, 10, 10]", []string{"clear. [0, 0, 10, 12]"}},
		line{"caref", "im1_trachea", "q", "[0, 0, 10, 10]", []string{"[5, 0, 20, 10]"}},
		line{"caref", "im1_spine", "q", "none", []string{"[5, 0, 20, 10]"}},
		line{"caption", "im1", "q", "No  Edema", []string{"other", "no edema."}},
		line{"caption", "im2", "q", "", []string{"no edema."}})}
	results["b4"] = reports.Result{State: registry.Done, Predictions: predictions(t,
		line{"caref", "im1_left lung", "another question", "[0, 0, 10, 10]", []string{"clear. [0, 0, 10, 12]"}})}
	s := look(t, plan, results, "caref")
	if d := cmp.Diff([]Tally{{1, 2, 0}, {0, 0, 3}, {0, 0, 3}}, s.Numbers); d != "" || s.Measure != ByBoxes {
		t.Errorf("%s (-want +got):\n%s", s.Measure, d)
	}
	at, _ := s.Place("im1_left lung")
	e, err := s.Show([]int{at}, "")
	if err != nil {
		t.Fatal(err)
	}
	if a := e.Pairs[0].Answers; a[0].IoU == nil || math.Abs(*a[0].IoU-10./12) > 1e-6 || a[1].Verdict != AnsweredElse || a[1].Text == "" {
		t.Errorf("%+v", a)
	}
	e.IllustrateRegion(0, Source{Image: Image{ID: "im1", Width: 448, Height: 448}, Bins: 448, All: []Region{{Name: "left lung", Reference: metrics.Box{0, 0, 10, 12}}, {Name: "spine"}}}, "left lung")
	if im := e.Pairs[0].Images; len(im) != 1 || len(im[0].Regions) != 1 || im[0].Regions[0].Predicted == nil {
		t.Errorf("%+v", im)
	}
	c := look(t, plan, results, "caption")
	if c.Measure != ByText || c.Numbers[0] != (Tally{1, 1, 0}) || c.Rows[1].Absent != "the trial answered no sample of caption" {
		t.Errorf("%+v %+v", c.Numbers, c.Rows)
	}
	at, _ = c.Place("im1")
	if got := c.Others(at); len(got) != 1 || got[0] != "no edema." {
		t.Error(got)
	}
}

// TestF1IsThatOfExamples: the page and the command judge alike.
func TestF1IsThatOfExamples(t *testing.T) {
	plan, results := world(t)
	s := look(t, plan, results, "")
	e, err := Build(plan, results, Options{Choice: choiceOf(Random, "", 0, 5)})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range e.Pairs {
		at, ok := s.Place(p.ID)
		shown, err := s.Show([]int{at}, "")
		if err != nil || !ok {
			t.Fatal(err, ok)
		}
		for r, a := range p.Answers {
			if d := cmp.Diff(a.F1, shown.Pairs[0].Answers[r].F1); d != "" {
				t.Errorf("%s of %s (-command +page):\n%s", p.ID, a.Row, d)
			}
		}
	}
}

// TestFindingF1: of answers that were read already as of texts.
func TestFindingF1(t *testing.T) {
	names := []string{"edema", "hernia", "pleural effusion", "edema"}
	texts := []string{"", "nothing has changed.", "the level of edema has changed from mild to severe."}
	for i, a := range names {
		for _, b := range names[i:] {
			texts = append(texts, added(a), missing(a), added(a)+" "+missing(b), "the main image has additional findings of "+a+", and "+b+" than the reference image.")
		}
	}
	judged := 0
	for _, ref := range texts {
		want, err := metrics.ParseAnswer(ref)
		if err != nil || len(want.Added)+len(want.Missing) == 0 {
			continue
		}
		for _, text := range texts {
			got, _ := metrics.ParseAnswer(text)
			counts, _ := metrics.CountFindings(text, ref)
			if f1 := findingF1(got, want); f1 != counts.Both().F1() {
				t.Errorf("%q for %q: %v, want %v", text, ref, f1, counts.Both().F1())
			}
			judged++
		}
	}
	if judged < 500 {
		t.Errorf("only %d were judged", judged)
	}
}

func TestChooseVerdicts(t *testing.T) {
	plan, results := world(t)
	c, err := ParseChoice("right=good, wrong=blind")
	if err != nil {
		t.Fatal(err)
	}
	c.N, c.Seed = 9, new(int64)
	e, err := Build(plan, results, Options{Choice: c})
	if err != nil || e.Candidates != 3 || !strings.Contains(e.sentence(), "3 of 3 test pairs that all rows with a result answered, that good answered right and blind answered wrong, at random (seed 0)") {
		t.Errorf("%v, %v", e, err)
	}
	for text, want := range map[string]string{
		"right=lost": "--choose: lost has no answers: failed: out of\\nmemory", "right=blind,wrong=good": "--choose: there is no test pair that blind answered right and good answered wrong",
		"wrong=goo": `--choose: "goo": the rows are blind, good, lost: did you mean good?`,
	} {
		c, err := ParseChoice(text)
		if err == nil {
			c.N, c.Seed = 1, new(int64)
			_, err = Build(plan, results, Options{Choice: c})
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	got, err := ParseChoice("right=a=1, b=2,wrong=a=2, b=2, wrong=c")
	if d := cmp.Diff(Choice{Rule: Verdicts, Right: []string{"a=1, b=2"}, Wrong: []string{"a=2, b=2", "c"}}, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// many writes n samples of as many rows.
func many(t testing.TB, rows, n int) (*sweeps.Plan, reports.Results) {
	plan, results := &sweeps.Plan{Name: "many", Seeds: []int64{0}}, reports.Results{}
	names := []string{"edema", "hernia", "granuloma", "pleural effusion", "cardiomegaly", "pneumothorax"}
	for r := range rows {
		path := filepath.Join(t.TempDir(), "predictions.jsonl")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		out := json.NewEncoder(file)
		for i := range n {
			ref := added(names[i%6]) + " " + missing(names[(i/6)%6])
			hyp := added(names[(i*(r+1))%6]) + " " + missing(names[(i/6+r)%6])
			if err := out.Encode(reports.Prediction{Task: "diffvqa", ID: fmt.Sprintf("%06d", i), Question: "what has changed?", Hyp: hyp, Refs: []string{ref}}); err != nil {
				t.Fatal(err)
			}
		}
		file.Close()
		id := fmt.Sprintf("trial%d", r)
		plan.Rows = append(plan.Rows, sweeps.Row{Name: fmt.Sprintf("row %d", r), Trials: []string{id}})
		results[id] = reports.Result{State: registry.Done, Predictions: path}
	}
	return plan, results
}

// TestManySamples: 10,000 samples of 12 rows are filtered while a reader waits; they take bounded memory.
func TestManySamples(t *testing.T) {
	plan, results := many(t, 12, 10_000)
	began := time.Now()
	s := look(t, plan, results, "")
	read := time.Since(began)
	if s.Len() != 10_000 || s.Bytes() > 64<<20 {
		t.Errorf("%d samples, %d bytes", s.Len(), s.Bytes())
	}
	for _, f := range []Filter{{}, {Text: "no such text"}, {Right: []string{"row 0"}, Wrong: []string{"row 5"}}, {Disagree: true, Finding: "edema"}} {
		began := time.Now()
		places, err := s.Choose(f, OrderSpread)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Show(places[:min(len(places), 20)], ""); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		t.Logf("%+v: %d in %s", f, len(places), took)
		if took > 3*time.Second { // 0.3 s on a machine that does nothing else
			t.Errorf("%+v took %s", f, took)
		}
	}
	t.Logf("read in %s, %d bytes", read, s.Bytes())
}

// FuzzParseChoice: whatever is asked for is refused or kept as it was written.
func FuzzParseChoice(f *testing.F) {
	for _, text := range []string{"random", "disagreement", "finding=edema", "right=a,wrong=b", "right=a=1, b=2,wrong=a=2", "wrong=", "right=,right=x", ",right=x", "right=right=x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseChoice(text)
		if err != nil {
			return
		}
		for _, row := range append(c.Right, c.Wrong...) {
			if row == "" || !strings.Contains(text, row) {
				t.Errorf("%q: the row %q", text, row)
			}
		}
		if c.Rule == Verdicts && len(c.Right)+len(c.Wrong) == 0 {
			t.Errorf("%q: no row", text)
		}
	})
}
