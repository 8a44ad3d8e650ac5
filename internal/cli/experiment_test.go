package cli

import (
	"slices"
	"strings"
	"testing"
)

// An engine of another precision than the preset's is taken, and said.
func TestPrecisionIsSaid(t *testing.T) {
	for _, c := range []struct {
		set  string
		says bool
	}{{"engine=xla", true}, {"engine=xla,bf16", false}, {"engine=go", false}, {"resolution=224", false}} {
		s, err := loadExperiment("table4", experimentOptions{set: []string{"data.root=mimic", c.set}})
		if err != nil {
			t.Fatal(err)
		}
		says := slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "preset paper has engine xla,bf16: without ,bf16") })
		if says != c.says {
			t.Errorf("%s: warnings %q", c.set, s.Warnings)
		}
	}
}
