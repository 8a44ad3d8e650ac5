package sweeps

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"harness/model/spec"
	"harness/sweeps/condition"
)

// maxTrials bounds a sweep: more is a mistake in the file.
const maxTrials = 100_000

// Expand lists the trials of the sweep: every row for every seed in the order of the file, then the controls. Trials
// with equal content are one trial with several places. A sweep without trials is an error.
func (s *Sweep) Expand() ([]Trial, error) {
	start, err := s.start()
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(start)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, &Error{File: s.File, Key: "exclude", Reason: "no trials: every combination is excluded"}
	}
	list := &trialList{at: map[string]int{}}
	for i, r := range rows {
		for _, seed := range s.Seeds {
			t := r.trial
			t.Seed = seed
			list.add(t, s.place(i, r.name, s.baselineOf(r, rows), r.params(s), seed))
		}
	}
	if s.Untrained {
		s.addControls(list, rows, start.trial)
	}
	return list.trials, nil
}

// row is one combination of options; choice holds the option of each axis, or -1 where when leaves the axis out.
type row struct {
	name    string
	choice  []int
	trial   spec.Trial
	applied []setting
}

// rows walks the grid from start, the first axis outermost.
func (s *Sweep) rows(start row) ([]row, error) {
	total := len(s.Seeds)
	for _, axis := range s.Axes {
		if total *= len(axis.Options); total > maxTrials {
			return nil, &Error{File: s.File, Line: axis.line, Key: axis.Path,
				Reason: "more than " + strconv.Itoa(maxTrials) + " trials"}
		}
	}
	rows, err := s.extend([]row{start})
	if err != nil {
		return nil, err
	}
	kept := rows[:0]
	for _, r := range rows {
		out, err := s.excluded(r)
		if err != nil {
			return nil, err
		}
		if out {
			continue
		}
		if err := r.trial.Validate(); err != nil {
			return nil, s.invalid(err, r)
		}
		kept = append(kept, r)
	}
	return kept, s.name(kept)
}

// start is the row that the axes change: the preset, then base, the baseline's own settings and the command line.
func (s *Sweep) start() (row, error) {
	r := row{trial: spec.Trial{Command: s.Command}}
	if s.Command == "" {
		var err error
		if r.trial, err = spec.Default(s.Preset); err != nil {
			return row{}, &Error{File: s.File, Line: s.presetLine, Key: "base.preset", Reason: err.Error()}
		}
	}
	for _, list := range [][]setting{s.base, s.baseline, s.overrides} {
		for _, one := range list {
			if s.axis(one.path) < 0 {
				if err := s.apply(&r, one); err != nil {
					return row{}, err
				}
			}
		}
	}
	return r, nil
}

func (s *Sweep) apply(r *row, one setting) error {
	if err := assign(&r.trial, one.path, one.value); err != nil {
		return s.blame(one, one.path, err.Error())
	}
	r.applied = append(r.applied, one)
	return nil
}

// extend crosses rows with one axis after the other.
func (s *Sweep) extend(rows []row) ([]row, error) {
	for _, axis := range s.Axes {
		var next []row
		for _, r := range rows {
			applies := true
			if axis.when != nil {
				var err error
				if applies, err = axis.when.Holds(s.values(r)); err != nil {
					return nil, &Error{File: s.File, Line: axis.when.line, Key: axis.when.key, Reason: err.Error()}
				}
			}
			if !applies {
				r.choice = append(slices.Clone(r.choice), -1)
				next = append(next, r)
				continue
			}
			for i, option := range axis.Options {
				n := r
				n.choice = append(slices.Clone(r.choice), i)
				n.applied = slices.Clone(r.applied)
				for _, one := range option.settings {
					if err := s.apply(&n, one); err != nil {
						return nil, err
					}
				}
				next = append(next, n)
			}
		}
		rows = next
	}
	return rows, nil
}

// values looks up the parameters of a row, as conditions see them.
func (s *Sweep) values(r row) condition.Lookup {
	return func(name string) any {
		if name != AblationPath {
			value, _ := valueAt(r.trial, name)
			return value
		}
		for i, c := range r.choice {
			if s.Axes[i].Path == AblationPath && c >= 0 {
				return s.Axes[i].Options[c].Text
			}
		}
		return nil
	}
}

