package sweeps

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/sweeps/search"
)

// distribution reads the keys of one parameter that say how it is distributed, in W&B's words.
type distribution struct {
	search.Distribution
	parser  *parser
	key     string     // of the parameter
	at      *yaml.Node // what an error points to that is nobody's fault in particular
	entries []entry
	options int // how many values are listed
}

// find is the entry of a key, or nil.
func (d *distribution) find(key string) *entry {
	if i := slices.IndexFunc(d.entries, func(e entry) bool { return e.key == key }); i >= 0 {
		return &d.entries[i]
	}
	return nil
}

// refuse keeps a mistake at one of the keys, or at the parameter where the key is missing.
func (d *distribution) refuse(key, format string, args ...any) {
	at, name := d.at, d.key
	if e := d.find(key); e != nil {
		at, name = e.value, joined(d.key, key)
	}
	d.parser.keep(d.parser.refuse(at, name, format, args...))
}

// read fills the distribution and checks it.
func (d *distribution) read() {
	if !d.kind() || !d.keys() {
		return
	}
	d.Options, d.Sigma, d.A, d.B, d.Q = d.options, 1, 1, 1, 1
	before := len(d.parser.mistakes)
	for _, one := range []struct {
		key   string
		field *float64
	}{{"min", &d.Min}, {"max", &d.Max}, {"mu", &d.Mu}, {"sigma", &d.Sigma}, {"a", &d.A}, {"b", &d.B}, {"q", &d.Q}} {
		if e := d.find(one.key); e != nil {
			var err error
			*one.field, err = d.parser.float(e.value, joined(d.key, one.key))
			d.parser.keep(err)
		}
	}
	d.WholeQ = d.find("q") != nil && d.find("q").value.ShortTag() == "!!int"
	d.weights()
	if len(d.parser.mistakes) > before {
		return
	}
	var fault *search.Fault
	if err := d.Check(); errors.As(err, &fault) {
		d.refuse(fault.Key, "%s", fault.Reason)
		return
	}
	if d.Kind == search.LogUniform && d.Min >= 0 || d.Kind == search.InvLogUniform && d.Max <= 0 {
		low, high := d.At(0).Number, d.At(1).Number
		d.parser.sweep.Warnings = append(d.parser.sweep.Warnings, d.parser.sweep.File+": line "+strconv.Itoa(d.at.Line)+": "+d.key+": "+string(d.Kind)+
			" takes exponents: its values lie between "+string(number(low))+" and "+string(number(high))+"; "+string(d.Kind)+"_values takes the values themselves")
	}
}

// kind settles which distribution it is: the one that is named, else W&B's default for the keys that are there.
func (d *distribution) kind() bool {
	e := d.find("distribution")
	if e == nil {
		return d.unnamed()
	}
	name, err := d.parser.text(e.value, joined(d.key, "distribution"))
	if err != nil {
		d.parser.keep(err)
		return false
	}
	d.at = e.value
	if name == "categorical_w_probabilities" { // as W&B's schema calls it
		name = string(search.Categorical)
	}
	d.Kind = search.Kind(name)
	if !slices.Contains(search.Kinds[:], d.Kind) {
		var names []string
		for _, k := range search.Kinds {
			names = append(names, string(k))
		}
		d.refuse("distribution", "unknown distribution %q%s; known are %s", name, didYouMean(name, names), strings.Join(names, ", "))
		return false
	}
	return true
}

// unnamed is the distribution of a parameter that names none.
func (d *distribution) unnamed() bool {
	low, high := d.find("min"), d.find("max")
	switch {
	case d.find("probabilities") != nil:
		d.Kind = search.Categorical
	case d.find("values") != nil, d.find("value") != nil:
		extra := slices.IndexFunc(d.entries, func(e entry) bool {
			return slices.Contains([]string{"min", "max", "mu", "sigma", "a", "b", "q"}, e.key)
		})
		d.refuse(d.entries[extra].key, "values are listed: leave it out")
		return false
	case low != nil && high != nil && low.value.ShortTag() == "!!int" && high.value.ShortTag() == "!!int":
		d.Kind = search.IntUniform
	case low != nil && high != nil:
		d.Kind = search.Uniform
	case low != nil || high != nil:
		d.refuse("distribution", "want both min and max")
		return false
	default:
		d.refuse("distribution", "which distribution? want distribution: normal, for one")
		return false
	}
	return true
}

// keys refuses keys that the distribution does not take, and misses those that it needs.
func (d *distribution) keys() bool {
	needed, optional := d.Kind.Keys()
	good := true
	for _, e := range d.entries {
		if slices.Contains([]string{"labels", "label", "when", "distribution"}, e.key) || slices.Contains(needed, e.key) || slices.Contains(optional, e.key) {
			continue
		}
		good = false
		rounding := search.Kind("q_" + string(d.Kind))
		switch {
		case e.key == "q" && slices.Contains(search.Kinds[:], rounding):
			d.refuse("q", "%s does not round: write distribution: %s, or leave q out", d.Kind, rounding)
		default:
			d.refuse(e.key, "%s takes %s", d.Kind, strings.Join(append(slices.Clone(needed), optional...), ", "))
		}
	}
	for _, key := range needed {
		if d.find(key) == nil {
			good = false
			d.refuse(key, "%s needs %s", d.Kind, key)
		}
	}
	return good
}

// weights reads the probabilities.
func (d *distribution) weights() {
	e := d.find("probabilities")
	if e == nil {
		return
	}
	name := joined(d.key, e.key)
	if e.value.Kind != yaml.SequenceNode {
		d.refuse("probabilities", "want a list such as [0.5, 0.5]")
		return
	}
	d.Weights = []float64{}
	for _, n := range e.value.Content {
		w, err := d.parser.float(n, name)
		d.parser.keep(err)
		d.Weights = append(d.Weights, w)
	}
}

// listed are the values that W&B's grid makes of int_uniform and q_uniform: all whole numbers, and from min on in steps of q as long as
// they are less than max.
func (d *distribution) listed() ([]*yaml.Node, error) {
	count := d.Max - d.Min + 1
	if d.Kind == search.QUniform {
		count = math.Ceil((d.Max - d.Min) / d.Q)
	}
	if count > maxTrials {
		return nil, d.parser.refuse(d.at, d.key, "more than %d values", maxTrials)
	}
	nodes := make([]*yaml.Node, 0, int(count))
	for i := range int(count) {
		node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Line: d.at.Line, Value: string(wholeNumber(d.Min + float64(i)))}
		if d.Kind == search.QUniform {
			x := d.Min + float64(i)*d.Q
			short, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 12, 64), 64)
			node.Tag, node.Value = "!!float", string(number(short))
			if d.WholeQ && d.find("min").value.ShortTag() == "!!int" {
				node.Tag, node.Value = "!!int", string(wholeNumber(x))
			}
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}
