package spec

import (
	"fmt"
	"slices"
	"strings"
)

// The kinds of engine: "" is native, the others are GoMLX.
const (
	GoEngine  = "go"
	XLAEngine = "xla"
)

// Engines lists what Trial.Engine may say: the kind of engine, since it changes the last digits of every number. Where the
// plugin of an engine lies changes none, and is given, or found, when a trial is run.
var Engines = [...]string{"", GoEngine, XLAEngine}

// formerEngines are names of trials that were recorded when the precision was part of the engine. They can be read, and not run:
// what bf16 rounds is more now.
var formerEngines = map[string]string{"go,bf16": GoEngine, "xla,bf16": XLAEngine}

// checkEngine refuses what no engine can run.
func (t Trial) checkEngine() error {
	if kind, former := formerEngines[t.Engine]; former {
		return refuse("engine", "%s is how an earlier version wrote bf16, which now rounds more: write engine: %s and precision: %s", t.Engine, kind, BF16)
	}
	if !slices.Contains(Engines[:], t.Engine) {
		return refuse("engine", "unknown engine %q: want one of %q, \"\" being native", t.Engine, Engines)
	}
	if p := t.Precision; p != "" && p != Float32 && p != BF16 {
		return refuse("precision", "unknown precision %q: want float32 or bf16", p)
	}
	return nil
}

// EngineName is an engine as it is named on the command line.
type EngineName struct {
	Kind      string // as Trial.Engine
	Plugin    string // of xla: the path of its PJRT plugin, "" where it is to be found
	Precision Precision
}

// ParseEngine reads the name of an engine: "" or "native", "go", "xla" or "xla:PATH", each with ",bf16" or without.
func ParseEngine(name string) (EngineName, error) {
	base, option, found := strings.Cut(name, ",")
	kind, path, hasPath := strings.Cut(base, ":")
	n := EngineName{Kind: kind, Plugin: path}
	switch {
	case found && option != string(BF16):
		return EngineName{}, fmt.Errorf("engine %s: unknown option %q: there is only bf16", name, option)
	case found:
		n.Precision = BF16
	}
	switch {
	case base == "native" || name == "":
		n.Kind = ""
	case kind == GoEngine && !hasPath, kind == XLAEngine && (path != "" || !hasPath):
	default:
		return EngineName{}, fmt.Errorf("unknown engine %q: want native, go, xla, or xla:PATH with the path of a PJRT plugin; ,bf16 may follow", name)
	}
	return n, nil
}

// String is the name that ParseEngine reads; "" is native with float32.
func (n EngineName) String() string {
	switch {
	case n.Plugin != "":
		return n.Kind + ":" + n.Plugin + n.Precision.suffix()
	case n.Kind == "" && n.Precision == BF16:
		return "native" + n.Precision.suffix()
	}
	return n.Kind + n.Precision.suffix()
}

// EngineFor is the name of the engine to run the trial on, given the one that the user names on the command line: an
// engine without a path follows from the trial alone; a plugin must be given, and be of the trial's kind and precision. A program has
// none.
func (t Trial) EngineFor(given string) (string, error) {
	if t.Command != "" {
		return "", nil
	}
	if err := t.checkEngine(); err != nil {
		return "", err
	}
	own := EngineName{Kind: t.Engine, Precision: t.Precision}
	if t.Engine != XLAEngine {
		return own.String(), nil
	}
	named, err := ParseEngine(given)
	switch {
	case err != nil:
		return "", err
	case named.Plugin == "":
		return "", fmt.Errorf("engine xla: give the path of its PJRT plugin with --engine xla:PATH")
	case named.Precision == BF16 && t.Precision != BF16:
		return "", fmt.Errorf("engine %s: the trial has precision float32", given)
	}
	own.Plugin = named.Plugin
	return own.String(), nil
}
