package sweeps

import (
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(gridFile))
	f.Add([]byte("version: 1\nname: x\ncommand: a\nparameters: {a: {values: [1]}}\n"))
	f.Add([]byte("version: 1\nname: x\nablations: [{label: a, set: {}}]\nbaseline: {ablation: a}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("fuzz.yaml", data)
		if err == nil {
			_, err = s.Expand(nil)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("an error of two lines: %q", err)
		}
	})
}
