package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"harness/registry"
	"harness/registry/journal"
	"harness/runner"
	"harness/runner/live"
)

// settle decides what becomes of a trial, by its journals and the word of the scheduler on its task.
func (f *follower) settle(k *trial) error {
	if k.batch == nil {
		if k.due.IsZero() {
			return f.decide(k)
		}
		return nil
	}
	status, known := f.seen[Ref{k.batch.Token, k.index}]
	if !known {
		return f.settleUnknown(k)
	}
	was := k.status
	k.status, k.unknown = status, time.Time{}
	if was.State == status.State && status.State.live() { // ingest sees to what runs
		return nil
	}
	if err := f.catchUp(k); err != nil {
		return err
	}
	f.showStart(k)
	switch {
	case k.finished():
		f.end(k)
		return nil
	case status.State.live():
		return nil
	case !status.State.reported() && beats(f.home, k.ID): // its machine was lost from sight, and perhaps goes on
		return nil
	}
	return f.ended(k)
}

// settleUnknown sees to a trial of whose task the scheduler knows nothing: it has forgotten a task that has ended, or lost one.
func (f *follower) settleUnknown(k *trial) error {
	if err := f.catchUp(k); err != nil {
		return err
	}
	f.showStart(k)
	if k.finished() {
		f.end(k)
		return nil
	}
	if k.unknown.IsZero() {
		k.unknown = time.Now()
	}
	if beats(f.home, k.ID) {
		k.unknown = time.Now()
	}
	if task := k.batch.tasks[k.index]; k.Attempt <= max(task.Last, task.After) && f.knows(k.batch) && time.Since(k.unknown) > f.lost/10 {
		k.status = Status{State: Canceled} // Slurm forgets at once a single task that is canceled while it waits, and no other
		return f.ended(k)
	}
	if time.Since(k.unknown) < f.lost || time.Since(k.batch.Made) < f.lost {
		return nil
	}
	k.status = Status{State: Dropped, Reason: f.Scheduler.Name() + " does not know it any more"}
	return f.ended(k)
}

// knows reports whether the scheduler knows any task of the batch.
func (f *follower) knows(b *Batch) bool {
	for i := range b.Size {
		if _, known := f.seen[Ref{b.Token, i}]; known {
			return true
		}
	}
	return false
}

// beats reports whether the heart of a trial's newest attempt still beats, also where that cannot be known.
func beats(home, id string) bool {
	beats, err := registry.Beats(home, id)
	return err != nil || beats
}

// ended sees to a trial whose task has ended: it closes what the task could not close any more, and decides.
func (f *follower) ended(k *trial) error {
	task := k.batch.tasks[k.index]
	if k.State == registry.Running {
		if err := f.closeLost(k); err != nil {
			return err
		}
	}
	if k.status.State == Exited && k.Attempt <= max(task.Last, task.After) { // it never ran
		if err := f.neverBegan(k); err != nil {
			return err
		}
	}
	return f.decide(k)
}

// closeLost writes the end of an attempt whose process is gone.
func (f *follower) closeLost(k *trial) error {
	exit := journal.Exit{Code: -1, Class: journal.ClassInterrupted, Error: "its machine failed or was taken away"}
	name := f.Scheduler.Name()
	switch k.status.State {
	case Exited:
		exit.Class, exit.Error = journal.ClassKilled, "its task was killed: "+f.lastOutput(k)
	case Canceled:
		exit.Class, exit.Error = journal.ClassCanceled, "canceled by "+name
	case OverLimit:
		exit.Class, exit.Error = journal.ClassTimeout, "ended by the time limit of "+name
	case OutOfMemory:
		exit.Class, exit.Error = journal.ClassMemory, "out of the memory that it had of "+name
	}
	dir := f.db.AttemptDir(k.ID, k.Attempt)
	if err := journal.Cut(dir, exit); err != nil {
		return err
	}
	os.Remove(filepath.Join(dir, registry.HeartbeatName))
	return f.catchUp(k)
}

// neverBegan records a task that ended before it could make an attempt: a setup line failed, the program is not there.
func (f *follower) neverBegan(k *trial) error {
	task := k.batch.tasks[k.index]
	number, dir, err := registry.NewAttempt(f.db.Home, k.ID, k.Spec, max(k.Attempt, task.Last, task.After))
	if err != nil {
		return err
	}
	w, err := journal.Create(dir)
	if err != nil {
		return err
	}
	reason := "its task ended before it began: " + f.lastOutput(k)
	err = w.Start(journal.Start{Trial: k.ID, Attempt: number, Purpose: journal.PurposeRun, Spec: k.Spec.Canonical()})
	err = errors.Join(err, w.Finish(nil, journal.Exit{Code: -1, Class: journal.ClassError, Error: reason}, nil))
	if err != nil {
		return err
	}
	return f.catchUp(k)
}

