package sweeps

import (
	"encoding/json"
	"slices"

	"go.yaml.in/yaml/v3"

	"harness/internal/escape"
	"harness/sweeps/keys"
	"harness/sweeps/search"
)

// parameters reads the axes: of a grid their values, of a search how they are distributed. W&B's nested form
// {pretrain: {parameters: {lr: {values: …}}}} is read too.
func (p *parser) parameters(n *yaml.Node, prefix string) error {
	at := "parameters"
	if prefix != "" {
		at = joined(at, prefix)
	}
	entries, err := p.entries(n, at)
	if err != nil {
		return err
	}
	for _, e := range entries {
		key := joined("parameters", joined(prefix, e.key))
		path := p.sweep.fieldOf(joined(prefix, e.key))
		if e.value.Kind != yaml.MappingNode {
			p.keep(p.refuse(e.value, key, "want {values: [...]}"))
			p.broken = append(p.broken, path)
			continue
		}
		inner, err := p.entries(e.value, key)
		if err != nil {
			return err
		}
		if len(inner) == 1 && inner[0].key == "parameters" {
			p.keep(p.parameters(inner[0].value, path))
			continue
		}
		before := len(p.mistakes)
		p.keep(p.axis(e, path, key, inner))
		if len(p.mistakes) > before {
			p.broken = append(p.broken, path)
		}
	}
	return nil
}

// axis reads one parameter.
func (p *parser) axis(e entry, path, key string, entries []entry) error {
	s := p.sweep
	if slices.ContainsFunc(s.axes, func(a axis) bool { return a.path == path }) {
		return p.refuse(e.at, key, "stands twice")
	}
	axis := axis{path: path, label: escape.Line(shortName(path)), line: e.at.Line, drawn: s.Search.Method != ""}
	var labels []string
	var labelsAt *yaml.Node
	var spread []entry // the keys of a distribution
	before := len(p.mistakes)
	for _, f := range entries {
		var err error
		name := joined(key, f.key)
		switch f.key {
		case "values":
			if f.value.Kind != yaml.SequenceNode {
				p.keep(p.refuse(f.value, name, "want a list: values: [1, 2]"))
				continue
			}
			err = p.options(&axis, f.value.Content, name)
		case "value":
			err = p.options(&axis, []*yaml.Node{f.value}, name)
		case "labels":
			labelsAt = f.value
			labels, err = p.shownTexts(f.value, name)
		case "label":
			axis.label, err = p.shownText(f.value, name)
		case "when":
			axis.when, err = p.condition(f.value, name)
		case "distribution", "min", "max", "mu", "sigma", "a", "b", "q", "probabilities":
			spread = append(spread, f)
		case "parameters":
			err = p.refuse(f.at, name, "holds parameters of their own: want no other key beside it")
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("parameters.NAME")))
		}
		p.keep(err)
	}
	if len(p.mistakes) > before {
		return nil
	}
	if err := p.spread(&axis, e, key, entries, spread); err != nil {
		return err
	}
	if labelsAt != nil && len(labels) != len(axis.options) {
		return p.refuse(labelsAt, key+".labels", "%d labels for %d values", len(labels), len(axis.options))
	}
	for i, label := range labels {
		axis.options[i].Text, axis.options[i].Labelled = label, true
	}
	if twice := duplicate(axis.options); twice != "" {
		return p.refuse(e.at, key, "%q stands twice", twice)
	}
	s.axes = append(s.axes, axis)
	return nil
}

// spread settles how an axis that has been read gets its values: those that are listed, or a distribution.
func (p *parser) spread(axis *axis, e entry, key string, entries, keys []entry) error {
	if len(keys) == 0 && len(axis.options) == 0 {
		return p.refuse(e.at, key, "no values: want {values: [...]}")
	}
	if len(keys) == 0 {
		if axis.drawn {
			axis.spread = &search.Distribution{Kind: search.Categorical, Options: len(axis.options)}
		}
		return nil
	}
	d := &distribution{parser: p, key: key, at: e.at, entries: entries, options: len(axis.options)}
	before := len(p.mistakes)
	d.read()
	if len(p.mistakes) > before {
		return nil
	}
	switch {
	case axis.drawn:
		axis.spread = &d.Distribution
		return p.fits(axis, d.at)
	case d.Kind == search.Constant || d.Kind == search.Categorical && d.Weights == nil:
		return nil
	case p.tool == toolWandB && (d.Kind == search.IntUniform || d.Kind == search.QUniform):
		nodes, err := d.listed()
		if err != nil {
			return err
		}
		return p.options(axis, nodes, key)
	case d.Kind == search.Categorical:
		return p.refuse(d.at, key+".probabilities", "a grid takes every value: leave them out, or write method: random and run_cap: N at the top")
	}
	return p.refuse(d.at, key, "a range is searched, a grid lists its values: write method: random and run_cap: N at the top, or values: [...]")
}

// fits refuses a distribution whose numbers the field does not take.
func (p *parser) fits(axis *axis, at *yaml.Node) error {
	if axis.spread.Kind == search.Constant || axis.spread.Kind == search.Categorical {
		return nil
	}
	trial := p.sweep.scratch
	for _, u := range []float64{0, 0.37, 0.99} {
		if err := assign(&trial, axis.path, numberOf(axis.spread.At(u))); err != nil {
			return p.refuse(at, joined("parameters", axis.path), "%s gives %v", axis.spread.Kind, err)
		}
	}
	return nil
}

// numberOf is a drawn number as JSON.
func numberOf(v search.Value) json.Number {
	if v.Whole {
		return wholeNumber(v.Number)
	}
	return number(v.Number)
}

func (p *parser) options(axis *axis, nodes []*yaml.Node, key string) error {
	for _, n := range nodes {
		one, err := p.setting(n, key, axis.path)
		if err != nil {
			p.keep(err)
			continue
		}
		axis.options = append(axis.options, option{Option: Option{Text: shownValue(one.value), Value: one.value}, settings: []setting{one}, place: len(axis.options)})
	}
	return nil
}

// tellAxesApart gives axes whose short names are alike, such as enc.lr and dec.lr, their whole paths for labels.
func (s *Sweep) tellAxesApart() {
	count := map[string]int{}
	for _, a := range s.axes {
		count[a.label]++
	}
	for i, a := range s.axes {
		if count[a.label] > 1 && a.label == escape.Line(shortName(a.path)) {
			s.axes[i].label = escape.Line(a.path)
		}
	}
}
