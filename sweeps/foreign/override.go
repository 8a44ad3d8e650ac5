package foreign

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// element is one value of a sweep as it stands in an override, such as 0.1, mysql, "a b" or [1,2].
type element string

var (
	wholePattern = regexp.MustCompile(`^[+-]?(0|[1-9](_?\d)*)$`)
	floatPattern = regexp.MustCompile(`^[+-]?((\d+(_\d+)*)?\.\d+(_\d+)*|\d+(_\d+)*\.?)([eE][+-]?\d+)?$`)
	plainPattern = regexp.MustCompile(`^[A-Za-z_][\w./-]*$`)
	constant     = regexp.MustCompile(`^(?i:null|true|false|[+-]?(inf|nan))$`)
	callPattern  = regexp.MustCompile(`^([A-Za-z_]\w*)\s*\(`)
)

// node is the element as a value: numbers, true and false are those, all else is text as the program's own Hydra will read it. Quotes
// that change nothing are left out.
func (e element) node(at *yaml.Node) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: string(e), Line: at.Line, Column: at.Column}
	bare := strings.ReplaceAll(string(e), "_", "")
	switch {
	case wholePattern.MatchString(string(e)):
		if i, err := strconv.ParseInt(bare, 10, 64); err == nil {
			n.Tag, n.Style, n.Value = "!!int", 0, strconv.FormatInt(i, 10)
		}
	case floatPattern.MatchString(string(e)):
		if f, err := strconv.ParseFloat(bare, 64); err == nil {
			n.Tag, n.Style, n.Value = "!!float", 0, floatText(f)
		}
	case strings.EqualFold(string(e), "true"), strings.EqualFold(string(e), "false"):
		n.Tag, n.Style, n.Value = "!!bool", 0, strings.ToLower(string(e))
	case len(e) > 2 && (e[0] == '\'' || e[0] == '"'):
		if inner := string(e[1 : len(e)-1]); plainPattern.MatchString(inner) && !constant.MatchString(inner) {
			n.Value = inner
		}
	}
	return n
}

// parseOverride reads the right side of an override: the values that the basic sweeper tries, or the one value that there is.
func parseOverride(text string) ([]element, error) {
	parts, err := split(text)
	if err != nil {
		return nil, err
	}
	if len(parts) == 1 {
		return sweepOf(parts[0])
	}
	for _, part := range parts {
		if err := part.check(); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// split divides at commas outside quotes and brackets.
func split(text string) ([]element, error) {
	var parts []element
	var open []byte
	from := 0
	closing := map[byte]byte{'(': ')', '[': ']', '{': '}'}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\':
			i++
		case c == '\'' || c == '"':
			end := quoteEnd(text, i)
			if end < 0 {
				return nil, fmt.Errorf("%c without its end", c)
			}
			i = end
		case closing[c] != 0:
			open = append(open, closing[c])
		case c == ')' || c == ']' || c == '}':
			if len(open) == 0 || open[len(open)-1] != c {
				return nil, fmt.Errorf("%c without its beginning", c)
			}
			open = open[:len(open)-1]
		case c == ',' && len(open) == 0:
			parts = append(parts, element(strings.Trim(text[from:i], " \t")))
			from = i + 1
		}
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("%c is missing", open[len(open)-1])
	}
	parts = append(parts, element(strings.Trim(text[from:], " \t")))
	if len(parts) > 1 && slices.Contains(parts, "") {
		return nil, fmt.Errorf("nothing between two commas, or at an end")
	}
	return parts, nil
}

// quoteEnd is the index of the quote that ends the one at i, or -1.
func quoteEnd(text string, i int) int {
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case text[i]:
			return j
		}
	}
	return -1
}

// check refuses what is no single value in Hydra's grammar.
func (e element) check() error {
	text := string(e)
	switch {
	case text == "":
		return nil
	case text[0] == '\'' || text[0] == '"':
		if quoteEnd(text, 0) != len(text)-1 {
			return fmt.Errorf("%s: text behind a quote", text)
		}
		return nil
	case text[0] == '[' || text[0] == '{':
		return e.checkContainer()
	}
	if call := callPattern.FindStringSubmatch(text); call != nil {
		return fmt.Errorf("%s(...) among values: write all values out", call[1])
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case strings.HasPrefix(text[i:], "${"):
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return fmt.Errorf("%s: ${ without }", text)
			}
			i += end
		case strings.IndexByte("()[]{}=,'\"", c) >= 0:
			return fmt.Errorf("%s: %c must be in quotes", text, c)
		}
	}
	return nil
}

