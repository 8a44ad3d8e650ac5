package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"harness/internal/escape"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/runner/live"
	"harness/runner/meter"
)

// Task is one trial that a scheduler has started us for, on a machine that shares the home and nothing else.
type Task struct {
	ID    string     `json:"id"`
	Label string     `json:"label"`
	Spec  spec.Trial `json:"spec"`
	After int        `json:"after,omitzero"` // attempts up to here are history: the trial is being done again
	Last  int        `json:"last,omitzero"`  // the greatest number that an attempt has had: folders may have been deleted
}

// TaskOptions are those of [Options] that say how one attempt is run and when it is tried again, and:
type TaskOptions struct {
	Options
	Job string     // the scheduler's name for the task
	Cut <-chan Cut // the scheduler will end us soon
}

// Cut is why a scheduler ends a task that has not finished, in the words in which that is recorded.
type Cut string

const (
	CutLimit     Cut = "stopped before the time limit"
	CutPreempted Cut = "stopped by the scheduler"
)

func (c Cut) Error() string { return string(c) }

// TaskOutcome is how a trial stands when its task ends.
type TaskOutcome string

const (
	TaskDone        TaskOutcome = "done"
	TaskStopped     TaskOutcome = "stopped early" // by a rule
	TaskFailed      TaskOutcome = "failed"        // for good: what is tried again was tried again
	TaskCanceled    TaskOutcome = "canceled"
	TaskInterrupted TaskOutcome = "interrupted" // a later task goes on
	TaskSuperseded  TaskOutcome = "superseded"  // another task has the trial
)

// TaskEnd is what a task came to.
type TaskEnd struct {
	Outcome TaskOutcome
	Attempt int    // the newest of ours; of TaskDone, the one that is done
	Reason  string // in words; "" where the outcome says all
	Requeue bool   // the scheduler cut it: it is to be queued again
}

// RunTask runs a trial to its end, with the attempts that the rule for retries gives it, and writes its journals. It neither
// needs nor trusts a lock: attempts keep one another off by their numbers (fence.go). Canceling ctx stops the trial.
func RunTask(ctx context.Context, home string, t Task, o TaskOptions) (TaskEnd, error) {
	at, err := newPlace(home, o.Options)
	if err != nil {
		return TaskEnd{}, err
	}
	at.threads = cmp.Or(o.Threads, o.CPUs, cores())
	w := &task{place: at, Task: t, job: o.Job, dir: filepath.Join(at.home, "trials", t.ID)}
	w.of = &job{Trial: registry.Trial{ID: t.ID, Spec: t.Spec, Label: escape.Line(t.Label)}}
	w.gpus = allottedGPUs()
	defer w.close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case cut := <-o.Cut:
			cancel(cut)
		case <-ctx.Done():
		}
	}()
	for {
		end, pause, err := w.attempt(ctx)
		if err != nil || pause == 0 {
			return end, err
		}
		w.say("attempt %d failed: %s: tried again in %s", end.Attempt, end.Reason, live.Duration(pause))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return w.stopped(ctx, end.Attempt), nil
		}
	}
}

// task is one call of RunTask.
type task struct {
	place
	Task
	job  string
	dir  string // of the trial
	of   *job
	own  int         // number of our newest attempt; 0 = none yet
	fst  int         // of our first
	gpus []meter.GPU // that we were given, as far as they can be measured
}

func (w *task) say(format string, args ...any) {
	if w.options.Out != nil {
		fmt.Fprintf(w.options.Out, format+"\n", args...)
	}
}

