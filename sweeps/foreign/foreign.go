// Package foreign reads the sweep files of SEML and of Hydra: as the list of settings that the tool itself would run.
//
//	SEML    seml:, fixed:, grid:, random: and sub-configurations
//	Hydra   hydra.sweeper.params of a configuration, in the grammar of overrides (override.go)
//
// Both return a List, or all mistakes of the file: what cannot be done here is refused by name, with what to write instead. Values are
// nodes of YAML; package sweeps gives them the types of our own files. Nothing of a program's own configuration is read.
package foreign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// List is what a file asks for.
type List struct {
	Name        string // may be empty
	Description string
	Command     []string  // the words of the program; empty where the file names none
	Settings    []Setting // in the order in which the tool runs them
	Notes       []Note    // what is done in another way than the tool does, or has no effect
}

// Setting is the parameters of one trial. Values that are the same may be the same node.
type Setting []Pair

// Pair is one parameter: its dotted path, and its value.
type Pair struct {
	Path  string
	Value *yaml.Node
}

// Note is a remark on a line of the file.
type Note struct {
	Line int
	Text string
}

// Mistake says what is wrong where.
type Mistake struct {
	Line   int
	Key    string // dotted path of the key
	Reason string
}

// reader collects what is found in a file.
type reader struct {
	list     List
	mistakes []Mistake
	most     int // settings that a file may ask for
}

func (r *reader) refuse(n *yaml.Node, key, format string, args ...any) {
	line := 1
	if n != nil {
		line = n.Line
	}
	r.mistakes = append(r.mistakes, Mistake{line, key, fmt.Sprintf(format, args...)})
}

func (r *reader) note(n *yaml.Node, format string, args ...any) {
	r.list.Notes = append(r.list.Notes, Note{n.Line, fmt.Sprintf(format, args...)})
}

// entry is one key of a mapping.
type entry struct {
	key   string
	at    *yaml.Node
	value *yaml.Node
}

// entries lists a mapping in the order of the file; what is none, and keys that stand twice, are refused.
func (r *reader) entries(n *yaml.Node, key string) []entry {
	if n.Kind != yaml.MappingNode {
		r.refuse(n, key, "want keys and values")
		return nil
	}
	var list []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		switch {
		case k.Kind != yaml.ScalarNode || k.Value == "":
			r.refuse(k, key, "a key must be plain text")
		case slices.ContainsFunc(list, func(e entry) bool { return e.key == k.Value }):
			if key != "" { // at the top it is said already
				r.refuse(k, joined(key, k.Value), "stands twice")
			}
		default:
			list = append(list, entry{k.Value, k, n.Content[i+1]})
		}
	}
	return list
}

// find is the value of a key, or nil.
func find(list []entry, key string) *yaml.Node {
	for _, e := range list {
		if e.key == key {
			return e.value
		}
	}
	return nil
}

func joined(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

// text is a scalar that is text, else a mistake.
func (r *reader) text(n *yaml.Node, key string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" || n.Value == "" {
		r.refuse(n, key, "want text")
		return ""
	}
	return n.Value
}

// float reads a number.
func (r *reader) float(n *yaml.Node, key string) float64 {
	var f float64
	if tag := n.ShortTag(); n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || n.Decode(&f) != nil || f-f != 0 {
		r.refuse(n, key, "%q: want a number", n.Value)
		return 0
	}
	return f
}

// whole reads a whole number of at least least.
func (r *reader) whole(n *yaml.Node, key string, least int) int {
	var i int
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || n.Decode(&i) != nil || i < least {
		r.refuse(n, key, "%q: want a whole number of at least %d", n.Value, least)
		return least
	}
	return i
}

// number is a value that stands for one computed at the place of n.
func number(n *yaml.Node, f float64, isWhole bool) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Line: n.Line, Column: n.Column}
	if isWhole {
		node.Tag, node.Value = "!!int", strconv.FormatFloat(f, 'f', 0, 64)
		return node
	}
	node.Value = floatText(f)
	return node
}

// floatText is the spelling of a number that is no whole number by its kind.
func floatText(f float64) string {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