// checkContainer checks the elements of a list or of a dictionary.
func (e element) checkContainer() error {
	last := map[byte]byte{'[': ']', '{': '}'}[e[0]]
	if e[len(e)-1] != last {
		return fmt.Errorf("%s: text behind %c", e, last)
	}
	inner, err := split(string(e[1 : len(e)-1]))
	if err != nil || len(inner) == 1 && inner[0] == "" {
		return err
	}
	for _, one := range inner {
		if e[0] == '{' {
			key, value, found := strings.Cut(string(one), ":")
			if !found || strings.Trim(key, " \t") == "" {
				return fmt.Errorf("%s: want KEY:VALUE", one)
			}
			one = element(strings.Trim(value, " \t"))
		}
		if err := one.check(); err != nil {
			return err
		}
	}
	return nil
}

// sweepOf are the values of a single element: those of a function, or itself.
func sweepOf(e element) ([]element, error) {
	call := callPattern.FindStringSubmatch(string(e))
	if call == nil || e[len(e)-1] != ')' {
		return []element{e}, e.check()
	}
	inner, err := split(string(e[len(call[0]) : len(e)-1]))
	if err != nil {
		return nil, err
	}
	if len(inner) == 1 && inner[0] == "" {
		inner = nil
	}
	args, named, err := arguments(inner)
	if err != nil {
		return nil, err
	}
	switch call[1] {
	case "choice":
		return choice(args, named)
	case "range":
		return rangeOf(args, named)
	case "sort":
		return sorted(args, named)
	case "tag":
		return tagged(args, named)
	case "shuffle":
		return nil, fmt.Errorf("shuffle: trials stand in the table in the order of the file: leave it out")
	case "glob":
		return nil, fmt.Errorf("glob: what it finds is not in this file: write the names: 'a,b'")
	case "interval":
		if len(args) != 2 {
			args = []element{"A", "B"}
		}
		return nil, fmt.Errorf("the basic sweeper has none: write the values, or a file of our own with method: random and {min: %s, max: %s, distribution: uniform}", args[0], args[1])
	case "int", "float", "str", "bool", "json_str", "extend_list":
		return nil, fmt.Errorf("%s: is not computed here: write the values that come out", call[1])
	}
	return nil, fmt.Errorf("%s: unknown function: want choice, range, sort or tag", call[1])
}

var namedPattern = regexp.MustCompile(`^([A-Za-z_]\w*)\s*=\s*(.*)$`)

// arguments tells named from other arguments.
func arguments(list []element) (args []element, named map[string]element, err error) {
	named = map[string]element{}
	for _, e := range list {
		if found := namedPattern.FindStringSubmatch(string(e)); found != nil {
			named[found[1]] = element(found[2])
			continue
		}
		if len(named) > 0 {
			return nil, nil, fmt.Errorf("%s: stands behind a named argument", e)
		}
		args = append(args, e)
	}
	return args, named, nil
}

func choice(args []element, named map[string]element) ([]element, error) {
	if len(named) > 0 || len(args) == 0 {
		return nil, fmt.Errorf("choice: want values, as in choice(a,b)")
	}
	for _, e := range args {
		if err := e.check(); err != nil {
			return nil, err
		}
		if strings.EqualFold(string(e), "null") {
			return nil, fmt.Errorf("choice: null is no choice of Hydra's: write 'null,a' without choice(...)")
		}
	}
	return args, nil
}

// maxRange bounds the values of a range.
const maxRange = 100_000

