package sweeps

import (
	"fmt"
	"slices"
	"strings"

	"harness/internal/nearest"
)

// Rebased is the plan with another baseline, as a reader of its table names it: a row, with which all others are compared; or settings
// of axes, "PATH=VALUE", where each row is compared with the one that has these settings and its own on every other axis.
func (p *Plan) Rebased(baseline []string) (*Plan, error) {
	if len(baseline) == 0 {
		return p, nil
	}
	of, err := p.otherBaseline(baseline)
	if err != nil {
		return nil, err
	}
	q := p.clone()
	for i := range q.Rows {
		if r := &q.Rows[i]; r.Control == "" {
			r.Baseline = of(*r)
		}
	}
	q.rebaseControls()
	return q, nil
}

// otherBaseline gives the row that each model is compared with; "" for one that is compared with none.
func (p *Plan) otherBaseline(baseline []string) (func(Row) string, error) {
	if len(baseline) == 1 {
		if r := p.Row(baseline[0]); r != nil && r.Control == "" {
			return func(other Row) string { return unless(other.Name, r.Name) }, nil
		}
	}
	var want []Param
	for _, text := range baseline {
		param, err := p.settingOf(text, len(baseline) == 1)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(want, func(o Param) bool { return o.Path == param.Path }) {
			return nil, fmt.Errorf("%s is given twice", param.Path)
		}
		want = append(want, param)
	}
	candidates := slices.Clone(p.Rows)
	candidates = slices.DeleteFunc(candidates, func(r Row) bool { return r.Control != "" || !r.has(want) })
	if len(candidates) == 0 {
		return nil, fmt.Errorf("no row has %s", strings.Join(baseline, " and "))
	}
	exact := map[string]string{} // row by its settings on the other axes
	for _, r := range slices.Backward(candidates) {
		exact[p.settingsBut(r, want)] = r.Name
	}
	return func(r Row) string {
		name, ok := exact[p.settingsBut(r, want)]
		if i := slices.IndexFunc(candidates, func(c Row) bool { return p.agree(r, c, want) }); !ok && i >= 0 {
			name = candidates[i].Name
		}
		return unless(r.Name, name)
	}, nil
}

// unless is the baseline of a row, "" where that is the row itself.
func unless(name, baseline string) string {
	if name == baseline {
		return ""
	}
	return baseline
}

// settingOf reads PATH=VALUE, where PATH is the path or the label of an axis, and VALUE as it prints.
func (p *Plan) settingOf(text string, maybeRow bool) (Param, error) {
	name, value, ok := strings.Cut(text, "=")
	a := slices.IndexFunc(p.Axes, func(a Axis) bool { return a.Path == name || a.Label == name })
	if !ok || a < 0 {
		if maybeRow {
			return Param{}, fmt.Errorf("%q is neither a row nor PATH=VALUE of a parameter%s", text, p.nearRow(text))
		}
		return Param{}, fmt.Errorf("%q: want PATH=VALUE, where PATH is one of %s", text, p.axisPaths())
	}
	axis := p.Axes[a]
	o := slices.IndexFunc(axis.Options, func(o Option) bool { return o.Text == value || shownValue(o.Value) == value })
	if o < 0 {
		var known []string
		for _, option := range axis.Options[:min(len(axis.Options), 20)] {
			known = append(known, option.Text)
		}
		return Param{}, fmt.Errorf("%s has no value %q: want one of %s", axis.Path, value, strings.Join(known, ", "))
	}
	return Param{Path: axis.Path, Value: axis.Options[o].Value, Text: axis.Options[o].Text}, nil
}

func (p *Plan) axisPaths() string {
	var paths []string
	for _, a := range p.Axes {
		paths = append(paths, a.Path)
	}
	return strings.Join(paths, ", ")
}

// mostNamed is how many rows an error lists.
const mostNamed = 12

// nearRow suggests the row that was probably meant, else it lists those that there are.
func (p *Plan) nearRow(name string) string {
	var names []string
	for _, r := range p.Rows {
		if r.Control == "" {
			names = append(names, r.Name)
		}
	}
	if hint := nearest.Hint(nearest.Meant(name, names)); hint != "" || len(names) == 0 {
		return hint
	}
	list := strings.Join(names[:min(len(names), mostNamed)], "; ")
	if more := len(names) - mostNamed; more > 0 {
		list += fmt.Sprintf("; and %d more", more)
	}
	return ": the rows are " + list
}

// has reports whether a row has all of some settings.
func (r Row) has(want []Param) bool {
	return !slices.ContainsFunc(want, func(w Param) bool {
		param, ok := r.Get(w.Path)
		return !ok || param.Text != w.Text
	})
}

// settingsBut tells rows apart by their settings on all axes but some.
func (p *Plan) settingsBut(r Row, but []Param) string {
	var key strings.Builder
	for _, a := range p.Axes {
		if slices.ContainsFunc(but, func(b Param) bool { return b.Path == a.Path }) {
			continue
		}
		if param, ok := r.Get(a.Path); ok {
			fmt.Fprintf(&key, "%q", param.Text)
		}
		key.WriteByte('\x00')
	}
	return key.String()
}

// agree reports whether two rows have the same settings on all axes but some; one that an axis does not apply to agrees with any.
func (p *Plan) agree(a, b Row, but []Param) bool {
	return !slices.ContainsFunc(p.Axes, func(axis Axis) bool {
		x, inA := a.Get(axis.Path)
		y, inB := b.Get(axis.Path)
		skipped := slices.ContainsFunc(but, func(p Param) bool { return p.Path == axis.Path })
		return !skipped && inA && inB && x.Text != y.Text
	})
}

// rebaseControls gives controls the baseline of the models that they stand beside.
func (p *Plan) rebaseControls() {
	models := make(map[string]string, len(p.Rows))
	for _, r := range p.Rows {
		models[r.Name] = r.Baseline
	}
	for i := range p.Rows {
		if r := &p.Rows[i]; r.Control != "" && len(r.Of) > 0 {
			if r.Baseline = r.Of[0]; models[r.Of[0]] != "" {
				r.Baseline = models[r.Of[0]]
			}
		}
	}
}
