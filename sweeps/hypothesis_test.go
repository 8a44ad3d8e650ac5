package sweeps

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const claimFile = `version: 1
name: claims
base: {preset: smoke, until: regions}
parameters:
  resolution: {values: [224, 448]}
  pretrain.tasks: {values: [[cap, aref, gcap, caref], [cap, gcap, caref], [cap]], labels: [all tasks, w/o AREF, CAP only]}
seeds: [0, 1, 2, 3, 4, 5, 6, 7]
hypotheses:
`

// claimed expands claimFile with the rows of one hypothesis.
func claimed(row, against string) (*Plan, error) { return claimedIn("probe/auc", row, against) }

func claimedIn(metric, row, against string) (*Plan, error) {
	file := claimFile + "  - {name: one, claim: it is so, metric: " + metric + ", row: " + row + ", against: " + against + "}\n"
	s, err := Parse("claims.yaml", []byte(file))
	if err != nil {
		return nil, err
	}
	return s.Expand(nil)
}

// A hypothesis names rows by name, label or settings; several are paired by the settings that the other side does not name.
func TestHypothesisRows(t *testing.T) {
	for _, c := range []struct {
		row, against string
		want         []Comparison
	}{
		{"all tasks", "CAP only", []Comparison{{Row: "resolution=224, all tasks", Against: "resolution=224, CAP only"},
			{Row: "resolution=448, all tasks", Against: "resolution=448, CAP only"}}},
		{"{pretrain.tasks: [cap]}", "{pretrain: {tasks: w/o AREF}, resolution: 448}", []Comparison{{Row: "resolution=224, CAP only", Against: "resolution=448, w/o AREF"},
			{Row: "resolution=448, CAP only", Against: "resolution=448, w/o AREF"}}},
		{"{resolution: 448, pretrain.tasks: [cap]}", "resolution=224", []Comparison{{Row: "resolution=448, CAP only", Against: "resolution=224, CAP only"}}},
		{"'resolution=448, all tasks'", "'resolution=224, CAP only'", []Comparison{{Row: "resolution=448, all tasks", Against: "resolution=224, CAP only"}}},
		{"[{resolution: 448, pretrain.tasks: all tasks}, 'resolution=448, w/o AREF']", "mean box", []Comparison{{Row: "resolution=448, all tasks", Control: "mean-box"},
			{Row: "resolution=448, w/o AREF", Control: "mean-box"}}},
		{"'resolution=448, all tasks'", "untrained", []Comparison{{Row: "resolution=448, all tasks", Against: "untrained encoder, resolution=448"}}},
		{"untrained", "raw-pixels", []Comparison{{Row: "untrained encoder, resolution=224", Control: "raw-pixels"},
			{Row: "untrained encoder, resolution=448", Control: "raw-pixels"}}},
	} {
		metric := map[string]string{"mean box": "caref/acc75", "raw-pixels": "probe/tokens/auc"}[c.against]
		if metric == "" {
			metric = "probe/auc"
		}
		plan, err := claimedIn(metric, c.row, c.against)
		if err != nil {
			t.Errorf("%s / %s: %v", c.row, c.against, err)
			continue
		}
		if diff := cmp.Diff(c.want, plan.Hypotheses[0].Comparisons); diff != "" {
			t.Errorf("%s / %s: %s", c.row, c.against, diff)
		}
	}
	for row, want := range map[string]string{
		"{lm.depth: 2}": "line 9: hypotheses[1].row: lm.depth: no row differs in it",
		"CAP onyl":      `line 9: hypotheses[1].row: "CAP onyl" is neither a row nor a control: did you mean CAP only?`,
		"'0'":           `line 9: hypotheses[1].row: "0" is neither a row nor a control: the rows are `,
	} {
		if _, err := claimed(row, "CAP only"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", row, err, want)
		}
	}
}

