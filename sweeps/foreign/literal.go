package foreign

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// pythonNumber is a text that Python reads as a number.
var pythonNumber = regexp.MustCompile(`^[+-]?(0|[1-9](_?[0-9])*|([0-9](_?[0-9])*)?\.[0-9](_?[0-9])*([eE][+-]?[0-9]+)?|[0-9](_?[0-9])*\.?([eE][+-]?[0-9]+)?)$`)

// literals returns the tree below n as SEML reads it: a text that is a literal of Python, in quotes or not, is its value. Lists and the like
// in a text are refused: YAML has its own.
func (r *reader) literals(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.ScalarNode {
		whole := *n
		whole.Content = make([]*yaml.Node, len(n.Content))
		for i, inner := range n.Content {
			name := key
			if n.Kind == yaml.MappingNode {
				if whole.Content[i] = inner; i%2 == 0 { // a key stays
					continue
				}
				name = joined(key, n.Content[i-1].Value)
			}
			whole.Content[i] = r.literals(inner, name)
		}
		return &whole
	}
	if n.ShortTag() != "!!str" || n.Value == "" {
		return n
	}
	as := func(tag, value string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value, Line: n.Line, Column: n.Column}
	}
	text := strings.Trim(n.Value, " \t")
	switch last := text[max(len(text)-1, 0):]; {
	case text == "None":
		return as("!!null", "null")
	case text == "True", text == "False":
		return as("!!bool", strings.ToLower(text))
	case wholePattern.MatchString(text):
		return as("!!int", strings.ReplaceAll(text, "_", ""))
	case pythonNumber.MatchString(text):
		return as("!!float", strings.ReplaceAll(text, "_", ""))
	case strings.HasPrefix(text, "[") && last == "]", strings.HasPrefix(text, "(") && last == ")", strings.HasPrefix(text, "{") && last == "}",
		len(text) > 1 && (text[0] == '\'' || text[0] == '"') && last == text[:1]:
		r.refuse(n, key, "%s: SEML reads a literal of Python in this text: write it as YAML", n.Value)
	}
	return n
}
