package sweeps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/model/spec"
	"harness/sweeps/keys"
)

// setting gives one field a value and remembers where that was written.
type setting struct {
	path   string
	value  any // as JSON
	line   int
	origin string // "" the file, else the option of the command line
}

// assign sets the field of t that path names. Errors are refusals: the caller knows the place.
func assign(t *spec.Trial, path string, value any) error {
	if t.Command != "" {
		return assignArgs(t, path, value)
	}
	if slices.Contains(keys.Computed, path) {
		return refuse("computed, not set")
	}
	switch path {
	case "seed":
		return refuse("seeds are a key of their own at the top: seeds: [0, 1, 2]")
	case "command", "args":
		return refuse("%s is a key of its own at the top", path)
	case "preset":
		return refuse("a preset is given in base, or by --preset")
	}
	field, err := fieldAt(reflect.ValueOf(t).Elem(), path)
	if err != nil {
		return err
	}
	if value == nil {
		return refuse("empty: want a value")
	}
	if path == "engine" && value == "native" { // as on the command line
		value = ""
	}
	return assignField(field, path, value)
}

// fieldAt walks the json tags of v along path.
func fieldAt(v reflect.Value, path string) (reflect.Value, error) {
	at := v
	for name := range strings.SplitSeq(path, ".") {
		if at.Kind() != reflect.Struct {
			return reflect.Value{}, refuse("unknown field%s", didYouMean(path, keys.FieldPaths(v.Type(), "")))
		}
		next, ok := fieldByTag(at, name)
		if !ok {
			return reflect.Value{}, refuse("unknown field%s", didYouMean(path, keys.FieldPaths(v.Type(), "")))
		}
		at = next
	}
	return at, nil
}

// fieldByTag finds the field of struct v whose json name is name; embedded structs count as part of v.
func fieldByTag(v reflect.Value, name string) (reflect.Value, bool) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		if !f.Anonymous && jsonName(f) == name {
			return v.FieldByIndex(f.Index), true
		}
	}
	return reflect.Value{}, false
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func assignField(field reflect.Value, path string, value any) error {
	if field.Kind() == reflect.Struct {
		object, ok := value.(map[string]any)
		if !ok {
			return refuse("has fields of its own (%s): %s is not a value for it",
				strings.Join(keys.FieldPaths(field.Type(), ""), ", "), printed(value))
		}
		for _, key := range sortedKeys(object) {
			inner, err := fieldAt(field, key)
			if err != nil {
				return refuse("%s: unknown field%s", key, didYouMean(key, keys.FieldPaths(field.Type(), "")))
			}
			if slices.Contains(keys.Computed, path+"."+key) {
				return refuse("%s: computed, not set", key)
			}
			if err := assignField(inner, path+"."+key, object[key]); err != nil {
				return refuse("%s: %v", key, err)
			}
		}
		return nil
	}
	if err := checkKind(field, value); err != nil {
		return err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return refuse("%v", err)
	}
	if err := json.Unmarshal(encoded, field.Addr().Interface()); err != nil {
		if _, own := field.Addr().Interface().(json.Unmarshaler); own {
			return refuse("%v", err)
		}
		return refuse("%s does not fit: want %s", printed(value), wanted(field.Kind()))
	}
	return checkZero(field, path)
}

// checkZero refuses a 0 that would be read as not given, and so as another number.
func checkZero(field reflect.Value, path string) error {
	if field.Kind() != reflect.Float64 || !field.IsZero() {
		return nil
	}
	k, ok := keys.Find(path)
	if standard, err := strconv.ParseFloat(k.Default, 64); !ok || err != nil || standard == 0 {
		return nil
	}
	standard := k.Default
	if strings.HasPrefix(path, "data.synthetic.") {
		standard = "the design's own number"
	}
	return refuse("0 would be read as not given, which is %s: write 1e-9 for next to nothing, or leave it out", standard)
}

// checkKind refuses a value of another type than the field's before encoding/json can convert it.
func checkKind(field reflect.Value, value any) error {
	if _, own := field.Addr().Interface().(json.Unmarshaler); own {
		return nil
	}
	ok := false
	switch v := value.(type) {
	case json.Number:
		whole := !strings.ContainsAny(string(v), ".eE")
		ok = field.CanFloat() || whole && (field.CanInt() || field.CanUint())
	case string:
		ok = field.Kind() == reflect.String
	case bool:
		ok = field.Kind() == reflect.Bool
	}
	if !ok {
		return refuse("%s: want %s", printed(value), wanted(field.Kind()))
	}
	return nil
}

func wanted(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// assignArgs sets a key of another program's configuration; dots lead into objects.
func assignArgs(t *spec.Trial, path string, value any) error {
	root, err := t.Args.Map()
	if err != nil {
		return refuse("%v", err)
	}
	object := root
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		inner, ok := object[name].(map[string]any)
		if !ok {
			if object[name] != nil {
				return refuse("%s is %s, not a group of keys", name, printed(object[name]))
			}
			inner = map[string]any{}
			object[name] = inner
		}
		object = inner
	}
	object[names[len(names)-1]] = value
	encoded, err := json.Marshal(root)
	if err != nil {
		return refuse("%v", err)
	}
	return t.Args.UnmarshalJSON(encoded)
}

// valueAt reads the field that path names, as JSON; ok is false when there is none.
func valueAt(t spec.Trial, path string) (any, bool) {
	if t.Command != "" {
		object, err := t.Args.Map()
		if err != nil {
			return nil, false
		}
		var at any = object
		for name := range strings.SplitSeq(path, ".") {
			inner, ok := at.(map[string]any)
			if !ok {
				return nil, false
			}
			if at, ok = inner[name]; !ok {
				return nil, false
			}
		}
		return at, true
	}
	field, err := fieldAt(reflect.ValueOf(&t).Elem(), path)
	if err != nil {
		return nil, false
	}
	encoded, err := json.Marshal(field.Interface())
	if err != nil {
		return nil, false
	}
	var value any
	d := json.NewDecoder(bytes.NewReader(encoded))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return nil, false
	}
	return value, true
}

// printed is a value as it stands in a table or in a message: lists are joined by "+".
func printed(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = printed(v[i])
		}
		return strings.Join(parts, "+")
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, key := range sortedKeys(v) {
			parts = append(parts, key+"="+printed(v[key]))
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(value)
}

// shownValue is a value as a table shows it: printed, with control characters escaped.
func shownValue(value any) string { return escape.Line(printed(value)) }

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
