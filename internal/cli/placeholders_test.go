package cli

import (
	"slices"
	"testing"

	"harness/runner"
	"harness/sweeps"
)

// What a file may write and what the runner replaces are the same.
func TestPlaceholders(t *testing.T) {
	files, replaced := []string{"${envvar:NAME}"}, []string(nil)
	for _, name := range sweeps.Macros {
		files = append(files, "${"+name+"}")
	}
	for _, p := range runner.Placeholders {
		replaced = append(replaced, p.Name)
	}
	slices.Sort(files)
	slices.Sort(replaced)
	if !slices.Equal(files, replaced) {
		t.Errorf("files may have %v, the runner replaces %v", files, replaced)
	}
}
