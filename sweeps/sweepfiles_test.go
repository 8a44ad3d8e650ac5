package sweeps

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSweepFiles reads every file of testdata/sweepfiles, as other tools have them and as people write them, and compares what it plans,
// or all that it refuses, with the golden file beside it.
func TestSweepFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "sweepfiles", "*.yaml"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := outcome(filepath.Base(file), data)
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// outcome is what a file comes to, as text: its plan, or its mistakes.
func outcome(file string, data []byte) string {
	var b strings.Builder
	s, err := Parse(file, data)
	if err == nil && s.needs != "" {
		_, err = s.Expand(nil)
		fmt.Fprintf(&b, "without --command: %v\n", err)
		err = s.SetCommand("python3 train.py")
	}
	var plan *Plan
	if err == nil {
		plan, err = s.Expand(nil)
	}
	if err != nil {
		var several Errors
		if errors.As(err, &several) {
			fmt.Fprintf(&b, "%d mistakes\n", len(several))
		}
		return b.String() + err.Error() + "\n"
	}
	fmt.Fprintf(&b, "%s: %d rows, %d trials, seeds %v\ncommand %q\n", plan.Name, len(plan.Rows), len(plan.Trials), plan.Seeds, s.Command.List())
	if plan.Search.Method != "" {
		fmt.Fprintf(&b, "search %+v\n", plan.Search)
	}
	if plan.Run.Stop != nil {
		fmt.Fprintf(&b, "stop %+v\n", *plan.Run.Stop)
	}
	for _, m := range plan.Metrics {
		fmt.Fprintf(&b, "metric %s %s\n", m.Key, m.Goal)
	}
	for _, line := range append(append([]string{}, s.Notes...), s.Warnings...) {
		fmt.Fprintf(&b, "says %s\n", line)
	}
	for _, a := range plan.Axes {
		fmt.Fprintf(&b, "axis %s of %d\n", a.Path, len(a.Options))
	}
	for _, row := range plan.Rows {
		args := ""
		if t := plan.Trial(row.Trials[0]); t != nil {
			args = string(t.Spec.Args)
		}
		fmt.Fprintf(&b, "%s | %s\n", row.Name, args)
	}
	return b.String()
}
