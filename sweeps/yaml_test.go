package sweeps

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnchorsAndMergeKeys(t *testing.T) {
	plan := expand(t, `version: 1
name: w10
command: [python3, train.py, "${args}"]
base: &b
  <<: [{a: 1, lr: 5}, {a: 2, c: 3}]
  lr: 0.1
parameters:
  x: {values: &v [1, 2]}
  y: {values: *v}
  z: {<<: {values: [7], label: Z}, label: own}
  w: {value: {<<: *b, d: [*v]}}
`)
	var got []string
	for _, trial := range plan.Trials {
		got = append(got, string(trial.Spec.Args))
	}
	var want []string
	for _, xy := range [][2]int{{1, 1}, {1, 2}, {2, 1}, {2, 2}} {
		want = append(want, fmt.Sprintf(`{"a":1,"c":3,"lr":0.1,"w":{"a":1,"c":3,"d":[[1,2]],"lr":0.1},"x":%d,"y":%d,"z":7}`, xy[0], xy[1]))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if plan.Axes[2].Label != "own" {
		t.Errorf("a merged key wins over its own: %+v", plan.Axes[2])
	}
}

func TestAliasesAreBounded(t *testing.T) {
	bomb := "version: 1\nname: x\ncommand: [a]\nbase:\n  a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("  a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	for file, want := range map[string]string{
		bomb: "f.yaml: line 9: aliases stand for more than 100000 values",
		"version: 1\nname: x\nbase: &a {b: *a}\n":      "f.yaml: line 3: *a stands inside itself",
		"version: 1\nname: x\nbase: {<<: 3}\n":         "f.yaml: line 3: <<: want keys and values to merge, or a list of such",
		"version: 1\nname: x\nbase: {<<: [{}, [1]]}\n": "f.yaml: line 3: <<: want keys and values to merge, or a list of such",
	} {
		if _, err := Parse("f.yaml", []byte(file)); err == nil || err.Error() != want {
			t.Errorf("%.60q: %v\nwant %s", file, err, want)
		}
	}
}
