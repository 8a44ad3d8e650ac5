package sweeps

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/internal/escape"
	"harness/metrics"
	"harness/sweeps/keys"
)

// metrics reads the columns of the table.
func (p *parser) metrics(e entry) error {
	entries, err := p.entries(e.value, e.key)
	if err != nil {
		return err
	}
	for _, f := range entries {
		if !plainName(f.key) {
			p.keep(p.refuse(f.at, e.key, "%q: want a name of 1 to %d bytes without control characters", clipped(f.key, maxName), maxName))
			continue
		}
		if !p.recorded(f.key) {
			p.keep(p.refuse(f.at, joined(e.key, f.key), notRecorded, didYouMean(f.key, recordedKeys())))
			continue
		}
		m := DefaultMetric(f.key, p.sweep.Command != "")
		if f.value.Kind == yaml.ScalarNode && f.value.ShortTag() == "!!null" {
			p.sweep.Metrics = append(p.sweep.Metrics, m)
			continue
		}
		if err := p.metric(&m, f.value, joined(e.key, f.key)); err != nil {
			p.keep(err)
			continue
		}
		if i := slices.IndexFunc(p.sweep.Metrics, func(o Metric) bool { return o.Label == m.Label }); i >= 0 {
			p.keep(p.refuse(f.value, joined(e.key, f.key)+".label", "%q stands twice: it is that of %s", m.Label, p.sweep.Metrics[i].Key))
		}
		p.sweep.Metrics = append(p.sweep.Metrics, m)
	}
	p.choosePrimary()
	return nil
}

// choosePrimary settles which columns are primary. Where the file calls some primary, they are all; else those that the built-in
// trainer's metrics are by default, and all that are declared of a program.
func (p *parser) choosePrimary() {
	chosen := slices.Contains(slices.Collect(maps.Values(p.primary)), true)
	for i := range p.sweep.Metrics {
		m := &p.sweep.Metrics[i]
		is, said := p.primary[m.Key]
		switch {
		case said:
			m.Primary = is
		case chosen:
			m.Primary = false
		case p.sweep.Command != "":
			m.Primary = true
		}
	}
}

const notRecorded = "the built-in trainer records no such metric%s"

// recorded reports whether a trial can record a metric: the built-in trainer those that it knows, a program any.
func (p *parser) recorded(key string) bool { return p.sweep.Command != "" || metrics.IsRecorded(key) }

func recordedKeys() []string {
	var keys []string
	for _, m := range metrics.Recorded() {
		keys = append(keys, m.Name)
	}
	return keys
}

// clipped is the beginning of text, for messages.
func clipped(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	return strings.ToValidUTF8(text[:bytes], "") + "…"
}

// DefaultMetric is a column for which the file says nothing. The metrics of the built-in trainer are known by name; for
// another program's numbers the better direction is not known, so they have no goal. What a run took is known of all.
func DefaultMetric(key string, command bool) Metric {
	m := Metric{Key: key, Label: escape.Line(key), Goal: metrics.NoGoal, Digits: 3, Scale: 1, At: "last"}
	known, ok := metrics.LookupCost(key)
	if !ok && !command {
		known, ok = metrics.LookupRecorded(key)
	}
	if ok {
		m.Label, m.Unit, m.Goal, m.Digits, m.Scale, m.Primary = known.Label, known.Unit, known.Goal, known.Digits, known.Scale, known.Primary
	}
	return m
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
			m.Label, err = p.shownText(f.value, name)
		case "goal":
			var goal string
			goal, err = p.oneOf(f.value, name, keys.Choices("metrics.NAME.goal"))
			m.Goal = metrics.Goal(goal)
		case "unit":
			m.Unit, err = p.shownText(f.value, name)
		case "primary":
			m.Primary, err = p.boolean(f.value, name)
			p.primary[m.Key] = m.Primary
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
			m.At, err = p.oneOf(f.value, name, keys.Choices("metrics.NAME.at"))
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("metrics.NAME")))
		}
		p.keep(err)
	}
	if m.At == "best" && m.Goal == metrics.NoGoal {
		return p.refuse(n, key+".at", "best of what has no goal: give goal: maximize or minimize")
	}
	return nil
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
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("resources")))
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
		case "retry_on":
			r.RetryOn, err = p.reasons(f.value, name)
		case "max_failures":
			r.MaxFailures, err = p.whole(f.value, name, 1)
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("run")))
		}
		return err
	})
}

// reasons reads the failure reasons that are tried again; an empty list is none.
func (p *parser) reasons(n *yaml.Node, key string) ([]string, error) {
	list, err := p.texts(n, key)
	if err != nil {
		return nil, err
	}
	for _, reason := range list {
		if !slices.Contains(RetryReasons, reason) {
			return nil, p.refuse(n, key, "%q: want some of %s", reason, strings.Join(RetryReasons, ", "))
		}
	}
	return list, nil
}

func (p *parser) report(e entry) error {
	r := &p.sweep.Report
	p.reportAt = e.at
	return p.each(e, func(f entry, name string) (err error) {
		switch f.key {
		case "caption":
			r.Caption, err = p.text(f.value, name)
			r.Caption = strings.Join(strings.Fields(r.Caption), " ") // one line, however it is written
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
			bold, err = p.oneOf(f.value, name, keys.Choices("report.bold"))
			r.Bold = Bold(bold)
		case "published":
			r.Published, err = p.texts(f.value, name)
		case "cases":
			r.Cases, err = p.whole(f.value, name, 1)
		case "family":
			var family string
			family, err = p.oneOf(f.value, name, keys.Choices("report.family"))
			r.Family = Family(family)
		default:
			err = p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("report")))
		}
		return err
	})
}

// checkReport refuses rows that are not an axis, and columns that are not among the declared metrics.
func (p *parser) checkReport() error {
	s := p.sweep
	var paths, keys []string
	for _, axis := range s.axes {
		paths = append(paths, axis.path)
	}
	for _, m := range s.Metrics {
		keys = append(keys, m.Key)
	}
	for _, path := range s.Report.Rows {
		if !slices.Contains(paths, path) {
			return p.refuse(p.reportAt, "report.rows", "%q is not an axis of this file%s", path, didYouMean(path, paths))
		}
	}
	for _, key := range s.Report.Columns {
		if len(keys) > 0 && !slices.Contains(keys, key) {
			return p.refuse(p.reportAt, "report.columns", "%q is not among metrics%s", key, didYouMean(key, keys))
		}
		if !p.recorded(key) {
			return p.refuse(p.reportAt, "report.columns", "%q: "+notRecorded, key, didYouMean(key, recordedKeys()))
		}
	}
	return nil
}

func (p *parser) shows(n *yaml.Node, key string) error {
	known := keys.Choices("report.show")
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
			return p.refuse(f.at, name, "unknown key%s", didYouMean(f.key, keys.Below("controls")))
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
		p.keep(read(f, joined(e.key, f.key)))
	}
	return nil
}
