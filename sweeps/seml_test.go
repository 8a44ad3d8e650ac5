package sweeps

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestAgreesWithSEML compares settings and their order with SEML's own generate_configs (testdata/record_seml.py); of what is drawn, that
// it is there.
func TestAgreesWithSEML(t *testing.T) {
	var golden struct {
		Entries []struct {
			Name, File, Error string
			Drawn             []string
			Settings          []map[string]any
		}
	}
	data, err := os.ReadFile(filepath.Join("testdata", "seml_golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for _, entry := range golden.Entries {
		t.Run(entry.Name, func(t *testing.T) {
			s, err := Parse("seml.yaml", []byte(entry.File))
			if entry.Error != "" || len(entry.Settings) == 0 || entry.Name == "literal of a list" { // the last by us alone
				if err == nil {
					t.Errorf("not refused; SEML: %s", entry.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			plan, err := s.Expand(nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Rows) != len(entry.Settings) {
				t.Fatalf("%d settings, SEML %d", len(plan.Rows), len(entry.Settings))
			}
			for i, want := range entry.Settings {
				var got map[string]any
				if err := json.Unmarshal([]byte(plan.Trial(plan.Rows[i].Trials[0]).Spec.Args), &got); err != nil {
					t.Fatal(err)
				}
				if !sameSetting(got, want, len(entry.Drawn) > 0) {
					t.Errorf("setting %d: %v, SEML %v", i, got, want)
				}
			}
		})
	}
}

// sameSetting compares numbers up to the last of 12 digits; where something is drawn, nil stands for any number.
func sameSetting(got, want any, drawn bool) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for key := range w {
			if !sameSetting(g[key], w[key], drawn) {
				return false
			}
		}
		return true
	case float64:
		g, ok := got.(float64)
		return ok && math.Abs(g-w) <= 1e-11*math.Abs(w)
	case nil:
		_, number := got.(float64)
		return got == nil || drawn && number
	}
	return reflect.DeepEqual(got, want)
}
