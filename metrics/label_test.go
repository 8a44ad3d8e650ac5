package metrics

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"harness/metrics/reportlabel"
)

// TestLabelF1Reference compares the F1 values of given labels with f1chexbert's: testdata/labelf1.py.
func TestLabelF1Reference(t *testing.T) {
	var golden struct {
		Names []string
		Cases []struct {
			Refs, Hyps [][]int
			Want       struct {
				Label14Micro float64            `json:"label14_micro_f1"`
				Label14Macro float64            `json:"label14_macro_f1"`
				Label5Micro  float64            `json:"label5_micro_f1"`
				Label5Macro  float64            `json:"label5_macro_f1"`
				Observations map[string]float64 `json:"observations"`
			}
		}
	}
	data, err := os.ReadFile("testdata/labelf1.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	place := map[string]reportlabel.Observation{}
	for _, o := range reportlabel.All {
		place[o.String()] = o
	}
	for k, c := range golden.Cases {
		st := Statistics{Width: (&labelScorer{}).width(), Rows: make([]float64, len(c.Refs)*42)}
		sum := make([]float64, st.Width)
		for i := range c.Refs {
			for j, name := range golden.Names {
				if slot := countSlot(c.Hyps[i][j], c.Refs[i][j]); slot >= 0 {
					st.Rows[i*42+3*int(place[name])+slot]++
					sum[3*int(place[name])+slot]++
				}
			}
		}
		got := make([]float64, 4)
		(&labelScorer{}).value(sum, float64(len(c.Refs)), got)
		for i, want := range []float64{c.Want.Label14Micro, c.Want.Label14Macro, c.Want.Label5Micro, c.Want.Label5Macro} {
			if math.Abs(got[i]-want) > 1e-12 {
				t.Errorf("case %d, value %d: %v, want %v", k, i, got[i], want)
			}
		}
		for _, s := range observationScores(st) {
			if want := c.Want.Observations[s.Observation]; math.Abs(s.F1()-want) > 1e-12 {
				t.Errorf("case %d, %s: %v, want %v", k, s.Observation, s.F1(), want)
			}
		}
	}
}

// countSlot returns the place of a pair in a row: true positive, false positive, false negative, or none.
func countSlot(hyp, ref int) int {
	switch {
	case hyp == 1 && ref == 1:
		return 0
	case hyp == 1:
		return 1
	case ref == 1:
		return 2
	}
	return -1
}

func TestScoreLabels(t *testing.T) {
	scores := mustScore(t, []Sample{
		{ID: "1", Hyp: "Small left effusion. No edema.", Refs: []string{"Small left pleural effusion and possible edema."}},
		{ID: "2", Hyp: "No acute cardiopulmonary process.", Refs: []string{"The lungs are clear."}},
		{ID: "3", Hyp: "Mild cardiomegaly.", Refs: []string{"Heart size is normal."}},
	}, Options{Metrics: []string{"label"}})
	// Present in the references: effusion and edema; no finding; no finding. In the hypotheses: effusion; no finding; cardiomegaly.
	want := map[string]float64{"label14_micro_f1": 2 * 2. / (2*2 + 1 + 2), "label14_macro_f1": (1 + 2./3) / 14, "label5_micro_f1": .5, "label5_macro_f1": .2}
	for key, value := range want {
		if math.Abs(scores.Corpus[key]-value) > 1e-12 {
			t.Errorf("%s is %v, want %v", key, scores.Corpus[key], value)
		}
	}
	if v := scores.Sample["label14_micro_f1"]; math.Abs(v[0]-2./3) > 1e-12 || v[1] != 1 || v[2] != 0 {
		t.Errorf("sample values %v", v)
	}
	if v := scores.Sample["label5_micro_f1"][1]; !math.IsNaN(v) {
		t.Errorf("a pair without any of the five has %v", v)
	}
	if v := scores.Sample["label14_macro_f1"][0]; !math.IsNaN(v) {
		t.Errorf("one report has a macro-F1 of %v", v)
	}
	if len(scores.Observations) != 14 || scores.Observations[reportlabel.Edema] != (ObservationScore{"Edema", Matches{FN: 1}}) {
		t.Errorf("by observation: %+v", scores.Observations)
	}
	if len(scores.Notes) != 1 || !strings.Contains(scores.Notes[0], "rules, not CheXbert's") {
		t.Errorf("notes %q", scores.Notes)
	}
}

func TestScoreLabelsRefuses(t *testing.T) {
	report := Sample{ID: "1", Hyp: "no effusion", Refs: []string{"No effusion."}}
	for reason, samples := range map[string][]Sample{
		`label F1 compares a report with one reference; sample "b" has more`: {report, {ID: "b", Hyp: "", Refs: []string{"edema", "edema"}}},
		"most references state no observation of a chest X-ray": {report,
			{ID: "2", Hyp: "a dog", Refs: []string{"a dog runs"}}, {ID: "3", Hyp: "yes", Refs: []string{"yes"}}},
	} {
		scores := mustScore(t, samples, Options{Metrics: []string{"label"}})
		for _, key := range scores.Keys {
			if !math.IsNaN(scores.Corpus[key]) || scores.Blank[key] != reason {
				t.Errorf("%s is %v because %q, want no value because %q", key, scores.Corpus[key], scores.Blank[key], reason)
			}
		}
		if scores.Observations != nil {
			t.Error("counts by observation without a value")
		}
	}
}
