package model

import (
	"context"
	"strings"
	"testing"

	"harness/model/spec"
)

// TestOpenData: the data of a trial are found or written again, and other data are refused.
func TestOpenData(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	var trial spec.Trial
	trial.Data.Source, trial.Data.Synthetic = spec.SourceSynthetic, spec.Synthetic{Patients: 8, Seed: 1}
	set, err := OpenData(ctx, trial, home, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Pairs) == 0 {
		t.Error("no pairs")
	}
	if again, err := OpenData(ctx, trial, home, set.Hash()); err != nil || len(again.Pairs) != len(set.Pairs) {
		t.Errorf("the same data: %v", err)
	}
	if _, err := OpenData(ctx, trial, home, strings.Repeat("0", 64)); err == nil || !strings.Contains(err.Error(), "those that the trial was tested on were 000000000000") {
		t.Errorf("other data: %v", err)
	}
	trial.Data.Source, trial.Data.Root = spec.SourceFiles, home+"/none"
	if _, err := OpenData(ctx, trial, home, ""); err == nil {
		t.Error("data that are not there were opened")
	}
}
