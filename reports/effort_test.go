package reports

import (
	"strings"
	"testing"

	"harness/metrics"
	"harness/registry"
)

// efforts is a plan of two rows, ours and other, whose trials recorded the given counts of pretraining.
func efforts(t *testing.T, yaml string, ours, other [3]float64) *Table {
	t.Helper()
	plan, _ := expanded(t, yaml)
	results := Results{}
	for _, row := range plan.Rows {
		counts := ours
		if row.Name == "other" {
			counts = other
		}
		for _, id := range row.Trials {
			values := map[string]registry.Summary{"pretrain/loss": {Last: 1, N: 1}, "diffvqa/bleu4": {Last: 0.5, N: 1}}
			for i, name := range []string{metrics.StageImages, metrics.StageSequences, metrics.StageFLOPs} {
				if counts[i] > 0 {
					values["pretrain/"+name] = registry.Summary{Last: counts[i], N: 1}
				}
			}
			results[id] = Result{State: registry.Done, Values: values}
		}
	}
	table, err := Compute(t.Context(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

const effortsYAML = `version: 1
name: efforts
base: {preset: smoke}
ablations:
  - {label: ours}
  - {label: other, set: {method: cappa}}
seeds: [0]
metrics: {diffvqa/bleu4: {label: BLEU-4}}
`

// The caption gives the samples of each row, and a row that saw another number than its baseline is marked: by images, or by sequences
// where the file says that these are equal.
func TestEffortsAreSaid(t *testing.T) {
	sequences := strings.Replace(effortsYAML, "preset: smoke", "preset: smoke, pretrain: {equal: sequences}", 1)
	for _, c := range []struct {
		name        string
		yaml        string
		ours, other [3]float64
		caption     string
		mark        string
	}{
		{"equal", effortsYAML, [3]float64{24, 96, 2e9}, [3]float64{24, 96, 2e9}, "Pretraining: 24 images; 96 sequences.", ""},
		{"equal images", effortsYAML, [3]float64{2400, 9600, 2e9}, [3]float64{2400, 2400, 1e9},
			"Pretraining: 2,400 images; 2,400 (other), 9,600 (ours) sequences. Training: 1.0e9 (other), 2.0e9 (ours) FLOPs a trial.", ""},
		{"fewer images", effortsYAML, [3]float64{24, 96, 0}, [3]float64{8, 96, 0}, "Pretraining: 8 (other), 24 (ours) images; 96 sequences.",
			"pretrained on 8 images, its baseline on 24"},
		{"equal sequences", sequences, [3]float64{24, 96, 0}, [3]float64{96, 96, 0}, "Pretraining: 24 (ours), 96 (other) images; 96 sequences.", ""},
		{"fewer sequences", sequences, [3]float64{24, 96, 0}, [3]float64{24, 24, 0}, "24 (other), 96 (ours) sequences.",
			"pretrained on 24 sequences, its baseline on 96"},
		{"nothing recorded", effortsYAML, [3]float64{}, [3]float64{}, "", ""},
	} {
		table := efforts(t, c.yaml, c.ours, c.other)
		caption := strings.Join(table.Caption, " ")
		if !strings.Contains(caption, c.caption) || c.caption == "" && strings.Contains(caption, "Pretraining") {
			t.Errorf("%s: caption %q", c.name, caption)
		}
		notes := strings.Join(table.Notes, "\n")
		if !strings.Contains(notes, c.mark) || c.mark == "" && strings.Contains(notes, "pretrained on") {
			t.Errorf("%s: notes %q", c.name, notes)
		}
		for _, row := range table.Rows {
			marked := false
			for _, i := range row.Marks {
				marked = marked || strings.HasPrefix(table.Notes[i], "pretrained on")
			}
			if row.Kind == Model && marked != (row.Name == "other" && c.mark != "") {
				t.Errorf("%s: row %s marked: %v", c.name, row.Name, marked)
			}
		}
	}
}

// Of many rows a sentence names the few that differ, or the smallest and the largest value with their first rows.
func TestEffortsOfManyRows(t *testing.T) {
	for want, images := range map[string][]float64{
		"8":                         {8, 8, 8, 8, 8, 8},
		"4 (a, b), 8 (c, d)":        {4, 4, 8, 8},
		"2 (b), 8 (the others)":     {8, 2, 8, 8, 8},
		"2 (b), 4 (c), 8 (a, d, e)": {8, 2, 4, 8, 8},
		"4 (a, b, c and 1 more), 8 (e, f, g and 1 more)": {4, 4, 4, 4, 8, 8, 8, 8},
		"1 (d) to 8 (a, e, f and 1 more)":                {8, 4, 2, 1, 8, 8, 8},
	} {
		var rows []Row
		for i, n := range images {
			rows = append(rows, Row{Name: string(rune('a' + i)), Effort: &Effort{Images: n}})
		}
		if got := perRow(rows, func(e Effort) float64 { return e.Images }, counted); got != want {
			t.Errorf("%v: %s, want %s", images, got, want)
		}
	}
}

// A program's numbers are its own, also where they have the names of the trainer's counts: nothing is said of them.
func TestEffortsOfAProgramAreItsOwn(t *testing.T) {
	const yaml = `version: 1
name: efforts
command: [python3, train.py, "${args}"]
ablations:
  - {label: ours, set: {lr: 1}}
  - {label: other, set: {lr: 2}}
seeds: [0]
metrics: {diffvqa/bleu4: {label: BLEU-4}}
`
	table := efforts(t, yaml, [3]float64{24, 96, 2e9}, [3]float64{8, 96, 2e9})
	if text := strings.Join(append(table.Caption, table.Notes...), " "); strings.Contains(strings.ToLower(text), "pretrain") || strings.Contains(text, "FLOPs") {
		t.Error(text)
	}
	for _, row := range table.Rows {
		if row.Effort != nil {
			t.Errorf("%s: effort %v", row.Name, *row.Effort)
		}
	}
}
