// Package sweeps reads an experiment file and expands it into a plan.
//
//	Parse             file -> Sweep, of ours or of W&B, SEML and Hydra; unknown keys, wrong types and impossible values are refused
//	                  with file, line and key, all of a file at once
//	Sweep.Override    --preset and --set from the command line
//	Sweep.Expand      Sweep -> Plan: grid or searched settings × ablations × seeds, without what is excluded, plus the controls
//	Plan              rows, trials, seeds, columns and report settings as one value; Encode and Decode
//	Plan.Relaid       the same trials in the layout of another file
//	Legacy            the plan of a sweep that was planned when registries kept no plans
//
// Package condition holds the boolean expressions of when and exclude, search the points of a search, foreign the files of SEML and
// Hydra. The order of the file is the order of the trials.
// Nothing here runs, stores or prints anything. Anchors, aliases and merge keys of YAML are read. A file with every key:
//
//	version: 1
//	name: example
//	description: what it is about
//	# program: train.py                         a program, where command has ${program} or there is none
//	# command: [python, train.py, "${args}"]   any program instead of the built-in trainer; base and parameters are its own keys
//	project: chest-x-rays                      # programs of different projects never share a result
//	base: {preset: nano, data: {synthetic: {patients: 200}}}   # fields of spec.Trial that differ from the preset, by their json tags
//	# method: random                           or latin-hypercube, sobol; else a grid, every combination of the parameters
//	# run_cap: 20                              how many settings a search tries
//	# search_seed: 7                           which; 0 where it is not given
//	parameters:                                # the grid: the first axis outermost; of a search also {min: 1e-5, max: 0.1, distribution: uniform}
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
//	  diffvqa/bleu4: {label: BLEU-4, goal: maximize, digits: 1, scale: 100, unit: "%", at: last}   # goal: minimize, none; at: best, min, max
//	  diffvqa/cider: {primary: true}           # counts in the family of tests; of the built-in trainer's metrics all else is known
//	resources: {gpus: 1, per_gpu: 1, cpus: 2, timeout: 4h}
//	slurm: {partition: gpu, time: 4h, gpus: 1, throttle: 8}   # docs/slurm.md
//	run: {parallel: auto, retries: 2, retry_on: [killed, oom, disk], max_failures: 3}   # retry_on: also timeout, error
//	# early_stop: {rule: asha, metric: diffvqa/bleu4, first: 1, factor: 3}   or {rule: median, metric: …, first: 4, least: 5}
//	# collect: {formats: [tensorboard], folders: ["logs/${trial}"]}   # which files of a program are read for numbers; false: none
//	hypotheses:                                # written before the experiment runs; the report says what became of them
//	  - name: boxes
//	    claim: one sentence
//	    metric: diffvqa/bleu4
//	    row: all                               # label of a row, {PATH: VALUE}, or a list of rows: it must hold in each
//	    against: CAP only                      # a row likewise, or a control: untrained, mean box, …
//	    at_least: 0.02                         # the smallest difference that would matter
//	    expect: higher                         # or lower; else by the goal of the metric
//	    refuted_if: one sentence               # the author's words; the rule is that of at_least and expect
//	report:
//	  caption: one sentence
//	  rows: [ablation, resolution]             # axes that stand on the left
//	  columns: [diffvqa/bleu4, diffvqa/cider]
//	  show: [mean, std, delta, p, n]           # or ci instead of std
//	  bold: best                               # or mean, none: docs/statistics.md
//	  published: [table4]                      # rows of published.csv printed below
//	  cases: 3                                 # how many test pairs "harness examples" shows
//	  family: primary                          # or table, column, none: which comparisons Holm's correction ranges over
package sweeps

import (
	"harness/model/spec"
	"harness/sweeps/search"
)

// Sweep is one experiment file.
type Sweep struct {
	File        string
	Name        string
	Description string
	Command     spec.Words // empty: the built-in trainer
	Preset      spec.Preset
	Seeds       []int64
	Metrics     []Metric // the columns of the table, in order; empty: what the trials recorded
	Resources   Resources
	Slurm       Slurm
	Run         Run
	Report      Report
	Untrained   bool     // add the control "untrained encoder"
	Project     string   // which project the words of a program belong to; the command line gives one where the file does not
	Digest      string   // of the file's contents
	Search      Search   // Method is empty where every combination is tried
	Warnings    []string // what the file probably does not mean, one line each
	Notes       []string // what was read in another way than by its word, or has no effect, one line each

	seeded     bool     // the file or the command line gives seeds
	axes       []axis   // in the order of the file; ablations are the axis AblationPath
	points     [][]int  // the settings of the axes that are drawn: an option of each axis, -1 where it is left out
	searchLine int      // of method
	needs      string   // what the command line must still give, as an error says it
	options    []string // of the command line
	base       []setting
	overrides  []setting
	baseline   []setting
	exclude    []*placed
	hypotheses []*claim
	presetLine int
	scratch    spec.Trial // what settings are checked against while the file is read
}

// AblationPath is the name of the axis that the rows of ablations form; conditions use it too.
const AblationPath = "ablation"

// axis is one dimension of the grid while the file is read.
type axis struct {
	path    string // dotted path, or AblationPath
	label   string // heading of its column
	options []option

	when   *placed
	line   int
	drawn  bool                 // its values come from points: they are not crossed with those of other drawn axes
	spread *search.Distribution // where a search draws them
}

// option is one value of an axis.
type option struct {
	Option
	settings []setting
	place    int // in the list of the file
}

// Values are the listed values of a parameter, in the order of the file; nil where it has none.
func (s *Sweep) Values(path string) []any {
	var values []any
	for _, axis := range s.axes {
		for _, o := range axis.options {
			if axis.path == path {
				values = append(values, o.Value)
			}
		}
	}
	return values
}
