package sweeps

import (
	"reflect"
	"slices"

	"harness/sweeps/condition"
)

// Relaid is the plan with the metrics, the report settings, the labels and the baseline of s: the trained results,
// in the layout of another file. Nothing is expanded: rows, seeds and trials stay.
func (p *Plan) Relaid(s *Sweep) *Plan {
	q := p.clone()
	q.Description, q.Metrics, q.Report = s.Description, slices.Clone(s.Metrics), s.Report
	q.Report.Rows = slices.DeleteFunc(slices.Clone(s.Report.Rows), func(path string) bool { return q.axis(path) < 0 })
	names := q.relabel(s)
	q.rename(names)
	q.rebase(s)
	q.relaidHypotheses(s)
	return q
}

// clone is a copy whose rows, axes and trials can be changed.
func (p *Plan) clone() *Plan {
	q := *p
	q.Rows, q.Trials, q.Axes = slices.Clone(p.Rows), slices.Clone(p.Trials), slices.Clone(p.Axes)
	for i := range q.Rows {
		q.Rows[i].Params, q.Rows[i].Of = slices.Clone(p.Rows[i].Params), slices.Clone(p.Rows[i].Of)
	}
	for i := range q.Axes {
		q.Axes[i].Options = slices.Clone(p.Axes[i].Options)
	}
	return &q
}

func (p *Plan) axis(path string) int {
	return slices.IndexFunc(p.Axes, func(a Axis) bool { return a.Path == path })
}

// find is the index of the option with the given value, or -1.
func (a Axis) find(value any) int {
	exactly := func(o Option) bool { return reflect.DeepEqual(o.Value, value) }
	if i := slices.IndexFunc(a.Options, exactly); i >= 0 { // 1 and 1.0 may both be there
		return i
	}
	return slices.IndexFunc(a.Options, func(o Option) bool { return sameValue(o.Value, value) })
}

func sameValue(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	same, err := condition.Equal(a, b)
	return err == nil && same
}

// relabel gives axes, options and parameters the labels of s. It returns the name that each row has by these labels; a row
// whose name does not follow from its parameters keeps it.
func (p *Plan) relabel(s *Sweep) []string {
	regular := make([]bool, len(p.Rows))
	for i, r := range p.Rows {
		regular[i] = p.NameOf(r) == r.Name
	}
	for i := range p.Axes {
		a := &p.Axes[i]
		at := s.axis(a.Path)
		if at < 0 {
			continue
		}
		laid := s.axes[at].planned()
		a.Label = laid.Label
		for j := range a.Options {
			if k := laid.find(a.Options[j].Value); k >= 0 {
				a.Options[j].Text, a.Options[j].Labelled = laid.Options[k].Text, laid.Options[k].Labelled
			}
		}
	}
	names := make([]string, len(p.Rows))
	for i := range p.Rows {
		r := &p.Rows[i]
		for j := range r.Params {
			if o := p.option(r.Params[j]); o != nil {
				r.Params[j].Text = o.Text
			}
		}
		names[i] = r.Name
		if regular[i] {
			names[i] = p.NameOf(*r)
		}
	}
	return names
}

// option is the option of an axis that a parameter has, or nil.
func (p *Plan) option(param Param) *Option {
	a := p.axis(param.Path)
	if a < 0 {
		return nil
	}
	if o := p.Axes[a].find(param.Value); o >= 0 {
		return &p.Axes[a].Options[o]
	}
	return nil
}

// Setting is a value as the name of a row gives it: its label where the file has one, else with its parameter.
func (p *Plan) Setting(param Param) string {
	if o := p.option(param); o != nil {
		return partOf(p.Axes[p.axis(param.Path)].Label, *o)
	}
	return param.Path + "=" + param.Text
}

// NameOf is the name of a row by its parameters, as Expand gives it.
func (p *Plan) NameOf(r Row) string {
	var parts []string
	if r.Control != "" {
		parts = append(parts, untrainedRow)
	}
	for _, param := range r.Params {
		a, o := p.axis(param.Path), p.option(param)
		if o != nil && (r.Control != "" || len(p.Axes[a].Options) > 1) {
			parts = append(parts, partOf(p.Axes[a].Label, *o))
		}
	}
	return rowName(parts, p.Name)
}

// rename gives the rows new names, wherever they stand, unless two would be alike.
func (p *Plan) rename(names []string) {
	renamed, taken := map[string]string{}, map[string]bool{}
	for i, r := range p.Rows {
		if taken[names[i]] {
			return
		}
		taken[names[i]], renamed[r.Name] = true, names[i]
	}
	for i := range p.Rows {
		r := &p.Rows[i]
		r.Name, r.Baseline = names[i], renamed[r.Baseline]
		for j := range r.Of {
			r.Of[j] = renamed[r.Of[j]]
		}
	}
	p.renameHypotheses(renamed)
	p.label()
}

// choices places the models among the axes of s; nil where a row or an axis is not among them.
func (p *Plan) choices(s *Sweep) []row {
	for _, a := range p.Axes {
		if s.axis(a.Path) < 0 {
			return nil
		}
	}
	var rows []row
	for _, r := range p.Rows {
		if r.Control != "" {
			continue
		}
		choice := make([]int, len(s.axes))
		for a := range s.axes {
			choice[a] = -1
			if param, ok := r.Get(s.axes[a].path); ok {
				if choice[a] = s.axes[a].find(param.Value); choice[a] < 0 {
					return nil
				}
			}
		}
		rows = append(rows, row{name: r.Name, choice: choice})
	}
	return rows
}

// rebase chooses the baselines by the axes and the baseline of s. Where a row has a value that s does not know, the
// baselines stay.
func (p *Plan) rebase(s *Sweep) {
	rows := p.choices(s)
	if rows == nil {
		return
	}
	at := 0
	for i := range p.Rows {
		if r := &p.Rows[i]; r.Control == "" {
			r.Baseline = s.baselineOf(rows[at], rows)
			at++
		}
	}
	p.rebaseControls()
}
