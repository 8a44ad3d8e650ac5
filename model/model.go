// Package model trains and tests vision-language models; nothing outside it touches a tensor.
//
//	Run       the stages of one trial: data, pretrain, probe, regions (GCAP, CAREF), diffvqa, controls
//	Seal      fills in the digests of data and weights by which a trial is named
//	Preflight says what would keep a trial from running, before anything is planned
//	Export    writes what a finished trial has trained, as transformers loads it
//	Recorder  where a trial's numbers go; the caller gives one that writes the journal
//	Env       where things lie and what to run on: nothing in it can change a number
//
// A finished stage is kept under Env.Home/stages, named by what determines it, so that trials which differ only later
// share it and a stopped trial continues from the stage's last checkpoint. A damaged stage is noticed and trained again.
package model

import (
	"harness/model/checkpoint/hub"
	"harness/model/engine/xla"
)

// Recorder takes the numbers of a running trial. Its methods may be called from one goroutine only.
type Recorder interface {
	// Point records a metric at a step. The last point of a metric is its result.
	Point(metric string, step int, value float64) error
	// Progress says how far a stage is, for a display; it may be dropped. loss is NaN where there is none.
	Progress(stage string, step, total int, loss float64)
	// Note records a fact about the trial in words: a warning to print below its numbers, or a name of something used.
	Note(key, text string) error
	// Sync makes durable what was recorded. It is called at checkpoints and after each stage.
	Sync() error
}

// Env says where a trial runs.
type Env struct {
	Home    string   // stages/, data/ and cache/ lie below it
	Dir     string   // the attempt's own folder: predictions.jsonl appears there once the evaluation is complete
	Hub     *hub.Hub // finds weights that are named as hf:ORG/NAME; nil where none are
	Engine  string   // as spec.ParseEngine reads it, and of the trial's own kind and precision: "" or "native", "go", "xla:PATH", …
	Threads int      // 0 = all cores
	GPU     xla.GPU  // how engine xla takes memory of a GPU
	// Rethread says, as often as it likes, how many threads to go on with: cores that others have left, or take. No number depends on it.
	// nil: never. The engine native follows it.
	Rethread <-chan int
	Build    string // which build of this program trains: kept with each stage, so that a trial which shares it can say so
}
