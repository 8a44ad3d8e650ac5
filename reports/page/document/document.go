// Package document writes all that a sweep came to as one HTML file, for the supplementary material of a paper:
//
//	Read      registry -> Record: the trials of a plan with all their attempts
//	Write     Contents -> the file: it refers to nothing outside itself, and shrinks what it shows of images to stay under Limit
//
// The table is that of package reports, the figures those of reports/plots, the test pairs those of reports/examples; this package
// adds settings, trials, provenance and how to run it all again. The same contents always give the same bytes: nothing says when or
// where the file was written. Names of hosts and folders are left out, since reviews are blind.
package document

import (
	"harness/model/spec"
	"harness/registry"
	"harness/reports"
	"harness/reports/examples"
	"harness/sweeps"
)

// Limit bounds the file in bytes: what journals and conferences take as a supplement, and mail carries.
const Limit = 2_000_000

// Contents is what a file is written of.
type Contents struct {
	Plan       *sweeps.Plan
	Table      *reports.Table
	Curves     []reports.Curve
	Charts     []Chart // interactive ones; none: figures are still
	Record     *Record
	SettingsOf func(spec.Trial) ([]Setting, error) // of a trial, in order, without its seed
	File       File
	Examples   *examples.Examples // nil: none
	Remark     string             // why there are no examples, or no images of them
	Harness    string             // the version that writes
}

// Setting is one value of a trial's settings.
type Setting struct{ Path, Value string }

// File is the experiment file as it was planned.
type File struct {
	Name   string // without folders
	Text   string // "" where it is not at hand as it was then
	Absent string // why
	Own    bool   // a built-in experiment
}

// Record is what is known of the trials of a plan, in its order.
type Record struct{ Trials []Tried }

// Tried is one trial with its tries, oldest first.
type Tried struct {
	sweeps.Trial
	State    registry.State // "" where it was never started
	Result   int            // the number of the attempt whose numbers count; 0: none
	Newest   int            // of the newest run
	Attempts []registry.Attempt
}

// result is the attempt whose numbers count, else the newest; nil where there is none.
func (t Tried) result() *registry.Attempt {
	number := t.Result
	if number == 0 {
		number = t.Newest
	}
	for i := range t.Attempts {
		if t.Attempts[i].Number == number {
			return &t.Attempts[i]
		}
	}
	return nil
}
