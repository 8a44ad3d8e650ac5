package sweeps

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(gridFile))
	f.Add([]byte("version: 1\nname: x\ncommand: a\nparameters: {a: {values: [1]}}\n"))
	f.Add([]byte("version: 1\nname: x\nablations: [{label: a, set: {}}]\nbaseline: {ablation: a}\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte(claimFile + "  - {name: a, claim: b, metric: probe/auc, row: [CAP only, {resolution: 448}], against: mean box, at_least: .02, expect: lower, refuted_if: c}\n"))
	files, err := filepath.Glob(filepath.Join("testdata", "sweepfiles", "*.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("fuzz.yaml", data)
		if err == nil && s.Search.RunCap > 100 {
			return // takes long and shows nothing more
		}
		if err == nil {
			_, err = s.Expand(nil)
		}
		mistakes := Errors{}
		if !errors.As(err, &mistakes) && err != nil {
			mistakes = Errors{{Reason: err.Error()}}
		}
		for _, one := range mistakes {
			if strings.Contains(one.Error(), "\n") {
				t.Errorf("an error of two lines: %q", one)
			}
		}
	})
}
