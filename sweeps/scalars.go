package sweeps

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"harness/internal/escape"
)

// text reads a string; numbers and the like must be quoted.
func (p *parser) text(n *yaml.Node, key string) (string, error) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return "", p.refuse(n, key, "want text%s", quoteHint(n))
	}
	return n.Value, nil
}

func quoteHint(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		return ": write '" + n.Value + "' in quotes"
	}
	return ""
}

// shownText reads a string that is printed: control characters are escaped.
func (p *parser) shownText(n *yaml.Node, key string) (string, error) {
	text, err := p.text(n, key)
	return escape.Line(text), err
}

func (p *parser) shownTexts(n *yaml.Node, key string) ([]string, error) {
	list, err := p.texts(n, key)
	for i := range list {
		list[i] = escape.Line(list[i])
	}
	return list, err
}

// whole reads a whole number of at least least.
func (p *parser) whole(n *yaml.Node, key string, least int) (int, error) {
	var i int
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || n.Decode(&i) != nil {
		return 0, p.refuse(n, key, "%s: want a whole number", shown(n))
	}
	if i < least {
		return 0, p.refuse(n, key, "%d: want at least %d", i, least)
	}
	return i, nil
}

func (p *parser) float(n *yaml.Node, key string) (float64, error) {
	var f float64
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || n.Decode(&f) != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, p.refuse(n, key, "%s: want a number", shown(n))
	}
	return f, nil
}

func (p *parser) boolean(n *yaml.Node, key string) (bool, error) {
	var b bool
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&b) != nil {
		return false, p.refuse(n, key, "%s: want true or false", shown(n))
	}
	return b, nil
}

// oneOf reads one of the choices.
func (p *parser) oneOf(n *yaml.Node, key string, choices []string) (string, error) {
	if n.Kind != yaml.ScalarNode || !slices.Contains(choices, n.Value) {
		return "", p.refuse(n, key, "%s: want %s", shown(n), strings.Join(choices, ", "))
	}
	return n.Value, nil
}

func (p *parser) duration(n *yaml.Node, key string) (time.Duration, error) {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d < 0 {
		return 0, p.refuse(n, key, "%s: want a time such as 90s, 30m or 4h", shown(n))
	}
	return d, nil
}

// texts reads one string or a list of them.
func (p *parser) texts(n *yaml.Node, key string) ([]string, error) {
	if n.Kind != yaml.SequenceNode {
		one, err := p.text(n, key)
		return []string{one}, err
	}
	var list []string
	for _, item := range n.Content {
		one, err := p.text(item, key)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func shown(n *yaml.Node) string {
	switch n.Kind {
	case yaml.ScalarNode:
		return strconv.Quote(n.Value)
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a group of keys"
	}
	return "an alias"
}
