package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"harness/registry/journal"
)

// Resources reads what an attempt used over time; nothing where nothing was recorded. They lie in a file of their own beside the
// journal and are no rows: nobody asks for them but who looks at one trial, or draws them.
func (db *DB) Resources(id string, attempt int) (journal.Resources, error) {
	r, err := journal.ReadResources(db.AttemptDir(id, attempt))
	if err != nil {
		return r, fmt.Errorf("read resources of trial %s: %w", id, err)
	}
	return r, nil
}

// SystemMetric is a quantity of what attempts use, named as a metric is.
type SystemMetric struct {
	Name, Unit string
	of         func(journal.Usage, bool) (mean, most float64) // of a line; NaN = not known. PSS is whether memory is that
}

// SystemMetrics lists what can be drawn of the resources of attempts, over the seconds since they started.
var SystemMetrics = []SystemMetric{
	{"system/cpu", "cores", func(u journal.Usage, _ bool) (float64, float64) { return twice(perSecond(u, u.CPU)) }},
	{"system/memory", "GiB", func(u journal.Usage, pss bool) (float64, float64) { return levelOf(memoryOf(u, pss), 1.0/(1<<30)) }},
	{"system/disk/read", "MB/s", func(u journal.Usage, _ bool) (float64, float64) { return twice(perSecond(u, asFloat(u.Read)) / 1e6) }},
	{"system/disk/written", "MB/s", func(u journal.Usage, _ bool) (float64, float64) { return twice(perSecond(u, asFloat(u.Written)) / 1e6) }},
	{"system/gpu", "%", func(u journal.Usage, _ bool) (float64, float64) {
		mean, most := overGPUs(u, func(d journal.DeviceUsage) *journal.Level { return d.Busy })
		return mean / float64(len(u.Devices)), most / float64(len(u.Devices))
	}},
	{"system/gpu/memory", "GiB", func(u journal.Usage, _ bool) (float64, float64) {
		mean, most := overGPUs(u, func(d journal.DeviceUsage) *journal.Level { return d.Memory })
		return mean / (1 << 30), most / (1 << 30)
	}},
	{"system/gpu/power", "W", func(u journal.Usage, _ bool) (float64, float64) {
		return overGPUs(u, func(d journal.DeviceUsage) *journal.Level { return d.Power })
	}},
}

// LookupSystem finds a system metric by name.
func LookupSystem(name string) (SystemMetric, bool) {
	for _, m := range SystemMetrics {
		if m.Name == name {
			return m, true
		}
	}
	return SystemMetric{}, false
}

// Sample is what a quantity was in a span of time, in seconds since the attempt started.
type Sample struct{ From, To, Mean, Max float64 }

// Curve is the quantity over the life of an attempt, where it was measured.
func (m SystemMetric) Curve(r journal.Resources) []Sample {
	var samples []Sample
	pss := isPSS(r)
	for _, u := range r.Usage {
		if mean, most := m.of(u, pss); !math.IsNaN(mean) {
			samples = append(samples, Sample{float64(u.From) / 1e3, float64(u.To) / 1e3, mean, most})
		}
	}
	return samples
}

// SystemCurve reads a system metric of the run whose numbers count, else of the newest.
func (db *DB) SystemCurve(ctx context.Context, id string, m SystemMetric) ([]Sample, error) {
	var result, newest int
	err := db.readOne(ctx, `SELECT result, attempt FROM trial WHERE id = ?`, []any{id}, &result, &newest)
	if errors.Is(err, sql.ErrNoRows) { // a seed that the plan excludes, or a trial that was removed
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read resources of trial %s: %w", id, err)
	}
	if result == 0 {
		result = newest
	}
	r, err := db.Resources(id, result)
	return m.Curve(r), err
}

func twice(v float64) (float64, float64) { return v, v }

func asFloat(v *int64) *float64 {
	if v == nil {
		return nil
	}
	f := float64(*v)
	return &f
}

// leastSpan is how long a line must be, in milliseconds, for rates: the kernel counts in hundredths of a second.
const leastSpan = 500

// perSecond is the rate of what is counted.
func perSecond(u journal.Usage, v *float64) float64 {
	if v == nil || u.To-u.From < leastSpan {
		return math.NaN()
	}
	return *v / (float64(u.To-u.From) / 1e3)
}

func levelOf(l *journal.Level, scale float64) (mean, most float64) {
	if l == nil {
		return twice(math.NaN())
	}
	return l.Mean * scale, l.Max * scale
}

// overGPUs is the sum over the GPUs; NaN where one of them does not tell.
func overGPUs(u journal.Usage, of func(journal.DeviceUsage) *journal.Level) (mean, most float64) {
	if len(u.Devices) == 0 {
		return twice(math.NaN())
	}
	for _, d := range u.Devices {
		m, x := levelOf(of(d), 1)
		mean, most = mean+m, most+x
	}
	return mean, most
}

func memoryOf(u journal.Usage, pss bool) *journal.Level {
	if pss {
		return u.PSS
	}
	return u.RSS
}

// isPSS reports whether PSS was read whenever memory was: else RSS is what can be compared over time.
func isPSS(r journal.Resources) bool {
	for _, u := range r.Usage {
		if u.RSS != nil && u.PSS == nil {
			return false
		}
	}
	return true
}
