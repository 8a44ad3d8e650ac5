package sweeps

import "go.yaml.in/yaml/v3"

// maxAliased bounds the values that aliases and merge keys may stand for: a few lines can name billions.
const maxAliased = 100_000

// unaliaser writes out aliases and merge keys.
type unaliaser struct {
	parser *parser
	open   map[*yaml.Node]bool // anchors that are being written out
	copied int                 // values written out so far
}

// unalias returns the tree below n without aliases and merge keys. Values keep the line on which they are written.
func (p *parser) unalias(n *yaml.Node) (*yaml.Node, error) {
	u := unaliaser{parser: p, open: map[*yaml.Node]bool{}}
	return u.node(n, n)
}

// node writes out n; at is the place that an error names: the outermost alias.
func (u *unaliaser) node(n, at *yaml.Node) (*yaml.Node, error) {
	if len(u.open) > 0 {
		if u.copied++; u.copied > maxAliased {
			return nil, u.parser.refuse(at, "", "aliases stand for more than %d values", maxAliased)
		}
	} else {
		at = n
	}
	switch n.Kind {
	case yaml.AliasNode:
		if u.open[n.Alias] {
			return nil, u.parser.refuse(at, "", "*%s stands inside itself", n.Value)
		}
		u.open[n.Alias] = true
		defer delete(u.open, n.Alias)
		return u.node(n.Alias, at)
	case yaml.MappingNode:
		return u.mapping(n, at)
	case yaml.SequenceNode:
		whole := *n
		whole.Content = make([]*yaml.Node, len(n.Content))
		for i, item := range n.Content {
			one, err := u.node(item, at)
			if err != nil {
				return nil, err
			}
			whole.Content[i] = one
		}
		return &whole, nil
	}
	return n, nil
}

// mapping writes out a mapping: keys of its own win over merged ones, and what is merged first over what comes later.
func (u *unaliaser) mapping(n, at *yaml.Node) (*yaml.Node, error) {
	whole := *n
	whole.Content = nil
	taken := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.Kind == yaml.ScalarNode && !isMerge(k) {
			taken[k.Value] = true
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := u.node(n.Content[i], at)
		if err != nil {
			return nil, err
		}
		value, err := u.node(n.Content[i+1], at)
		if err != nil {
			return nil, err
		}
		if !isMerge(key) {
			whole.Content = append(whole.Content, key, value)
			continue
		}
		merged, err := u.merged(key, value)
		if err != nil {
			return nil, err
		}
		for j := 0; j+1 < len(merged); j += 2 {
			if !taken[merged[j].Value] {
				taken[merged[j].Value] = true
				whole.Content = append(whole.Content, merged[j], merged[j+1])
			}
		}
	}
	return &whole, nil
}

// merged lists the keys and values that a merge key brings in: those of one mapping or of a list of them.
func (u *unaliaser) merged(key, value *yaml.Node) ([]*yaml.Node, error) {
	switch value.Kind {
	case yaml.MappingNode:
		return value.Content, nil
	case yaml.SequenceNode:
		var all []*yaml.Node
		for _, item := range value.Content {
			if item.Kind != yaml.MappingNode {
				return nil, u.parser.refuse(key, "<<", "want keys and values to merge, or a list of such")
			}
			all = append(all, item.Content...)
		}
		return all, nil
	}
	return nil, u.parser.refuse(key, "<<", "want keys and values to merge, or a list of such")
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge"
}
