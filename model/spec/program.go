package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Words is a command line. It is a string inside, so that a Trial stays a value.
type Words string

const wordSeparator = "\x00"

// MakeWords joins words.
func MakeWords(words ...string) Words { return Words(strings.Join(words, wordSeparator)) }

// List is the words one by one.
func (w Words) List() []string {
	if w == "" {
		return nil
	}
	return strings.Split(string(w), wordSeparator)
}

// MarshalJSON writes a list of strings.
func (w Words) MarshalJSON() ([]byte, error) { return json.Marshal(w.List()) }

// UnmarshalJSON reads a list of strings, or one string, which is split at white space.
func (w *Words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = MakeWords(strings.Fields(one)...)
		return nil
	}
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("want a command such as [python, train.py, \"${args}\"]: %s is none", data)
	}
	*w = MakeWords(list...)
	return nil
}

// Args is the configuration of another program: a JSON object with sorted keys.
type Args string

// MarshalJSON writes the object.
func (a Args) MarshalJSON() ([]byte, error) {
	if a == "" {
		return []byte("{}"), nil
	}
	return []byte(a), nil
}

// UnmarshalJSON reads an object and sorts its keys; numbers keep their digits, so that 1 and 1.0 stay different.
func (a *Args) UnmarshalJSON(data []byte) error {
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return fmt.Errorf("want keys and values: %s is none", data)
	}
	if len(object) == 0 {
		*a = ""
		return nil
	}
	sorted, err := json.Marshal(object)
	if err != nil {
		return err
	}
	*a = Args(sorted)
	return nil
}

// Strings lists the texts among the values, sorted by key: some name files.
func (a Args) Strings() ([]string, error) {
	object, err := a.Map()
	if err != nil {
		return nil, err
	}
	return stringsOf(object), nil
}

func stringsOf(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			list = append(list, stringsOf(item)...)
		}
		return list
	case map[string]any:
		var list []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			list = append(list, stringsOf(v[key])...)
		}
		return list
	}
	return nil
}

// Map is the object as a map; numbers are json.Number.
func (a Args) Map() (map[string]any, error) {
	object := map[string]any{}
	if a == "" {
		return object, nil
	}
	d := json.NewDecoder(strings.NewReader(string(a)))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, fmt.Errorf("args %s: %w", a, err)
	}
	return object, nil
}