func (s *Sweep) excluded(r row) (bool, error) {
	for _, c := range s.exclude {
		out, err := c.Holds(s.values(r))
		if err != nil {
			return false, &Error{File: s.File, Line: c.line, Key: c.key, Reason: err.Error()}
		}
		if out {
			return true, nil
		}
	}
	return false, nil
}

// name names the rows by their options; two rows of one name are refused.
func (s *Sweep) name(rows []row) error {
	seen := map[string]bool{}
	for i := range rows {
		var parts []string
		for a, c := range rows[i].choice {
			if c >= 0 && len(s.Axes[a].Options) > 1 { // a single value distinguishes nothing
				parts = append(parts, s.Axes[a].part(c))
			}
		}
		rows[i].name = strings.Join(parts, ", ")
		if len(parts) == 0 {
			rows[i].name = s.Name
		}
		if seen[rows[i].name] {
			return &Error{File: s.File, Key: "parameters", Reason: "two rows are named \"" + rows[i].name + "\": give labels"}
		}
		seen[rows[i].name] = true
	}
	return nil
}

// part names option c of the axis inside the name of a row.
func (a Axis) part(c int) string {
	if a.Options[c].labelled {
		return a.Options[c].Text
	}
	return a.Label + "=" + a.Options[c].Text
}

// axis is the index of the axis with the given path, or -1.
func (s *Sweep) axis(path string) int {
	return slices.IndexFunc(s.Axes, func(a Axis) bool { return a.Path == path })
}

// params lists what distinguishes the row: its options, then the fields that ablations change.
func (r row) params(s *Sweep) []Param {
	var params []Param
	for a, c := range r.choice {
		if c < 0 {
			continue
		}
		option := s.Axes[a].Options[c]
		value := option.Value
		if s.Axes[a].Path == AblationPath {
			value = option.Text
		}
		params = append(params, Param{Path: s.Axes[a].Path, Value: value, Text: option.Text})
	}
	for _, path := range s.ablated() {
		if value, ok := valueAt(r.trial, path); ok && s.axis(path) < 0 {
			params = append(params, Param{Path: path, Value: value, Text: printed(value)})
		}
	}
	return params
}

// ablated lists the paths that some ablation sets, once each.
func (s *Sweep) ablated() []string {
	var paths []string
	if a := s.axis(AblationPath); a >= 0 {
		for _, option := range s.Axes[a].Options {
			for _, one := range option.settings {
				if !slices.Contains(paths, one.path) {
					paths = append(paths, one.path)
				}
			}
		}
	}
	return paths
}

// invalid turns a refusal of spec.Validate into an error at the key that set the field.
func (s *Sweep) invalid(err error, r row) error {
	var field *spec.FieldError
	if !errors.As(err, &field) {
		return &Error{File: s.File, Reason: err.Error()}
	}
	for _, one := range slices.Backward(r.applied) {
		if one.path == field.Path || strings.HasPrefix(field.Path, one.path+".") {
			return s.blame(one, field.Path, field.Reason)
		}
	}
	reason := field.Reason
	if field.Path == "data.root" {
		reason += ": give it with --set data.root=DIR, or try synthetic data with --preset nano"
	}
	return &Error{File: s.File, Line: s.presetLine, Key: field.Path, Reason: reason}
}

// blame is an error at the place where a setting was written.
func (s *Sweep) blame(one setting, path, reason string) error {
	if one.origin != "" {
		return &Error{File: one.origin, Reason: reason}
	}
	return &Error{File: s.File, Line: one.line, Key: path, Reason: reason}
}

// trialList collects trials; those of one ID become one trial with several places.
type trialList struct {
	trials []Trial
	at     map[string]int
}

func (l *trialList) add(t spec.Trial, place Place) {
	id := t.ID()
	if i, known := l.at[id]; known {
		first := &l.trials[i]
		first.Also = append(first.Also, place)
		first.Label += "; " + place.Label
		return
	}
	l.at[id] = len(l.trials)
	l.trials = append(l.trials, Trial{Place: place, Spec: t, ID: id, Seed: t.Seed})
}

func (s *Sweep) place(index int, name, baseline string, params []Param, seed int64) Place {
	text := strconv.FormatInt(seed, 10)
	label := name
	if len(s.Seeds) > 1 {
		label += ", seed=" + text
	}
	return Place{Label: label, Row: name, Index: index, Baseline: baseline,
		Params: append(slices.Clip(params), Param{Path: "seed", Value: seed, Text: text})}
}
