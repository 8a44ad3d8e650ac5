package sweeps

import (
	"strings"
	"testing"
)

const rebasedFile = `version: 1
name: r
command: [train, "${args}"]
parameters:
  lr: {values: [0.1, 0.2], label: learning rate}
  warm: {values: [0, 5], when: "lr == 0.2"}
  size: {values: [1, 2], labels: [small, large]}
seeds: [0]
`

// TestRebasedBaselines pairs rows by the other axes; a row to which an axis does not apply is paired with the first that agrees in the
// rest, and one that agrees with none with nothing.
func TestRebasedBaselines(t *testing.T) {
	plan := expand(t, rebasedFile)
	for given, want := range map[string]string{
		"":                                 "; " + strings.Repeat("learning rate=0.1, small; ", 4) + "learning rate=0.1, small",
		"learning rate=0.2, warm=5, large": strings.Repeat("learning rate=0.2, warm=5, large; ", 5),
		"size=large":                       "learning rate=0.1, large; ; learning rate=0.2, warm=0, large; ; learning rate=0.2, warm=5, large; ",
		"warm=5":                           "; ; learning rate=0.2, warm=5, small; learning rate=0.2, warm=5, large; ; ",
		"learning rate=0.1":                "; ; learning rate=0.1, small; learning rate=0.1, large; learning rate=0.1, small; learning rate=0.1, large",
	} {
		var baseline []string
		if given != "" {
			baseline = []string{given}
		}
		q, err := plan.Rebased(baseline)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		var got []string
		for _, r := range q.Rows {
			got = append(got, r.Baseline)
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s:\n got %s\nwant %s", given, text, want)
		}
	}
	if plan.Rows[1].Baseline != "learning rate=0.1, small" {
		t.Error("the plan itself was changed")
	}
}
