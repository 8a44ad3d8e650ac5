package foreign

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// SEML reads a file of SEML (https://github.com/TUM-DAML/seml), whose aliases have been written out: the settings that its generate_configs
// makes, in that order. Of what random: draws the distributions are the same and the numbers are not: numpy's generators are not
// copied. A file that asks for more than most settings is refused.
func SEML(root *yaml.Node, most int) (*List, []Mistake) {
	r := &reader{most: most}
	top := r.entries(root, "")
	for i := range top {
		if top[i].key != "seml" && top[i].key != "slurm" {
			top[i].value = r.literals(top[i].value, top[i].key)
		}
	}
	r.semlBlock(find(top, "seml"), root)
	if n := find(top, "slurm"); n != nil {
		r.note(n, "slurm: is not read: --on slurm runs the trials on a cluster, with --slurm partition=… and the like")
	}
	levels := slices.DeleteFunc(top, func(e entry) bool { return e.key == "seml" || e.key == "slurm" })
	above := r.level(levels, "")
	if len(r.mistakes) > 0 {
		return nil, r.mistakes
	}
	for _, leaf := range r.leaves(above) {
		r.expand(leaf)
		if len(r.mistakes) > 0 {
			return nil, r.mistakes
		}
	}
	if above.drawn() {
		r.note(root, "random: values are drawn here, with the distributions of SEML and not with numpy's generator: they differ from SEML's own")
	}
	return &r.list, nil
}

// noEffect are keys of seml: that say where SEML keeps things.
var noEffect = []string{"output_dir", "stash_all_py_files", "use_uploaded_sources", "reschedule_timeout"}

// semlBlock reads seml:, the program and its name.
func (r *reader) semlBlock(n *yaml.Node, root *yaml.Node) {
	if n == nil {
		r.refuse(root, "seml", "missing: want seml: {executable: train.py}")
		return
	}
	program, conda := "", ""
	var without []string
	for _, e := range r.entries(n, "seml") {
		key := "seml." + e.key
		switch {
		case e.key == "executable":
			program = r.text(e.value, key)
		case e.key == "name":
			r.list.Name = r.text(e.value, key)
		case e.key == "description":
			r.list.Description = r.text(e.value, key)
		case e.key == "conda_environment":
			if e.value.ShortTag() != "!!null" {
				conda = r.text(e.value, key)
			}
		case e.key == "project_root_dir", e.key == "working_dir":
			if dir := r.text(e.value, key); dir != "." && dir != "" {
				r.note(e.at, "%s: the program runs where harness sweep is called: call it in that folder", key)
			}
		case slices.Contains(noEffect, e.key):
			without = append(without, key)
		default:
			r.refuse(e.at, key, "unknown key: seml: has executable, name, description, conda_environment, project_root_dir")
		}
	}
	if len(without) > 0 {
		r.note(n, "without effect here: %s", strings.Join(without, ", "))
	}
	if program == "" {
		r.refuse(n, "seml.executable", "missing: which program? write executable: train.py")
		return
	}
	r.list.Command = []string{"${interpreter}", program, "with", "${args_python}"}
	if conda != "" {
		r.list.Command = append([]string{"conda", "run", "--no-capture-output", "-n", conda, "python"}, r.list.Command[1:]...)
	}
}

// level is one configuration: the top of the file, or a sub-configuration.
type level struct {
	name     string
	at       *yaml.Node
	fixed    []Pair
	grid     []parameter
	random   []parameter
	samples  *yaml.Node // of random, as seed
	seed     *yaml.Node
	children []level
}

// parameter is a parameter with a type, and keys by the type.
type parameter struct {
	path   string
	key    string // where it stands
	at     *yaml.Node
	kind   string
	values []entry
	late   bool // of a collection: SEML puts it behind the others
}

// drawn reports whether the level or one below it draws anything.
func (l level) drawn() bool {
	return len(l.random) > 0 || slices.ContainsFunc(l.children, level.drawn)
}

// foreignWords are keys of other tools, which would be read as sub-configurations.
var foreignWords = []string{"parameters", "method", "metric", "program", "command", "hydra", "defaults", "early_terminate", "run_cap", "version", "base"}

// level reads a configuration and those below it.
func (r *reader) level(entries []entry, name string) level {
	l := level{name: name}
	for _, e := range entries {
		key := joined(name, e.key)
		if l.at == nil {
			l.at = e.at
		}
		switch {
		case e.key == "fixed":
			r.fixed(&l, e.value, key, "")
		case e.key == "grid":
			l.grid = r.parameters(e.value, key, "")
			slices.SortStableFunc(l.grid, func(a, b parameter) int {
				switch {
				case a.late == b.late:
					return 0
				case a.late:
					return 1
				}
				return -1
			})
		case e.key == "random":
			r.random(&l, e, key)
		case name == "" && slices.Contains(foreignWords, e.key):
			r.refuse(e.at, key, "is a word of another tool, and this file is SEML's: write fixed:, grid: or random:")
		case e.value.Kind != yaml.MappingNode:
			r.refuse(e.at, key, "unknown key: want fixed, grid, random or a sub-configuration of these")
		default:
			before := len(r.mistakes)
			child := r.level(r.entries(e.value, key), key)
			if len(r.mistakes) == before && !child.says() && len(child.children) == 0 {
				r.refuse(e.at, key, "a sub-configuration without fixed, grid or random")
				continue
			}
			l.children = append(l.children, child)
		}
	}
	r.checkTwice(l)
	for _, p := range l.grid {
		r.gridValues(p)
	}
	for _, p := range l.random {
		r.draw(p, 0, 1)
	}
	return l
}

