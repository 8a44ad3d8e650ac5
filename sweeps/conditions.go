package sweeps

import (
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"harness/sweeps/condition"
	"harness/sweeps/keys"
)

// placed is a condition and where it stands.
type placed struct {
	*condition.Expr
	line int
	key  string
}

// condition reads one expression of when or exclude.
func (p *parser) condition(n *yaml.Node, key string) (*placed, error) {
	text, err := p.text(n, key)
	if err != nil {
		return nil, err
	}
	expr, err := condition.Parse(text)
	if err != nil {
		return nil, p.refuse(n, key, "%v", err)
	}
	return &placed{expr, n.Line, key}, nil
}

// excluded reads one expression or a list of them.
func (p *parser) excluded(e entry) error {
	nodes := []*yaml.Node{e.value}
	if e.value.Kind == yaml.SequenceNode {
		nodes = e.value.Content
	}
	for _, n := range nodes {
		c, err := p.condition(n, e.key)
		if err != nil {
			p.keep(err)
			continue
		}
		p.sweep.exclude = append(p.sweep.exclude, c)
	}
	return nil
}

// checkConditions refuses names that are not a parameter, and axes whose when looks at a later axis.
func (p *parser) checkConditions() {
	s := p.sweep
	known := p.names()
	for i, axis := range s.axes {
		if axis.when == nil {
			continue
		}
		p.keep(p.checkNames(axis.when, known))
		if slices.Contains(axis.when.Names, seedName) {
			p.keep(p.refuse(&yaml.Node{Line: axis.when.line}, axis.when.key, "every axis has all seeds: exclude can leave some out"))
		}
		for _, later := range s.axes[i:] {
			if slices.Contains(axis.when.Names, later.path) {
				p.keep(p.refuse(&yaml.Node{Line: axis.when.line}, axis.when.key,
					"%s stands later in the file: an axis can depend on those before it", later.path))
			}
		}
	}
	for _, c := range s.exclude {
		p.keep(p.checkNames(c, known))
	}
}

func (p *parser) checkNames(c *placed, known []string) error {
	for _, name := range c.Names {
		if !slices.Contains(known, name) {
			return p.refuse(&yaml.Node{Line: c.line}, c.key, "unknown parameter %q%s", name, didYouMean(name, known))
		}
	}
	return nil
}

// names lists what a condition may use.
func (p *parser) names() []string {
	s := p.sweep
	names := append([]string{AblationPath, seedName}, p.broken...)
	if s.Command == "" {
		return append(names, keys.FieldPaths(reflect.TypeOf(s.scratch), "")...)
	}
	for _, one := range s.base {
		names = append(names, one.path)
	}
	for _, axis := range s.axes {
		names = append(names, axis.path)
		for _, option := range axis.options {
			for _, one := range option.settings {
				names = append(names, one.path)
			}
		}
	}
	return names
}
