package sweeps

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/model/spec"
)

// LegacyMember is a trial of a sweep that was planned when registries kept no plans. The last parameter is the seed.
type LegacyMember struct {
	ID      string
	Spec    spec.Trial
	Label   string // of a shared trial: the labels of all its rows, joined by "; "
	Row     string // the first of its rows
	Control string
	Seed    int64
	Params  []Param // Text may be empty
}

// DecodeLegacy reads HOME/plans/NAME.json as versions without plans wrote it.
func DecodeLegacy(data []byte) ([]LegacyMember, error) {
	var planned []struct {
		ID     string
		Spec   spec.Trial
		Member LegacyMember
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&planned); err != nil {
		return nil, fmt.Errorf("decode the plan of an older version: %w", err)
	}
	members := make([]LegacyMember, len(planned))
	for i, p := range planned {
		members[i] = p.Member
		members[i].ID, members[i].Spec = p.ID, p.Spec
	}
	return members, nil
}

// Legacy rebuilds the plan of a sweep from its members: rows, seeds and axes, with the trials under the IDs that they
// have. What members do not contain (metrics, report settings, labels, the declared baseline) comes from layout, the sweep's
// file as it is now, or, where layout is nil, from the defaults: every metric that was recorded, and the first row as the
// baseline.
func Legacy(name string, members []LegacyMember, layout *Sweep) *Plan {
	p := &Plan{Version: PlanVersion, Name: name, Handle: name, Report: defaultReport(),
		Run: Run{Retries: 2, RetryOn: []string{"killed", "oom", "disk"}}, Resources: Resources{PerGPU: 1}}
	l := &legacy{plan: p, layout: layout, rows: map[string]int{}}
	for _, m := range members {
		if !slices.Contains(p.Seeds, m.Seed) {
			p.Seeds = append(p.Seeds, m.Seed)
		}
		p.Command = p.Command || m.Spec.Command != ""
		p.Preset = string(m.Spec.Preset)
	}
	if layout != nil { // the order of the file, where the first row has not all seeds
		slices.SortStableFunc(p.Seeds, func(a, b int64) int { return slices.Index(layout.Seeds, a) - slices.Index(layout.Seeds, b) })
	}
	listed := map[string]bool{}
	for _, m := range members {
		l.add(m)
		if !listed[m.ID] {
			listed[m.ID] = true
			p.Trials = append(p.Trials, Trial{ID: m.ID, Seed: m.Seed, Spec: m.Spec})
		}
	}
	slices.SortStableFunc(p.Rows, func(a, b Row) int { return kindOf(a) - kindOf(b) }) // controls last
	l.axes()
	l.sort()
	l.controls()
	p.label()
	p.rebase(&Sweep{axes: unplanned(p.Axes)})
	if layout != nil {
		p.File = layout.File
		return p.Relaid(layout)
	}
	return p
}

func kindOf(r Row) int {
	if r.Control != "" {
		return 1
	}
	return 0
}

// legacy rebuilds a plan.
type legacy struct {
	plan   *Plan
	layout *Sweep
	rows   map[string]int // index in plan.Rows by name, while members are added
}

// add puts a member into its rows.
func (l *legacy) add(m LegacyMember) {
	params := slices.Clone(m.Params)
	if n := len(params); n > 0 && params[n-1].Path == "seed" {
		params = params[:n-1]
	}
	for i := range params {
		if params[i].Text == "" {
			params[i].Text = printed(params[i].Value)
		}
		params[i].Text = escape.Line(params[i].Text)
	}
	l.place(Row{Name: escape.Line(m.Row), Params: params, Control: m.Control}, m)
	suffix := fmt.Sprintf(", seed=%d", m.Seed)
	labels := strings.Split(m.Label, "; ")
	if strings.TrimSuffix(labels[0], suffix) != m.Row || m.Control != "" {
		return
	}
	for _, label := range labels[1:] { // the other rows of a shared trial
		name := escape.Line(strings.TrimSuffix(label, suffix))
		other := Row{Name: name}
		if len(params) > 0 && params[0].Path == AblationPath {
			other.Params = []Param{{Path: AblationPath, Value: name, Text: name}}
		}
		l.place(other, m)
	}
}

// place puts a trial into a row, which is added if it is not yet there.
func (l *legacy) place(r Row, m LegacyMember) {
	at, known := l.rows[r.Name]
	if !known {
		at = len(l.plan.Rows)
		l.rows[r.Name] = at
		r.Trials = make([]string, len(l.plan.Seeds))
		l.plan.Rows = append(l.plan.Rows, r)
	}
	l.plan.Rows[at].Trials[slices.Index(l.plan.Seeds, m.Seed)] = m.ID
}

// axes finds the axes among the parameters of the rows. Fields that ablations change are parameters, too, but no axes:
// they stand behind the ablation, and no row is named by them.
func (l *legacy) axes() {
	p := l.plan
	for _, r := range p.Rows {
		ablated := false
		for _, param := range r.Params {
			inName := strings.Contains(r.Name, "="+param.Text)
			isAxis := !ablated || inName || l.layout != nil && l.layout.axis(param.Path) >= 0
			ablated = ablated || param.Path == AblationPath
			if r.Control != "" || !isAxis {
				continue
			}
			l.option(r, param)
		}
	}
}

// option adds the value of a row to an axis.
func (l *legacy) option(r Row, param Param) {
	p := l.plan
	a := p.axis(param.Path)
	if a < 0 {
		a = len(p.Axes)
		p.Axes = append(p.Axes, Axis{Path: param.Path, Label: escape.Line(shortName(param.Path))})
	}
	axis := &p.Axes[a]
	if slices.ContainsFunc(axis.Options, func(o Option) bool { return reflect.DeepEqual(o.Value, param.Value) }) {
		return
	}
	o := Option{Text: param.Text, Value: param.Value, Labelled: true}
	if before, _, ok := strings.Cut(r.Name, "="+param.Text); ok && param.Path != AblationPath {
		o.Labelled = false
		axis.Label = before[strings.LastIndex(before, ", ")+1:]
		axis.Label = strings.TrimPrefix(axis.Label, " ")
	}
	axis.Options = append(axis.Options, o)
}

// sort puts the models into the order of the file, if there is one: of rows that share a trial it is not known.
func (l *legacy) sort() {
	if l.layout == nil {
		return
	}
	choice := map[string][]int{}
	for _, r := range l.plan.choices(l.layout) {
		choice[r.name] = r.choice
	}
	if len(choice) == 0 {
		return
	}
	slices.SortStableFunc(l.plan.Rows, func(a, b Row) int {
		if c := kindOf(a) - kindOf(b); c != 0 {
			return c
		}
		return slices.Compare(choice[a.Name], choice[b.Name])
	})
}

// controls finds the models that each control stands beside: those that have all its parameters.
func (l *legacy) controls() {
	for i := range l.plan.Rows {
		control := &l.plan.Rows[i]
		if control.Control == "" {
			continue
		}
		for _, r := range l.plan.Rows {
			differs := func(p Param) bool { other, ok := r.Get(p.Path); return !ok || !sameValue(other.Value, p.Value) }
			if r.Control == "" && !slices.ContainsFunc(control.Params, differs) {
				control.Of = append(control.Of, r.Name)
			}
		}
	}
}

// unplanned turns axes of a plan into those of a file.
func unplanned(axes []Axis) []axis {
	var list []axis
	for _, a := range axes {
		one := axis{path: a.Path, label: a.Label}
		for _, o := range a.Options {
			one.options = append(one.options, option{Option: o})
		}
		list = append(list, one)
	}
	return list
}
