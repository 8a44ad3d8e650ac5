// Package typecheck holds a test: every package of the module, tests included, has right types on systems that the tests do
// not run on. It needs neither their C compiler nor their libraries: what comes from C is taken on trust.
package typecheck

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// listed is what go list -json says of a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	CgoFiles   []string
	ImportMap  map[string]string
	DepOnly    bool
	ForTest    string
	Error      *struct{ Err string }
}

func TestDarwin(t *testing.T) { check(t, "darwin", "arm64") }

func TestLinuxARM(t *testing.T) { check(t, "linux", "arm64") }

func check(t *testing.T, system, arch string) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := checker{fset: token.NewFileSet(), sizes: types.SizesFor("gc", arch), packages: map[string]*types.Package{}}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	ours, told := 0, map[string]bool{}
	for _, p := range list(t, system, arch) {
		if strings.HasSuffix(p.ImportPath, ".test") { // the main package that go test writes
			continue
		}
		found := c.check(p)
		if p.DepOnly && p.ForTest == "" {
			continue // somebody else's
		}
		ours++
		if p.Error != nil {
			t.Errorf("%s: %s", p.ImportPath, p.Error.Err)
		}
		for _, err := range found {
			if !told[err.Error()] { // a package with its tests is listed a second time
				told[err.Error()] = true
				t.Error(strings.TrimPrefix(err.Error(), root+string(filepath.Separator)))
			}
		}
	}
	if ours < 30 {
		t.Errorf("only %d packages were checked", ours)
	}
}

// list returns all packages of the module and what they import, imported ones first.
func list(t *testing.T, system, arch string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-test", "-json=ImportPath,Dir,GoFiles,CgoFiles,ImportMap,DepOnly,ForTest,Error", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=1", "GOFLAGS=-buildvcs=false")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(out); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// checker keeps the types of the packages that were checked.
type checker struct {
	fset     *token.FileSet
	sizes    types.Sizes
	packages map[string]*types.Package
}

// check computes the types of a package and returns what is wrong with them. Bodies of functions count in our own only.
func (c *checker) check(p listed) []error {
	if p.ImportPath == "unsafe" {
		c.packages["unsafe"] = types.Unsafe
		return nil
	}
	var found []error
	note := func(err error) {
		if !ofC(err, p) {
			found = append(found, err)
		}
	}
	var files []*ast.File
	for _, name := range append(p.GoFiles, p.CgoFiles...) {
		file, err := parser.ParseFile(c.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			note(err)
			continue
		}
		files = append(files, file)
	}
	config := types.Config{
		FakeImportC:      true,
		IgnoreFuncBodies: p.DepOnly && p.ForTest == "",
		Sizes:            c.sizes,
		Error:            note,
		Importer: importer(func(path string) (*types.Package, error) {
			if path == "C" {
				return nil, errors.New("C is not to be imported")
			}
			if mapped, ok := p.ImportMap[path]; ok {
				path = mapped
			}
			if known := c.packages[path]; known != nil {
				return known, nil
			}
			return nil, errors.New("package " + path + " is not there")
		}),
	}
	path, _, _ := strings.Cut(p.ImportPath, " ")
	c.packages[p.ImportPath], _ = config.Check(path, c.fset, files, nil)
	return found
}

// ofC reports whether an error is about the fields of a type that C declares, which are not known here.
func ofC(err error, p listed) bool {
	var e types.Error
	return errors.As(err, &e) && strings.Contains(e.Msg, "has no field or method") &&
		slices.Contains(p.CgoFiles, filepath.Base(e.Fset.Position(e.Pos).Filename))
}

type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }
