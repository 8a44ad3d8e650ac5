package sweeps

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"harness/sweeps/keys"
)

// Every key that is documented is read: its example stands in a file that is planned, and the key in its example.
func TestDocumentedKeysAreRead(t *testing.T) {
	for _, k := range keys.All() {
		if k.Example == "" {
			if k.Type != keys.Group {
				t.Errorf("%s has no example", k.Path)
			}
			continue
		}
		t.Run(k.Path, func(t *testing.T) {
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(k.Example), &doc); err != nil {
				t.Fatal(err)
			}
			place := k.Path
			if k.Of == keys.Trainer {
				place = "base." + place
			}
			if !stands(doc.Content[0], strings.Split(place, ".")) {
				t.Errorf("%s is not in its example:\n%s", place, k.Example)
			}
			s, err := Parse("example.yaml", []byte(fileAround(k)))
			if err == nil && !strings.HasPrefix(k.Path, "data.") { // their folder is not here
				_, err = s.Expand(nil)
			}
			if err != nil {
				t.Errorf("%v\n%s", err, fileAround(k))
			}
		})
	}
}

// fileAround is a file around the example of a key.
func fileAround(k keys.Key) string {
	var b strings.Builder
	add := func(key, line string) {
		if !strings.HasPrefix(k.Example, key+":") && !strings.Contains(k.Example, "\n"+key+":") {
			b.WriteString(line + "\n")
		}
	}
	add("version", "version: 1")
	add("name", "name: example")
	switch {
	case k.Of == keys.Trainer:
		if strings.HasSuffix(k.Path, ".epochs") { // steps or epochs
			b.WriteString(strings.Replace(k.Example, "}", ", "+strings.TrimSuffix(k.Path, "epochs")+"steps: 0}", 1))
			return b.String()
		}
	case k.Path == "base" || k.Path == "base.preset" || k.Path == "report.published" || strings.HasPrefix(k.Path, "controls"):
	default:
		add("command", `command: [python3, train.py, "${args}"]`)
		if !strings.HasPrefix(k.Path, "ablations") && !strings.HasPrefix(k.Path, "method") {
			add("parameters", "parameters: {lr: {values: [0.1, 0.2]}}")
		}
	}
	return b.String() + k.Example
}

// stands reports whether a path leads to a value of n; lists are passed through, and NAME is any key.
func stands(n *yaml.Node, path []string) bool {
	if n.Kind == yaml.SequenceNode {
		return slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return stands(item, path) })
	}
	if len(path) == 0 {
		return true
	}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key := strings.Split(n.Content[i].Value, ".")
		if path[0] == "NAME" {
			key = path[:1]
		}
		if len(key) <= len(path) && slices.Equal(key, path[:len(key)]) && stands(n.Content[i+1], path[len(key):]) {
			return true
		}
	}
	return false
}

// Every key that the parser reads is documented: the words of its switches over keys are in the table.
func TestReadKeysAreDocumented(t *testing.T) {
	below := map[string]string{"top": "", "wandb": "", "axis": "parameters.NAME", "ablation": "ablations", "metric": "metrics.NAME", "metricOfSearch": "metric",
		"resources": "resources", "run": "run", "report": "report", "controls": "controls", "earlyStop": "early_stop", "earlyTerminate": "early_terminate",
		"collect": "collect", "set": "slurm", "hypothesis": "hypotheses"}
	refused := []string{"job", "image_uri", "scheduler", "slurm", "parameters"} // named to say what to write instead
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := goparser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range tree.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, key := range casesOfKeys(f) {
				parent, known := below[f.Name.Name]
				read++
				switch {
				case !known:
					t.Errorf("%s: %s reads the key %s: of which group?", file, f.Name.Name, key)
				case !slices.Contains(keys.Below(parent), key) && !slices.Contains(refused, key):
					t.Errorf("%s: %s.%s is read and not documented", file, parent, key)
				}
			}
		}
	}
	if read < 80 {
		t.Errorf("only %d keys were found", read)
	}
	for _, key := range noEffect {
		if !slices.Contains(keys.Below(""), key) {
			t.Errorf("%s is read and not documented", key)
		}
	}
}

// casesOfKeys lists the words of a function's switches over the key of an entry.
func casesOfKeys(f *ast.FuncDecl) []string {
	var words []string
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SwitchStmt)
		if !ok {
			return true
		}
		over := ""
		switch tag := s.Tag.(type) {
		case *ast.SelectorExpr:
			over = tag.Sel.Name
		case *ast.Ident:
			over = tag.Name
		}
		if over != "key" {
			return true
		}
		for _, clause := range s.Body.List {
			for _, word := range clause.(*ast.CaseClause).List {
				if lit, ok := word.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value)
					words = append(words, text)
				}
			}
		}
		return true
	})
	return words
}

// The choices of the table are those of the code.
func TestChoicesAreThoseOfTheCode(t *testing.T) {
	for path, want := range map[string][]string{
		"early_stop.rule": {StopMedian, StopASHA},
		"report.bold":     {string(BoldBest), string(BoldMean), string(BoldNone)},
		"report.family":   {string(FamilyPrimary), string(FamilyTable), string(FamilyColumn), string(FamilyNone)},
	} {
		if got := keys.Choices(path); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