// attempt makes the next attempt. It returns a pause where another is to follow.
func (w *task) attempt(ctx context.Context) (end TaskEnd, pause time.Duration, err error) {
	all, err := historyOf(w.home, w.ID)
	if err != nil {
		return end, 0, err
	}
	if end, finished := finishedIn(runs(all, w.After)); finished {
		return end, 0, nil
	}
	if asked, said := takeCancel(w.cancelPath()); asked && len(said) == 0 { // a rule that stopped an attempt before is asked again
		return TaskEnd{Outcome: TaskCanceled}, 0, nil
	}
	number, dir, err := w.claim(all)
	if errors.Is(err, fs.ErrExist) {
		return TaskEnd{Outcome: TaskSuperseded, Attempt: w.own}, 0, nil
	}
	if err != nil {
		return end, 0, err
	}
	heart, err := registry.StartHeartbeat(dir, w.beater())
	if err != nil {
		return end, 0, err
	}
	defer heart.Stop()
	before, end, err := w.takeOver(ctx, number, heart)
	if err != nil || end.Outcome != "" {
		heart.Stop()
		return end, 0, errors.Join(err, os.RemoveAll(dir)) // nothing was begun
	}
	if w.spawner == nil {
		w.open()
	}
	s, err := w.begin(w.of, number, dir, journal.PurposeRun)
	if err != nil {
		return end, 0, err
	}
	s.linger, s.gpus = lingers, w.gpus
	s.before = func() []string { return recordedBy(before) }
	w.say("attempt %d of %s starts in %s", number, w.of.Label, dir)
	w.own, w.fst = number, cmp.Or(w.fst, number)
	stop := w.watch(ctx, s, heart, before)
	s.run()
	stop()
	return w.judge(ctx, s, before)
}

// lingers is how long the word that we are to stop may come behind the signal to the trial's process.
const lingers = 2 * time.Second

// claim makes the folder of the next attempt. After the first of ours only the very next number will do: whoever has it has the
// trial.
func (w *task) claim(all []past) (number int, dir string, err error) {
	if w.own > 0 {
		dir, err = registry.ClaimAttempt(w.home, w.ID, w.Spec, w.own+1)
		return w.own + 1, dir, err
	}
	last := max(w.Last, w.After)
	if n := len(all); n > 0 {
		last = max(last, all[n-1].number)
	}
	return registry.NewAttempt(w.home, w.ID, w.Spec, last)
}

func (w *task) beater() registry.Beater {
	b := registry.Beater{PID: self, Since: startOfProcess(self), Job: w.job}
	b.Host, _ = os.Hostname()
	return b
}

// takeOver waits until earlier attempts are silent, and closes what they left. It returns the runs before number whose outcome
// counts, or the end of the task where there is nothing left to do for it.
func (w *task) takeOver(ctx context.Context, number int, heart *registry.Heartbeat) (before []past, end TaskEnd, err error) {
	err = awaitSilence(ctx, w.home, w.ID, number, heart)
	switch {
	case errors.Is(err, journal.ErrSuperseded):
		return nil, TaskEnd{Outcome: TaskSuperseded, Attempt: w.own}, nil
	case errors.Is(err, errNotAlone):
		return nil, TaskEnd{Outcome: TaskInterrupted, Attempt: w.own, Reason: err.Error()}, nil
	case ctx.Err() != nil:
		return nil, w.stopped(ctx, w.own), nil
	case err != nil:
		return nil, end, err
	}
	all, err := historyOf(w.home, w.ID)
	if err != nil {
		return nil, end, err
	}
	before = slices.DeleteFunc(runs(all, w.After), func(p past) bool { return p.number >= number })
	if end, finished := finishedIn(before); finished { // the older has come to its end while we waited
		return nil, end, nil
	}
	if err := cutOff(w.home, w.ID, all, number); err != nil {
		return nil, end, err
	}
	endLeftovers(w.dir)
	return before, end, nil
}

