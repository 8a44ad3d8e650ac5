package sweeps

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"harness/model/spec"
)

// readBaseline reads the row that the others are compared with: {PATH: VALUE, …}, where PATH is an axis or "ablation".
// With ablations, fields that are not an axis are settings of all rows: the baseline's configuration, which the deltas change.
func (p *parser) readBaseline(e entry) error {
	s := p.sweep
	if e.value.Kind == yaml.ScalarNode && e.value.Value != "" {
		return p.refuse(e.value, e.key, "want the values of a row, such as {lr: 0.01}; of ablations its label: {ablation: %q}", e.value.Value)
	}
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
		case a >= 0 && s.axes[a].find(one.value) < 0:
			return &Error{File: s.File, Line: one.line, Key: "baseline." + one.path,
				Reason: printed(one.value) + " is not a value of that axis"}
		case a < 0 && (!ablations || one.path == AblationPath):
			return &Error{File: s.File, Line: one.line, Key: "baseline." + one.path, Reason: "is not an axis of this file"}
		}
	}
	return nil
}

// find is the index of the option with the given value, or label for ablations; -1 where there is none.
func (a axis) find(value any) int { return a.planned().find(value) }

// baselineOf names the row that r is compared with: the options that baseline names, the first of the ablations, and
// r's own option on every other axis. Where the file declares neither baseline nor ablations, it is the first row; of a search, whose
// first setting is no better a standard than any other, there is none.
func (s *Sweep) baselineOf(r row, rows []row) string {
	declared := len(s.baseline) > 0 || s.axis(AblationPath) >= 0
	if !declared && s.Search.Method != "" {
		return ""
	}
	want := make([]int, len(s.axes))
	for a, axis := range s.axes {
		if declared && axis.path != AblationPath {
			want[a] = r.choice[a]
		}
		for _, one := range s.baseline {
			if one.path == axis.path {
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

// addControls adds, for every setting that remains without pretraining, the row with an untrained encoder. Rows
// that come to the same control share it; a row of the file that is the control already is not repeated, and one that could record
// nothing of the file's metrics is not trained.
func (l *lister) addControls(rows []row, start spec.Trial) error {
	s := l.sweep
	matters := s.mattersUntrained(start)
	controls := map[string]int{} // index in plan.Rows by the ID of the first trial
	taken := map[string]bool{}
	for _, r := range rows {
		taken[r.name] = true
	}
	for i, r := range rows {
		t := r.trial
		t.Method, t.Seed = spec.Untrained, l.plan.Seeds[0]
		if len(s.Metrics) > 0 && !slices.ContainsFunc(s.Metrics, func(m Metric) bool { return t.Records(m.Key) }) {
			continue
		}
		named, err := l.name(t)
		if err != nil {
			return err
		}
		if at, known := controls[named.ID]; known {
			l.plan.Rows[at].Of = append(l.plan.Rows[at].Of, r.name)
			continue
		}
		if l.listed[named.ID] {
			continue
		}
		name, kept := s.withoutPretraining(r, matters)
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s (%d)", untrainedRow, n)
		}
		taken[name] = true
		baseline := l.plan.Rows[i].Baseline
		if baseline == "" {
			baseline = r.name
		}
		controls[named.ID] = len(l.plan.Rows)
		r.trial = t
		err = l.add(r, Row{Name: name, Baseline: baseline, Params: kept, Control: ControlUntrained, Of: []string{r.name}})
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutPretraining names the control of a row by the options that still matter, and lists these.
func (s *Sweep) withoutPretraining(r row, matters map[string]bool) (name string, params []Param) {
	name = untrainedRow
	for a, c := range r.choice {
		if c < 0 || !slices.ContainsFunc(s.axes[a].options[c].settings, func(one setting) bool { return matters[one.path] }) {
			continue
		}
		name += ", " + s.axes[a].part(c)
		o := s.axes[a].options[c]
		params = append(params, Param{Path: s.axes[a].path, Value: o.Value, Text: o.Text})
	}
	return name, params
}

// mattersUntrained says of which fields the values in the file make different trials without pretraining:
// spec.Trial.ID leaves out what an untrained encoder never sees.
func (s *Sweep) mattersUntrained(start spec.Trial) map[string]bool {
	start.Method = spec.Untrained
	id := start.ID()
	first := map[string]string{} // ID of the first value of a field
	matters := map[string]bool{}
	for _, axis := range s.axes {
		for _, option := range axis.options {
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
				matters[one.path] = matters[one.path] || t.ID() != first[one.path] || t.ID() != id && (axis.path == AblationPath || axis.when != nil)
			}
		}
	}
	return matters
}
