package sweeps

import (
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"harness/internal/escape"
	"harness/model/spec"
	"harness/sweeps/keys"
)

// base reads what differs from the preset's defaults.
func (p *parser) base(e entry) error {
	s := p.sweep
	entries, err := p.entries(e.value, e.key)
	if err != nil {
		return err
	}
	line := e.at.Line
	if s.Command == "" {
		if i := slices.IndexFunc(entries, func(e entry) bool { return e.key == "preset" }); i >= 0 {
			preset, err := p.text(entries[i].value, "base.preset")
			if err != nil {
				return err
			}
			s.Preset, line = spec.Preset(preset), entries[i].at.Line
			entries = slices.Delete(entries, i, i+1)
		}
	}
	if err := p.preset(line); err != nil {
		return err
	}
	s.base, err = p.settingsOf(entries, "base", "")
	return err
}

// preset starts the trial that settings are checked against.
func (p *parser) preset(line int) error {
	s := p.sweep
	s.presetLine = line
	if s.Command != "" {
		s.Preset = ""
		return nil
	}
	trial, err := spec.Default(s.Preset)
	if err != nil {
		return &Error{File: s.File, Line: line, Key: "base.preset", Reason: err.Error() + didYouMean(string(s.Preset), keys.Choices("base.preset"))}
	}
	s.scratch = trial
	return nil
}

// settings reads a mapping of fields, nested or dotted, into leaf settings below prefix. key says where it stands.
func (p *parser) settings(n *yaml.Node, key, prefix string) ([]setting, error) {
	entries, err := p.entries(n, key)
	if err != nil {
		return nil, err
	}
	return p.settingsOf(entries, key, prefix)
}

func (p *parser) settingsOf(entries []entry, key, prefix string) ([]setting, error) {
	var list []setting
	for _, e := range entries {
		path, name := p.sweep.fieldOf(joined(prefix, e.key)), joined(key, e.key)
		if e.value.Kind == yaml.MappingNode && (p.sweep.Command != "" || path != "args") && len(e.value.Content) > 0 {
			inner, err := p.settings(e.value, name, path)
			p.keep(err)
			list = append(list, inner...)
			continue
		}
		one, err := p.setting(e.value, name, path)
		if err != nil {
			p.keep(err)
			continue
		}
		list = append(list, one)
	}
	return list, nil
}

// setting reads one value for the field path and tries it.
func (p *parser) setting(n *yaml.Node, key, path string) (setting, error) {
	value, err := p.value(n, key)
	if err != nil {
		return setting{}, err
	}
	one := setting{path: path, value: value, line: n.Line}
	trial := p.sweep.scratch
	if err := assign(&trial, path, value); err != nil {
		return setting{}, p.refuse(n, key, "%v", err)
	}
	return one, nil
}

// ablations reads the labelled deltas; the first row is the baseline itself.
func (p *parser) ablations(e entry) error {
	if e.value.Kind != yaml.SequenceNode || len(e.value.Content) == 0 {
		return p.refuse(e.value, e.key, `want a list: - {label: "w/o AREF", set: {pretrain.tasks: [cap, gcap, caref]}}`)
	}
	axis := axis{path: AblationPath, label: "row", line: e.at.Line}
	axis.options = []option{{Option: ablationOption("baseline")}}
	for i, n := range e.value.Content {
		one, isBaseline, err := p.ablation(n, fmt.Sprintf("ablations[%d]", i+1))
		if err != nil {
			p.keep(err)
			continue
		}
		if isBaseline {
			axis.options[0].Option = one.Option
			continue
		}
		axis.options = append(axis.options, one)
	}
	if twice := duplicate(axis.options); twice != "" {
		return p.refuse(e.at, e.key, "label %q stands twice", twice)
	}
	p.sweep.axes = append(p.sweep.axes, axis)
	return nil
}

// ablation reads one row; a row that sets nothing names the baseline.
func (p *parser) ablation(n *yaml.Node, key string) (one option, isBaseline bool, err error) {
	entries, err := p.entries(n, key)
	if err != nil {
		return option{}, false, err
	}
	for _, f := range entries {
		name := joined(key, f.key)
		switch f.key {
		case "label":
			var label string
			label, err = p.text(f.value, name)
			one.Option = ablationOption(label)
		case "set":
			one.settings, err = p.settings(f.value, name, "")
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("ablations")))
		}
		if err != nil {
			return option{}, false, err
		}
	}
	if one.Text == "" {
		return option{}, false, p.refuse(n, key+".label", "missing: it names the row")
	}
	return one, len(one.settings) == 0, nil
}

// ablationOption is a row of ablations: its value is its label.
func ablationOption(label string) Option {
	return Option{Text: escape.Line(label), Value: label, Labelled: true}
}

// seeds reads a list of different whole numbers.
func (p *parser) seeds(n *yaml.Node, key string) ([]int64, error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return nil, p.refuse(n, key, "want a list such as [0, 1, 2]")
	}
	var seeds []int64
	for _, item := range n.Content {
		value, err := p.scalar(item, key)
		if err != nil {
			return nil, err
		}
		number, ok := value.(json.Number)
		seed, err := number.Int64()
		if !ok || err != nil {
			return nil, p.refuse(item, key, "%s: want whole numbers", shown(item))
		}
		if slices.Contains(seeds, seed) {
			return nil, p.refuse(item, key, "%d stands twice", seed)
		}
		seeds = append(seeds, seed)
	}
	return seeds, nil
}

// duplicate returns the first text that two options share.
func duplicate(options []option) string {
	seen := map[string]bool{}
	for _, o := range options {
		if seen[o.Text] {
			return o.Text
		}
		seen[o.Text] = true
	}
	return ""
}

// shortName is the last part of a dotted path.
func shortName(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' {
			return path[i+1:]
		}
	}
	return path
}
