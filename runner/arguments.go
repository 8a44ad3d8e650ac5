package runner

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"harness/model/spec"
)

// argument is one parameter: its dotted key and its value.
type argument struct {
	key   string
	value any
}

// arguments lists a configuration by sorted key, nested keys joined by dots; what is null is left out.
func arguments(prefix string, config map[string]any) []argument {
	return slices.DeleteFunc(allArguments(prefix, config), func(a argument) bool { return a.value == nil })
}

// allArguments is arguments with what is null; a group without keys is left out.
func allArguments(prefix string, config map[string]any) []argument {
	var list []argument
	for _, key := range slices.Sorted(maps.Keys(config)) {
		if inner, ok := config[key].(map[string]any); ok {
			list = append(list, allArguments(prefix+key+".", inner)...)
			continue
		}
		list = append(list, argument{prefix + key, config[key]})
	}
	return list
}

// text is a value as an argument: strings as they are, all else as JSON.
func (a argument) text() (string, error) {
	if s, ok := a.value.(string); ok {
		return s, nil
	}
	encoded, err := marshal(a.value)
	if err != nil {
		return "", fmt.Errorf("argument %s: %w", a.key, err)
	}
	return string(encoded), nil
}

// python is a value as Python's str writes it: strings as they are.
func (a argument) python() string {
	if s, ok := a.value.(string); ok {
		return s
	}
	return pythonLiteral(a.value)
}

// argForms are the placeholders that stand for all parameters, each with the words of one parameter: key and value as text.
var argForms = []struct {
	name  string
	words func(a argument, text string) []string
}{
	{"args", func(a argument, text string) []string { return []string{"--" + a.key + "=" + text} }},
	{"args_no_hyphens", func(a argument, text string) []string { return []string{a.key + "=" + text} }},
	{"args_append_hydra", func(a argument, text string) []string { return []string{"+" + a.key + "=" + text} }},
	{"args_override_hydra", func(a argument, text string) []string { return []string{"++" + a.key + "=" + text} }},
	{"args_no_equals", func(a argument, text string) []string { return []string{"--" + a.key, text} }},
	{"args_no_boolean_flags", func(a argument, text string) []string {
		on, is := a.value.(bool)
		switch {
		case !is:
			return []string{"--" + a.key + "=" + text}
		case on:
			return []string{"--" + a.key}
		}
		return nil
	}},
}

// argLists writes a trial's parameters in all forms. The seed is added unless the parameters have a key seed, the command
// takes ${seed}, or the file has no seeds.
func argLists(t spec.Trial) (map[string][]string, error) {
	config, err := t.Args.Map()
	if err != nil {
		return nil, err
	}
	older := t.Project == "" && t.Seed == 0 // recorded when seed 0 was not told
	if _, ok := config["seed"]; !ok && !t.SeedApart && !older && !takes(t.Command.List(), "${seed}") {
		config["seed"] = json.Number(strconv.FormatInt(t.Seed, 10))
	}
	lists := map[string][]string{"${args_separate}": nil, "${args_python}": pythonArguments("", config)}
	for _, form := range argForms {
		name, python := "${"+form.name+"}", "${"+form.name+":py}"
		lists[name], lists[python] = nil, nil
		for _, a := range arguments("", config) {
			text, err := a.text()
			if err != nil {
				return nil, err
			}
			lists[name] = append(lists[name], form.words(a, text)...)
		}
		for _, a := range allArguments("", config) {
			lists[python] = append(lists[python], form.words(a, a.python())...)
		}
	}
	for _, a := range arguments("", config) {
		if a.value == false {
			continue
		}
		words, err := a.separate()
		if err != nil {
			return nil, err
		}
		lists["${args_separate}"] = append(lists["${args_separate}"], words...)
	}
	return lists, nil
}

// separate is an argument as argparse takes it with nargs: --layers 16 32, or --fp16 alone for what is true. An empty list is
// the option without a value.
func (a argument) separate() ([]string, error) {
	values := []any{a.value}
	switch v := a.value.(type) {
	case bool:
		values = nil
	case []any:
		values = v
	}
	words := []string{"--" + a.key}
	for _, value := range values {
		text, err := argument{a.key, value}.text()
		if err != nil {
			return nil, err
		}
		words = append(words, text)
	}
	return words, nil
}
