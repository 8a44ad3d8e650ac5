package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/metrics"
	"harness/model/spec"
	"harness/sweeps"
)

// Hypotheses are the claims of an experiment file with what became of them: docs/statistics.md.
type Hypotheses struct {
	Size    int          `json:"size"` // hypotheses over which p is adjusted: all of the file, measured or not
	List    []Hypothesis `json:"list"`
	Remarks []string     `json:"remarks"` // what was written, changed or taken out while results were there
}

// Outcome is what the results say of a claim.
type Outcome string

// The outcomes.
const (
	Supported   Outcome = "supported"    // the difference is as expected, and the adjusted p below Level
	Refuted     Outcome = "refuted"      // the interval excludes a difference that would matter, or the other direction is significant
	NotSettled  Outcome = "not settled"  // all else that was measured
	NotMeasured Outcome = "not measured" // rows, numbers or seeds are missing
)

// Hypothesis is one claim with what became of it.
type Hypothesis struct {
	Name      string        `json:"name"`
	Claim     string        `json:"claim"`
	Metric    string        `json:"metric"`
	Label     string        `json:"label"` // of the metric
	AtLeast   float64       `json:"at_least"`
	Expect    sweeps.Expect `json:"expect"`
	Rule      string        `json:"rule"`
	RefutedIf string        `json:"refuted_if,omitempty"`
	Outcome   Outcome       `json:"outcome"`
	P         float64       `json:"p"`        // two-sided; of several comparisons the largest; NaN where one was not measured
	Holm      float64       `json:"p_holm"`   // adjusted over the hypotheses of the file
	Smallest  float64       `json:"smallest"` // the smallest adjusted p that could have been reached; NaN where nothing was tested
	Lines     []Comparison  `json:"comparisons"`
	Sentence  string        `json:"sentence"` // for a paper
	// Written is when it was stored first as it stands; nil where no stored plan has it.
	Written *sweeps.Written `json:"written,omitempty"`

	column    Column
	overSeeds int // hypotheses of the file that are not tested over test samples alone
}

// Comparison is one comparison of a hypothesis. Delta is the row's mean less the other's; what does not exist is NaN.
type Comparison struct {
	Row        string  `json:"row"`
	Against    string  `json:"against"`
	N          int     `json:"seeds"` // that both have
	Want       int     `json:"of"`    // that the sweep asks for
	Mean       float64 `json:"mean"`  // over these seeds
	Other      float64 `json:"other"`
	Delta      float64 `json:"delta"`
	Low        float64 `json:"low"` // 95% interval of Delta
	High       float64 `json:"high"`
	Test       *Test   `json:"test,omitempty"` // its Holm is that of the hypothesis, had it this comparison alone
	Detectable float64 `json:"detectable"`     // the smallest difference that would have been found with a chance of 80%; +Inf: none
	Outcome    Outcome `json:"outcome"`
	Reason     string  `json:"reason,omitempty"` // why it was not measured

	smallest float64 // p that the hypothesis could have reached after Holm, had it this comparison alone
	instead  string  // why the test is not over test samples, where others of the metric are
}

// judgeHypotheses sets the table's Hypotheses. plan is that of the experiment, whatever a reader chose.
func (b *builder) judgeHypotheses(ctx context.Context, plan *sweeps.Plan) error {
	if len(plan.Hypotheses) == 0 && len(plan.Withdrawn) == 0 {
		return nil
	}
	j := newJury(b, plan)
	all := &Hypotheses{Size: len(plan.Hypotheses), List: []Hypothesis{}}
	for _, h := range plan.Hypotheses {
		judged, err := j.measure(ctx, h)
		if err != nil {
			return fmt.Errorf("hypothesis %s: %w", h.Name, err)
		}
		all.List = append(all.List, judged)
	}
	all.adjust()
	for i := range all.List {
		all.List[i].judge(all.Size)
	}
	all.Remarks = remarks(plan)
	b.table.Hypotheses = all
	return nil
}

// jury is a builder of the comparisons that hypotheses name: its columns are their metrics.
type jury struct {
	*builder
	rows map[string]*Row // by name and control
}

