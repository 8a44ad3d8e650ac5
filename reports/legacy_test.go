package reports

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/registry"
	"harness/sweeps"
)

// TestHomeOfThePredecessor prints the tables of a home that an older version wrote, from what its sweeps left behind.
func TestHomeOfThePredecessor(t *testing.T) {
	const old = "../testdata/home-9abd933"
	home := filepath.Join(t.TempDir(), "runs")
	if err := os.CopyFS(home, os.DirFS(filepath.Join(old, "runs"))); err != nil {
		t.Fatal(err)
	}
	db, err := registry.Open(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, name := range []string{"own", "grid"} {
		planned, err := os.ReadFile(filepath.Join(old, "runs", "plans", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		members, err := sweeps.DecodeLegacy(planned)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join(old, name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		layout, err := sweeps.Parse(name+".yaml", file)
		if err != nil {
			t.Fatal(err)
		}
		var tables [2]string
		for i, layout := range []*sweeps.Sweep{layout, nil} {
			table, err := Build(context.Background(), db, sweeps.Legacy(name, members, layout), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if err := table.Text(&text); err != nil {
				t.Fatal(err)
			}
			tables[i] = text.String()
		}
		want, err := os.ReadFile(filepath.Join(old, name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), tables[0]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		t.Logf("%s without its file:\n%s", name, tables[1])
	}
}
