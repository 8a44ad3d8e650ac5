package sweeps

import (
	"fmt"
	"slices"
	"strings"

	"harness/metrics"
)

// keyed is what is wrong with one key of a hypothesis.
type keyed struct {
	key    string
	reason string
}

func (e *keyed) Error() string { return e.key + ": " + e.reason }

// side is what a reference comes to: rows, or the control that trials record about themselves.
type side struct {
	rows    []*Row
	control string   // key of metrics.Controls
	own     bool     // the untrained control that stands beside each row
	free    []string // parameters that it names: what is compared with its rows may differ in them
	single  bool     // one row is named: it is compared with whatever the other side names
}

// resolve finds the comparisons of a hypothesis. Each row is compared with the one of the other side that has its settings on every
// axis that the other side does not name.
func (p *Plan) resolve(h *Hypothesis) error {
	h.Comparisons, h.Missing, h.Seeds = nil, "", slices.Clone(p.Seeds)
	for _, ref := range h.Row {
		left, err := p.side(ref)
		if err != nil {
			return &keyed{"row", err.Error()}
		}
		if left.control != "" {
			return &keyed{"row", fmt.Sprintf("%q is measured inside each trial and is no row: name it under against", ref)}
		}
		if left.own {
			left.rows = p.controlRows()
		}
		if len(left.rows) == 0 {
			return &keyed{"row", fmt.Sprintf("%q: no trial has an untrained encoder: %s", ref, p.wantUntrained())}
		}
		for _, other := range h.Against {
			right, err := p.side(other)
			if err != nil {
				return &keyed{"against", err.Error()}
			}
			for _, r := range left.rows {
				c, err := p.comparison(r, left, right, other)
				if err != nil {
					return err
				}
				if reason := p.unmeasured(r, c.Control, h.Metric); reason != "" {
					return &keyed{"against", fmt.Sprintf("%q: %s", other, reason)}
				}
				if slices.Contains(h.Comparisons, c) {
					return &keyed{"row", fmt.Sprintf("%s is named twice", c.Row)}
				}
				h.Comparisons = append(h.Comparisons, c)
			}
		}
	}
	return nil
}

// comparison finds what a row is compared with.
func (p *Plan) comparison(r *Row, left, right side, ref Ref) (Comparison, error) {
	fail := func(format string, args ...any) (Comparison, error) {
		return Comparison{}, &keyed{"against", fmt.Sprintf(format, args...)}
	}
	if right.control != "" {
		return Comparison{Row: r.Name, Control: right.control}, nil
	}
	var fit []*Row
	free := freeParams(right.free)
	for _, c := range right.rows {
		switch {
		case right.single || left.single && len(right.rows) == 1:
			fit = append(fit, c)
		case c != r && p.agree(*r, *c, free):
			fit = append(fit, c)
		}
	}
	if right.own {
		fit = slices.DeleteFunc(p.controlRows(), func(c *Row) bool { return !slices.Contains(c.Of, r.Name) })
	}
	switch {
	case len(fit) == 0 && right.own:
		return fail("%q: no untrained control stands beside %s: %s", ref, r.Name, p.wantUntrained())
	case len(fit) == 0:
		return fail("%q: none of its rows has the other settings of %s: name the row", ref, r.Name)
	case len(fit) > 1:
		return fail("%q: several rows fit %s: %s: name one", ref, r.Name, namesOf(fit))
	case fit[0] == r:
		return fail("%q: %s is compared with itself", ref, r.Name)
	case slices.Equal(fit[0].Trials, r.Trials):
		return fail("%q: %s and %s are the same trainings: there is nothing to compare", ref, r.Name, fit[0].Name)
	}
	return Comparison{Row: r.Name, Against: fit[0].Name}, nil
}

// wantUntrained says what to write where there is no untrained control.
func (p *Plan) wantUntrained() string {
	if p.Command {
		return "programs have none: want the label of a row"
	}
	return "want controls: {untrained: true}, or the label of a row"
}

// unmeasured says why the trials of a row do not measure a control in a metric; "" where they do, where there is no control, and of other
// programs, which record what they like.
func (p *Plan) unmeasured(r *Row, control, metric string) string {
	known, ok := metrics.ControlNamed(control)
	if !ok || p.Command {
		return ""
	}
	if !strings.HasPrefix(metric, known.Of) {
		return fmt.Sprintf("it is measured in %s…, not in %s: name another control, or a row", known.Of, metric)
	}
	recorded := "controls/" + known.Key + "/" + metric
	if !slices.ContainsFunc(p.Trials, func(t Trial) bool { return slices.Contains(r.Trials, t.ID) && t.Spec.Records(recorded) }) {
		return fmt.Sprintf("the trials of %s do not measure %s: name other rows, or another metric", r.Name, metric)
	}
	return ""
}