func newJury(b *builder, plan *sweeps.Plan) *jury {
	j := &jury{rows: map[string]*Row{}, builder: &builder{plan: plan, results: b.results, options: b.options, kept: b.kept, claimed: true, instead: map[testKey]string{},
		table: &Table{Name: b.table.Name, Command: plan.Command}, tests: map[testKey]*Test{}, resampled: map[string]map[string]*Test{}, differences: map[*Test]metrics.Difference{}}}
	comparisons := 0
	for _, h := range plan.Hypotheses {
		comparisons += len(h.Comparisons)
		if !slices.ContainsFunc(j.table.Columns, func(c Column) bool { return c.Metric == h.Metric }) {
			j.table.Columns = append(j.table.Columns, columnOf(plan.Metric(h.Metric)))
		}
	}
	j.table.Columns = j.qualified(j.table.Columns)
	j.resamples = metrics.Resamples(comparisons)
	return j
}

// row is a row of the plan with its numbers, or a control that its trials recorded.
func (j *jury) row(name, control string) *Row {
	key := name + "\x00" + control
	if known, ok := j.rows[key]; ok {
		return known
	}
	planned := j.plan.Row(name)
	if planned == nil {
		return nil
	}
	part := &seeded{Row: planned}
	row := &Row{Name: name, Kind: Model, trials: planned.Trials, key: strings.Join(planned.Trials, " ") + " " + control}
	if control != "" {
		part.prefix, row.Kind, row.Name = controlsPrefix+control+"/", Control, control
		if known, ok := metrics.ControlNamed(control); ok {
			row.Name = known.Name
		}
	}
	for _, column := range j.table.Columns {
		row.Cells = append(row.Cells, j.cell(part, column))
	}
	j.rows[key] = row
	return row
}

// measure makes the comparisons of a hypothesis.
func (j *jury) measure(ctx context.Context, h sweeps.Hypothesis) (Hypothesis, error) {
	c := slices.IndexFunc(j.table.Columns, func(c Column) bool { return c.Metric == h.Metric })
	column := j.table.Columns[c]
	judged := Hypothesis{Name: h.Name, Claim: h.Claim, Metric: h.Metric, Label: escape.Line(column.Label), AtLeast: h.AtLeast, Expect: h.Expect,
		RefutedIf: h.RefutedIf, P: math.NaN(), Holm: math.NaN(), Smallest: math.NaN(), column: column}
	if !h.Written.At.IsZero() {
		judged.Written = &h.Written
	}
	judged.Rule = h.Rule(column.given)
	for _, comparison := range h.Comparisons {
		line, err := j.compare(ctx, comparison, c)
		if err != nil {
			return judged, err
		}
		judged.Lines = append(judged.Lines, line)
	}
	if len(h.Comparisons) == 0 {
		reason := h.Missing
		if reason == "" {
			reason = "it names no rows"
		}
		line := emptyComparison()
		line.Row, line.Against, line.Reason = refsText(h.Row), refsText(h.Against), reason
		judged.Lines = []Comparison{line}
	}
	return judged, nil
}

func refsText(refs []sweeps.Ref) string {
	parts := make([]string, len(refs))
	for i, r := range refs {
		parts[i] = r.String()
	}
	return strings.Join(parts, "; ")
}

func emptyComparison() Comparison {
	nan := math.NaN()
	return Comparison{Mean: nan, Other: nan, Delta: nan, Low: nan, High: nan, Detectable: nan}
}

// compare makes one comparison in a column.
func (j *jury) compare(ctx context.Context, of sweeps.Comparison, c int) (Comparison, error) {
	line := emptyComparison()
	line.Want = len(j.plan.Seeds)
	row, other := j.row(of.Row, ""), j.row(of.Against, "")
	if of.Control != "" {
		other = j.row(of.Row, of.Control)
	}
	if row == nil || other == nil {
		line.Row, line.Against, line.Reason = of.Row, of.Against, "the plan has no such row"
		return line, nil
	}
	line.Row, line.Against = row.Name, other.Name
	if line.Reason = j.lacking(row, other, c); line.Reason != "" {
		return line, nil
	}
	p := pairOf(row, other, c)
	if of.Control == "" {
		reason, err := j.incomparable(p, c)
		if line.Reason = reason; err != nil || reason != "" {
			return line, err
		}
	}
	return line, j.fill(ctx, &line, p, c)
}

