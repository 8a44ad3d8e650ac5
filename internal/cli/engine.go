package cli

import (
	"strings"

	"harness/model/spec"
)

// engineKind is the engine that a trial's spec names for the value of --engine.
func engineKind(engine string) (string, error) {
	switch {
	case engine == "", engine == "native":
		return "", nil
	case engine == "go":
		return "go", nil
	case strings.HasPrefix(engine, "xla:") && engine != "xla:":
		return "xla", nil
	}
	return "", usageError("unknown engine %q: want native, go, or xla:PATH with the path of a PJRT plugin", engine)
}

// engineFor is the engine to run a trial on: the kind that its spec names, and for xla the path that the user gives.
func engineFor(t spec.Trial, given string) (string, error) {
	switch {
	case t.Command != "", t.Engine == "":
		return "", nil
	case t.Engine == "xla" && strings.HasPrefix(given, "xla:"):
		return given, nil
	case t.Engine == "xla":
		return "", usageError("engine xla: give the path of its PJRT plugin with --engine xla:PATH")
	}
	return t.Engine, nil
}
