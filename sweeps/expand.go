package sweeps

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"harness/model/spec"
	"harness/sweeps/condition"
)

// maxTrials bounds a sweep: more is a mistake in the file.
const maxTrials = 100_000

// Expand lists the rows and trials of the sweep: every row for every seed in the order of the file, then the controls.
// seal, which may be nil, completes each different trial with what the file does not say (digests of data and weights)
// before the trial is named; it is called once for each, and its errors come back as they are. Trials that come to the
// same ID are one trial in several rows. A sweep without trials is an error.
func (s *Sweep) Expand(seal func(*spec.Trial) error) (*Plan, error) {
	file := s
	if s.needs != "" {
		return nil, &Error{File: s.File, Key: "command", Reason: s.needs}
	}
	start, err := s.start()
	if err != nil {
		return nil, err
	}
	if s.Search.Method != "" {
		if s, err = s.searched(start); err != nil {
			return nil, err
		}
	}
	rows, err := s.rows(start)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, &Error{File: s.File, Key: "exclude", Reason: "no trials: every combination is excluded"}
	}
	l := &lister{sweep: s, seal: seal, plan: s.emptyPlan(), named: map[spec.Trial]Trial{}, listed: map[string]bool{}}
	for _, r := range rows {
		err := l.add(r, Row{Name: r.name, Baseline: s.baselineOf(r, rows), Params: r.params(s)})
		if err != nil {
			return nil, err
		}
	}
	if s.Untrained {
		if err := l.addControls(rows, start.trial); err != nil {
			return nil, err
		}
	}
	if len(l.plan.Trials) == 0 {
		return nil, &Error{File: s.File, Key: "exclude", Reason: "no trials: every seed is excluded"}
	}
	l.plan.label()
	if err := file.claim(l.plan); err != nil {
		return nil, err
	}
	return l.plan, nil
}

// emptyPlan is the plan without rows and trials.
func (s *Sweep) emptyPlan() *Plan {
	p := &Plan{
		Version: PlanVersion, Name: s.Name, Handle: s.Name, File: s.File, FileDigest: s.Digest, Description: s.Description, Options: slices.Clone(s.options),
		Command: s.Command != "", Preset: string(s.Preset), Seeds: slices.Clone(s.Seeds), Metrics: slices.Clone(s.Metrics),
		Report: s.Report, Resources: s.Resources, Slurm: s.Slurm, Run: s.Run, Search: s.Search,
	}
	for _, a := range s.axes {
		p.Axes = append(p.Axes, a.planned())
	}
	return p
}

