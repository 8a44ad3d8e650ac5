package spec

import (
	"fmt"
	"strings"
)

// Engines lists what Trial.Engine may say: the kind of engine and its precision, since both change the last digits of
// every number. Where the plugin of an engine lies changes none, and is given when a trial is run.
var Engines = [...]string{"", "go", "go,bf16", "xla", "xla,bf16"}

// EngineKind is what Trial.Engine says of an engine that is named as on the command line: "" or "native", "go", or
// "xla:PATH" with the path of a PJRT plugin, the last two also with ",bf16".
func EngineKind(name string) (string, error) {
	base, option, found := strings.Cut(name, ",")
	kind, path, hasPath := strings.Cut(base, ":")
	switch {
	case found && option != "bf16":
		return "", fmt.Errorf("engine %s: unknown option %q: there is only bf16", name, option)
	case name == "" || name == "native":
		return "", nil
	case kind == "go" && !hasPath, kind == "xla" && path != "":
		if found {
			kind += "," + option
		}
		return kind, nil
	}
	return "", fmt.Errorf("unknown engine %q: want native, go, or xla:PATH with the path of a PJRT plugin; ,bf16 may follow the last two", name)
}

// EngineFor is the name of the engine to run the trial on, given the one that the user names on the command line: an
// engine without a path follows from the trial alone; a plugin must be given, and be of the trial's kind. A program has
// none.
func (t Trial) EngineFor(given string) (string, error) {
	if t.Command != "" {
		return "", nil
	}
	if kind, option, _ := strings.Cut(t.Engine, ","); kind == "xla" {
		want := "xla:PATH"
		if option != "" {
			want += "," + option
		}
		if named, err := EngineKind(given); err != nil {
			return "", err
		} else if named != t.Engine {
			return "", fmt.Errorf("engine %s: give the path of its PJRT plugin with --engine %s", t.Engine, want)
		}
		return given, nil
	}
	return t.Engine, nil
}