// A control that no trial measures is refused where it is named.
func TestHypothesisControls(t *testing.T) {
	for _, c := range []struct{ metric, row, against, want string }{
		{"probe/auc", "all tasks", "raw pixels", `hypotheses[1].against: "raw pixels": it is measured in probe/tokens/…, not in probe/auc: name another control, or a row`},
		{"caref/acc75", "CAP only", "mean box", `hypotheses[1].against: "mean box": the trials of resolution=224, CAP only do not measure caref/acc75: name other rows, or another metric`},
		{"diffvqa/f1", "all tasks", "question only", `hypotheses[1].against: "question only": the trials of resolution=224, all tasks do not measure diffvqa/f1: `},
	} {
		if _, err := claimedIn(c.metric, c.row, c.against); err == nil || !strings.Contains(err.Error(), "claims.yaml: line 9: "+c.want) {
			t.Errorf("%s: %s against %s: %v, want %s", c.metric, c.row, c.against, err, c.want)
		}
	}
	bare := strings.Replace(claimFile, "hypotheses:\n", "controls: {untrained: false}\nhypotheses:\n", 1)
	for _, c := range []struct{ file, row, against, want string }{
		{bare, "untrained", "CAP only", `line 10: hypotheses[1].row: "untrained": no trial has an untrained encoder: want controls: {untrained: true}, or the label of a row`},
		{bare, "CAP only", "untrained", `line 10: hypotheses[1].against: "untrained": no untrained control stands beside resolution=224, CAP only: want controls: {untrained: true}, `},
		{powerFile, "untrained", "y", `line 7: hypotheses[1].row: "untrained": no trial has an untrained encoder: programs have none: want the label of a row`},
	} {
		metric := "probe/auc"
		if c.file == powerFile {
			metric = "m"
		}
		s, err := Parse("claims.yaml", []byte(c.file+"  - {name: one, claim: it is so, metric: "+metric+", row: "+c.row+", against: "+c.against+"}\n"))
		if err == nil {
			_, err = s.Expand(nil)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s against %s: %v, want %s", c.row, c.against, err, c.want)
		}
	}
}

const powerFile = "version: 1\nname: power\ncommand: [x, \"${args}\"]\nparameters: {a: {values: [x, y], labels: [x, y]}}\nmetrics: {m: {goal: maximize}}\nhypotheses:\n"

