package foreign

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Hydra reads a primary configuration of Hydra (https://hydra.cc) with a sweep in it, hydra.sweeper.params, whose aliases have been
// written out: the settings that its basic sweeper makes, in that order. All else in the file is the program's own: it reads it again
// itself. Each setting has hydra.mode=RUN, because the file may say MULTIRUN. A file that asks for more than most settings is refused.
func Hydra(root *yaml.Node, most int) (*List, []Mistake) {
	r := &reader{most: most}
	top := r.entries(root, "")
	for _, word := range []string{"parameters", "method", "early_terminate", "run_cap", "seml", "grid", "fixed"} {
		if at := slices.IndexFunc(top, func(e entry) bool { return e.key == word }); at >= 0 && find(top, "hydra") != nil {
			r.refuse(top[at].at, word, "is a word of another tool, and this file is Hydra's: write hydra: sweeper: params:")
		}
	}
	if n := find(top, "defaults"); n != nil {
		r.defaults(n)
	}
	axes := []axis{{path: "hydra.mode", values: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: "RUN", Line: root.Line}}}}
	if params := r.params(find(top, "hydra"), root); params != nil {
		for _, e := range r.entries(params, "hydra.sweeper.params") {
			axes = append(axes, r.sweep(e))
		}
	}
	if len(r.mistakes) > 0 {
		return nil, r.mistakes
	}
	total := 1
	for _, a := range axes {
		if total *= len(a.values); total > most {
			r.refuse(a.values[0], "hydra.sweeper.params."+a.path, "more than %d settings", most)
			return nil, r.mistakes
		}
	}
	bundles := make([][]Setting, len(axes))
	for i, a := range axes {
		for _, v := range a.values {
			bundles[i] = append(bundles[i], Setting{{a.path, v}})
		}
	}
	r.list.Settings = product(bundles)
	return &r.list, nil
}

// axis is one parameter with its values.
type axis struct {
	path   string
	values []*yaml.Node
}

// defaults refuses another sweeper, and says that a launcher has no effect.
func (r *reader) defaults(n *yaml.Node) {
	for _, item := range n.Content {
		if item.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(item.Content); i += 2 {
			k, v := item.Content[i], item.Content[i+1]
			group := strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(k.Value, "override ")), "/")
			switch {
			case group == "hydra/sweeper" && v.Value != "basic":
				r.refuse(k, "defaults", "hydra/sweeper: %s chooses settings by results: only the basic sweeper is understood; write a file of our own with method: random", v.Value)
			case group == "hydra/launcher" && v.Value != "basic":
				r.note(k, "hydra/launcher: %s has no effect: trials are started here, see run: parallel", v.Value)
			}
		}
	}
}

// otherSweepers are the keys of the sweepers of Optuna, Ax and Nevergrad, with what a file of our own has for them.
var otherSweepers = map[string]string{
	"_target_": "write method: random", "n_trials": "write run_cap: N", "max_trials": "write run_cap: N", "budget": "write run_cap: N",
	"n_jobs": "write run: {parallel: N}", "num_workers": "write run: {parallel: N}", "direction": "write metrics: {NAME: {goal: maximize}}",
	"sampler": "write method: random and search_seed: N", "search_space": "write parameters: {NAME: {min: 0, max: 1}}", "ax_config": "write parameters, method and run_cap",
	"parametrization": "write parameters: {NAME: {min: 0, max: 1}}", "optim": "write method: random and run_cap: N",
}

// params finds hydra.sweeper.params.
func (r *reader) params(n, root *yaml.Node) *yaml.Node {
	const wanted = "missing: want hydra: {sweeper: {params: {NAME: '1,2'}}}; what stands on the command line is not in the file"
	if n == nil {
		r.refuse(root, "hydra.sweeper.params", wanted)
		return nil
	}
	entries := r.entries(n, "hydra")
	if mode := find(entries, "mode"); mode != nil && mode.Value != "MULTIRUN" {
		r.refuse(mode, "hydra.mode", "%q: one run: want MULTIRUN, or leave it out", mode.Value)
	}
	if launcher := find(entries, "launcher"); launcher != nil {
		r.note(launcher, "hydra.launcher has no effect: trials are started here")
	}
	sweeper := find(entries, "sweeper")
	if sweeper == nil {
		r.refuse(n, "hydra.sweeper.params", wanted)
		return nil
	}
	var params *yaml.Node
	for _, e := range r.entries(sweeper, "hydra.sweeper") {
		key := "hydra.sweeper." + e.key
		switch {
		case e.key == "params":
			params = e.value
		case e.key == "max_batch_size":
			r.note(e.at, "%s has no effect: write it as --parallel N", key)
		case e.key == "_target_" && e.value.Value == "hydra._internal.core_plugins.basic_sweeper.BasicSweeper":
		default:
			instead, known := otherSweepers[e.key]
			if !known {
				instead = "leave it out"
			}
			r.refuse(e.at, key, "belongs to another sweeper than the basic one: in a file of our own %s", instead)
		}
	}
	if params != nil && params.Kind != yaml.MappingNode {
		r.refuse(params, "hydra.sweeper.params", "want keys and values: NAME: '1,2'")
		return nil
	}
	if params == nil || len(params.Content) == 0 {
		r.refuse(sweeper, "hydra.sweeper.params", wanted)
		return nil
	}
	return params
}

var keyPattern = regexp.MustCompile(`^\+{0,2}[A-Za-z_$][\w$./@:-]*$`)

// sweep reads one parameter: an override in Hydra's grammar.
func (r *reader) sweep(e entry) axis {
	key := "hydra.sweeper.params." + e.key
	a := axis{path: e.key}
	switch {
	case strings.HasPrefix(e.key, "~"):
		r.refuse(e.at, key, "deletes a key: it is the same for all trials: put %s into the command", e.key)
	case !keyPattern.MatchString(e.key):
		r.refuse(e.at, key, "is no key of an override")
	case e.value.Kind == yaml.SequenceNode:
		r.refuse(e.value, key, "a list: Hydra wants text here: write '1,2', or '[1,2],[3]' for lists")
	case e.value.Kind == yaml.MappingNode:
		r.refuse(e.value, key, "a group of keys: Hydra wants text here: write %s.NAME: '1,2'", e.key)
	case e.value.ShortTag() == "!!null":
		r.refuse(e.value, key, "empty: want values such as '1,2'")
	default:
		elements, err := parseOverride(e.value.Value)
		if err != nil {
			r.refuse(e.value, key, "%s: %v", e.value.Value, err)
		}
		for _, one := range elements {
			a.values = append(a.values, one.node(e.value))
		}
	}
	return a
}
