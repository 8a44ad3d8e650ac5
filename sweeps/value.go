package sweeps

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// value turns a YAML value into one of JSON: json.Number, string, bool, nil, []any or map[string]any. Whole numbers and
// numbers with a point stay different, and each number has one spelling.
func (p *parser) value(n *yaml.Node, key string) (any, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return p.scalar(n, key)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			v, err := p.value(item, key)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		entries, err := p.entries(n, key)
		if err != nil {
			return nil, err
		}
		object := make(map[string]any, len(entries))
		for _, e := range entries {
			if object[e.key], err = p.value(e.value, key+"."+e.key); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return nil, p.refuse(n, key, "an alias without its value")
}

func (p *parser) scalar(n *yaml.Node, key string) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return nil, p.refuse(n, key, "%s: want true or false", n.Value)
		}
		return b, nil
	case "!!int":
		var i int64
		if err := n.Decode(&i); err != nil {
			return nil, p.refuse(n, key, "%s: the number is too large", n.Value)
		}
		return json.Number(strconv.FormatInt(i, 10)), nil
	case "!!float":
		if whole.MatchString(n.Value) { // YAML makes a float of it, and loses digits
			return nil, p.refuse(n, key, "%s: the number is too large; in quotes it is text", n.Value)
		}
		var f float64
		if err := n.Decode(&f); err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, p.refuse(n, key, "%s: want a finite number", n.Value)
		}
		return number(f), nil
	case "!!str", "!!timestamp":
		return n.Value, p.checkOld(n, key)
	}
	return nil, p.refuse(n, key, "values of type %s are not read", n.ShortTag())
}

var whole = regexp.MustCompile(`^[-+]?[0-9_]+$`)

// number is the one spelling of f, always recognisable as a number with a point.
func number(f float64) json.Number {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	for _, c := range text {
		if c == '.' || c == 'e' {
			return json.Number(text)
		}
	}
	return json.Number(text + ".0")
}

// wholeNumber is the spelling of a whole number.
func wholeNumber(f float64) json.Number { return json.Number(strconv.FormatInt(int64(f), 10)) }
