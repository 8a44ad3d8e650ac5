// Package reports turns what trials recorded into tables.
//
//	Build     registry -> Results -> Table: loads, then computes
//	Load      reads the trials of a planned sweep from the registry into Results, plain values
//	Compute   Results -> Table: means, deviations, tests, controls, published rows, and every warning as a value
//	Table     numbers and footnotes; Text, Markdown, Latex, CSV and JSON only place them
//	Curves    the recorded curves of a metric, for package reports/plots
//
// A missing number is a blank cell with its reason, never a zero. NaN and the infinities are values: a seed that has one is
// said to have diverged. Everything here reads the plan of a sweep (sweeps.Plan) as the registry keeps it; nothing expands
// an experiment file, starts a trial or writes the registry.
package reports

import (
	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/metrics"
	"harness/sweeps"
)

// Table is a computed table.
type Table struct {
	Name    string   `json:"name"`
	Handle  string   `json:"-"`       // under which the sweep is kept; it names the files of plots
	Caption []string `json:"caption"` // sentences, in their order; what ± is, n, the kind of data
	Heads   []string `json:"heads"`   // of the columns on the left
	Columns []Column `json:"columns"`
	Show    []string `json:"show"` // what a cell prints beside the mean: std, ci, n, delta, p
	Rows    []Row    `json:"rows"` // models, then controls, then published rows
	Notes   []string `json:"notes"`
	// Family is the comparisons over which p-values are adjusted; nil where nothing was tested.
	Family *Family `json:"family,omitempty"`
	// Hypotheses are what became of the claims of the experiment file, in its order. No layout changes them.
	Hypotheses *Hypotheses `json:"hypotheses,omitempty"`
	// Command says that the trials are those of a user's program, whose metrics are not known here.
	Command bool `json:"command,omitempty"`
	// Synthetic says that our numbers come from synthetic data; every picture and caption says so.
	Synthetic bool `json:"synthetic"`

	plan     *sweeps.Plan
	leads    []string          // paths of the parameters under Heads
	params   []parameter       // what rows differ in
	seeds    int               // that the sweep asks for
	whole    int               // rows before a filter
	recorded []string          // metrics that trials recorded, controls aside
	settings map[string]string // values as names of rows give them, while the table is laid out
}

// Family is the set of comparisons that are judged together by Holm's correction.
type Family struct {
	Rule     sweeps.Family `json:"rule"`
	Size     int           `json:"size"`                   // comparisons
	Largest  int           `json:"largest"`                // of them, how many are adjusted together: Size, but for the rule column
	Columns  []string      `json:"columns"`                // metrics whose comparisons count
	Smallest float64       `json:"smallest"`               // the smallest p that any of them can reach after the adjustment
	Untold   []string      `json:"untold,omitempty"`       // of Columns, those in which none can reach p < .05
	Needed   int           `json:"seeds_needed,omitempty"` // seeds from which on the sign-flip test can reach it there; 0 where it can
}

// Column is one metric.
type Column struct {
	Metric string       `json:"metric"`
	Label  string       `json:"label"`
	Goal   metrics.Goal `json:"goal"`
	Digits int          `json:"digits"`
	Scale  float64      `json:"scale"`
	Unit   string       `json:"unit,omitempty"`
	// Primary says that comparisons in this column count in the family; marks stand in primary columns only.
	Primary bool `json:"primary"`
	// Group and Params are the values of the parameters that became columns: "resolution=448".
	Group  string         `json:"group,omitempty"`
	Params []sweeps.Param `json:"params,omitempty"`

	at    string
	extra bool // a reader's choice beside those of the plan: it counts in no family
}

// Key names the column: its metric, with what became columns behind an @.
func (c Column) Key() string {
	if c.Group == "" {
		return c.Metric
	}
	return c.Metric + "@" + c.Group
}

// fullLabel is the label with what became columns.
func (c Column) fullLabel() string {
	label := escape.Line(c.Label)
	if c.Group != "" {
		label = escape.Line(c.Group) + ": " + label
	}
	return label
}

// Kind groups the rows of a table.
type Kind string

