// Package cluster runs the trials of a sweep as tasks of a scheduler, such as Slurm, on machines that share the home.
//
//	Scheduler     what a scheduler must be able to do: Submit, Find, Poll, Cancel; one implementation a package (runner/slurm)
//	Worker        the same scheduler, as one of its tasks sees it
//	Batch         trials that were handed in together: a folder HOME/cluster/N (batch.go)
//	Run           submits what has no result and follows it to its end (run.go, settle.go); calling it again goes on
//	Standing      how the tasks of a home stand, for those who only look (standing.go)
//	Cancel        takes tasks back
//
// A task runs on its own: it is started by the scheduler, finds its trial in the folder of its batch, and writes nothing but the
// trial's folder (runner.RunTask). Nobody needs to watch. Who follows turns journals into rows of the registry, and hands in again
// what the scheduler has lost. What counts is the journal; the word of the scheduler only says whether there may be more to come.
//
// A batch is found again by its token, which the scheduler keeps as the job's name: numbers of jobs are handed out twice when a
// controller loses its state.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"harness/runner"
)

// Scheduler starts tasks on other machines. Its methods are called from one goroutine. An error that wraps ErrUnreachable says that
// the scheduler did not answer, so that nothing is known; any other, that it has refused.
type Scheduler interface {
	// Name is what users call it.
	Name() string
	// Largest is how many tasks a batch may have.
	Largest(ctx context.Context) (int, error)
	// Submit hands in a batch, all of it or nothing, and returns the name of its job. Each task executes b.Command with its index
	// behind it. The scheduler starts a task again whose machine fails.
	Submit(ctx context.Context, b *Batch) (job string, err error)
	// Find returns the job of a batch that was handed in earlier, by its token; "" where the scheduler knows none.
	Find(ctx context.Context, b *Batch) (job string, err error)
	// Poll says how the tasks of all the batches stand. Those that the scheduler does not know any more are missing.
	Poll(ctx context.Context, batches []*Batch) (map[Ref]Status, error)
	// Cancel takes tasks of a batch back, given by their index; those that run are asked to end.
	Cancel(ctx context.Context, b *Batch, indexes []int) error
}

// Worker is the scheduler as a task sees it from inside.
type Worker interface {
	// Name is that of the task, such as 4711_3.
	Name() string
	// CPUs is how many the task has; 0 = not known.
	CPUs() int
	// Cut says why the scheduler has sent the signal that it ends the task soon, by the task's limit and when it began.
	Cut(ctx context.Context, limit time.Duration, began time.Time) runner.Cut
	// Requeue asks for the task to be started again, later; it ends this process.
	Requeue(ctx context.Context) error
}

// ErrUnreachable means that a scheduler did not answer.
var ErrUnreachable = errors.New("it does not answer")

// Ref names a task.
type Ref struct {
	Token string // of its batch
	Index int
}

// Status is how a task stands in the eyes of its scheduler.
type Status struct {
	State  State
	Reason string // in the scheduler's words, such as why a task waits
}

// State is how far a task is.
type State string

const (
	Waiting     State = "waiting" // also to be started again
	Running     State = "running"
	Exited      State = "exited"        // its process has ended by itself, however
	Canceled    State = "canceled"      // by somebody
	OverLimit   State = "over limit"    // of time
	OutOfMemory State = "out of memory" // of what it has asked for
	Dropped     State = "dropped"       // its machine failed or was needed otherwise, and the scheduler does not start it again
)

// live reports whether there may be more to come.
func (s State) live() bool { return s == Waiting || s == Running }

// reported reports whether the task's machine itself has said that the process is gone.
func (s State) reported() bool {
	return s == Exited || s == Canceled || s == OverLimit || s == OutOfMemory
}

// taskName is the name of a task for people, such as 4711_3.
func taskName(b *Batch, index int) string {
	if b.Job == "" {
		return fmt.Sprintf("batch %d, task %d", b.Number, index)
	}
	return fmt.Sprintf("%s_%d", b.Job, index)
}
