// Package runner runs the trials of a sweep that have no result yet, each in a process of its own.
//
//	Run         what is left to do (prepare.go), then the loop (loop.go): pick a trial, claim it, start it, follow its
//	            journal, record how it ended, go on
//	Rerun       one trial once more, to compare
//	process.go  one attempt: its folder, its process, stopping it, what its end means (reason.go)
//	program.go  the trials of another program: its command line (command.go, quote.go), the numbers that it prints
//	            (output.go, intake.go, report.go) or writes into files (watch.go, package collect)
//	retry.go    the rule by which trials are tried again
//	stopper.go  asking a rule of package earlystop about running trials
//	claim.go    a lock a trial, so that two sweeps share work, and what is left of a killed sweep is found and ended
//	spawn.go    processes that die with us; their descendants, too (orphans_linux.go), even if we are killed (guard.go,
//	            marked_linux.go)
//	devices.go  which GPUs a trial gets; instruments.go, how they are read; aside.go, which are no longer used
//	meter       a package: what the processes of a trial use over time
//	threads.go  how many trials run at a time, on how many threads each
//	running.go  what other commands can learn of a sweep that runs
//	display.go  what people see meanwhile: lines with bars on a terminal (bars.go), else few plain lines; snapshot.go, what they are made of;
//	            view.go, the same of a sweep that another process runs
//	eta         a package: when a sweep will be done, and how sure that is
//	live        a package: how running trials stand, as values and as lines that fit a terminal
//
// A trial writes to its own journal only, and Run turns the journals into rows as they grow. All writes to the registry
// are made by the goroutine of Run. A trial that fails is recorded and the others go on; an error of Run itself means
// that nothing can be recorded any more, such as on a full disk.
//
// docs/programs.md tells users what a program is given and what it may print.
package runner

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"harness/registry"
	"harness/registry/journal"
	"harness/runner/earlystop"
	"harness/runner/live"
)

const (
	followEvery = 200 * time.Millisecond // how old what is shown may be
	askEvery    = time.Second            // for trials that another sweep is running
)

// Options say how trials are run; nothing in them changes a number.
type Options struct {
	// Handle names the sweep in HOME/running, where status and cancel find it; "" = nowhere.
	Handle string
	// Log is the file where a sweep prints that nobody watches, to be told to those who ask; "" = somebody does.
	Log string
	// Child is the process, not yet started, that runs one attempt of a built-in trial in the folder dir. It finds the
	// journal there with a start in it, goes on writing it, and exits with 130 when it was asked to stop.
	Child func(dir string, threads int) *exec.Cmd
	// Guardian is the process, not yet started, that hands its standard input to [Guard]. It ends the trials with all their
	// descendants should this process be killed. nil = none.
	Guardian func() *exec.Cmd
	// Code finds out what code a program in the folder dir consists of, and keeps a snapshot of it; given are the texts among
	// the trial's parameters, which may name data. It is asked before each attempt of a program.
	Code func(dir string, given []string) (digest, commit, diff string)

	Dir      string   // folder that programs are started in; "" = the current one
	Metrics  []string // that a program is expected to report; none = any
	Collect  Collect
	Parallel int    // trials at a time; 0 = as many as there is room for
	Threads  int    // of each trial; 0 = the cores divided among the trials that run, but at least CPUs
	CPUs     int    // that each trial needs; 0 = any number
	Engine   string // xla:PATH, to be recorded of trials on that engine
	GPUs     GPUs

	Retries     int             // further attempts of a trial that failed in one of the ways of RetryOn
	RetryOn     []journal.Class // nil = DefaultRetryOn
	Backoff     time.Duration   // before the first retry; 0 = 1 s
	MaxFailures int             // start no more trials after so many failures; 0 = never mind
	StopAfter   int             // start no more when the first so many all fail; 0 = 3, negative = never mind
	Stop        *earlystop.Rule // by which trials are stopped early, but for controls; nil = none

	Timeout    time.Duration             // of one attempt; 0 = none
	Grace      time.Duration             // from asking a trial to stop to killing it; 0 = as long as it takes
	Provenance func() journal.Provenance // asked once, before the first trial is started
	Kill       <-chan struct{}           // closed when the user does not want to wait for checkpoints
	Out        io.Writer                 // where progress is shown
	Display    Display
	Paint      live.Paint
	Shown      []string // metrics: of the first that a running trial has points of, the curve is shown
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
	Early                     int // stopped early by Options.Stop
	Queued                    int // not started, after an interruption or too many failures
	Before                    int // of Done: those that had been done before
	Stopped                   error
}

