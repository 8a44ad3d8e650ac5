package spec

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"harness/internal/nearest"
)

// nameSet reads and writes sets of few names: bit i of a set stands for the name i.
type nameSet struct {
	noun  string // of one name
	want  string // what a list is, with an example
	names []string
}

// of lists the names of a set.
func (n nameSet) of(set uint8) []string {
	names := []string{}
	for i, name := range n.names {
		if set&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// read reads a JSON list of names; an unknown or repeated one is an error.
func (n nameSet) read(data []byte) (uint8, error) {
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return 0, fmt.Errorf("want %s: %s is none", n.want, data)
	}
	var set uint8
	for _, name := range names {
		i := slices.Index(n.names, name)
		if i < 0 {
			return 0, fmt.Errorf("unknown %s %q: want %s%s", n.noun, name, strings.Join(n.names, ", "), meant(name, n.names))
		}
		if set&(1<<i) != 0 {
			return 0, fmt.Errorf("%s %q is listed twice", n.noun, name)
		}
		set |= 1 << i
	}
	return set, nil
}

// meant is "; did you mean X?" for the known word that a mistyped one probably stands for, or "".
func meant(word string, known []string) string {
	if one := nearest.Meant(word, known); one != "" {
		return "; did you mean " + one + "?"
	}
	return ""
}
