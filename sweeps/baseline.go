package sweeps

import (
	"slices"

	"harness/model/spec"
	"harness/sweeps/condition"
)

// readBaseline reads the row that the others are compared with: {PATH: VALUE, …}, where PATH is an axis or "ablation".
// With ablations, fields that are no axis are settings of all rows: the baseline's configuration, which the deltas change.
func (p *parser) readBaseline(e entry) error {
	s := p.sweep
	entries, err := p.entries(e.value, e.key)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(entries, func(f entry) bool { return f.key == AblationPath }); i >= 0 {
		label, err := p.text(entries[i].value, joined(e.key, AblationPath))
		if err != nil {
			return err
		}
		s.baseline = append(s.baseline, setting{path: AblationPath, value: label, line: entries[i].at.Line})
		entries = slices.Delete(entries, i, i+1)
	}
	list, err := p.settingsOf(entries, e.key, "")
	s.baseline = append(s.baseline, list...)
	return err
}

// checkBaseline refuses a baseline that names no row.
func (s *Sweep) checkBaseline() error {
	ablations := s.axis(AblationPath) >= 0
	for _, one := range s.baseline {
		a := s.axis(one.path)
		switch {
		case a >= 0 && s.Axes[a].find(one.value) < 0:
			return &Error{File: s.File, Line: one.line, Key: "baseline." + one.path,
				Reason: printed(one.value) + " is no value of that axis"}
		case a < 0 && (!ablations || one.path == AblationPath):
			return &Error{File: s.File, Line: one.line, Key: "baseline." + one.path, Reason: "is no axis of this file"}
		}
	}
	return nil
}

// find is the index of the option with the given value, or label for ablations; -1 where there is none.
func (a Axis) find(value any) int {
	return slices.IndexFunc(a.Options, func(o Option) bool {
		if a.Path == AblationPath {
			return o.Text == value
		}
		same, err := condition.Equal(o.Value, value)
		return err == nil && same
	})
}

// baselineOf names the row that r is compared with: the options that baseline names, the first of the ablations, and
// r's own option on every other axis. Where the file declares neither baseline nor ablations, it is the first row.
func (s *Sweep) baselineOf(r row, rows []row) string {
	declared := len(s.baseline) > 0 || s.axis(AblationPath) >= 0
	want := make([]int, len(s.Axes))
	for a, axis := range s.Axes {
		if declared && axis.Path != AblationPath {
			want[a] = r.choice[a]
		}
		for _, one := range s.baseline {
			if one.path == axis.Path {
				want[a] = axis.find(one.value)
			}
		}
	}
	for _, candidate := range rows {
		if matches(candidate.choice, want) {
			if candidate.name == r.name {
				return ""
			}
			return candidate.name
		}
	}
	return ""
}

func matches(choice, want []int) bool {
	for a := range choice {
		if choice[a] >= 0 && want[a] >= 0 && choice[a] != want[a] {
			return false
		}
	}
	return true
}

// ControlUntrained marks the trials whose encoder stays as it was initialised.
const ControlUntrained = "untrained"

// untrainedRow begins the name of their rows.
const untrainedRow = "untrained encoder"

// addControls adds, for every setting that is left when pretraining is taken away, the trial with an untrained encoder.
func (s *Sweep) addControls(list *trialList, rows []row, start spec.Trial) {
	matters := s.mattersUntrained(start)
	for i, r := range rows {
		name, kept := s.withoutPretraining(r, matters)
		baseline := s.baselineOf(r, rows)
		if baseline == "" {
			baseline = r.name
		}
		for _, seed := range s.Seeds {
			t := r.trial
			t.Method, t.Seed = spec.Untrained, seed
			if at, known := list.at[t.ID()]; known { // the control of an earlier row, or a row of the file's own
				if list.trials[at].Control != "" {
					list.trials[at].Of = append(list.trials[at].Of, r.name)
				}
				continue
			}
			place := s.place(len(rows)+i, name, baseline, kept, seed)
			place.Control, place.Of = ControlUntrained, []string{r.name}
			list.add(t, place)
		}
	}
}

// withoutPretraining names the control of a row by the options that still matter, and lists these.
func (s *Sweep) withoutPretraining(r row, matters map[string]bool) (name string, params []Param) {
	name = untrainedRow
	for a, c := range r.choice {
		if c < 0 || !slices.ContainsFunc(s.Axes[a].Options[c].settings, func(one setting) bool { return matters[one.path] }) {
			continue
		}
		name += ", " + s.Axes[a].part(c)
		params = append(params, Param{Path: s.Axes[a].Path, Value: s.Axes[a].Options[c].Value, Text: s.Axes[a].Options[c].Text})
	}
	return name, params
}

// mattersUntrained tells of which fields the values that the file gives make different trials without pretraining:
// spec.Trial.ID leaves out what an untrained encoder never sees.
func (s *Sweep) mattersUntrained(start spec.Trial) map[string]bool {
	start.Method = spec.Untrained
	id := start.ID()
	first := map[string]string{} // ID of the first value of a field
	matters := map[string]bool{}
	for _, axis := range s.Axes {
		for _, option := range axis.Options {
			for _, one := range option.settings {
				t := start
				if assign(&t, one.path, one.value) != nil {
					matters[one.path] = true
					continue
				}
				t.Method = spec.Untrained
				if _, seen := first[one.path]; !seen {
					first[one.path] = t.ID()
				}
				matters[one.path] = matters[one.path] || t.ID() != first[one.path] || t.ID() != id && (axis.Path == AblationPath || axis.when != nil)
			}
		}
	}
	return matters
}