var (
	// ErrTooManyFailures is Result.Stopped when Options.MaxFailures was reached.
	ErrTooManyFailures = errors.New("too many trials failed")
	// ErrAllFail is Result.Stopped when the first Options.StopAfter trials failed and none was ever done.
	ErrAllFail = errors.New("all trials fail")
)

// Run runs those trials that are neither done nor stopped early, in their order, and returns when all have ended. Of each it reads ID,
// Spec, Label and Control. Canceling ctx asks the running ones to save a checkpoint and stop; Result.Stopped is then ctx's error, and the
// next call goes on. Trials that need more than the machine has are refused.
func Run(ctx context.Context, db *registry.DB, trials []registry.Trial, o Options) (Result, error) {
	r, err := newRun(ctx, db, o)
	if err != nil {
		return Result{}, err
	}
	if o.Stop != nil {
		if r.stopper, err = NewStopper(db, *o.Stop, trials); err != nil {
			return Result{}, err
		}
	}
	if err := r.prepare(trials); err != nil {
		return Result{}, err
	}
	r.display = newDisplay(o)
	defer r.display.close()
	defer r.closeSpawner()
	if len(r.queue) > 0 {
		if err := r.openSpawner(); err != nil {
			return Result{}, err
		}
	}
	err = r.loop(ctx)
	if err != nil {
		r.abandon()
	}
	return r.result(), err
}

func newRun(ctx context.Context, db *registry.DB, o Options) (*run, error) {
	if err := CheckResources(o.GPUs, o.CPUs); err != nil {
		return nil, err
	}
	at, err := newPlace(db.Home, o)
	if err != nil {
		return nil, err
	}
	return &run{place: at, db: db, ended: make(chan *process), freed: make(chan *process), ctx: context.WithoutCancel(ctx),
		gpus: newPool(o.GPUs), started: time.Now()}, nil
}

// job is a trial on its way.
type job struct {
	registry.Trial
	state   registry.State
	before  int       // number of the newest attempt when this call began
	tried   bool      // in this call
	resting time.Time // until when a retry waits
	alone   bool      // it shares its GPUs with no other trial: their memory was too small for both
	note    string
}

// run is one call of Run.
type run struct {
	place
	db      *registry.DB
	ctx     context.Context // of what must happen even after an interruption
	display display
	running *runningFile

	all       []*job
	queue     []*job // to start, in order
	elsewhere []*job // that another sweep is running
	processes []*process
	recording []*process // that have ended well and are being recorded; their place is free
	gpus      *pool
	stopper   *Stopper // nil where no rule stops trials early
	shared    *os.File // the working folder, claimed for reading folders of several trials
	freed     chan *process
	ended     chan *process
	parallel  int
	before    int      // done before this call
	done      int      // in this call
	early     int      // stopped early, in this call or before
	failures  []string // reasons of those that failed for good in this call
	stopped   error
	started   time.Time
	outlook   outlook
}

// openSpawner gets ready to start processes, unless that was done before: what never starts one need not wait for it.
func (r *run) openSpawner() (err error) {
	if r.spawner != nil {
		return nil
	}
	if c := r.options.Collect; c.Shared && !c.Off {
		if r.shared, err = claimShared(r.work); err != nil {
			return err
		}
	}
	r.divide()
	if r.options.GPUs.Instruments != nil {
		if err := r.gpus.equip(r.options.GPUs.Instruments); err != nil {
			r.display.log(oneLine(err.Error()))
		}
	}
	if r.running, err = r.announce(); err != nil {
		return err
	}
	r.open()
	return nil
}

func (r *run) closeSpawner() {
	r.close()
	r.running.close()
	r.shared.Close() // nil where nothing was claimed
}

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
		case registry.Stopped:
			result.Early++
		default:
			result.Queued++
		}
	}
	return result
}

// recorded lists the metrics of a trial's attempts before number. It only reads, and may be called from any goroutine.
func (r *run) recorded(id string, number int) (names []string) {
	for n := 1; n < number; n++ {
		metrics, err := r.db.AttemptMetrics(r.ctx, id, n)
		if err != nil {
			return nil
		}
		for name := range metrics {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// logPath is the file that takes what an attempt prints.
func logPath(dir string) string { return dir + string(os.PathSeparator) + LogName }

// LogName is the name of the log in an attempt's folder.
const LogName = "log.txt"