// What so few seeds cannot show is told before a sweep runs: of each hypothesis by its own test, and by Holm over what the others can reach.
func TestHypothesesOfFewSeeds(t *testing.T) {
	answers := "version: 1\nname: power\nbase: {preset: smoke}\nablations: [{label: all tasks}, {label: CAP only, set: {pretrain.tasks: [cap]}}]\nseeds: SEEDS\nhypotheses:\n"
	program := strings.Replace(powerFile, "metrics:", "seeds: SEEDS\nmetrics:", 1)
	samples := func(name string) string {
		return "  - {name: " + name + ", claim: c, metric: diffvqa/f1, row: all tasks, against: CAP only}\n"
	}
	control := "  - {name: sees, claim: c, metric: diffvqa/f1, row: all tasks, against: shuffled images}\n"
	mine := func(name string) string { return "  - {name: " + name + ", claim: c, metric: m, row: x, against: y}\n" }
	for _, c := range []struct{ file, seeds, want string }{
		{answers + samples("a"), "[0]", ""},
		{answers + samples("a") + samples("b"), "[0, 1]", ""},
		{answers + samples("a") + control, "[0, 1, 2, 3, 4]",
			"no result can support sees: p < .05 over seeds, Holm over 2, 1 of them over test samples, takes 6 seeds, and there are 5 seeds"},
		{answers + samples("a") + samples("b") + control, "[0, 1, 2, 3, 4, 5]", ""}, // the others do not make it weaker than Holm does
		{strings.Replace(answers, "hypotheses:", "metrics: {diffvqa/f1: {at: best}}\nhypotheses:", 1) + samples("a"), "[0, 1]",
			"no result can support a: p < .05 over seeds, Holm over 1, takes 6 seeds, and there are 2 seeds"},
		{program + mine("a") + mine("b"), "[0, 1, 2, 3, 4, 5]", "no result can support a, b: p < .05 over seeds, Holm over 2, takes 7 seeds, and there are 6 seeds"},
		{program + mine("a"), "[0, 1, 2, 3, 4, 5]", ""},
		{program + mine("a"), "[3]", "no result can support a: p < .05 over seeds, Holm over 1, takes 6 seeds, and there is 1 seed"},
	} {
		s, err := Parse("power.yaml", []byte(strings.Replace(c.file, "SEEDS", c.seeds, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Expand(nil); err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(strings.Join(s.Warnings, "\n"), "power.yaml: hypotheses: "); got != c.want {
			t.Errorf("%s\n%q, want %q", c.file, got, c.want)
		}
	}
}

// Hypotheses change no trial, survive the encoding of a plan, and keep their date over another plan that says the same.
func TestHypothesesAreKept(t *testing.T) {
	plan, err := claimed("all tasks", "CAP only")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("claims.yaml", []byte(strings.TrimSuffix(claimFile, "hypotheses:\n")))
	if err != nil {
		t.Fatal(err)
	}
	bare, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bare.IDs(), plan.IDs()); diff != "" {
		t.Error("trials:", diff)
	}
	first := Written{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if !plan.Undated(nil) || bare.Undated(nil) {
		t.Error("what is new is not seen")
	}
	plan.KeepWritten(nil, first)
	encoded, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	stored, err := Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan.Hypotheses, stored.Hypotheses); diff != "" {
		t.Error("encoding:", diff)
	}
	later := Written{At: first.At.Add(time.Hour), Ended: 3, First: first.At.Add(time.Minute)}
	again, _ := claimed("all tasks", "CAP only")
	if again.Undated(stored) {
		t.Error("the same is new")
	}
	again.KeepWritten(stored, later)
	if !again.Hypotheses[0].Written.At.Equal(first.At) || len(again.Withdrawn) > 0 {
		t.Errorf("the same has another date: %+v, %+v", again.Hypotheses[0].Written, again.Withdrawn)
	}
	changed, _ := claimed("all tasks", "w/o AREF")
	changed.KeepWritten(stored, later)
	if !changed.Hypotheses[0].Written.Late() || len(changed.Withdrawn) != 1 || !changed.Withdrawn[0].Changed {
		t.Errorf("a change is not told: %+v, %+v", changed.Hypotheses[0].Written, changed.Withdrawn)
	}
	more, _ := claimed("all tasks", "CAP only")
	more.Hypotheses[0].Seeds = append(more.Hypotheses[0].Seeds, 8)
	more.KeepWritten(stored, later)
	if !more.Hypotheses[0].Written.Late() || len(more.Withdrawn) != 1 {
		t.Errorf("seeds that were added when results were there are not told: %+v", more.Hypotheses[0].Written)
	}
	bare.KeepWritten(changed, later)
	if len(bare.Withdrawn) != 2 || bare.Withdrawn[1].Changed {
		t.Errorf("what is taken out is forgotten: %+v", bare.Withdrawn)
	}
	early, _ := claimed("all tasks", "w/o AREF")
	early.KeepWritten(stored, Written{At: later.At})
	if early.Hypotheses[0].Written.Late() || len(early.Withdrawn) > 0 {
		t.Errorf("a change before any result is told: %+v", early)
	}
}

// The layout of another file has its own hypotheses; rows that got other names are followed.
func TestHypothesesRelaid(t *testing.T) {
	plan, err := claimed("all tasks", "CAP only")
	if err != nil {
		t.Fatal(err)
	}
	plan.KeepWritten(nil, Written{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
	file := strings.Replace(claimFile, "labels: [all tasks, w/o AREF, CAP only]", "labels: [four tasks, w/o AREF, captions]", 1)
	laid, err := Parse("claims.yaml", []byte(file+"  - {name: one, claim: it is so, metric: probe/auc, row: four tasks, against: captions}\n"+
		"  - {name: two, claim: it is so, metric: probe/auc, row: nine tasks, against: captions}\n"))
	if err != nil {
		t.Fatal(err)
	}
	q := plan.Relaid(laid)
	if one := q.Hypotheses[0]; one.Written.At.IsZero() || one.Comparisons[0].Row != "resolution=224, four tasks" {
		t.Errorf("other labels make another hypothesis: %+v", one)
	}
	if two := q.Hypotheses[1]; !two.Written.At.IsZero() || two.Missing == "" || two.Comparisons != nil {
		t.Errorf("a row that is not there: %+v", two)
	}
	if plan.Hypotheses[0].Comparisons[0].Row != "resolution=224, all tasks" {
		t.Error("the plan itself has changed")
	}
}