// The kinds of rows, in the order in which they stand.
const (
	Model     Kind = "model"
	Control   Kind = "control"
	Published Kind = "published"
)

// Row is one setting, averaged over its seeds.
type Row struct {
	Name     string         `json:"name"`
	Kind     Kind           `json:"kind"`
	Lead     []string       `json:"lead"`            // under Heads
	Group    string         `json:"group,omitempty"` // stands as a title over the rows that have it
	Baseline string         `json:"baseline,omitempty"`
	Cells    []Cell         `json:"cells"` // as Columns
	Marks    []int          `json:"notes,omitempty"`
	Params   []sweeps.Param `json:"params,omitempty"`  // what the sweep varies, without the seed
	Control  string         `json:"control,omitempty"` // which control this is
	Of       []string       `json:"of,omitempty"`      // the models that it stands beside
	Source   string         `json:"source,omitempty"`  // of a published row
	Effort   *Effort        `json:"effort,omitempty"`  // what its training saw; nil where that was not recorded

	trials []string // by seed
	key    string   // of trials: rows of the same key are the same trainings
}

// Cell is one metric of one row. Mean, Std, CI and Delta are NaN where they do not exist, which is null in JSON; a seed that
// was measured as NaN or infinite is not among them, but counted and kept in Values.
type Cell struct {
	N        int                `json:"n"`                  // seeds with a finite value: what Mean is over
	Want     int                `json:"of"`                 // seeds that the sweep asks for
	Diverged int                `json:"diverged,omitempty"` // seeds whose value is NaN or infinite
	Stopped  int                `json:"stopped,omitempty"`  // seeds that were stopped early: they have no value
	Mean     float64            `json:"mean"`
	Std      float64            `json:"std"`    // n-1; NaN below two seeds
	CI       float64            `json:"ci95"`   // half width, Student's t over seeds
	Values   []*jsonfloat.Float `json:"values"` // by seed; nil where missing
	// Delta is the mean difference from the baseline over the seeds that both have; NaN without one.
	Delta   float64 `json:"delta"`
	Seeds   *Test   `json:"test_seeds,omitempty"`   // paired sign-flip over seeds
	Samples *Test   `json:"test_samples,omitempty"` // paired bootstrap over the test samples of one seed
	Verdict *Test   `json:"verdict,omitempty"`      // the test that the marks follow: one of the two, or over seeds × samples
	Bold    bool    `json:"bold,omitempty"`
	Within  bool    `json:"within_noise,omitempty"` // the verdict could have found a difference from the baseline, and did not
	// Row and Baseline are set where parameters became columns: the row that the cell comes from, and the one that it is compared with.
	Row      string `json:"row,omitempty"`
	Baseline string `json:"baseline,omitempty"`
	Marks    []int  `json:"notes,omitempty"` // index into Table.Notes
}

// Test is a comparison of a row with its baseline, or with the best of its column.
type Test struct {
	Method    Method  `json:"method"`
	P         float64 `json:"p"`        // two-sided
	Holm      float64 `json:"p_holm"`   // adjusted over the family; NaN outside of it
	SmallestP float64 `json:"smallest"` // the smallest p that so many pairs can reach, before the adjustment
	Low       float64 `json:"low"`      // 95% interval of the difference
	High      float64 `json:"high"`
	N         int     `json:"seeds"`             // pairs of seeds
	Items     int     `json:"samples,omitempty"` // test samples that both answered
}

// Method names a test: docs/statistics.md.
type Method string

// The methods.
const (
	SignFlip     Method = "sign-flip"    // exact, over seeds
	Bootstrap    Method = "bootstrap"    // paired, over test samples
	Hierarchical Method = "hierarchical" // over seeds and test samples
)

// Blank reports whether the cell has no finite number.
func (c Cell) Blank() bool { return c.N == 0 || !finite(c.Mean) }

// note adds a footnote once and returns its index. Control characters are escaped: errors come from programs.
func (t *Table) note(text string) int {
	text = escape.Line(text)
	for i, known := range t.Notes {
		if known == text {
			return i
		}
	}
	t.Notes = append(t.Notes, text)
	return len(t.Notes) - 1
}
