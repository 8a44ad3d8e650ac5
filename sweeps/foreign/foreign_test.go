package foreign

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func read(t testing.TB, text string, reader func(*yaml.Node, int) (*List, []Mistake)) (*List, []Mistake) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) == 0 {
		return nil, nil
	}
	return reader(doc.Content[0], 1000)
}

// A file that asks for more settings than wanted is refused before they are made.
func TestTooManySettings(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		reader func(*yaml.Node, int) (*List, []Mistake)
	}{
		"grid":  {"seml: {executable: a}\ngrid: {a: {type: range, min: 0, max: 100, step: 1}, b: {type: range, min: 0, max: 100, step: 1}}", SEML},
		"range": {"seml: {executable: a}\ngrid: {a: {type: range, min: 0, max: 1e12, step: 1}}", SEML},
		"num":   {"seml: {executable: a}\ngrid: {a: {type: uniform, min: 0, max: 1, num: 100000000}}", SEML},
		"draws": {"seml: {executable: a}\nrandom: {samples: 100000000, a: {type: uniform, min: 0, max: 1}}", SEML},
		"hydra": {"hydra: {sweeper: {params: {a: 'range(0,100)', b: 'range(0,100)'}}}", Hydra},
	} {
		_, mistakes := read(t, c.text, c.reader)
		if len(mistakes) == 0 {
			t.Errorf("%s is not refused", name)
		}
	}
}

// Numbers that must differ do, and all of a range come.
func TestUniqueNumbersAreDealt(t *testing.T) {
	list, mistakes := read(t, "seml: {executable: a}\nrandom: {samples: 50, seed: 3, n: {type: randint_unique, min: 0, max: 50}}", SEML)
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	seen := map[string]bool{}
	for _, s := range list.Settings {
		seen[s[0].Value.Value] = true
	}
	if len(seen) != 50 {
		t.Errorf("%d different of 50", len(seen))
	}
}

func FuzzSEML(f *testing.F) {
	f.Add("seml: {executable: a}\nfixed: {a: {b: 1}}\ngrid: {x: {type: choice, options: [1, 2]}}\nsub: {random: {samples: 2, y: {type: uniform, min: 0, max: 1}}}\n")
	f.Add("seml: {executable: a}\ngrid: {x: {type: range, min: 0, max: 1e300, step: 1e-300}, y: {type: loguniform, min: 1, max: 2, num: 3, zip_id: 1}}\n")
	f.Add("seml: {executable: a}\ngrid: {x: {type: parameter_collection, params: {y: {type: choice, options: [1]}}}}\n")
	f.Fuzz(func(t *testing.T, text string) { check(t, text, SEML) })
}

func FuzzHydra(f *testing.F) {
	f.Add("defaults: [{override hydra/launcher: joblib}]\nhydra: {mode: MULTIRUN, sweeper: {params: {a: '1,2', +b: range(1,3)}}}\n")
	f.Fuzz(func(t *testing.T, text string) { check(t, text, Hydra) })
}

// check holds that a file gives settings, or mistakes of one line each.
func check(t *testing.T, text string, reader func(*yaml.Node, int) (*List, []Mistake)) {
	var doc yaml.Node
	if yaml.Unmarshal([]byte(text), &doc) != nil || len(doc.Content) == 0 || strings.Contains(text, "*") {
		return // aliases are written out before
	}
	list, mistakes := reader(doc.Content[0], 1000)
	if list == nil && len(mistakes) == 0 {
		t.Error("neither settings nor mistakes")
	}
	if list != nil && (len(list.Settings) == 0 || len(list.Settings) > 1000) {
		t.Errorf("%d settings", len(list.Settings))
	}
	for _, m := range mistakes {
		if strings.Contains(m.Key+m.Reason, "\n") && !strings.Contains(text, `\n`) {
			t.Errorf("a mistake of two lines: %q %q", m.Key, m.Reason)
		}
	}
}
