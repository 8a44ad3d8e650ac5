package cli

import (
	"slices"
	"testing"

	"harness/runner"
	"harness/runner/collect"
	"harness/sweeps"
)

// TestPlaceholdersAgree compares what a file may name with what the runner replaces.
func TestPlaceholdersAgree(t *testing.T) {
	var parsed, replaced []string
	for _, macro := range append(sweeps.Macros[:], "envvar:NAME") {
		parsed = append(parsed, "${"+macro+"}")
	}
	for _, p := range runner.Placeholders {
		replaced = append(replaced, p.Name)
	}
	slices.Sort(parsed)
	slices.Sort(replaced)
	if !slices.Equal(parsed, replaced) {
		t.Errorf("parsed are %q, replaced %q", parsed, replaced)
	}
}

// TestCollectFormatsAgree compares the formats that a file may name with those that are read.
func TestCollectFormatsAgree(t *testing.T) {
	parsed := slices.Sorted(slices.Values(sweeps.CollectFormats))
	var read []string
	for _, format := range collect.Formats {
		read = append(read, string(format))
	}
	slices.Sort(read)
	if !slices.Equal(parsed, read) {
		t.Errorf("parsed are %q, read %q", parsed, read)
	}
}