// freeParams are the settings that agree leaves out.
func freeParams(paths []string) []Param {
	var free []Param
	for _, path := range paths {
		free = append(free, Param{Path: path})
	}
	return free
}

// side finds what a reference names: a row, rows that have a label on one of their axes, a control, or rows with settings.
func (p *Plan) side(ref Ref) (side, error) {
	if len(ref.Settings) > 0 {
		return p.withSettings(ref.Settings)
	}
	named := p.Row(ref.Label)
	if named != nil && named.Control == "" {
		return side{rows: []*Row{named}, single: true}, nil
	}
	var found side
	for _, a := range p.Axes {
		var rows []*Row
		for i := range p.Rows {
			r := &p.Rows[i]
			param, ok := r.Get(a.Path)
			if ok && r.Control == "" && (param.Text == ref.Label && p.isLabel(param) || p.Setting(param) == ref.Label) {
				rows = append(rows, r)
			}
		}
		if len(rows) > 0 && len(found.rows) > 0 {
			return side{}, fmt.Errorf("%q is a value of %s and of %s: want {PATH: VALUE}", ref.Label, found.free[0], a.Path)
		}
		if len(rows) > 0 {
			found = side{rows: rows, free: []string{a.Path}}
		}
	}
	if len(found.rows) > 0 {
		return found, nil
	}
	if ref.Label == ControlUntrained || ref.Label == untrainedRow {
		return side{own: true}, nil
	}
	if named != nil {
		return side{rows: []*Row{named}, single: true}, nil
	}
	if c, ok := metrics.ControlNamed(ref.Label); ok {
		return side{control: c.Key}, nil
	}
	return side{}, fmt.Errorf("%q is neither a row nor a control%s", ref.Label, p.nearRef(ref.Label))
}

// isLabel reports whether a parameter is printed by a label of the file: 0.5 alone names no row.
func (p *Plan) isLabel(param Param) bool {
	o := p.option(param)
	return o != nil && o.Labelled
}

// withSettings finds the rows that have all of some settings, given by value or by label.
func (p *Plan) withSettings(settings []Param) (side, error) {
	var found side
	for _, s := range settings {
		known := slices.ContainsFunc(p.Rows, func(r Row) bool { _, ok := r.Get(s.Path); return ok })
		if !known {
			return side{}, fmt.Errorf("%s: no row differs in it%s", s.Path, didYouMean(s.Path, p.variedPaths()))
		}
		found.free = append(found.free, s.Path)
		if p.axis(s.Path) < 0 && p.axis(AblationPath) >= 0 { // a setting of the rows of ablations
			found.free = append(found.free, AblationPath)
		}
	}
	for i := range p.Rows {
		r := &p.Rows[i]
		lacks := func(s Param) bool {
			param, ok := r.Get(s.Path)
			return !ok || !sameValue(param.Value, s.Value) && param.Text != s.Text
		}
		if r.Control == "" && !slices.ContainsFunc(settings, lacks) {
			found.rows = append(found.rows, r)
		}
	}
	if len(found.rows) == 0 {
		return side{}, fmt.Errorf("no row has %s%s", Ref{Settings: settings}, p.valuesOf(settings[0].Path))
	}
	return found, nil
}

// valuesOf lists the values that rows have of a parameter, for an error.
func (p *Plan) valuesOf(path string) string {
	var values []string
	for _, r := range p.Rows {
		if param, ok := r.Get(path); ok && r.Control == "" && !slices.Contains(values, param.Text) {
			values = append(values, param.Text)
		}
	}
	return ": " + path + " is " + strings.Join(values[:min(len(values), mostNamed)], "; ")
}

func (p *Plan) variedPaths() []string {
	var paths []string
	for _, r := range p.Rows {
		for _, param := range r.Params {
			if !slices.Contains(paths, param.Path) {
				paths = append(paths, param.Path)
			}
		}
	}
	return paths
}

// nearRef suggests the row, label or control that was probably meant.
func (p *Plan) nearRef(label string) string {
	names := []string{ControlUntrained}
	for _, c := range metrics.Controls {
		names = append(names, c.Name)
	}
	for _, a := range p.Axes {
		for _, o := range a.Options {
			if o.Labelled {
				names = append(names, o.Text)
			}
		}
	}
	for _, r := range p.Rows {
		names = append(names, r.Name)
	}
	if hint := didYouMean(label, names); hint != "" {
		return hint
	}
	return p.nearRow(label)
}

func (p *Plan) controlRows() []*Row {
	var rows []*Row
	for i := range p.Rows {
		if p.Rows[i].Control != "" {
			rows = append(rows, &p.Rows[i])
		}
	}
	return rows
}

func namesOf(rows []*Row) string {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Name
	}
	return strings.Join(names[:min(len(names), mostNamed)], "; ")
}
