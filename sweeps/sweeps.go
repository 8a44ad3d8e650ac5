// Package sweeps reads an experiment file and expands it into trials.
//
//	Parse             file -> Sweep; unknown keys, wrong types and impossible values are refused with file, line and key
//	Sweep.Override    --preset and --set from the command line
//	Sweep.Expand      Sweep -> []Trial: grid × ablations × seeds, less what is excluded, plus the controls
//
// Package condition holds the boolean expressions of when and exclude. The order of the file is the order of the trials.
// Nothing here runs, stores or prints anything. A file with every key:
//
//	version: 1
//	name: example
//	description: what it is about
//	# command: [python, train.py, "${args}"]   any program instead of the built-in trainer; base and parameters are its own keys
//	base: {preset: nano, data: {synthetic: {patients: 200}}}   # fields of spec.Trial that differ from the preset, by their json tags
//	parameters:                                # the grid: the first axis outermost
//	  resolution: {values: [224, 448], label: pixels}
//	  pretrain.tasks: {values: [[cap, aref, gcap, caref], [cap]], labels: [all, CAP only]}
//	  pretrain.parallel_ratio: {values: [0, 0.25], when: "'aref' in pretrain.tasks"}   # else the axis is left out
//	ablations:                                 # rows that differ from a baseline, crossed with the grid
//	  - {label: full}                          # names the baseline, which is always there
//	  - {label: small, set: {encoder: {width: 48}, lm.depth: 2}}
//	exclude: ["resolution == 448 and ablation == 'small'"]
//	seeds: [0, 1, 2]                           # paired over rows
//	baseline: {pretrain.parallel_ratio: 0.25, ablation: full}   # the row that others are compared with; else the first
//	controls: {untrained: true}
//	metrics:                                   # the columns of the table
//	  diffvqa/bleu4: {label: BLEU-4, goal: maximize, digits: 1, scale: 100, at: last}   # goal: minimize, none; at: best, min, max
//	  diffvqa/cider:                           # label, goal and digits have defaults
//	resources: {gpus: 1, per_gpu: 1, cpus: 2, timeout: 4h}
//	run: {parallel: auto, retries: 2, max_failures: 3}
//	report:
//	  caption: one sentence
//	  rows: [ablation, resolution]             # axes that stand on the left
//	  columns: [diffvqa/bleu4, diffvqa/cider]
//	  show: [mean, std, delta, p, n]           # or ci instead of std
//	  bold: best                               # or none
//	  published: [table4]                      # rows of published.csv printed below
//	  cases: 3                                 # test questions with everybody's answer
//	  family: table                            # or column: what Holm's correction ranges over
package sweeps

import (
	"time"

	"harness/model/spec"
)

// Sweep is one experiment file.
type Sweep struct {
	File        string
	Name        string
	Description string
	Command     spec.Words // empty: the built-in trainer
	Preset      spec.Preset
	Axes        []Axis // in the order of the file; ablations are the axis AblationPath
	Seeds       []int64
	Metrics     []Metric // the columns of the table, in order; empty: what the trials recorded
	Resources   Resources
	Run         Run
	Report      Report
	Untrained   bool // add the control "untrained encoder"

	base       []setting
	overrides  []setting
	baseline   []setting
	exclude    []*placed
	presetLine int
	scratch    spec.Trial // what settings are checked against while the file is read
}

// AblationPath is the name of the axis that the rows of ablations form; conditions use it too.
const AblationPath = "ablation"

// Axis is one dimension of the grid.
type Axis struct {
	Path    string // dotted path, or AblationPath
	Label   string // heading of its column
	Options []Option

	when *placed
	line int
}

// Option is one value of an axis.
type Option struct {
	Text  string // as printed: its label, or the value itself
	Value any    // as JSON: json.Number, string, bool, []any, map[string]any; nil for ablations

	labelled bool
	settings []setting
}

// Goal says which direction of a metric is better.
type Goal string

// The goals of a metric.
const (
	Maximize Goal = "maximize"
	Minimize Goal = "minimize"
	NoGoal   Goal = "none"
)

// Metric is one column of the table.
type Metric struct {
	Key    string
	Label  string
	Goal   Goal
	Digits int
	Scale  float64 // printed value = recorded value × Scale
	At     string  // which point counts: last (default), best, min or max
}

// Resources is what one trial needs.
type Resources struct {
	GPUs    int
	PerGPU  int // trials that share one GPU
	CPUs    int
	Timeout time.Duration // 0: none
}

// Run says how the trials are run.
type Run struct {
	Parallel    int // 0: as many as there is room for
	Retries     int
	MaxFailures int // stop the sweep after so many failed trials; 0: never
}

// Report says how the table is printed.
type Report struct {
	Caption   string
	Rows      []string // paths of the axes that stand as columns on the left; empty: all
	Columns   []string // keys of metrics; empty: all
	Show      []string // of mean, std, ci, n, delta, p
	BoldBest  bool
	Published []string // tables of published.csv whose rows are printed below
	Cases     int      // print so many test cases with every row's answer, instead of numbers
	Family    string   // what Holm's correction ranges over: "table" (default) or "column"
}

// Trial is one training run of the sweep.
type Trial struct {
	Place
	Spec spec.Trial
	ID   string
	Seed int64
	// Also holds further places of the same trial: two rows whose settings turn out to be equal share it.
	Also []Place
}

// Place says where a trial stands in the table.
type Place struct {
	Label    string // row and seed
	Row      string // unique for each setting; trials of one row differ in the seed only
	Index    int    // of the row in the table: the order of the file, controls last
	Baseline string // the row that this one is compared with; empty for the baseline itself
	Params   []Param
	Control  string   // "untrained" for the control trial, else empty
	Of       []string // the rows that a control trial stands beside
}

// Param is one value that distinguishes trials. The last one is the seed.
type Param struct {
	Path  string
	Value any    // as JSON
	Text  string // as printed
}

// Places is every place of the trial, its own first.
func (t Trial) Places() []Place { return append([]Place{t.Place}, t.Also...) }

// Get returns the parameter of the given path.
func (p Place) Get(path string) (Param, bool) {
	for _, param := range p.Params {
		if param.Path == path {
			return param, true
		}
	}
	return Param{}, false
}
