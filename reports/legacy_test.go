package reports

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/registry"
	"harness/sweeps"
)

const oldHome = "../testdata/home-9abd933"

// openOld opens a copy of a home that an older version wrote.
func openOld(t *testing.T) *registry.DB {
	t.Helper()
	home := filepath.Join(t.TempDir(), "runs")
	if err := os.CopyFS(home, os.DirFS(filepath.Join(oldHome, "runs"))); err != nil {
		t.Fatal(err)
	}
	db, err := registry.Open(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// oldMembers are the members of a sweep of that home.
func oldMembers(t *testing.T, name string) []sweeps.LegacyMember {
	t.Helper()
	planned, err := os.ReadFile(filepath.Join(oldHome, "runs", "plans", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	members, err := sweeps.DecodeLegacy(planned)
	if err != nil {
		t.Fatal(err)
	}
	return members
}

// layoutOf is the file of that sweep, with some of its text replaced.
func layoutOf(t *testing.T, name string, replace ...string) *sweeps.Sweep {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(oldHome, name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := sweeps.Parse(name+".yaml", []byte(strings.NewReplacer(replace...).Replace(string(file))))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestHomeOfThePredecessor prints the tables of that home from what its sweeps left behind: the same rows and numbers as then. Its
// captions and marks followed from other tests.
func TestHomeOfThePredecessor(t *testing.T) {
	db := openOld(t)
	for _, name := range []string{"own", "grid"} {
		want, err := os.ReadFile(filepath.Join(oldHome, name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		table, err := Build(context.Background(), db, sweeps.Legacy(name, oldMembers(t, name), layoutOf(t, name)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := table.Text(&text); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(numbersIn(string(want)), numbersIn(text.String())); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// numbersIn is a table in text without its caption and marks: each line below the heads, its words one blank apart.
func numbersIn(text string) string {
	_, grid, _ := strings.Cut(text, "──\n")
	var lines []string
	for line := range strings.Lines(strings.NewReplacer("*", "", "~", "", "─", "").Replace(grid)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// TestOldSweepWithoutItsFile prints the same numbers where the file is gone, and the curves.
func TestOldSweepWithoutItsFile(t *testing.T) {
	db := openOld(t)
	plan := sweeps.Legacy("own", oldMembers(t, "own"), nil)
	table, err := Build(context.Background(), db, plan, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := table.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" rate  acc ", " 0.1   0.115 ± 0.007  3.500 ± 0.000", " 0.2   0.215 ± 0.007  3.500 ± 0.000"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	curves, err := loadCurves(context.Background(), db, plan)
	if err != nil || len(curves) != 1 || curves[0].Metric != "loss" || len(curves[0].Lines) != 2 {
		t.Errorf("curves %+v, %v", curves, err)
	}
}

// TestNothingToReport tells a sweep that recorded nothing from one that recorded something else.
func TestNothingToReport(t *testing.T) {
	db := openOld(t)
	_, err := Build(context.Background(), db, sweeps.Legacy("fails", oldMembers(t, "fails"), nil), Options{})
	if !errors.Is(err, ErrNothing) || err.Error() != "report fails: nothing was recorded yet: 1 of 1 trials failed" {
		t.Errorf("no trial has recorded anything: %v", err)
	}
	layout := layoutOf(t, "own", "acc: {label: ACC", "accuracy: {label: ACC", "loss: {", "val_loss: {")
	_, err = Build(context.Background(), db, sweeps.Legacy("own", oldMembers(t, "own"), layout), Options{})
	const want = "report own: none of the metrics was recorded: 4 trials are done without accuracy, val_loss; " +
		"recorded are acc, loss: name them under metrics"
	if !errors.Is(err, ErrNoMetrics) || err.Error() != want {
		t.Errorf("other metrics: %v\nwant %s", err, want)
	}
}
