// Package keys says what may stand in a sweep file: every key, what it is for, its type, its choices, what holds where it is not given,
// and an example.
//
//	File     the keys of the file itself, as a table (file.go); the parser of package sweeps takes its lists of keys and choices from it
//	Fields   the settings of the built-in trainer: the fields of spec.Trial, with a line of words each (fields.go)
//	Find     one key by its path
//	Schema   all of it as a JSON Schema, for editors
//
// "harness explain", the manual page harness-sweepfile(5) and docs/sweep.schema.json are printed from here.
package keys

import (
	"slices"
	"strings"

	"harness/internal/nearest"
)

// Type is what a value is, as people read it.
type Type string

// The types.
const (
	Text      Type = "text"
	Texts     Type = "text, or a list of texts"
	List      Type = "list of texts"
	ListOrAll Type = "all, or a list of texts"
	TextWhole Type = "text, or a whole number"
	Whole     Type = "whole number"
	Wholes    Type = "list of whole numbers"
	Number    Type = "number"
	Numbers   Type = "list of numbers"
	Truth     Type = "true or false"
	Time      Type = "time such as 90s, 30m or 4h"
	Value     Type = "any value"
	Values    Type = "list of values"
	Group     Type = "group of keys"
	Groups    Type = "list of groups of keys"
	Named     Type = "group of names, each with keys of its own"
	Settings  Type = "settings: of the built-in trainer, or a program's own"
	Words     Type = "list of words, or one line"
	TextFalse Type = "text, or false"
	CountAuto Type = "whole number, or auto"
	Rows      Type = "text, settings, or a list of them"
	Collected Type = "false, a list of formats, or a group of keys"
)

// Key is one key of the file.
type Key struct {
	Path     string // dotted; NAME stands for any name
	Type     Type
	Unit     string   // of a number
	Choices  []string // the only values; of a list, of its items
	Least    float64  // of a number, where HasLeast says so
	HasLeast bool
	Default  string // what holds where the key is not given, as words; empty: nothing does
	Required bool
	Doc      string // one or two sentences
	Paper    string // the section of arXiv 2603.04950
	Example  string // lines of a file in which the key stands
	Of       Tool
}

// Tool is whose word a key is.
type Tool string

// The tools.
const (
	Ours    Tool = ""
	WandB   Tool = "W&B"   // read as in its files
	Trainer Tool = "field" // a setting of the built-in trainer
)

// Name is the last part of the path.
func (k Key) Name() string { return k.Path[strings.LastIndexByte(k.Path, '.')+1:] }

// All lists the keys of the file and then the settings of the trainer.
func All() []Key { return append(slices.Clone(File), Fields()...) }

// Below lists the names of the keys directly below a path, "" being the top of the file. What stands alone is W&B's counts too.
func Below(path string) []string {
	var names []string
	for _, k := range File {
		parent := ""
		if dot := strings.LastIndexByte(k.Path, '.'); dot >= 0 {
			parent = k.Path[:dot]
		}
		if parent == path {
			names = append(names, k.Name())
		}
	}
	return names
}

// Choices are the values that the key of the file may have.
func Choices(path string) []string {
	for _, k := range File {
		if k.Path == path {
			return k.Choices
		}
	}
	panic("keys: no key " + path) // the parser names keys of the table only
}

// Find is the key of a path: as the table has it, with names of one's own in the place of NAME (metrics.acc.goal), or a setting of the
// trainer, also below base and parameters (base.pretrain.steps).
func Find(path string) (Key, bool) {
	path = strings.ReplaceAll(path, "[]", "")
	for _, within := range []string{"base.", "parameters.", "ablations.set.", "baseline."} {
		if below, ok := strings.CutPrefix(path, within); ok {
			if k, ok := field(below); ok {
				return k, true
			}
		}
	}
	for _, k := range File {
		if matches(k.Path, path) {
			return k, true
		}
	}
	return field(path)
}

func field(path string) (Key, bool) {
	for _, k := range Fields() {
		if k.Path == path {
			return k, true
		}
	}
	return Key{}, false
}

// matches reports whether path is that of a table, NAME being any one name.
func matches(pattern, path string) bool {
	prefix, suffix, named := strings.Cut(pattern, "NAME")
	if !named {
		return pattern == path
	}
	between, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return false
	}
	between, ok = strings.CutSuffix(between, suffix)
	known := between != "NAME" && suffix == "" && slices.ContainsFunc(Below(pattern), func(last string) bool { return strings.HasSuffix(between, "."+last) })
	return ok && between != "" && !known
}

// Nearest is the known path that was probably meant, or "".
func Nearest(path string) string {
	var known []string
	for _, k := range All() {
		known = append(known, k.Path)
	}
	return nearest.Path(path, known)
}

// Inline is the example of a key that holds others, on one line: "run: {parallel: 2, retries: 1}"; "" where it has none.
func (k Key) Inline() string {
	name := k.Name() + ":"
	lines := strings.Split(k.Example, "\n")
	for i, line := range lines {
		value, ok := strings.CutPrefix(line, name)
		switch {
		case !ok:
		case value != "":
			return line
		default:
			var inner []string
			for _, l := range lines[i+1:] {
				if !strings.HasPrefix(l, "  ") || strings.HasPrefix(l, "   ") {
					return ""
				}
				inner = append(inner, strings.TrimSpace(l))
			}
			return name + " {" + strings.Join(inner, ", ") + "}"
		}
	}
	return ""
}

// Description is what the key is for, what holds without it and where the paper has it, as one paragraph.
func (k Key) Description() string {
	text := k.Doc
	if k.Unit != "" {
		text += " Unit: " + k.Unit + "."
	}
	if k.Default != "" {
		text += " Default: " + k.Default + "."
	}
	if k.Paper != "" {
		text += " Paper: " + k.Paper + "."
	}
	return text
}
