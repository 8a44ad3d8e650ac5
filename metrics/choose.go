package metrics

import (
	"fmt"
	"slices"
	"strings"
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
		meant := ""
		if near := nearest(name, known); near != "" {
			meant = fmt.Sprintf(": did you mean %s?", near)
		}
		return fmt.Errorf("unknown metric %q%s; known are %s, and each of their numbers", name, meant, strings.Join(Groups(), ", "))
	}
	return nil
}

// groupsOf returns the groups of which numbers are asked for, in print order.
func groupsOf(names []string) []string {
	return slices.DeleteFunc(Groups(), func(group string) bool { return !AsksGroup(names, group) })
}

// only leaves the numbers that names ask for of the statistics of a group.
func (s Statistics) only(names []string) Statistics {
	all, value, sample := s.Keys, s.Value, s.sample
	s.Keys = slices.DeleteFunc(slices.Clone(all), func(key string) bool { return !Asks(names, key) })
	if len(s.Keys) == len(all) {
		return s
	}
	choose := func(values, out []float64) {
		k := 0
		for i, key := range all {
			if k < len(s.Keys) && key == s.Keys[k] {
				out[k] = values[i]
				k++
			}
		}
	}
	s.Value = func(sum []float64, n float64, out []float64) {
		values := make([]float64, len(all))
		value(sum, n, values)
		choose(values, out)
	}
	s.sample = func(row, out []float64) {
		values := make([]float64, len(all))
		sample(row, values)
		choose(values, out)
	}
	return s
}

// nearest returns the known name that a misspelt one is closest to, or "" when none is near.
func nearest(name string, known []string) string {
	best, least := "", len(name)/2+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// editDistance is how many letters are changed, left out, put in or exchanged with the next one.
func editDistance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := row[j]
			if a[i] != b[j] {
				cost = 1 + min(row[j], row[j+1], next[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, 1+before[j-1])
			}
			next[j+1] = cost
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
