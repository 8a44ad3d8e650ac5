package cli

import (
	"testing"

	"harness/model/spec"
)

// --engine says nothing of the precision, unless it names one.
func TestEngineKeepsPrecision(t *testing.T) {
	for engine, want := range map[string]spec.EngineName{
		"": {Kind: "xla", Precision: spec.BF16}, "xla": {Kind: "xla", Precision: spec.BF16}, "go": {Kind: "go", Precision: spec.BF16},
		"xla:/p,bf16": {Kind: "xla", Precision: spec.BF16}, "native": {Precision: spec.BF16},
	} {
		name, err := readEngine(engine)
		if err != nil {
			t.Fatal(err)
		}
		s, err := loadExperiment("table4", experimentOptions{set: append(settings(name), "data.root=mimic"), native: engine == "native"})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.Expand(func(*spec.Trial) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		for _, trial := range plan.Trials {
			if got := (spec.EngineName{Kind: trial.Spec.Engine, Precision: trial.Spec.Precision}); got != want {
				t.Errorf("%s: %+v, want %+v", engine, got, want)
			}
		}
	}
}