func (l level) says() bool { return len(l.fixed)+len(l.grid)+len(l.random) > 0 }

// fixed reads values that every setting has; groups are joined by dots.
func (r *reader) fixed(l *level, n *yaml.Node, key, path string) {
	for _, e := range r.entries(n, key) {
		at, name := joined(path, e.key), joined(key, e.key)
		switch {
		case strings.HasPrefix(at, "+"):
			r.refuse(e.at, name, "a named configuration of Sacred: put it into fixed, key by key")
		case e.value.Kind == yaml.MappingNode && len(e.value.Content) > 0:
			r.fixed(l, e.value, name, at)
		case r.plain(e.value, name):
			l.fixed = append(l.fixed, Pair{at, e.value})
		}
	}
}

// plain refuses interpolations, which SEML resolves.
func (r *reader) plain(n *yaml.Node, key string) bool {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") {
		r.refuse(n, key, "%s: interpolations are not resolved here: write the value", n.Value)
		return false
	}
	for _, inner := range n.Content {
		if !r.plain(inner, key) {
			return false
		}
	}
	return true
}

// random reads samples, seed and the parameters that are drawn.
func (r *reader) random(l *level, e entry, key string) {
	entries := r.entries(e.value, key)
	l.samples, l.seed = find(entries, "samples"), find(entries, "seed")
	if l.samples == nil {
		r.refuse(e.at, key+".samples", "missing: how many are drawn?")
	} else {
		r.whole(l.samples, key+".samples", 1)
	}
	if l.seed != nil {
		r.whole(l.seed, key+".seed", 0)
	}
	for _, f := range entries {
		if f.key != "samples" && f.key != "seed" {
			l.random = append(l.random, r.parameter(f, joined(key, f.key), f.key)...)
		}
	}
}

// parameters reads the parameters below n; a group without a type holds more of them.
func (r *reader) parameters(n *yaml.Node, key, path string) []parameter {
	var list []parameter
	for _, e := range r.entries(n, key) {
		list = append(list, r.parameter(e, joined(key, e.key), joined(path, e.key))...)
	}
	return list
}

func (r *reader) parameter(e entry, key, path string) []parameter {
	if e.value.Kind != yaml.MappingNode {
		r.refuse(e.value, key, "want {type: choice, options: [...]}; what has one value belongs under fixed")
		return nil
	}
	entries := r.entries(e.value, key)
	kind := find(entries, "type")
	switch {
	case kind == nil || kind.Kind != yaml.ScalarNode:
		if len(entries) == 0 || entries[0].value.Kind != yaml.MappingNode {
			r.refuse(e.at, key, "no type: want type: choice, for one")
			return nil
		}
		return r.parameters(e.value, key, path)
	case kind.Value == "parameter_collection":
		params := find(entries, "params")
		if params == nil {
			r.refuse(e.at, key+".params", "missing: the parameters of the collection")
			return nil
		}
		list := r.parameters(params, key+".params", path)
		for i := range list {
			list[i].late = true
		}
		return list
	}
	return []parameter{{path: path, key: key, at: e.at, kind: kind.Value, values: entries}}
}

// checkTwice refuses a parameter that two blocks of a level have, or that is a group in another.
func (r *reader) checkTwice(l level) {
	type place struct {
		path string
		at   *yaml.Node
	}
	var places []place
	for _, pair := range l.fixed {
		places = append(places, place{pair.Path, pair.Value})
	}
	for _, p := range slices.Concat(l.grid, l.random) {
		places = append(places, place{p.path, p.at})
	}
	for i, a := range places {
		for _, b := range places[:i] {
			if a.path == b.path || strings.HasPrefix(a.path, b.path+".") || strings.HasPrefix(b.path, a.path+".") {
				r.refuse(a.at, joined(l.name, a.path), "stands under two of fixed, grid and random, or twice: keep one")
				break
			}
		}
	}
}

// leaves are the configurations without others below them, in SEML's order (level by level), each with what those above it say and it
// does not.
func (r *reader) leaves(top level) []level {
	queue, leaves := []level{top}, []level{}
	for len(queue) > 0 {
		l := queue[0]
		queue = queue[1:]
		if len(l.children) == 0 {
			leaves = append(leaves, l)
			continue
		}
		for _, child := range l.children {
			queue = append(queue, merged(l, child))
		}
	}
	return leaves
}

// merged is a sub-configuration with what the one above says and it does not.
func merged(above, below level) level {
	said := map[string]bool{}
	for _, pair := range below.fixed {
		said[pair.Path] = true
	}
	for _, p := range slices.Concat(below.grid, below.random) {
		said[p.path] = true
	}
	m := below
	m.fixed = slices.Concat(slices.DeleteFunc(slices.Clone(above.fixed), func(p Pair) bool { return said[p.Path] }), below.fixed)
	without := func(list []parameter) []parameter {
		return slices.DeleteFunc(slices.Clone(list), func(p parameter) bool { return said[p.path] })
	}
	m.grid = slices.Concat(without(above.grid), below.grid)
	m.random = slices.Concat(without(above.random), below.random)
	if m.samples == nil {
		m.samples = above.samples
	}
	if m.seed == nil {
		m.seed = above.seed
	}
	return m
}
