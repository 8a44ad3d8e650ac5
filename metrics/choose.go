package metrics

import (
	"fmt"
	"slices"
	"strings"

	"harness/internal/nearest"
)

// Asks reports whether names, which are Options.Metrics, ask for a number: by its own name, by that of its group, or for all text
// metrics by being empty.
func Asks(names []string, key string) bool {
	k, ok := Lookup(key)
	if !ok {
		return false
	}
	if len(names) == 0 {
		return slices.Contains(TextGroups, k.Group)
	}
	return slices.Contains(names, k.Name) || slices.Contains(names, k.Group)
}

// AsksGroup reports whether names ask for any number of a group.
func AsksGroup(names []string, group string) bool {
	return slices.ContainsFunc(namesOf(group), func(key string) bool { return Asks(names, key) })
}

// CheckNames refuses a name that is neither a group nor a number, with the one that was probably meant.
func CheckNames(names []string) error {
	known := Groups()
	for _, k := range scored {
		if !slices.Contains(known, k.Name) {
			known = append(known, k.Name)
		}
	}
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		meant := nearest.Hint(nearest.Meant(name, known))
		return fmt.Errorf("unknown metric %q%s; known are %s, and each of their numbers", name, meant, strings.Join(Groups(), ", "))
	}
	return nil
}

// groupsOf returns the groups of which numbers are asked for, in print order.
func groupsOf(names []string) []string {
	return slices.DeleteFunc(Groups(), func(group string) bool { return !AsksGroup(names, group) })
}

// only leaves the numbers of keys, which are among those of the statistics.
func (s Statistics) only(keys []string) Statistics {
	all, value, sample := len(s.Keys), s.Value, s.sample
	if len(keys) == all {
		return s
	}
	places := make([]int, len(keys))
	for k, key := range keys {
		places[k] = slices.Index(s.Keys, key)
	}
	s.Keys = keys
	choose := func(values, out []float64) {
		for k, i := range places {
			out[k] = values[i]
		}
	}
	// Several goroutines call these at once: each call has its own values.
	s.Value = func(sum []float64, n float64, out []float64) {
		values := make([]float64, all)
		value(sum, n, values)
		choose(values, out)
	}
	s.sample = func(row, out []float64) {
		values := make([]float64, all)
		sample(row, values)
		choose(values, out)
	}
	return s
}
