package cli

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/sweeps"
	"harness/sweeps/keys"
)

// fromWandB makes a file of ours from one of W&B: the same trials, with the words that tell ours from theirs, and a comment on each key.
func fromWandB(d *draft, from string) ([]byte, error) {
	data, err := os.ReadFile(from)
	if err != nil {
		return nil, usageError("read %s: %w", from, err)
	}
	theirs, err := sweeps.Parse(from, data)
	if err != nil {
		return nil, usageError("%w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, usageError("%s: %w", from, err)
	}
	top := doc.Content[0]
	if has(top, "version") || theirs.Command == "" || !has(top, "parameters") {
		return nil, withHint(usageError("%s is no sweep file of W&B", from), "harness sweep reads files of ours, SEML and Hydra as they stand")
	}
	ours := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value *yaml.Node) {
		k := &yaml.Node{Kind: yaml.ScalarNode, Value: key}
		if known, ok := keys.Find(key); ok {
			k.HeadComment = "# " + known.Doc
		}
		ours.Content = append(ours.Content, k, value)
	}
	add("version", &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
	add("name", &yaml.Node{Kind: yaml.ScalarNode, Value: d.Name})
	add("command", wordsNode(theirs.Command.List()))
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i].Value, top.Content[i+1]
		known, documented := keys.Find(key)
		switch {
		case key == "name", key == "command", key == "program", key == "project":
		case !documented && !strings.HasPrefix(key, "x-"), known.Of == keys.WandB && known.Type == keys.Value: // without effect
		case key == "method" && value.Value == "grid", key == "run_cap" && theirs.Search.Method == "":
		case key == "parameters":
			if len(theirs.Seeds) > 1 { // the parameter seed
				value = without(value, "seed")
			}
			listRanges(value, "", theirs)
			add(key, value)
			if len(theirs.Seeds) > 1 {
				add("seeds", seedsNode(theirs.Seeds))
			}
		default:
			add(key, value)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s# %s: from %s.\n#   harness sweep %s --dry-run    which trials there are; nothing runs\n", d.Schema, d.Name, from, d.File)
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(ours); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// listRanges writes out the values of ranges that a grid of W&B lists.
func listRanges(parameters *yaml.Node, prefix string, theirs *sweeps.Sweep) {
	for i := 0; parameters.Kind == yaml.MappingNode && i+1 < len(parameters.Content); i += 2 {
		path, one := prefix+parameters.Content[i].Value, parameters.Content[i+1]
		switch {
		case has(one, "parameters"):
			listRanges(one.Content[1], path+".", theirs)
		case has(one, "min") && theirs.Search.Method == "":
			values := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			for _, value := range theirs.Values(path) {
				values.Content = append(values.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(value)})
			}
			one.Content = []*yaml.Node{{Kind: yaml.ScalarNode, Value: "values"}, values}
		}
	}
}

func has(mapping *yaml.Node, key string) bool {
	for i := 0; mapping.Kind == yaml.MappingNode && i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return true
		}
	}
	return false
}

// without is a mapping without one of its keys.
func without(mapping *yaml.Node, key string) *yaml.Node {
	rest := *mapping
	rest.Content = nil
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value != key {
			rest.Content = append(rest.Content, mapping.Content[i], mapping.Content[i+1])
		}
	}
	return &rest
}

func wordsNode(words []string) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, word := range words {
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: word})
	}
	return list
}

func seedsNode(seeds []int64) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, seed := range seeds {
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(seed)})
	}
	return list
}
