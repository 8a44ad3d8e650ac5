package cli

import (
	"testing"

	"harness/registry"
)

func TestOnlyVariant(t *testing.T) {
	for _, c := range []struct {
		name    string
		handles []string
		want    string
	}{
		{"none", nil, ""},
		{"one", []string{"table1-grounding@smoke", "table10@smoke"}, "table1-grounding@smoke"},
		{"two", []string{"table1-grounding@smoke", "table1-grounding@nano"}, ""},
		{"the plain one, too", []string{"table1-grounding@smoke", "table1-grounding"}, ""},
		{"another experiment", []string{"table1-grounding-2@smoke"}, ""},
	} {
		var known []registry.SweepInfo
		for _, h := range c.handles {
			known = append(known, registry.SweepInfo{Handle: h})
		}
		if got := onlyVariant(known, "table1-grounding"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
