package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oldHomes are homes that older versions wrote (testdata/homes/make.sh), one for each form of registry.db and of plans that there was:
// the tables as they were first, with UUIDs of attempts, with whole plans, and as the newest before bundles has left it.
var oldHomes = []string{"2a2375a", "9abd933", "10d9eed", "d952718"}

// unpackHome puts the home of a commit, with the experiments and the tables of then, into a folder of the test.
func unpackHome(t *testing.T, commit string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if commit == "9abd933" {
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "testdata", "home-9abd933"))); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	file, err := os.Open(filepath.Join(root, "testdata", "homes", commit+".tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, strings.TrimPrefix(h.Name, "home/"))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else if data, readErr := io.ReadAll(r); readErr != nil {
			err = readErr
		} else {
			err = os.WriteFile(path, data, os.FileMode(h.Mode).Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// oldNumbers are the numbers of a table in CSV, as they are written there, by row and metric.
func oldNumbers(t *testing.T, table []byte) map[string]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%v: %s", err, table)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	numbers := map[string]string{}
	for _, row := range rows[1:] {
		if row[at["kind"]] == "published" || row[at["mean"]] == "" {
			continue
		}
		text := ""
		for _, column := range []string{"n", "of", "mean", "std", "ci95", "values"} {
			text += row[at[column]] + "; "
		}
		numbers[row[at["row"]]+" / "+row[at["metric"]]] = text
	}
	return numbers
}

// TestHomesOfAllVersions: a home of any version is opened, its tables have the same numbers to the last digit, its registry.db is brought
// up to date or made again, and nothing in it is trained twice.
func TestHomesOfAllVersions(t *testing.T) {
	for _, commit := range oldHomes {
		t.Run(commit, func(t *testing.T) {
			dir := unpackHome(t, commit)
			compare := func(how string) {
				t.Helper()
				for _, name := range []string{"own", "grid"} {
					got, err := harness(dir, "report", name+".yaml", "--format", "csv").Output() // the file says which metrics
					if err != nil {
						t.Fatalf("%s: report %s: %v", how, name, err)
					}
					if commit == "9abd933" { // its tables are compared in package reports
						oldNumbers(t, got)
						continue
					}
					then, err := os.ReadFile(filepath.Join(dir, name+".csv"))
					if err != nil {
						t.Fatal(err)
					}
					want, now := oldNumbers(t, then), oldNumbers(t, got)
					for key := range now { // metrics that were not shown then
						if _, ok := want[key]; !ok {
							delete(now, key)
						}
					}
					if d := cmp.Diff(want, now); d != "" || len(want) < 4 {
						t.Errorf("%s: %s (-then +now):\n%s", how, name, d)
					}
				}
			}
			compare("as it is")
			out, err := harness(dir, "verify").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "as written") {
				t.Errorf("verify: %v\n%s", err, out)
			}
			if err := os.Remove(filepath.Join(dir, "runs", "registry.db")); err != nil {
				t.Fatal(err)
			}
			compare("made again")
			out, err = harness(dir, "sweep", "own.yaml").CombinedOutput()
			if err != nil || !strings.Contains(string(out), "own: 4 done (4 before)") {
				t.Errorf("sweep: %v\n%s", err, out)
			}
			compare("swept again")
			mustHarness(t, dir, "bundle", "own", "-o", "own.tar.zst")
			mustHarness(t, dir, "unbundle", "own.tar.zst", "--home", "review")
			here, _ := harness(dir, "report", "own", "--format", "csv").Output()
			there, _ := harness(dir, "report", "own", "--format", "csv", "--home", "review").Output()
			if d := cmp.Diff(string(here), string(there)); d != "" || len(here) == 0 {
				t.Errorf("out of a bundle (-home +review):\n%s", d)
			}
		})
	}
}

// TestNewerHomes: a home that a newer version wrote is refused in one line, by readers and writers.
func TestNewerHomes(t *testing.T) {
	dir := unpackHome(t, "d952718")
	db, err := sql.Open("sqlite3", filepath.Join(dir, "runs", "registry.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"ls"}, {"report", "own"}, {"sweep", "own.yaml"}, {"verify"}, {"backup", "copy"}, {"gc"}} {
		out, err := harness(dir, args...).CombinedOutput()
		if err == nil || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "it has version 99") || !strings.Contains(string(out), "use a newer harness") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
}
