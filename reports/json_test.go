package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"harness/internal/jsonfloat"
	"harness/metrics"
	"harness/sweeps"
)

// schema is the part of JSON Schema 2020-12 that docs/table.schema.json uses; any other keyword is an error.
type schema struct {
	Version     string             `json:"$schema"`
	ID          string             `json:"$id"`
	Title       string             `json:"title"`
	Description string             `json:"description"`
	Ref         string             `json:"$ref"`
	Type        any                `json:"type"` // a name or a list
	Enum        []string           `json:"enum"`
	AnyOf       []*schema          `json:"anyOf"`
	Items       *schema            `json:"items"`
	Minimum     *float64           `json:"minimum"`
	Required    []string           `json:"required"`
	Additional  *bool              `json:"additionalProperties"`
	Properties  map[string]*schema `json:"properties"`
	Defs        map[string]*schema `json:"$defs"`
}

func readSchema(t *testing.T) *schema {
	t.Helper()
	data, err := os.ReadFile("../docs/table.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root schema
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&root); err != nil {
		t.Fatal(err)
	}
	return &root
}

// check says where a value is not as the schema says; "" where it is.
func (root *schema) check(s *schema, path string, value any) string {
	if s == nil {
		return "" // anything
	}
	if s.Ref != "" {
		definition := root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
		if definition == nil {
			return path + ": no " + s.Ref
		}
		return root.check(definition, path, value)
	}
	if len(s.AnyOf) > 0 && !slices.ContainsFunc(s.AnyOf, func(one *schema) bool { return root.check(one, path, value) == "" }) {
		return path + ": none of the forms"
	}
	if text, _ := value.(string); s.Enum != nil && !slices.Contains(s.Enum, text) {
		return fmt.Sprintf("%s: %v is not one of %v", path, value, s.Enum)
	}
	if !s.isType(value) {
		return fmt.Sprintf("%s: %v is not %v", path, value, s.Type)
	}
	switch v := value.(type) {
	case float64:
		if s.Minimum != nil && v < *s.Minimum {
			return fmt.Sprintf("%s: %v is too small", path, v)
		}
	case []any:
		for i, item := range v {
			if fault := root.check(s.Items, fmt.Sprintf("%s[%d]", path, i), item); fault != "" {
				return fault
			}
		}
	case map[string]any:
		return root.checkObject(s, path, v)
	}
	return ""
}

func (root *schema) checkObject(s *schema, path string, object map[string]any) string {
	for _, key := range s.Required {
		if _, ok := object[key]; !ok {
			return path + ": no " + key
		}
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if s.Properties != nil && s.Properties[key] == nil {
			return path + ": unknown " + key
		}
		if fault := root.check(s.Properties[key], path+"."+key, object[key]); fault != "" {
			return fault
		}
	}
	return ""
}

// isType reports whether a value is of one of the types of the schema.
func (s *schema) isType(value any) bool {
	if s.Type == nil {
		return true
	}
	names, many := s.Type.([]any)
	if !many {
		names = []any{s.Type}
	}
	number, isNumber := value.(float64)
	is := map[string]bool{"null": value == nil, "number": isNumber, "integer": isNumber && number == math.Trunc(number)}
	_, is["string"] = value.(string)
	_, is["boolean"] = value.(bool)
	_, is["array"] = value.([]any)
	_, is["object"] = value.(map[string]any)
	return slices.ContainsFunc(names, func(name any) bool { return is[name.(string)] })
}

// TestJSONFollowsSchema holds the golden files, and a table that has everything, to docs/table.schema.json.
func TestJSONFollowsSchema(t *testing.T) {
	root := readSchema(t)
	full := labels(true)
	test := &Test{Method: Hierarchical, P: .01, Holm: math.NaN(), SmallestP: .001, Low: -1, High: math.Inf(1), N: 3, Items: 200}
	one := jsonfloat.Float(math.NaN())
	cell := &full.Rows[0].Cells[0]
	cell.Seeds, cell.Samples, cell.Verdict, cell.Diverged, cell.Values = test, test, test, 1, []*jsonfloat.Float{nil, &one}
	for i := range full.Columns {
		if full.Columns[i].Goal == "" {
			full.Columns[i].Goal = metrics.NoGoal
		}
	}
	full.Rows[0].Params = []sweeps.Param{{Path: "a", Value: []any{1, "x"}, Text: "a"}}
	full.Family = &Family{Rule: "primary", Size: 0, Columns: []string{"m"}, Smallest: math.NaN(), Needed: 6}
	documents := map[string][]byte{}
	for name, table := range map[string]*Table{"full": full, "empty": {}} {
		var out bytes.Buffer
		if err := table.JSON(&out); err != nil {
			t.Fatal(err)
		}
		documents[name] = out.Bytes()
	}
	for _, name := range []string{"tasks", "grid", "command", "layout/pivot", "layout/grouped"} {
		data, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		documents[name] = data
	}
	for name, data := range documents {
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		if fault := root.check(root, name, value); fault != "" {
			t.Error(fault)
		}
		value.(map[string]any)["rows"] = []any{map[string]any{"name": 1.0}}
		if root.check(root, name, value) == "" {
			t.Errorf("%s: a row without cells is taken", name)
		}
	}
}

// TestSchemaHasEveryKey compares the keys of the schema with those of the types, both ways.
func TestSchemaHasEveryKey(t *testing.T) {
	root := readSchema(t)
	for name, value := range map[string]any{"": Table{}, "column": Column{}, "row": Row{}, "cell": Cell{}, "test": Test{}, "family": Family{},
		"param": sweeps.Param{}, "hypotheses": Hypotheses{}, "hypothesis": Hypothesis{}, "comparison": Comparison{}} {
		s := root
		if name != "" {
			s = root.Defs[name]
		}
		var optional, required []string
		for field := range reflect.TypeOf(value).Fields() {
			key, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			switch {
			case !field.IsExported() || key == "-":
			case options == "":
				required = append(required, key)
			default:
				optional = append(optional, key)
			}
		}
		slices.Sort(required)
		if want := slices.Sorted(slices.Values(s.Required)); !slices.Equal(required, want) {
			t.Errorf("%q: always written are %v, the schema requires %v", name, required, want)
		}
		keys := slices.Sorted(slices.Values(append(optional, required...)))
		if want := slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(keys, want) {
			t.Errorf("%q: keys are %v, in the schema %v", name, keys, want)
		}
		if s.Additional == nil || *s.Additional {
			t.Errorf("%q: other keys are allowed", name)
		}
	}
}
