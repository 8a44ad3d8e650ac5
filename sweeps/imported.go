package sweeps

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/model/spec"
)

// ImportedTrial is a run of another tool, to stand in a table.
type ImportedTrial struct {
	ID     string
	Name   string // for people
	Spec   spec.Trial
	Params map[string]any // as JSON: json.Number, string, bool, nil, []any, map[string]any
}

// Import is how runs become a sweep.
type Import struct {
	Name    string
	File    string   // where the runs came from
	Seed    string   // the parameter that is the seed; "" = none: the runs of a row are repetitions of each other
	Ignore  []string // parameters that tell no rows apart, such as the names of files
	Metrics []Metric // the columns; empty = all that was recorded
}

// Imported is the plan of runs that were made elsewhere. The parameters that vary among them make the rows, in the order in which the runs
// began. Two runs of one row with the same seed are an error.
func Imported(i Import, trials []ImportedTrial) (*Plan, error) {
	p := &Plan{Version: PlanVersion, Name: i.Name, Handle: i.Name, File: i.File, Command: true, Metrics: i.Metrics, Report: defaultReport(),
		Resources: Resources{PerGPU: 1}}
	p.axesOf(trials, append(slices.Clone(i.Ignore), i.Seed))
	var wrong []string
	rows := map[string]int{}
	for _, t := range trials {
		params := p.paramsOf(t)
		name := p.rowName(params)
		at, known := rows[name]
		if !known {
			at = len(p.Rows)
			rows[name], p.Rows = at, append(p.Rows, Row{Name: name, Params: params})
		}
		seed, err := seedOf(t, i.Seed, len(p.Rows[at].Trials))
		if err != nil {
			wrong = append(wrong, err.Error())
			continue
		}
		if !p.place(at, t, seed) {
			wrong = append(wrong, fmt.Sprintf("run %s: row %s has another run with seed %d", escape.Line(t.Name), name, seed))
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(wrong, "; "))
	}
	p.fillSeeds(i.Seed != "")
	p.label()
	p.rebase(&Sweep{axes: unplanned(p.Axes)})
	return p, nil
}

// axesOf makes axes of the parameters that vary.
func (p *Plan) axesOf(trials []ImportedTrial, ignore []string) {
	values := map[string]any{}
	for _, t := range trials {
		for path := range t.Params {
			values[path] = nil
		}
	}
	for _, path := range sortedKeys(values) {
		if slices.Contains(ignore, path) {
			continue
		}
		axis := Axis{Path: path, Label: escape.Line(shortName(path))}
		for _, t := range trials {
			value := t.Params[path]
			if axis.find(value) < 0 {
				axis.Options = append(axis.Options, Option{Text: shownValue(value), Value: value})
			}
		}
		if len(axis.Options) > 1 {
			p.Axes = append(p.Axes, axis)
		}
	}
	short := map[string]int{}
	for _, axis := range p.Axes {
		short[axis.Label]++
	}
	for i, axis := range p.Axes {
		if short[axis.Label] > 1 {
			p.Axes[i].Label = escape.Line(axis.Path)
		}
	}
}

// paramsOf are the values of the axes.
func (p *Plan) paramsOf(t ImportedTrial) []Param {
	var params []Param
	for _, axis := range p.Axes {
		o := axis.Options[axis.find(t.Params[axis.Path])] // 1 and 1.0 are one value
		params = append(params, Param{Path: axis.Path, Value: o.Value, Text: o.Text})
	}
	return params
}

func (p *Plan) rowName(params []Param) string {
	parts := make([]string, len(params))
	for i, param := range params {
		parts[i] = partOf(p.Axes[i].Label, Option{Text: param.Text})
	}
	return rowName(parts, p.Name)
}

// seedOf is the seed of a run; repetition is how many runs its row has.
func seedOf(t ImportedTrial, path string, repetition int) (int64, error) {
	if path == "" {
		return int64(repetition), nil
	}
	value, ok := t.Params[path]
	if !ok {
		return 0, fmt.Errorf("run %s: it has no parameter %s", escape.Line(t.Name), path)
	}
	number, ok := value.(json.Number)
	seed, err := number.Int64()
	if !ok || err != nil {
		return 0, fmt.Errorf("run %s: %s is %s, no whole number", escape.Line(t.Name), path, shownValue(value))
	}
	return seed, nil
}

// place puts a run into a row, which has a place for each seed that was met when it grew; it reports whether that place was free.
func (p *Plan) place(row int, t ImportedTrial, seed int64) bool {
	r := &p.Rows[row]
	at := slices.Index(p.Seeds, seed)
	if at < 0 {
		at, p.Seeds = len(p.Seeds), append(p.Seeds, seed)
	}
	for len(r.Trials) <= at {
		r.Trials = append(r.Trials, "")
	}
	if r.Trials[at] != "" {
		return false
	}
	r.Trials[at] = t.ID
	p.Trials = append(p.Trials, Trial{ID: t.ID, Seed: seed, Spec: t.Spec})
	return true
}

// fillSeeds gives all rows a place for each seed; seeds that were given are sorted.
func (p *Plan) fillSeeds(given bool) {
	seeds := slices.Clone(p.Seeds)
	if given {
		slices.Sort(seeds)
	}
	for i := range p.Rows {
		trials := make([]string, len(seeds))
		for at, id := range p.Rows[i].Trials {
			trials[slices.Index(seeds, p.Seeds[at])] = id
		}
		p.Rows[i].Trials = trials
	}
	p.Seeds = seeds
}

// Varying lists the paths of the axes.
func (p *Plan) Varying() []string {
	paths := make([]string, len(p.Axes))
	for i, axis := range p.Axes {
		paths[i] = axis.Path
	}
	return paths
}
