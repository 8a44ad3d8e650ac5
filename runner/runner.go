// Package runner runs the trials of a sweep that have no result yet, each in a process of its own.
//
//	Run        what is left to do (prepare.go), then the loop (loop.go): pick a trial, claim it, start it, follow its
//	           journal, record how it ended, go on
//	Rerun      one trial once more, to compare
//	slot.go    one attempt: its folder, its process, stopping it, what its end means
//	program.go the trials of another program: its configuration, its command line, the numbers that it prints
//	claim.go   a lock a trial, so that two sweeps share work, and what is left of a killed sweep is found and ended
//	devices.go which GPUs a trial gets
//	display.go what people see meanwhile: bars on a terminal, else plain lines
//
// A trial writes to its own journal only, and Run turns the journals into rows as they grow. All calls of the registry
// are made by the goroutine of Run. A trial that fails is recorded and the others go on; an error of Run itself means
// that nothing can be recorded any more, such as on a full disk.
package runner

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

const (
	followEvery = 200 * time.Millisecond // how old what is shown may be
	askEvery    = time.Second            // for trials that another sweep is running
)

// Trial is a trial to run.
type Trial struct {
	ID    string
	Spec  spec.Trial
	Label string // for people
}

// Options say how trials are run; nothing in them changes a number.
type Options struct {
	// Child is the process, not yet started, that runs one attempt of a built-in trial in the folder dir. It finds the
	// journal there with a start in it, goes on writing it, and exits with 130 when it was asked to stop.
	Child       func(dir string, threads int) *exec.Cmd
	Parallel    int    // trials at a time; 0 = as many as there is room for
	Threads     int    // of each trial; 0 = the cores divided among the trials
	Engine      string // xla:PATH, to be recorded of trials on that engine
	GPUs        GPUs
	Retries     int                       // of a trial that was killed, ran out of memory or of time
	MaxFailures int                       // start no more trials after so many failures; 0 = never mind
	Timeout     time.Duration             // of one attempt; 0 = none
	Grace       time.Duration             // from asking a trial to stop to killing it
	RetryFailed bool                      // run again what failed for good
	Provenance  func() journal.Provenance // asked once, before the first trial is started
	Kill        <-chan struct{}           // closed when the user does not want to wait for checkpoints
	Out         io.Writer                 // where progress is shown
	Display     Display
}

// Display says how progress is shown.
type Display string

const (
	Silent Display = "silent"
	Plain  Display = "plain" // lines, for files and pipes
	Bars   Display = "bars"  // redrawn in place, for terminals
)

// Result counts the trials by how they stand at the end.
type Result struct {
	Done, Failed, Interrupted int
	Queued                    int // not started, after an interruption or too many failures
	Before                    int // of Done: those that had been done before
	Stopped                   error
}

// ErrTooManyFailures is Result.Stopped when Options.MaxFailures was reached.
var ErrTooManyFailures = errors.New("too many trials failed")

// Run runs those trials that are not done, in their order, and returns when all are settled. Canceling ctx asks the
// running ones to save a checkpoint and stop; Result.Stopped is then ctx's error, and the next call goes on.
func Run(ctx context.Context, db *registry.DB, trials []Trial, o Options) (Result, error) {
	r := &run{db: db, options: o, ended: make(chan *slot), ctx: context.WithoutCancel(ctx), gpus: newPool(o.GPUs)}
	if err := r.prepare(trials); err != nil {
		return Result{}, err
	}
	r.display = newDisplay(o.Display, o.Out)
	defer r.display.close()
	defer r.closeSpawner()
	if len(r.queue) > 0 {
		r.openSpawner()
	}
	err := r.loop(ctx)
	if err != nil {
		r.abandon()
	}
	return r.result(), err
}

// task is a trial on its way.
type task struct {
	Trial
	state    registry.State
	failures int // in this call
	note     string
}

// run is one call of Run.
type run struct {
	db         *registry.DB
	options    Options
	ctx        context.Context // of what must happen even after an interruption
	provenance journal.Provenance
	spawner    *spawner
	display    display

	all       []*task
	queue     []*task // to start, in order
	elsewhere []*task // that another sweep is running
	slots     []*slot // running
	gpus      *pool
	ended     chan *slot
	parallel  int
	threads   int
	before    int
	failed    int // since this call began
	stopped   error
	started   time.Time
	finished  []time.Duration // of the trials that this call has done
}

// openSpawner gets ready to start processes, unless that was done before: what never starts one need not wait for it.
func (r *run) openSpawner() {
	if r.spawner != nil {
		return
	}
	r.spawner = newSpawner()
	r.divide()
	if r.options.Provenance != nil {
		r.provenance = r.options.Provenance()
	}
}

func (r *run) closeSpawner() {
	if r.spawner != nil {
		r.spawner.close()
	}
}

// divide settles how many trials run at a time, and on how many threads each.
func (r *run) divide() {
	r.parallel, r.threads = r.options.Parallel, r.options.Threads
	cores := max(1, cores())
	switch {
	case r.parallel == 0 && r.gpus.room() > 0:
		r.parallel = r.gpus.room()
	case r.parallel == 0 && r.threads == 0:
		r.parallel = max(1, min(cores, autoParallel, len(r.queue)))
	case r.parallel == 0:
		r.parallel = max(1, cores/r.threads)
	}
	if r.threads == 0 {
		r.threads = max(1, cores/r.parallel)
	}
}

// autoParallel bounds how many trials run at a time unless the user says so: each needs memory of its own.
const autoParallel = 8

func (r *run) result() Result {
	result := Result{Before: r.before, Stopped: r.stopped}
	for _, k := range r.all {
		switch k.state {
		case registry.Done:
			result.Done++
		case registry.Failed:
			result.Failed++
		case registry.Interrupted:
			result.Interrupted++
		default:
			result.Queued++
		}
	}
	return result
}

// logPath is the file that takes what an attempt prints.
func logPath(dir string) string { return dir + string(os.PathSeparator) + LogName }

// LogName is the name of the log in an attempt's folder.
const LogName = "log.txt"
