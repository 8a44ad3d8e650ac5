package view

import (
	"regexp"
	"slices"
)

var tagPattern = regexp.MustCompile(`^[\pL\pN][\pL\pN._-]{0,63}$`)

// CheckTags refuses what is no tag. given is the flag or the field that the tags were given by.
func CheckTags(given string, tags []string) error {
	for _, tag := range tags {
		if !tagPattern.MatchString(tag) {
			return misused(given, "tag %.100q: want letters, digits, dots, dashes and underscores, at most 64", tag)
		}
	}
	return nil
}

// Tagged are tags with some added and some taken away, sorted and each once.
func Tagged(tags, add, remove []string) []string {
	all := slices.DeleteFunc(append(slices.Clone(tags), add...), func(tag string) bool { return slices.Contains(remove, tag) })
	slices.Sort(all)
	return slices.Compact(all)
}