// watch keeps the heart of an attempt beating until stop is called, and stops the attempt when that is asked for or another has
// taken its place.
func (w *task) watch(ctx context.Context, s *process, heart *registry.Heartbeat, before []past) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(fenceEvery)
		defer ticker.Stop()
		asked, beat := ctx.Done(), time.Now()
		for {
			select {
			case <-end:
				return
			case <-asked:
				asked = nil
				w.stop(context.Cause(ctx), s, before)
			case <-ticker.C:
			}
			if superseded(w.dir, s.attempt) {
				w.say("attempt %d is superseded", s.attempt)
				s.kill()
			}
			if asked, said := takeCancel(w.cancelPath()); asked && len(said) > 0 {
				s.judged(said)
			} else if asked {
				s.stop(journal.ClassCanceled)
			}
			if time.Since(beat) >= registry.Beat {
				beat = time.Now()
				_ = heart.Beat() // on a full disk the heart seems to stop; the trial itself will say why
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

// noProgress is what is recorded of a program that ran up to the time limit twice and began anew each time.
const noProgress = "the time limit ended it twice, and it does not go on from a checkpoint: give it more time"

// stop asks an attempt to end. A program that starts from nothing whenever its time is over would do so for ever.
func (w *task) stop(why error, s *process, before []past) {
	cut, _ := errors.AsType[Cut](why)
	if n := len(before); cut == CutLimit && n > 0 && before[n-1].reason == string(CutLimit) && w.Spec.Command != "" {
		if p, err := pastOf(s.dir, s.attempt); err == nil && !p.resumed {
			s.stopFor(journal.ClassTimeout, noProgress)
			return
		}
	}
	s.stopFor(journal.ClassInterrupted, string(cut))
}

// stopped is the end of a task that was asked to end while it ran nothing.
func (w *task) stopped(ctx context.Context, attempt int) TaskEnd {
	cut, ok := errors.AsType[Cut](context.Cause(ctx))
	return TaskEnd{Outcome: TaskInterrupted, Attempt: attempt, Reason: string(cut), Requeue: ok}
}

// judge says what the end of an attempt means for the task.
func (w *task) judge(ctx context.Context, s *process, before []past) (end TaskEnd, pause time.Duration, err error) {
	if errors.Is(s.err, journal.ErrSuperseded) {
		return TaskEnd{Outcome: TaskSuperseded, Attempt: s.attempt}, 0, nil
	}
	var bad *journal.BadLineError
	if errors.As(s.err, &bad) {
		return TaskEnd{Outcome: TaskFailed, Attempt: s.attempt, Reason: "its journal is damaged: " + bad.Error()}, 0, nil
	}
	if s.err != nil {
		return end, 0, fmt.Errorf("record trial %s: %w", w.ID, s.err)
	}
	p, err := pastOf(s.dir, s.attempt)
	if err != nil {
		return end, 0, err
	}
	end = TaskEnd{Outcome: TaskFailed, Attempt: s.attempt, Reason: p.reason}
	switch {
	case p.done:
		end.Outcome, end.Reason = TaskDone, s.remark
	case p.class == journal.ClassStopped:
		end.Outcome = TaskStopped
	case p.class == journal.ClassCanceled:
		end.Outcome = TaskCanceled
	case p.class == journal.ClassInterrupted:
		end = w.stopped(ctx, s.attempt)
	default:
		failures := 1
		for _, b := range before {
			if b.failed() && b.class == p.class && (p.class != journal.ClassDisk || b.number >= w.fst) {
				failures++
			}
		}
		wait, again := w.options.retry(p.class, failures)
		if again && ctx.Err() == nil {
			return end, wait, nil
		}
	}
	return end, 0, nil
}

// cancelPath is the file that asks for the trial to be stopped.
func (w *task) cancelPath() string { return filepath.Join(w.dir, CancelName) }

// finishedIn is the end of a task whose trial is done, or was stopped early, in one of these attempts: the newest.
func finishedIn(list []past) (end TaskEnd, finished bool) {
	for _, p := range slices.Backward(list) {
		switch {
		case p.done:
			return TaskEnd{Outcome: TaskDone, Attempt: p.number}, true
		case p.over && p.class == journal.ClassStopped:
			return TaskEnd{Outcome: TaskStopped, Attempt: p.number, Reason: p.reason}, true
		}
	}
	return TaskEnd{}, false
}

// recordedBy lists the metrics that attempts have recorded.
func recordedBy(list []past) (names []string) {
	for _, p := range list {
		for _, name := range p.metrics {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