// rangeOf computes start, start+step, … below stop, exactly, in decimals. Where one of the three is no whole number, none of the values
// is.
func rangeOf(args []element, named map[string]element) ([]element, error) {
	wanted := fmt.Errorf("range: want range(start,stop) or range(start,stop,step) of numbers")
	given := map[string]element{"step": "1"}
	for i, e := range args {
		if i > 2 {
			return nil, wanted
		}
		given[[]string{"start", "stop", "step"}[i]] = e
	}
	for name, e := range named {
		given[name] = e
	}
	if len(given) == 2 && given["start"] != "" && len(args) == 1 { // range(stop)
		given["start"], given["stop"] = "0", given["start"]
	}
	if len(given) != 3 {
		return nil, wanted
	}
	isWhole := true
	var numbers [3]*big.Rat
	for i, name := range []string{"start", "stop", "step"} {
		e, ok := given[name]
		if !ok || !floatPattern.MatchString(string(e)) || len(e) > 40 {
			return nil, wanted
		}
		isWhole = isWhole && wholePattern.MatchString(string(e))
		f, err := strconv.ParseFloat(strings.ReplaceAll(string(e), "_", ""), 64)
		if err != nil || f > 1e15 || f < -1e15 || f != 0 && f < 1e-15 && f > -1e-15 {
			return nil, wanted
		}
		if numbers[i], ok = new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64)); !ok {
			return nil, wanted
		}
	}
	return steps(numbers[0], numbers[1], numbers[2], isWhole)
}

func steps(start, stop, step *big.Rat, isWhole bool) ([]element, error) {
	if step.Sign() == 0 {
		return nil, fmt.Errorf("range: a step of 0")
	}
	var list []element
	for at := start; at.Cmp(stop) == -step.Sign(); at = new(big.Rat).Add(at, step) {
		if len(list) == maxRange {
			return nil, fmt.Errorf("range: more than %d values", maxRange)
		}
		if isWhole {
			list = append(list, element(at.Num().String()))
			continue
		}
		f, _ := at.Float64()
		list = append(list, element(floatText(f)))
	}
	if list == nil {
		return nil, fmt.Errorf("range: no values")
	}
	return list, nil
}

// sorted sorts values that are all numbers, or all texts.
func sorted(args []element, named map[string]element) ([]element, error) {
	reverse, list, err := sortArguments(args, named)
	if err != nil {
		return nil, err
	}
	if len(list) == 1 && (strings.HasPrefix(string(list[0]), "[")) {
		return nil, fmt.Errorf("sort: of a list: write it as it comes out")
	}
	numbers := make(map[element]float64, len(list))
	for _, e := range list {
		if floatPattern.MatchString(string(e)) {
			if numbers[e], err = strconv.ParseFloat(strings.ReplaceAll(string(e), "_", ""), 64); err != nil {
				return nil, err
			}
		} else if !plainPattern.MatchString(string(e)) || constant.MatchString(string(e)) {
			return nil, fmt.Errorf("sort: %s: write the values in their order", e)
		}
	}
	if len(numbers) > 0 && slices.ContainsFunc(list, func(e element) bool { _, ok := numbers[e]; return !ok }) {
		return nil, fmt.Errorf("sort: of numbers and texts: write the values in their order")
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b element) int {
		c := strings.Compare(string(a), string(b))
		if len(numbers) > 0 {
			c = new(big.Float).SetFloat64(numbers[a]).Cmp(new(big.Float).SetFloat64(numbers[b]))
		}
		if reverse {
			return -c
		}
		return c
	})
	return list, nil
}

// sortArguments are the values to sort: of one sweep, or the arguments themselves.
func sortArguments(args []element, named map[string]element) (reverse bool, list []element, err error) {
	for name, e := range named {
		switch {
		case name == "reverse" && (e == "true" || e == "false"):
			reverse = e == "true"
		case name == "sweep" && len(args) == 0:
			args = []element{e}
		default:
			return false, nil, fmt.Errorf("sort: %s: want values, and reverse=true", name)
		}
	}
	if len(args) == 1 {
		list, err = sweepOf(args[0])
		return reverse, list, err
	}
	if len(args) == 0 {
		return false, nil, fmt.Errorf("sort: want values")
	}
	list, err = choice(args, nil)
	return reverse, list, err
}

// tagged are the values of the sweep whose tags the basic sweeper does not read.
func tagged(args []element, named map[string]element) ([]element, error) {
	if e, ok := named["sweep"]; ok && len(named) == 1 {
		return sweepOf(e)
	}
	if len(named) > 0 || len(args) == 0 {
		return nil, fmt.Errorf("tag: want tag(name,choice(a,b))")
	}
	return sweepOf(args[len(args)-1])
}
