package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// mayImport says which packages of ours each part of the tree may import, tests aside: the graph of the README. A part
// is a folder with all below it; a more exact entry wins over a shorter one. Inside its own part everything may be
// imported.
var mayImport = map[string][]string{
	".":                      {"internal/cli"}, // main.go and nothing else
	"internal/cli":           {"docs", "experiments", "metrics", "model", "registry", "runner", "reports", "sweeps", "internal/view", "internal/web", "internal/logfile"},
	"internal/view":          {"experiments", "metrics", "model", "registry", "runner", "reports", "sweeps"},
	"internal/web":           {"experiments", "metrics", "model", "registry", "runner", "reports", "sweeps", "internal/view", "internal/logfile"},
	"internal/logfile":       {},
	"internal/nvml/nvmltest": {},
	"internal/tfevents":      {},
	"internal/wandbfile":     {},
	"internal/web/fixture":   {"registry", "sweeps"},
	"docs":                   {},
	"experiments":            {},
	"metrics":                {},
	"model/spec":             {},
	"model/engine":           {},
	"model/probe":            {},
	"registry/journal":       {},
	"registry/provenance":    {"registry/journal"},
	"registry/bundle":        {},
	"registry/homes":         {"registry", "model/spec"},
	"registry/trackers":      {"internal/tfevents", "internal/wandbfile"},
	"runner/collect":         {"internal/tfevents", "internal/wandbfile"},
	"sweeps":                 {"model/spec", "metrics"},
	"registry":               {"model/spec", "registry/journal"},
	"model":                  {"model", "metrics"},
	"runner":                 {"registry", "model/spec"},
	"reports":                {"registry", "sweeps", "metrics", "experiments", "model/spec"},
}

// leaves import nothing of ours and may be imported by all.
var leaves = []string{"internal/atomicfile", "internal/escape", "internal/filelock", "internal/hostmemory", "internal/jsonfloat", "internal/nearest", "internal/nvml",
	"internal/protofields"}

func TestImports(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || hasModule(path)) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		checked++
		checkImports(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 50 {
		t.Errorf("only %d files were checked", checked)
	}
}

// hasModule reports whether a folder other than the root is a module of its own.
func hasModule(dir string) bool {
	if dir == "." {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func checkImports(t *testing.T, path string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	if slices.Contains(leaves, filepath.ToSlash(filepath.Dir(path))) {
		for _, spec := range file.Imports {
			if strings.HasPrefix(spec.Path.Value, `"harness/`) {
				t.Errorf("%s imports %s: it is a leaf", path, spec.Path.Value)
			}
		}
		return
	}
	part := partOf(filepath.ToSlash(filepath.Dir(path)))
	if part == "" {
		t.Errorf("%s is in no known part of the tree: add it to the table and to the README", path)
		return
	}
	for _, spec := range file.Imports {
		imported, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), "harness/")
		if !ours || within(imported, part) || slices.Contains(leaves, imported) {
			continue
		}
		if !slices.ContainsFunc(mayImport[part], func(allowed string) bool { return within(imported, allowed) }) {
			t.Errorf("%s imports %s: %s may import only %v", path, imported, part, mayImport[part])
		}
	}
}

// partOf is the longest entry of the table that holds the folder.
func partOf(dir string) string {
	best := ""
	for part := range mayImport {
		if within(dir, part) && len(part) > len(best) {
			best = part
		}
	}
	return best
}

// within reports whether path is folder or lies below it; the root contains only itself.
func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// TestFewTypesANoun holds how many types share the two names that everything is about, and that only planning expands a grid.
func TestFewTypesANoun(t *testing.T) {
	types := regexp.MustCompile(`(?m)^type (Trial|Param) `)
	found, expands := map[string][]string{}, []string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && hasModule(path) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, match := range types.FindAllSubmatch(source, -1) {
			found[string(match[1])] = append(found[string(match[1])], path)
		}
		if strings.Contains(string(source), ".Expand(") {
			expands = append(expands, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(found["Trial"]); n == 0 || n > 3 {
		t.Errorf("%d types Trial, want at most 3: %v", n, found["Trial"])
	}
	if n := len(found["Param"]); n == 0 || n > 2 {
		t.Errorf("%d types Param, want at most 2: %v", n, found["Param"])
	}
	if want := []string{"internal/cli/plan.go", "internal/web/fixture/large.go"}; !slices.Equal(expands, want) { // a fixture plans what it writes
		t.Errorf("grids are expanded in %v, want %v: who prints a sweep reads its plan", expands, want)
	}
}