// fill computes what a comparison gives.
func (j *jury) fill(ctx context.Context, line *Comparison, p *pair, c int) (err error) {
	line.N = len(p.deltas)
	line.Delta, _ = meanStd(p.deltas)
	var mine, others []float64
	for _, i := range p.seeds {
		mine, others = append(mine, float64(*p.row.Cells[c].Values[i])), append(others, float64(*p.base.Cells[c].Values[i]))
	}
	line.Mean, _ = meanStd(mine)
	line.Other, _ = meanStd(others)
	switch {
	case p.base.Kind != Control:
		line.Test, err = j.test(ctx, p, c)
		line.instead = j.instead[keyOf(p.row, p.base, c)]
	default:
		if _, _, answers := metrics.SplitRecorded(j.table.Columns[c].Metric); answers && !j.plan.Command {
			line.instead = "what a control answers is not kept"
		}
		if len(p.deltas) > 1 {
			line.Test = signFlip(p.deltas)
		}
	}
	if err != nil {
		return err
	}
	if line.Test == nil || math.IsNaN(line.Test.P) {
		line.Test, line.Reason = nil, "one seed, and no answers to test samples: nothing can be tested"
		if line.instead != "" {
			line.Reason = "one seed, and no test over test samples: " + line.instead
		}
		return nil
	}
	line.Detectable = j.detectable(line.Test, p.deltas)
	test := *line.Test // shared by hypotheses of the same rows, each with a family of its own place
	line.Test, line.Low, line.High = &test, test.Low, test.High
	return nil
}

// detectable is the smallest difference that a test would have found with a chance of metrics.Power at the level of Holm's first step,
// given the spread that was seen; NaN where none was.
func (j *jury) detectable(t *Test, deltas []float64) float64 {
	half, level := (t.High-t.Low)/2, metrics.Level/float64(len(j.plan.Hypotheses))
	switch mean, std := meanStd(deltas); {
	case t.Method == SignFlip && math.IsInf(metrics.DetectableSignFlip(len(deltas), level), 1):
		return math.Inf(1)
	case t.Method == SignFlip && !spreads(std, mean):
		return math.NaN()
	case t.Method == SignFlip:
		return std * metrics.DetectableSignFlip(len(deltas), level)
	case t.Method == Hierarchical && half > 0:
		return j.differences[t].Detectable(level)
	case t.Method == Bootstrap && half > 0:
		return half / normalQuantile * metrics.DetectableT(math.Inf(1), level)
	}
	return math.NaN()
}

// normalQuantile is where a two-sided interval of Level ends.
const normalQuantile = 1.959963984540054

// lacking says which seeds of two rows have no number in a column, and why; "" where all have one. A verdict waits for every seed of the
// plan: one that is given while seeds are missing could be chosen by when one looks.
func (j *jury) lacking(row, other *Row, c int) string {
	var parts []string
	if row.Cells[c].N+row.Cells[c].Diverged+other.Cells[c].N+other.Cells[c].Diverged == 0 && j.missing(&seeded{Row: &sweeps.Row{Trials: row.trials}}) == "" {
		return j.table.Columns[c].Metric + " was not recorded"
	}
	for _, side := range []*Row{row, other} {
		cell := side.Cells[c]
		if wanted(side) == 0 {
			parts = append(parts, side.Name+": every seed is excluded")
			continue
		}
		if reason := j.missing(&seeded{Row: &sweeps.Row{Trials: side.trials}}); reason != "" && cell.N < wanted(side) {
			parts = append(parts, side.Name+": "+reason)
		} else if cell.N == 0 && cell.Diverged == 0 {
			parts = append(parts, fmt.Sprintf("%s: %s was not recorded", side.Name, j.table.Columns[c].Metric))
		} else if cell.N < wanted(side) {
			parts = append(parts, fmt.Sprintf("%s: %d of %d seeds have a finite number", side.Name, cell.N, wanted(side)))
		}
	}
	if len(parts) == 2 && row.Kind == Model && other.Kind == Control && strings.TrimPrefix(parts[0], row.Name) == strings.TrimPrefix(parts[1], other.Name) {
		parts = parts[:1] // the trials of a control are those of the row
	}
	if len(parts) == 0 && pairOf(row, other, c) == nil {
		return "the rows have no seed in common"
	}
	return strings.Join(parts, "; ")
}

