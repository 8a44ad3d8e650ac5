package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/registry"
)

const boxesFile = `version: 1
name: boxes
base: {preset: smoke}
ablations:
  - {label: near}
  - {label: far, set: {pretrain.tasks: [cap, caref]}}
controls: {untrained: false}
metrics: {caref/acc50: {primary: true}, caref/acc75: {primary: true}}
seeds: [0]
`

// Boxes that overlap by .6 and by .8 are equally many at .5; the samples tell the rows apart at .75.
func TestBoxesAreComparedAtBothOverlaps(t *testing.T) {
	plan, results := planOf(t, boxesFile)
	for _, trial := range plan.Trials {
		height, acc75 := 80, 1.0
		if trial.Row == "far" {
			height, acc75 = 60, 0
		}
		var lines strings.Builder
		for i := range 50 {
			line, err := json.Marshal(Prediction{Task: "caref", ID: fmt.Sprint("r", i), Hyp: fmt.Sprintf("clear [0, 0, 100, %d]", height), Refs: []string{"clear [0, 0, 100, 100]"}})
			if err != nil {
				t.Fatal(err)
			}
			lines.Write(append(line, '\n'))
		}
		path := filepath.Join(t.TempDir(), "predictions.jsonl")
		if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		results[trial.ID] = Result{State: registry.Done, Predictions: path, Values: map[string]registry.Summary{
			"caref/acc50": {Last: 1, N: 1}, "caref/acc75": {Last: acc75, N: 1}}}
	}
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	far := table.Rows[1]
	if at50, at75 := far.Cells[0].Samples, far.Cells[1].Samples; at75 == nil || at75.Items != 50 || at75.P > 0.01 || at50 != nil && at50.P < 0.9 {
		t.Errorf("at .5 %+v, at .75 %+v", at50, at75)
	}
}
