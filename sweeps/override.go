package sweeps

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/model/spec"
)

// Override applies --preset and --set PATH=VALUE, in this order, before Expand. A value is read as YAML. "seeds=[0]"
// replaces the seeds; an axis of the file cannot be set. Errors name the option.
func (s *Sweep) Override(preset spec.Preset, sets []string) error {
	if preset != "" {
		if s.Command != "" {
			return &Error{File: "--preset", Reason: "a program of your own has no presets"}
		}
		trial, err := spec.Default(preset)
		if err != nil {
			return &Error{File: "--preset", Reason: err.Error()}
		}
		s.Preset, s.scratch = preset, trial
		s.options = append(s.options, "--preset "+string(preset))
	}
	for _, set := range sets {
		if err := s.set(set); err != nil {
			return err
		}
		s.options = append(s.options, "--set "+set)
	}
	return nil
}

func (s *Sweep) set(text string) error {
	path, value, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return &Error{File: "--set", Reason: "\"" + text + "\": want PATH=VALUE"}
	}
	origin := "--set " + path
	fail := func(err error) error { return &Error{File: origin, Reason: err.Error()} }
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(value), &doc); err != nil || len(doc.Content) == 0 {
		return fail(refuse("%q: want a value", value))
	}
	p := &parser{primary: map[string]bool{}, sweep: &Sweep{File: origin}}
	content, err := p.unalias(doc.Content[0])
	if err != nil {
		return err
	}
	path = s.fieldOf(path)
	if s.Search.Method != "" && (path == "run_cap" || path == "search_seed") {
		return s.setSearch(path, content, p)
	}
	if path == "seeds" {
		seeds, err := p.seeds(content, "")
		if err == nil {
			s.Seeds, s.seeded = seeds, true
		}
		return err
	}
	for _, axis := range s.axes {
		if axis.path == path {
			return fail(refuse("an axis of %s (line %d): its values stand there", s.File, axis.line))
		}
	}
	parsed, err := p.value(content, "")
	p.keep(err)
	if err := p.refused(); err != nil {
		return err
	}
	trial := s.scratch
	if err := assign(&trial, path, parsed); err != nil {
		return fail(err)
	}
	s.overrides = append(s.overrides, setting{path: path, value: parsed, origin: origin})
	return nil
}

// assignWords reads a command line from a JSON value.
func assignWords(words *spec.Words, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := words.UnmarshalJSON(encoded); err != nil {
		return err
	}
	if len(words.List()) == 0 {
		return refuse("empty: want a command such as [python, train.py, \"${args}\"]")
	}
	return nil
}
