package page

import (
	"context"
	"errors"
	"fmt"
	"math"

	"harness/internal/escape"
	"harness/metrics"
	"harness/model/spec"
	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

// Curves is a metric over the steps of training.
type Curves struct {
	Head
	X       string `json:"x"` // "step" or "seconds"
	LogY    bool   `json:"log_y"`
	From    Number `json:"from"` // of a part: the steps that were asked for; null where all are shown
	To      Number `json:"to"`
	Band    string `json:"band,omitempty"` // what low and high are, where they are not of seeds
	Rows    int    `json:"rows"`           // how many rows have the metric; there are fewer lines where some were left out or are equal
	LeftOut int    `json:"left_out"`       // of these, how many are not shown
	Lines   []Line `json:"lines"`
}

// Line is one row. Step and Mean are of one length, and so are Std, Low and High where they are there.
type Line struct {
	Name     string  `json:"name"`
	N        int     `json:"n"` // seeds
	Step     Numbers `json:"step"`
	Mean     Numbers `json:"mean"`           // null where all points are NaN or infinite: the line breaks there
	Std      Numbers `json:"std,omitempty"`  // over seeds, n-1
	Low      Numbers `json:"low,omitempty"`  // the least and the greatest of all points: of seeds, and of neighbouring points
	High     Numbers `json:"high,omitempty"` // that were averaged
	Lone     []Trace `json:"lone,omitempty"` // what one seed has alone
	Stopped  []Trace `json:"stopped,omitempty"`
	Averaged int     `json:"averaged"` // the most neighbouring points of one seed behind a position
}

// Trace is a piece of the curve of one seed.
type Trace struct {
	Step Numbers `json:"step"`
	Mean Numbers `json:"mean"`
	Low  Numbers `json:"low,omitempty"`
	High Numbers `json:"high,omitempty"`
}

// CurveQuery says which curves are shown.
type CurveQuery struct {
	Metric string
	Rows   []string // by name; empty: all, or by rule
	Span   reports.Span
	Lines  int // at most; 0: mostLines
}

const (
	mostLines = 16  // of a chart: more cannot be told apart
	mostRead  = 320 // curves of seeds behind a chart
)

// ReadCurves reads the curves of a plan. Where the metric has none the chart is empty, and says so.
func ReadCurves(ctx context.Context, db *registry.DB, plan *sweeps.Plan, q CurveQuery) (*Curves, error) {
	c := &Curves{Head: headOf(KindCurves, plan, q.Metric), X: "step", From: unknown, To: unknown, Lines: []Line{}}
	if q.Span.Part {
		c.From, c.To = Number(q.Span.From), Number(q.Span.To)
	}
	most := q.Lines
	if most == 0 {
		most = mostLines
	}
	part, chosen, err := reports.Choose(ctx, db, plan, q.Metric, reports.Choice{Rows: q.Rows, MostRows: most, MostSeeds: mostRead})
	if err != nil {
		return nil, fmt.Errorf("curve of %s: %w", escape.Line(q.Metric), err)
	}
	c.Rows, c.LeftOut = chosen.Rows, chosen.Rows-chosen.Shown
	switch {
	case chosen.Rows == 0:
		c.say("No trial has recorded %s.", q.Metric)
		return c, nil
	case chosen.Shown == 0:
		c.say("None of the rows that were asked for has recorded %s.", q.Metric)
		return c, nil
	}
	curve, err := readCurve(ctx, db, part, q)
	if err != nil {
		return nil, err
	}
	c.fill(curve)
	if c.LeftOut > 0 {
		c.say("Drawn are %d of %d rows: %s.", chosen.Shown, chosen.Rows, chosen.Rule)
	}
	if chosen.Seeds > 0 {
		c.say("Of each row the first %s in the order of the sweep are drawn, and averaged: %d are too many to read for a picture.",
			count(chosen.Seeds, "seed"), len(plan.Seeds))
	}
	return c, nil
}

func readCurve(ctx context.Context, db *registry.DB, plan *sweeps.Plan, q CurveQuery) (reports.Curve, error) {
	curves, err := reports.OpenCurves(ctx, db, plan)
	if errors.Is(err, reports.ErrNothing) {
		return reports.Curve{Metric: q.Metric}, nil
	}
	if err != nil {
		return reports.Curve{}, err
	}
	return curves.ReadSpan(ctx, q.Metric, q.Span)
}

// fill takes the lines of a curve, and says what is not drawn of them.
func (c *Curves) fill(curve reports.Curve) {
	var said curveFacts
	var values []float64
	for _, line := range curve.Lines {
		said.add(line)
	}
	for _, line := range reports.Merge(curve.Lines) {
		l := Line{Name: escape.Line(line.Row), N: line.N, Step: line.Step, Mean: line.Mean, Averaged: line.Averaged,
			Lone: tracesOf(line.Lone), Stopped: tracesOf(line.Stopped)}
		if line.N > 1 {
			l.Std = line.Std
		}
		if line.N > 1 || line.Averaged > 1 || curve.Seconds {
			l.Low, l.High = line.Low, line.High
		}
		values = append(values, finiteOf(line.Mean)...)
		c.Lines = append(c.Lines, l)
	}
	c.LogY = reports.FallTogether(values)
	said.tell(&c.Head)
}

// finiteOf are the numbers that can be drawn.
func finiteOf(values []float64) []float64 {
	var list []float64
	for _, v := range values {
		if reports.CanDraw(v) {
			list = append(list, v)
		}
	}
	return list
}

func tracesOf(list []reports.Trace) []Trace {
	var out []Trace
	for _, t := range list {
		one := Trace{Step: t.Step, Mean: t.Mean}
		for i := range t.Mean {
			if t.Low[i] != t.High[i] && reports.CanDraw(t.Low[i]) {
				one.Low, one.High = t.Low, t.High
				break
			}
		}
		out = append(out, one)
	}
	return out
}

// curveFacts are what a picture of curves says below it.
type curveFacts struct {
	least, most, averaged, skipped, empty int
	lone, partial, stopped                bool
}

func (f *curveFacts) add(line reports.Line) {
	if f.most == 0 || line.N < f.least {
		f.least = line.N
	}
	f.most, f.averaged, f.skipped = max(f.most, line.N), max(f.averaged, line.Averaged), f.skipped+line.Skipped
	f.lone, f.partial, f.stopped = f.lone || len(line.Lone) > 0, f.partial || line.Partial > 0, f.stopped || len(line.Stopped) > 0
	if len(line.Step)+len(line.Lone)+len(line.Stopped) == 0 {
		f.empty++
	}
}

func (f *curveFacts) tell(h *Head) {
	switch {
	case f.most < 1:
	case f.most == 1:
		h.say("One seed.")
	case f.least < f.most:
		h.say("Mean over %d to %d seeds.", f.least, f.most)
	default:
		h.say("Mean over %d seeds.", f.most)
	}
	if f.lone {
		h.say("Thin lines are one seed alone; the mean is only where two or more have a step.")
	}
	if f.stopped {
		h.say("× ends the curve of a seed that was stopped early; such seeds are in no mean.")
	}
	if f.partial {
		h.say("Where a seed has no number, the mean is of the others.")
	}
	if f.averaged > 1 {
		h.say("Each position is the mean of up to %d neighbouring points; their least and greatest are the fine outline. Zoom in to see single points.", f.averaged)
	}
	if f.skipped > 0 {
		h.say("Not drawn: %s NaN or infinite.", are(f.skipped, "point"))
	}
	if f.empty > 0 {
		h.say("%s nothing to draw here.", have(f.empty, "row"))
	}
}

func are(n int, thing string) string {
	if n == 1 {
		return "1 " + thing + " that is"
	}
	return count(n, thing) + " that are"
}

func have(n int, thing string) string {
	if n == 1 {
		return "1 " + thing + " has"
	}
	return count(n, thing) + " have"
}

// planOf is a plan of one trial, so that its curves are read as those of a sweep are.
func planOf(t registry.Trial) *sweeps.Plan {
	name := t.ID[:min(8, len(t.ID))]
	plan := &sweeps.Plan{Name: name, Handle: name, Command: t.Spec.Command != "", Seeds: []int64{t.Spec.Seed}}
	plan.Rows = []sweeps.Row{{Name: name, Trials: []string{t.ID}}}
	plan.Trials = []sweeps.Trial{{ID: t.ID, Row: name, Seed: t.Spec.Seed, Spec: spec.Trial{Command: t.Spec.Command, Data: t.Spec.Data}}}
	return plan
}

// TrialCurve reads a metric of one trial.
func TrialCurve(ctx context.Context, db *registry.DB, t registry.Trial, q CurveQuery) (*Curves, error) {
	q.Rows = nil
	return ReadCurves(ctx, db, planOf(t), q)
}

// TrialMetrics lists the metrics of a trial that have a curve, those that describe the model first.
func TrialMetrics(ctx context.Context, db *registry.DB, t registry.Trial) ([]string, error) {
	plan := planOf(t)
	list, err := reports.CurveMetrics(ctx, db, plan)
	if err != nil || plan.Command {
		return list, err
	}
	plan.Command = true // the settings and diagnostics of the optimizer, too
	all, err := reports.CurveMetrics(ctx, db, plan)
	for _, metric := range all {
		if metrics.IsDiagnostic(metric) {
			list = append(list, metric)
		}
	}
	return list, err
}

// System reads what a trial used of the machine.
func System(ctx context.Context, db *registry.DB, t registry.Trial, m registry.SystemMetric) (*Curves, error) {
	plan := planOf(t)
	c := &Curves{Head: Head{Kind: KindSystem, Title: plan.Name, Metric: m.Name, Label: m.Name, Unit: m.Unit, Goal: metrics.NoGoal, Notes: []string{}},
		X: "seconds", From: unknown, To: unknown, Rows: 1, Lines: []Line{}, Band: "up to the most within each reading"}
	curve, err := reports.SystemOf(ctx, db, plan, m)
	if err != nil {
		return nil, err
	}
	c.fill(curve)
	c.Notes = c.Notes[:0]
	if len(c.Lines) == 0 {
		c.say("%s was not measured.", m.Name)
		return c, nil
	}
	c.LogY = false
	if spread(c.Lines) {
		c.say("The line is the mean of each reading, the band reaches up to the most within it.")
	}
	return c, nil
}

// spread reports whether any reading has a most that is not its mean.
func spread(lines []Line) bool {
	for _, line := range lines {
		for i := range line.High {
			if line.High[i] != line.Mean[i] && !math.IsNaN(line.High[i]) {
				return true
			}
		}
	}
	return false
}
