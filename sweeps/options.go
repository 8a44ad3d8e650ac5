package sweeps

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// metrics reads the columns of the table.
func (p *parser) metrics(e entry) error {
	entries, err := p.entries(e.value, e.key)
	if err != nil {
		return err
	}
	for _, f := range entries {
		m := Metric{Key: f.key, Label: f.key, Goal: DefaultGoal(f.key), Digits: 3, Scale: 1, At: "last"}
		if f.value.Kind == yaml.ScalarNode && f.value.ShortTag() == "!!null" {
			p.sweep.Metrics = append(p.sweep.Metrics, m)
			continue
		}
		if err := p.metric(&m, f.value, joined(e.key, f.key)); err != nil {
			return err
		}
		p.sweep.Metrics = append(p.sweep.Metrics, m)
	}
	return nil
}

// DefaultGoal is the goal of a metric for which the file states none: losses and errors are better when they are small.
func DefaultGoal(key string) Goal {
	if lower := strings.ToLower(key); strings.HasSuffix(lower, "loss") || strings.HasSuffix(lower, "error") {
		return Minimize
	}
	return Maximize
}

func (p *parser) metric(m *Metric, n *yaml.Node, key string) error {
	entries, err := p.entries(n, key)
	if err != nil {
		return err
	}
	for _, f := range entries {
		name := joined(key, f.key)
		switch f.key {
		case "label":
			m.Label, err = p.text(f.value, name)
		case "goal":
			m.Goal = Goal(f.value.Value)
			if m.Goal != Maximize && m.Goal != Minimize && m.Goal != NoGoal {
				err = p.refuse(f.value, name, "%s: want maximize, minimize or none", shown(f.value))
			}
		case "digits":
			m.Digits, err = p.whole(f.value, name, 0)
			if err == nil && m.Digits > 9 {
				err = p.refuse(f.value, name, "%d: want at most 9", m.Digits)
			}
		case "scale":
			m.Scale, err = p.float(f.value, name)
			if err == nil && m.Scale <= 0 {
				err = p.refuse(f.value, name, "%v: want more than 0", m.Scale)
			}
		case "at":
			m.At, err = p.oneOf(f.value, name, "last", "best", "min", "max")
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, []string{"label", "goal", "digits", "scale", "at"}))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) oneOf(n *yaml.Node, key string, choices ...string) (string, error) {
	if n.Kind != yaml.ScalarNode || !slices.Contains(choices, n.Value) {
		return "", p.refuse(n, key, "%s: want %s", shown(n), strings.Join(choices, ", "))
	}
	return n.Value, nil
}

func (p *parser) resources(e entry) error {
	r := &p.sweep.Resources
	return p.each(e, func(f entry, name string) (err error) {
		switch f.key {
		case "gpus":
			r.GPUs, err = p.whole(f.value, name, 0)
		case "per_gpu":
			r.PerGPU, err = p.whole(f.value, name, 1)
		case "cpus":
			r.CPUs, err = p.whole(f.value, name, 1)
		case "timeout":
			r.Timeout, err = p.duration(f.value, name)
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, []string{"gpus", "per_gpu", "cpus", "timeout"}))
		}
		return err
	})
}

func (p *parser) run(e entry) error {
	r := &p.sweep.Run
	return p.each(e, func(f entry, name string) (err error) {
		switch f.key {
		case "parallel":
			if f.value.Value != "auto" {
				r.Parallel, err = p.whole(f.value, name, 1)
			}
		case "retries":
			r.Retries, err = p.whole(f.value, name, 0)
		case "max_failures":
			r.MaxFailures, err = p.whole(f.value, name, 1)
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, []string{"parallel", "retries", "max_failures"}))
		}
		return err
	})
}

func (p *parser) report(e entry) error {
	r := &p.sweep.Report
	p.reportAt = e.at
	return p.each(e, func(f entry, name string) (err error) {
		switch f.key {
		case "caption":
			r.Caption, err = p.text(f.value, name)
		case "rows":
			r.Rows, err = p.texts(f.value, name)
		case "columns":
			r.Columns, err = p.texts(f.value, name)
		case "show":
			if r.Show, err = p.texts(f.value, name); err == nil {
				err = p.shows(f.value, name)
			}
		case "bold":
			var bold string
			bold, err = p.oneOf(f.value, name, "best", "none")
			r.BoldBest = bold == "best"
		case "published":
			r.Published, err = p.texts(f.value, name)
		case "cases":
			r.Cases, err = p.whole(f.value, name, 0)
		case "family":
			r.Family, err = p.oneOf(f.value, name, "table", "column")
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key,
				[]string{"caption", "rows", "columns", "show", "bold", "published", "cases", "family"}))
		}
		return err
	})
}

// checkReport refuses rows that are no axis, and columns that are not among the declared metrics.
func (p *parser) checkReport() error {
	s := p.sweep
	var paths, keys []string
	for _, axis := range s.Axes {
		paths = append(paths, axis.Path)
	}
	for _, m := range s.Metrics {
		keys = append(keys, m.Key)
	}
	for _, path := range s.Report.Rows {
		if !slices.Contains(paths, path) {
			return p.refuse(p.reportAt, "report.rows", "%q is no axis of this file%s", path, didYouMean(path, paths))
		}
	}
	for _, key := range s.Report.Columns {
		if len(keys) > 0 && !slices.Contains(keys, key) {
			return p.refuse(p.reportAt, "report.columns", "%q is not among metrics%s", key, didYouMean(key, keys))
		}
	}
	return nil
}

func (p *parser) shows(n *yaml.Node, key string) error {
	known := []string{"mean", "std", "ci", "n", "delta", "p"}
	for _, show := range p.sweep.Report.Show {
		if !slices.Contains(known, show) {
			return p.refuse(n, key, "%q: want some of %s", show, strings.Join(known, ", "))
		}
	}
	return nil
}

func (p *parser) controls(e entry) error {
	return p.each(e, func(f entry, name string) (err error) {
		if f.key != "untrained" {
			return p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, []string{"untrained"}))
		}
		p.sweep.Untrained, err = p.boolean(f.value, name)
		return err
	})
}

// each calls read for every key below e.
func (p *parser) each(e entry, read func(f entry, name string) error) error {
	entries, err := p.entries(e.value, e.key)
	if err != nil {
		return err
	}
	for _, f := range entries {
		if err := read(f, joined(e.key, f.key)); err != nil {
			return err
		}
	}
	return nil
}