// lastOutput is the last line that a task printed, and where.
func (f *follower) lastOutput(k *trial) string {
	path := k.batch.OutputPath(k.index)
	data, err := os.ReadFile(path)
	lines := strings.FieldsFunc(strings.TrimSpace(string(data)), func(r rune) bool { return r == '\n' })
	switch {
	case err != nil:
		return "it printed nothing into " + path
	case len(lines) == 0:
		return "see " + path
	}
	return runner.OneLine(lines[len(lines)-1]) + ": see " + path
}

// decide says whether a trial that no task has is over or is handed in, now or after a pause.
func (f *follower) decide(k *trial) error {
	handed := k.batch != nil
	k.batch = nil
	switch k.State {
	case registry.Done, registry.Stopped:
		f.end(k)
	case registry.Failed:
		attempts, err := f.db.Attempts(f.ctx, k.ID)
		if err != nil {
			return err
		}
		rule := runner.Options{Retries: f.Rules.Retries, RetryOn: f.Rules.RetryOn}
		pause, again := rule.Retry(k.Newest.Class, attempts, k.RedoAfter, k.before)
		if !again {
			f.end(k)
			return nil
		}
		f.due(k, pause)
	default:
		stopped := k.status.State == Canceled || k.Attempt > k.before && k.Newest.Class == journal.ClassCanceled
		if handed && !f.first && (stopped || k.again >= mostAgain) {
			f.end(k)
			return nil
		}
		if handed && !f.first {
			k.again++
			f.say("again   %s  %s: %s", k.ID[:8], k.Label, f.why(k))
		}
		f.due(k, 0)
	}
	return nil
}

// why is the reason for which a trial is handed in again.
func (f *follower) why(k *trial) string {
	if k.status.Reason != "" && k.status.State == Dropped {
		return k.status.Reason
	}
	if k.Attempt > k.before && k.Newest.Error != "" {
		return k.Newest.Error
	}
	return "its task is " + string(k.status.State)
}

func (f *follower) due(k *trial, pause time.Duration) {
	k.due, k.status, k.unknown = time.Now().Add(pause), Status{}, time.Time{}
}

// end is the end of a trial in this call.
func (f *follower) end(k *trial) {
	if k.over {
		return
	}
	k.over = true
	if k.State == registry.Failed && k.Attempt > k.before {
		f.failures++
	}
	word := string(k.State)
	if k.State == registry.Queued {
		word = "canceled"
	}
	text := fmt.Sprintf("%-7s %s  %s", word, k.ID[:8], k.Label)
	if !k.Newest.Ended.IsZero() && k.Attempt > k.before {
		text += "  " + live.Duration(k.Newest.Ended.Sub(k.Newest.Started))
	}
	if k.State == registry.Stopped {
		text += ": " + k.Newest.Error
	}
	if k.State == registry.Failed {
		text += ": " + k.Newest.Error + " [harness trial log " + k.ID[:8] + "]"
	}
	f.say("%s", text)
}

// judgeFailures takes back what waits where too many trials fail.
func (f *follower) judgeFailures() {
	first := f.StopAfter
	if first == 0 {
		first = 3
	}
	done := slices.ContainsFunc(f.all, (*trial).finished)
	switch {
	case f.stopped != nil:
		return
	case f.MaxFailures > 0 && f.failures >= f.MaxFailures:
		f.stopped = fmt.Errorf("%w (%d): what waited was taken back", runner.ErrTooManyFailures, f.failures)
	case first > 0 && f.failures >= first && !done:
		f.stopped = fmt.Errorf("%w: the first %d have failed, what waited was taken back", runner.ErrAllFail, f.failures)
	default:
		return
	}
	f.takeBack()
}

// takeBack cancels the tasks that have not begun, and hands in no more.
func (f *follower) takeBack() {
	waiting := map[*Batch][]int{}
	for _, k := range f.all {
		switch {
		case k.over:
		case k.batch == nil:
			k.over = true
		case k.status.State == Waiting:
			waiting[k.batch] = append(waiting[k.batch], k.index)
		}
	}
	for _, b := range f.open {
		if indexes := waiting[b]; len(indexes) > 0 {
			if err := f.Scheduler.Cancel(f.ctx, b, indexes); err != nil {
				f.say("%s: %v", f.Scheduler.Name(), err)
			}
		}
	}
}
