package foreign

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestAgreesWithHydra compares what we make of overrides with Hydra's own parser and basic sweeper (testdata/record_hydra.py).
func TestAgreesWithHydra(t *testing.T) {
	var golden struct {
		Entries []struct {
			Text, Error string
			Jobs        []string
		}
	}
	data, err := os.ReadFile(filepath.Join("testdata", "hydra_golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Entries) < 60 {
		t.Fatalf("only %d overrides", len(golden.Entries))
	}
	refused := []string{"shuffle(1,2)", "int(1.5)", "float(1,2)", "range(5,1)"} // by us alone: docs/sweepfiles.md
	for _, entry := range golden.Entries {
		elements, err := parseOverride(entry.Text)
		if entry.Error != "" || slices.Contains(refused, entry.Text) {
			if err == nil {
				t.Errorf("%s: %q, Hydra refuses it: %s", entry.Text, elements, entry.Error)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v, Hydra runs %q", entry.Text, err, entry.Jobs)
			continue
		}
		var got []string
		for _, e := range elements {
			got = append(got, e.node(&yaml.Node{}).Value)
		}
		if !slices.EqualFunc(got, entry.Jobs, sameArgument) {
			t.Errorf("%s: %q, Hydra %q", entry.Text, got, entry.Jobs)
		}
	}
}

// sameArgument compares two right sides as Hydra reads them: numbers by their value, texts without escapes and needless quotes.
func sameArgument(a, b string) bool {
	x, _ := strconv.ParseFloat(a, 64) // out of range: infinite
	y, _ := strconv.ParseFloat(b, 64)
	if x != 0 || y != 0 {
		return x == y || math.Abs(x-y) <= 1e-12*math.Abs(x) || math.IsNaN(x) && math.IsNaN(y)
	}
	bare := func(s string) string {
		s = strings.ReplaceAll(s, `\`, "")
		if len(s) > 2 && (s[0] == '"' || s[0] == '\'') && plainPattern.MatchString(s[1:len(s)-1]) {
			return s[1 : len(s)-1]
		}
		return s
	}
	return strings.EqualFold(bare(a), bare(b))
}

func FuzzOverride(f *testing.F) {
	for _, text := range []string{"1,2", "choice(a,'b c')", "range(0,1,0.1)", "sort(range(5,1,-1),reverse=true)", "[1,{a:2}],x", "a\\,b,${c}", "tag(a,sweep=choice(1))"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		elements, err := parseOverride(text)
		if err == nil && len(elements) == 0 {
			t.Errorf("%q: neither values nor an error", text)
		}
		for _, e := range elements {
			e.node(&yaml.Node{})
		}
	})
}
