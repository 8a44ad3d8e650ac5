package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"harness/docs"
	"harness/internal/view"
	"harness/registry/bundle"
	"harness/reports/examples"
)

// outputs are what commands print with --json: a value of the type, and what prints it.
var outputs = []struct {
	name  string
	of    string
	value any
}{
	{"ls", "harness ls --json, and harness sweep --json when it has ended: a list of trials", []view.Listed{}},
	{"ls-sweeps", "harness ls --sweeps --json: a list of sweeps, newest first", []listedSweep{}},
	{"sweep-dry-run", "harness sweep --dry-run --json: the trials that there would be", []plannedTrial{}},
	{"show", "harness show --json: all that is known of a trial", view.Record{}},
	{"diff", "harness diff --json: in what two trials differ", view.Difference{}},
	{"status", "harness status --json and harness top --json: a list of the sweeps that are running", []view.LiveSweep{}},
	{"cancel", "harness cancel --json: what was asked to stop", canceled{}},
	{"trial-rerun", "harness trial rerun --json: whether a second run agrees with the first", comparison{}},
	{"trial-rm", "harness trial rm --json: the IDs of what was removed", []string{}},
	{"trial-tag", "harness trial tag --json: a list of trials with all their tags", []taggedTrial{}},
	{"trial-note", "harness trial note --json: a trial's note", notedTrial{}},
	{"examples", "harness examples --json: test pairs with the answer of every row", struct {
		*examples.Examples
		Caption []string `json:"caption"` // sentences, in their order
	}{}},
	{"plot", "harness plot --json: the pictures that were written", written{}},
	{"export", "harness export --json, with --out or --to: what was written", written{}},
	{"export-model", "harness export-model --json: the folder that was written", written{}},
	{"import", "harness import --json: runs that became trials", importedRuns{}},
	{"bundle", "harness bundle --json, bundle --check --json and verify FILE --json: what is in the bundle", bundled{}},
	{"unbundle", "harness unbundle --json: what was taken in", bundled{}},
	{"unbundle-list", "harness unbundle --list --json: the files of a bundle", []bundle.Entry{}},
	{"verify", "harness verify --json and backup --check --json: whether files are as they were written", verified{}},
	{"gc", "harness gc --json: what can go, and what was removed", garbage{}},
	{"backup", "harness backup --json: the backup", backed{}},
	{"new", "harness new --json: the files that were written", written{}},
	{"man", "harness man --json: the pages that were written", written{}},
	{"explain", "harness explain --json: a list of keys of a sweep file", []explainedKey{}},
	{"data-synth", "harness data synth --json: the data set that was written", madeData{}},
	{"data-show", "harness data show --json: the picture that was written", written{}},
	{"data-check", "harness data check --json: what of a data set is usable, and what is not", checkedData{}},
	{"score", "harness score --json: the metrics of one file of hypotheses, or of several", scoredFiles{}},
	{"doctor", "harness doctor --json: what this machine can compute with", diagnosis{}},
	{"version", "harness version --json: what the program was built from", version{}},
}

const schemaDir = root + "/docs/schemas"

// The schemas of the documents are those of the types that are printed, and say what every key means. -update writes them; it refuses what
// takes something away without a new major version.
func TestOutputSchemasAreCurrent(t *testing.T) {
	m := &maker{t: t, comments: map[string]map[string]string{}}
	var names []string
	for _, o := range outputs {
		m.defs = map[string]any{}
		whole := m.of(reflect.TypeOf(o.value))
		whole["$schema"] = "https://json-schema.org/draft/2020-12/schema"
		whole["$id"] = "harness/" + docs.Version + "/" + o.name + ".schema.json"
		whole["title"] = o.of
		if len(m.defs) > 0 {
			whole["$defs"] = m.defs
		}
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(whole); err != nil {
			t.Fatal(err)
		}
		checkSchemaFile(t, o.name, text.Bytes())
		names = append(names, o.name+".schema.json")
	}
	for _, missing := range slices.Compact(slices.Sorted(slices.Values(m.missing))) {
		t.Errorf("%s: say what it means, in a comment or in meanings", missing)
	}
	entries, err := os.ReadDir(schemaDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			t.Errorf("docs/schemas/%s is nobody's", e.Name())
		}
	}
}

// checkSchemaFile compares a schema with its file, or writes it.
func checkSchemaFile(t *testing.T, name string, want []byte) {
	t.Helper()
	path := filepath.Join(schemaDir, name+".schema.json")
	got, err := os.ReadFile(path)
	if err == nil && bytes.Equal(got, want) {
		return
	}
	if !*updateSchemas {
		t.Errorf("%s is not current: go test ./internal/cli -run OutputSchemas -update-schemas", path)
		return
	}
	if err == nil {
		var before, after any
		if json.Unmarshal(got, &before) != nil || json.Unmarshal(want, &after) != nil {
			t.Fatal("no JSON")
		}
		if lost := takenAway(before, after, name); lost != nil && majorOf(before) == majorOf(after) {
			t.Errorf("taken away, so that docs.Version needs a new first number: %s", strings.Join(lost, "; "))
			return
		}
	}
	if err := os.WriteFile(path, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// majorOf is the first number of a schema's version.
func majorOf(schema any) string {
	whole, _ := schema.(map[string]any)
	id, _ := whole["$id"].(string)
	version, _, _ := strings.Cut(strings.TrimPrefix(id, "harness/"), "/")
	major, _, _ := strings.Cut(version, ".")
	return major
}

// takenAway lists what readers of the schema before could rely on and those of the schema after cannot: keys that are gone, that may be
// left out now, or that have another type.
func takenAway(before, after any, at string) []string {
	b, ok := before.(map[string]any)
	if !ok {
		return nil
	}
	a, _ := after.(map[string]any)
	var lost []string
	for key, value := range b {
		list, isList := value.([]any)
		_, isText := value.(string)
		switch {
		case slices.Contains([]string{"$id", "title", "description", "$schema"}, key) && isText:
		case key == "required" && isList: // and not a property of this name
			for _, name := range list {
				if now, _ := a[key].([]any); !slices.Contains(now, name) {
					lost = append(lost, at+": "+name.(string)+" may be missing")
				}
			}
		case isText:
			if a[key] != value {
				lost = append(lost, at+": another "+key)
			}
		case a[key] == nil:
			lost = append(lost, at+"."+key)
		default:
			lost = append(lost, takenAway(value, a[key], at+"."+key)...)
		}
	}
	return lost
}

// What is taken away is seen, and what is added is not.
func TestTakenAway(t *testing.T) {
	schema := func(text string) (v any) {
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := schema(`{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}`)
	for after, lost := range map[string]bool{
		`{"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["a", "b"]}`: false,
		`{"type": "object", "properties": {"b": {"type": "string"}}, "required": ["a"]}`:                                true,
		`{"type": "object", "properties": {"a": {"type": "string"}}, "required": []}`:                                   true,
		`{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}`:                               true,
		`{"type": "array"}`: true,
	} {
		if got := takenAway(before, schema(after), "x"); (got != nil) != lost {
			t.Errorf("%s: %q", after, got)
		}
	}
}