// wanted is how many seeds of a row the plan does not exclude.
func wanted(r *Row) int {
	return len(r.trials) - len(slices.DeleteFunc(slices.Clone(r.trials), func(id string) bool { return id != "" }))
}

// sameImages reports whether a hypothesis compares two rows in a metric of images and findings whose data differ in their texts alone, by
// their settings. Other data of the same settings are another matter.
func (b *builder) sameImages(p *pair, seed, c int) bool {
	row, base := b.plan.Trial(p.row.trials[seed]), b.plan.Trial(p.base.trials[seed])
	if !b.claimed || b.plan.Command || row == nil || base == nil || !metrics.FromImages(b.table.Columns[c].Metric) {
		return false
	}
	x, y := row.Spec.Data, base.Spec.Data
	if x == y {
		return false
	}
	x.Synthetic, y.Synthetic = x.Synthetic.Images(), y.Synthetic.Images()
	return x == y && x.Source == spec.SourceSynthetic
}

// adjust applies Holm's correction over all hypotheses of the file, to their p and to the smallest p that each could have reached. Of several
// comparisons the largest p counts: the claim is that each holds (intersection–union). A comparison has the p that its hypothesis would have
// with it alone.
func (h *Hypotheses) adjust() {
	p, smallest := make([]float64, len(h.List)), make([]float64, len(h.List)) // 1 where nothing was measured: the family does not shrink
	overSeeds := 0
	for i, one := range h.List {
		if !one.measured() {
			p[i], smallest[i] = 1, 1
		}
		if !one.measured() || slices.ContainsFunc(one.Lines, func(l Comparison) bool { return l.Test.Method == SignFlip }) {
			overSeeds++
		}
		for _, line := range one.Lines {
			if line.Test != nil {
				p[i], smallest[i] = max(p[i], line.Test.P), max(smallest[i], line.Test.SmallestP)
			}
		}
	}
	adjusted, reached := metrics.Holm(p), metrics.Holm(smallest)
	for i := range h.List {
		one := &h.List[i]
		one.overSeeds = overSeeds
		if one.measured() {
			one.P, one.Holm, one.Smallest = p[i], adjusted[i], reached[i]
		}
		for k := range one.Lines {
			if line := &one.Lines[k]; line.Test != nil {
				line.Test.Holm, line.smallest = among(p, i, line.Test.P), among(smallest, i, line.Test.SmallestP)
			}
		}
	}
}

// among is a p after Holm's correction among those of the hypotheses, in the place of hypothesis i.
func among(all []float64, i int, p float64) float64 {
	alone := slices.Clone(all)
	alone[i] = p
	return metrics.Holm(alone)[i]
}

// measured reports whether every comparison was tested.
func (h *Hypothesis) measured() bool {
	return !slices.ContainsFunc(h.Lines, func(l Comparison) bool { return l.Test == nil })
}

// judge settles the outcomes of a hypothesis of a family of so many: supported where each comparison is, refuted where any is.
func (h *Hypothesis) judge(family int) {
	count := map[Outcome]int{}
	for i := range h.Lines {
		h.Lines[i].Outcome = h.outcome(h.Lines[i])
		count[h.Lines[i].Outcome]++
	}
	switch {
	case count[Refuted] > 0:
		h.Outcome = Refuted
	case count[NotMeasured] > 0:
		h.Outcome = NotMeasured
	case count[Supported] == len(h.Lines):
		h.Outcome = Supported
	default:
		h.Outcome = NotSettled
	}
	h.Sentence = h.sentence(family)
}

// outcome judges one comparison. That any of several comparisons may refute a claim by its direction is corrected for (Bonferroni).
func (h *Hypothesis) outcome(l Comparison) Outcome {
	gain, best := l.Delta, l.High
	if h.Expect == sweeps.ExpectLower {
		gain, best = -l.Delta, -l.Low
	}
	switch {
	case l.Test == nil:
		return NotMeasured
	case h.AtLeast > 0 && best < h.AtLeast, gain < 0 && l.Test.Holm*float64(len(h.Lines)) < Level:
		return Refuted
	case gain > 0 && l.Test.Holm < Level:
		return Supported
	}
	return NotSettled
}