func (a axis) planned() Axis {
	planned := Axis{Path: a.path, Label: a.label}
	for _, o := range a.options {
		planned.Options = append(planned.Options, o.Option)
	}
	return planned
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
	if len(s.points) > 0 {
		total *= len(s.points)
	}
	for _, axis := range s.axes {
		if !axis.drawn {
			total *= len(axis.options)
		}
		if total > maxTrials {
			return nil, &Error{File: s.File, Line: axis.line, Key: axis.path,
				Reason: "more than " + strconv.Itoa(maxTrials) + " trials"}
		}
	}
	rows, err := s.extend([]row{start})
	if err != nil {
		return nil, err
	}
	kept := rows[:0]
	for _, r := range rows {
		out, err := s.excluded(r, false)
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
	if s.Command != "" {
		r.trial.Project, r.trial.SeedApart = s.Project, !s.seeded
	} else {
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

// values looks up the parameters of a row, as conditions see them.
func (s *Sweep) values(r row) condition.Lookup {
	return func(name string) any {
		if name != AblationPath {
			value, ok := valueAt(r.trial, name)
			if !ok && name == seedName {
				return json.Number(strconv.FormatInt(r.trial.Seed, 10))
			}
			return value
		}
		for i, c := range r.choice {
			if s.axes[i].path == AblationPath && c >= 0 {
				return s.axes[i].options[c].Value
			}
		}
		return nil
	}
}

// seedName is the name of the seed in conditions.
const seedName = "seed"

// excluded reports whether a row is left out: as a whole, or, where bySeed is set, for the seed of its trial.
func (s *Sweep) excluded(r row, bySeed bool) (bool, error) {
	for _, c := range s.exclude {
		if slices.Contains(c.Names, seedName) != bySeed {
			continue
		}
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
			if c >= 0 && len(s.axes[a].options) > 1 { // a single value distinguishes nothing
				parts = append(parts, s.axes[a].part(c))
			}
		}
		rows[i].name = rowName(parts, s.Name)
		if seen[rows[i].name] {
			return &Error{File: s.File, Key: "parameters", Reason: "two rows are named \"" + rows[i].name + "\": give labels"}
		}
		seen[rows[i].name] = true
	}
	return nil
}

// rowName joins what distinguishes a row; the only row of a sweep has the sweep's name.
func rowName(parts []string, sweep string) string {
	if len(parts) == 0 {
		return sweep
	}
	return strings.Join(parts, ", ")
}

// part names option c of the axis inside the name of a row.
func (a axis) part(c int) string { return partOf(a.label, a.options[c].Option) }

func partOf(axisLabel string, o Option) string {
	if o.Labelled {
		return o.Text
	}
	return axisLabel + "=" + o.Text
}

// axis is the index of the axis with the given path, or -1.
func (s *Sweep) axis(path string) int {
	return slices.IndexFunc(s.axes, func(a axis) bool { return a.path == path })
}

// params lists what distinguishes the row: its options, then the fields that ablations change.
func (r row) params(s *Sweep) []Param {
	var params []Param
	for a, c := range r.choice {
		if c < 0 {
			continue
		}
		option := s.axes[a].options[c]
		params = append(params, Param{Path: s.axes[a].path, Value: option.Value, Text: option.Text})
	}
	for _, path := range s.ablated() {
		if value, ok := valueAt(r.trial, path); ok && s.axis(path) < 0 {
			params = append(params, Param{Path: path, Value: value, Text: shownValue(value)})
		}
	}
	return params
}

// ablated lists the paths that some ablation sets, once each.
func (s *Sweep) ablated() []string {
	var paths []string
	if a := s.axis(AblationPath); a >= 0 {
		for _, option := range s.axes[a].options {
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

// lister collects rows and trials.
type lister struct {
	sweep  *Sweep
	seal   func(*spec.Trial) error
	plan   *Plan
	named  map[spec.Trial]Trial // ID, Seed and Spec by what the file says of a trial
	listed map[string]bool      // IDs of plan.Trials
}

// add adds a row with its trials; those of excluded seeds are "".
func (l *lister) add(r row, planned Row) error {
	for _, seed := range l.plan.Seeds {
		r.trial.Seed = seed
		id := ""
		out, err := l.sweep.excluded(r, true)
		if err == nil && !out {
			id, err = l.trial(r.trial)
		}
		if err != nil {
			return err
		}
		planned.Trials = append(planned.Trials, id)
	}
	l.plan.Rows = append(l.plan.Rows, planned)
	return nil
}

// trial returns the ID of a trial, which is listed if it is not yet.
func (l *lister) trial(t spec.Trial) (string, error) {
	named, err := l.name(t)
	if err != nil {
		return "", err
	}
	if !l.listed[named.ID] {
		l.listed[named.ID] = true
		l.plan.Trials = append(l.plan.Trials, named)
	}
	return named.ID, nil
}

// name seals a trial and names it, once.
func (l *lister) name(said spec.Trial) (Trial, error) {
	if named, known := l.named[said]; known {
		return named, nil
	}
	t := said
	if l.seal != nil {
		if err := l.seal(&t); err != nil {
			return Trial{}, err
		}
	}
	named := Trial{ID: t.ID(), Seed: t.Seed, Spec: t}
	l.named[said] = named
	return named, nil
}
