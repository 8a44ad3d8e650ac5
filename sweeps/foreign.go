package sweeps

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/internal/escape"
	"harness/model/spec"
	"harness/sweeps/foreign"
)

// foreign reads a file of SEML or of Hydra: its settings become points of the axes on which they differ, and values that they all share
// are those of base.
func (p *parser) foreign(root *yaml.Node) error {
	read := foreign.SEML
	if p.tool == toolHydra {
		read = foreign.Hydra
	}
	list, mistakes := read(root, maxTrials)
	for _, m := range mistakes {
		p.keep(&Error{File: p.sweep.File, Line: m.Line, Key: m.Key, Reason: m.Reason})
	}
	if len(p.mistakes) > 0 {
		return nil
	}
	s := p.sweep
	s.Name, s.Description, s.Untrained, s.Preset = nameOf(list.Name), list.Description, false, ""
	if list.Name == "" {
		s.Name = fileName(s.File)
	}
	s.Command = spec.MakeWords(list.Command...)
	if len(list.Command) == 0 {
		s.Command = spec.MakeWords("${program}")
		s.needs = "missing: a file of Hydra names no program: harness sweep " + s.File + " --command 'python3 train.py'"
	}
	s.scratch = spec.Trial{Command: s.Command}
	for _, n := range list.Notes {
		s.Notes = append(s.Notes, fmt.Sprintf("%s: line %d: %s", s.File, n.Line, n.Text))
	}
	s.Seeds = []int64{0}
	return p.settle(list.Settings)
}

// settle makes axes and points of settings.
func (p *parser) settle(settings []foreign.Setting) error {
	s := p.sweep
	t := &table{parser: p, read: map[*yaml.Node]setting{}, place: map[string]int{}}
	for _, one := range settings {
		if err := t.add(one); err != nil {
			return err
		}
	}
	if t.twice > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%s: settings that come twice run once: %d of %d", s.File, t.twice, len(settings)))
	}
	t.liftSeeds()
	for a, axis := range t.axes {
		if len(axis.options) == 1 && !slices.ContainsFunc(t.points, func(point []int) bool { return point[a] < 0 }) {
			s.base = append(s.base, axis.options[0].settings...)
			for i := range t.points {
				t.points[i][a] = -1
			}
			continue
		}
		axis.drawn, axis.label = true, escape.Line(shortName(axis.path))
		s.axes = append(s.axes, axis)
		for i := range t.points {
			if i == len(s.points) {
				s.points = append(s.points, nil)
			}
			s.points[i] = append(s.points[i], t.points[i][a])
		}
	}
	s.tellAxesApart()
	return p.refused()
}

// table collects settings as points: an option of each axis, -1 where a setting has no such parameter.
type table struct {
	parser *parser
	axes   []axis
	points [][]int
	twice  int

	read  map[*yaml.Node]setting // values by their nodes, which settings share
	place map[string]int         // axis by path, option by path and value, point by its options
}

// add adds a setting, unless it is there already.
func (t *table) add(one foreign.Setting) error {
	point := make([]int, len(t.axes))
	for i := range point {
		point[i] = -1
	}
	for _, pair := range one {
		a, known := t.place["axis "+pair.Path]
		if !known {
			a = len(t.axes)
			t.place["axis "+pair.Path] = a
			t.axes = append(t.axes, axis{path: pair.Path, line: pair.Value.Line})
			point = append(point, -1)
			for i := range t.points {
				t.points[i] = append(t.points[i], -1)
			}
		}
		o, err := t.option(a, pair)
		if err != nil {
			return err
		}
		point[a] = o
	}
	last := len(point)
	for last > 0 && point[last-1] < 0 { // axes that come later do not change the key
		last--
	}
	key := fmt.Sprint("point ", point[:last])
	if _, known := t.place[key]; known {
		t.twice++
		return nil
	}
	t.place[key] = len(t.points)
	t.points = append(t.points, point)
	return nil
}

// option is the index of a value among those of its axis.
func (t *table) option(a int, pair foreign.Pair) (int, error) {
	one, known := t.read[pair.Value]
	if !known {
		var err error
		if one, err = t.parser.setting(pair.Value, pair.Path, pair.Path); err != nil {
			return 0, err
		}
		t.read[pair.Value] = one
	}
	value, err := json.Marshal(one.value)
	if err != nil {
		return 0, err
	}
	key := "option " + pair.Path + "=" + string(value)
	o, known := t.place[key]
	if !known {
		o = len(t.axes[a].options)
		t.place[key] = o
		one.path = pair.Path
		t.axes[a].options = append(t.axes[a].options, option{Option: Option{Text: shownValue(one.value), Value: one.value}, settings: []setting{one}, place: o})
	}
	return o, nil
}

// liftSeeds makes an axis that is called seed, has whole numbers, and is crossed with all the others, the seeds of the trials: the
// program gets the same arguments, and the table gives means over them.
func (t *table) liftSeeds() {
	s := t.parser.sweep
	at, known := t.place["axis "+seedName]
	if !known {
		return
	}
	seeds, whole := wholeValues(t.axes[at].options)
	if !whole || len(seeds) < 2 {
		return
	}
	groups, order := map[string]int{}, [][]int{}
	for _, point := range t.points {
		rest := slices.Delete(slices.Clone(point), at, at+1)
		key := fmt.Sprint(rest)
		if point[at] < 0 {
			return
		}
		if groups[key]++; groups[key] == 1 {
			order = append(order, rest)
		}
	}
	for _, n := range groups {
		if n != len(seeds) {
			return
		}
	}
	t.axes, t.points = slices.Delete(t.axes, at, at+1), order
	s.Seeds, s.seeded = seeds, true
	s.Notes = append(s.Notes, seedNote(s.File, seeds))
}

// wholeValues are the values of options that are all whole numbers.
func wholeValues(options []option) ([]int64, bool) {
	var list []int64
	for _, o := range options {
		number, ok := o.Value.(json.Number)
		i, err := number.Int64()
		if !ok || err != nil {
			return nil, false
		}
		list = append(list, i)
	}
	return list, true
}

func seedNote(file string, seeds []int64) string {
	return fmt.Sprintf("%s: seed is taken for the seeds of the trials: the table gives means over %d", file, len(seeds))
}

// SetCommand gives a file that names no program its command, one line that is split as a shell would. Where no word takes the parameters,
// they follow as key=value.
func (s *Sweep) SetCommand(line string) error {
	if s.needs == "" {
		return &Error{File: "--command", Reason: s.File + " says itself what to run"}
	}
	p := &parser{sweep: s}
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: line}
	if err := p.command(entry{key: "command", at: n, value: n}); err != nil {
		return &Error{File: "--command", Reason: strings.TrimPrefix(err.Error(), s.File+": line 1: command: ")}
	}
	words := s.Command.List()
	if !slices.ContainsFunc(words, takesParameters) {
		words = append(words, "${args_no_hyphens}")
	}
	s.Command, s.needs = spec.MakeWords(words...), ""
	s.scratch = spec.Trial{Command: s.Command}
	s.options = append(s.options, "--command '"+line+"'")
	return nil
}
