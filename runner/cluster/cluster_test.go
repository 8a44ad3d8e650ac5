package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"harness/registry"
	"harness/registry/journal"
	"harness/runner"
	"harness/runner/earlystop"
)

func TestAllIsHandedInOnce(t *testing.T) {
	w := newSweep(t, 5, succeed)
	w.s.largest = 3
	if r := w.run(w.options()); r.Done != 5 || r.Submitted != 5 || w.s.submits != 2 {
		t.Fatalf("%+v, %d batches\n%s", r, w.s.submits, &w.out)
	}
	if n := w.openBatches(); n != 0 {
		t.Errorf("%d batches are left open", n)
	}
	if r := w.run(w.options()); r.Done != 5 || r.Before != 5 || r.Submitted != 0 {
		t.Errorf("a second call: %+v", r)
	}
}

func TestACallThatOnlyHandsInIsTakenUp(t *testing.T) {
	w := newSweep(t, 3, succeed)
	w.s.largest = 3
	o := w.options()
	o.Submit = true
	if r := w.run(o); r.Done != 0 || r.Open != 3 || len(r.Jobs) != 1 || r.Jobs[0] != "41" {
		t.Fatalf("%+v", r)
	}
	if r := w.run(w.options()); r.Done != 3 || r.Submitted != 0 {
		t.Errorf("%+v\n%s", r, &w.out)
	}
}

func TestWhoNoLongerFollowsLeavesTheTasks(t *testing.T) {
	w := newSweep(t, 1, func(*imagined, *Batch, int) State { return Running })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r, err := Run(ctx, w.db, w.trials, w.options())
	if err != nil || !errors.Is(r.Stopped, ErrLeft) || r.Open != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	w.s.do = succeed
	if r := w.run(w.options()); r.Done != 1 || w.s.submits != 1 {
		t.Errorf("%+v, handed in %d times", r, w.s.submits)
	}
}

// The answer of the scheduler is lost: the job is found by the token that was written down before.
func TestALostAnswerDoesNotHandInTwice(t *testing.T) {
	w := newSweep(t, 2, succeed)
	w.s.deaf = true
	if r := w.run(w.options()); r.Done != 2 || w.s.submits != 1 {
		t.Errorf("%+v, handed in %d times\n%s", r, w.s.submits, &w.out)
	}
}

// A batch that never came to the scheduler is handed in again, after a while.
func TestABatchThatWasNeverHandedIn(t *testing.T) {
	w := newSweep(t, 2, succeed)
	b := &Batch{Version: batchVersion, Scheduler: "imagined", Sweep: "test", Token: "test.x", Size: 1, Made: time.Now(), Number: 1,
		Dir: filepath.Join(w.db.Home, Folder, "1"), tasks: []runner.Task{{ID: w.trials[0].ID, Spec: w.trials[0].Spec}}}
	if err := b.create(w.db.Home); err != nil {
		t.Fatal(err)
	}
	if err := b.create(w.db.Home); !errors.Is(err, errTaken) {
		t.Fatalf("a number is given twice: %v", err)
	}
	if r := w.run(w.options()); r.Done != 2 || r.Submitted != 2 || w.openBatches() != 0 {
		t.Errorf("%+v\n%s", r, &w.out)
	}
}

func TestASilentSchedulerChangesNothing(t *testing.T) {
	w := newSweep(t, 2, nil)
	w.s.do = func(s *imagined, b *Batch, i int) State {
		if s.polls == 1 {
			s.silent = fmt.Errorf("poll: %w", ErrUnreachable)
			time.AfterFunc(0, func() {})
		}
		return Running
	}
	gone := 0
	o := w.options()
	o.Scheduler = &stuttering{w.s, &gone}
	if r := w.run(o); r.Done != 2 || w.s.submits != 1 || gone < 5 {
		t.Errorf("%+v, handed in %d times, silent %d times\n%s", r, w.s.submits, gone, &w.out)
	}
	if text := w.out.String(); strings.Count(text, "does not answer") != 1 || !strings.Contains(text, "answers again") {
		t.Errorf("what was said:\n%s", text)
	}
}

// The scheduler does not answer before anything of ours is there that it could be asked about.
func TestASchedulerThatIsSilentAtTheStartIsWaitedFor(t *testing.T) {
	w := newSweep(t, 2, succeed)
	asked := 0
	o := w.options()
	o.Scheduler = &waking{w.s, &asked}
	if r := w.run(o); r.Done != 2 || w.s.submits != 1 || asked < 4 {
		t.Errorf("%+v, handed in %d times, asked %d times\n%s", r, w.s.submits, asked, &w.out)
	}
	if text := w.out.String(); strings.Count(text, "does not answer") != 1 || !strings.Contains(text, "answers again") {
		t.Errorf("what was said:\n%s", text)
	}
}

// waking answers from the fourth question on.
type waking struct {
	*imagined
	asked *int
}

func (s *waking) Largest(ctx context.Context) (int, error) {
	if *s.asked++; *s.asked < 4 {
		return 0, fmt.Errorf("show config: %w", ErrUnreachable)
	}
	return s.imagined.Largest(ctx)
}

// stuttering does not answer from its second to its seventh Poll.
type stuttering struct {
	*imagined
	gone *int
}

func (s *stuttering) Poll(ctx context.Context, batches []*Batch) (map[Ref]Status, error) {
	if s.polls++; s.polls > 1 && s.polls < 8 {
		*s.gone++
		return nil, fmt.Errorf("poll: %w", ErrUnreachable)
	}
	if s.do = succeed; s.polls == 1 {
		s.do = func(*imagined, *Batch, int) State { return Running }
	}
	s.silent = nil
	return s.imagined.Poll(ctx, batches)
}

// Tasks that the scheduler has forgotten are handed in again, unless their trial shows signs of life.
func TestWhatTheSchedulerHasLost(t *testing.T) {
	w := newSweep(t, 2, nil)
	var heart *registry.Heartbeat
	w.s.do = func(s *imagined, b *Batch, i int) State {
		if b.Number > 1 {
			return succeed(s, b, i)
		}
		dir := s.attempt(b, i, nil)
		if i == 0 { // it lives: nobody sees its task, but it goes on
			var err error
			if heart, err = registry.StartHeartbeat(dir, registry.Beater{Host: "n1"}); err != nil {
				s.t.Fatal(err)
			}
			time.AfterFunc(400*time.Millisecond, func() {
				end, err := journal.Continue(dir)
				if err == nil {
					err = end.Finish(&journal.End{Outcome: journal.Done}, journal.Exit{}, nil)
				}
				if err != nil {
					s.t.Error(err)
				}
				heart.Stop()
			})
		}
		return ""
	}
	if r := w.run(w.options()); r.Done != 2 || r.Submitted != 3 {
		t.Fatalf("%+v\n%s", r, &w.out)
	}
	for i, want := range []int{1, 2} {
		if attempts, err := w.db.Attempts(context.Background(), w.trials[i].ID); err != nil || len(attempts) != want || attempts[want-1].State != registry.Done {
			t.Errorf("trial %d: %+v %v", i, attempts, err)
		}
	}
}

func TestHowTasksEnd(t *testing.T) {
	for _, c := range []struct {
		name     string
		exit     *journal.Exit // of the journal; nil = left open
		begins   bool
		state    State // of the task
		want     registry.State
		class    journal.Class
		attempts int
	}{
		{"fails", &journal.Exit{Code: 1, Class: journal.ClassError, Error: "it is wrong"}, true, Exited, registry.Failed, journal.ClassError, 1},
		{"is killed, every time", nil, true, Exited, registry.Failed, journal.ClassKilled, 3},
		{"takes too much memory, every time", nil, true, OutOfMemory, registry.Failed, journal.ClassMemory, 3},
		{"is over the limit", nil, true, OverLimit, registry.Failed, journal.ClassTimeout, 1},
		{"is canceled", nil, true, Canceled, registry.Interrupted, journal.ClassCanceled, 1},
		{"is canceled before it begins", nil, false, Canceled, registry.Queued, "", 0},
		{"never begins", nil, false, Exited, registry.Failed, journal.ClassError, 1},
		{"always loses its machine", nil, true, Dropped, registry.Interrupted, journal.ClassInterrupted, mostAgain + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newSweep(t, 1, func(s *imagined, b *Batch, i int) State {
				if c.begins {
					s.attempt(b, i, c.exit)
				}
				return c.state
			})
			o := w.options()
			w.run(o)
			known, err := w.db.Trials(context.Background(), registry.Query{IDs: []string{w.trials[0].ID}})
			if err != nil {
				t.Fatal(err)
			}
			if k := known[0]; k.State != c.want || k.Newest.Class != c.class || k.Attempt != c.attempts || w.openBatches() != 0 {
				t.Errorf("%s %s in attempt %d: %s\n%s", k.State, k.Newest.Class, k.Attempt, k.Newest.Error, &w.out)
			}
		})
	}
}

// What was canceled is taken up again by the next call.
func TestTheNextCallTakesUpWhatWasCanceled(t *testing.T) {
	w := newSweep(t, 2, func(*imagined, *Batch, int) State { return Canceled })
	if r := w.run(w.options()); r.Done != 0 || r.Queued != 2 {
		t.Fatalf("%+v", r)
	}
	w.s.do = succeed
	if r := w.run(w.options()); r.Done != 2 || r.Submitted != 2 {
		t.Errorf("%+v\n%s", r, &w.out)
	}
}

func TestARefusalSaysWhatWasHandedIn(t *testing.T) {
	w := newSweep(t, 4, succeed)
	w.s.refuse = errors.New("invalid partition: nowhere")
	_, err := Run(context.Background(), w.db, w.trials, w.options())
	if err == nil || err.Error() != "imagined refuses the sweep: invalid partition: nowhere" || w.openBatches() != 0 {
		t.Error(err)
	}
	w.s.refuse = nil
	o := w.options()
	o.Scheduler = &once{w.s}
	_, err = Run(context.Background(), w.db, w.trials, o)
	if err == nil || err.Error() != "imagined refuses the sweep: too many jobs: 2 trials before it were handed in, and go on" || w.openBatches() != 1 {
		t.Error(err)
	}
}

// once takes one batch.
type once struct{ *imagined }

func (s *once) Submit(ctx context.Context, b *Batch) (string, error) {
	if s.submits > 0 {
		return "", errors.New("too many jobs")
	}
	return s.imagined.Submit(ctx, b)
}

func TestTooManyFailuresTakeBackWhatWaits(t *testing.T) {
	w := newSweep(t, 6, func(s *imagined, b *Batch, i int) State {
		if i > 2 {
			return Waiting
		}
		s.attempt(b, i, &journal.Exit{Code: 1, Class: journal.ClassError, Error: "it is wrong"})
		return Exited
	})
	w.s.largest = 6
	o := w.options()
	o.StopAfter = 0
	if r := w.run(o); !errors.Is(r.Stopped, runner.ErrAllFail) || r.Failed != 3 || r.Queued != 3 {
		t.Errorf("%+v\n%s", r, &w.out)
	}
}

func TestCancelAsksWhatRunsAndTakesBackWhatWaits(t *testing.T) {
	w := newSweep(t, 3, func(_ *imagined, _ *Batch, i int) State { return []State{Running, Waiting, Waiting}[i] })
	w.s.largest = 3
	o := w.options()
	o.Submit = true
	w.run(o)
	chosen := []string{w.trials[0].ID, w.trials[2].ID}
	done, err := Cancel(context.Background(), w.db.Home, w.s, func(_, id string) bool { return id == chosen[0] || id == chosen[1] })
	if err != nil || done != (Canceling{TakenBack: 1, Asked: 1}) {
		t.Fatal(done, err)
	}
	if _, err := os.Stat(filepath.Join(w.db.TrialDir(chosen[0]), runner.CancelName)); err != nil {
		t.Error(err)
	}
	if w.s.seen[Ref{w.tokenOf(t), 2}] != Canceled || w.s.seen[Ref{w.tokenOf(t), 1}] != Waiting {
		t.Errorf("%v", w.s.seen)
	}
	all, err := Stand(context.Background(), w.db.Home, w.s)
	if err != nil || len(all) != 1 || all[0].Trials != 3 || all[0].Running != 1 || all[0].Waiting != 1 {
		t.Errorf("%+v %v", all, err)
	}
}

func (w *sweep) tokenOf(t *testing.T) string {
	t.Helper()
	open, _, err := Open(w.db.Home)
	if err != nil || len(open) != 1 {
		t.Fatal(open, err)
	}
	return open[0].Token
}

func TestABatchOfANewerVersionIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, batchName), []byte(`{"version": 2}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.HasSuffix(err.Error(), "is of version 2: use a newer harness") {
		t.Error(err)
	}
}

func FuzzBatch(f *testing.F) {
	f.Add(`{"version": 1, "size": 1, "token": "test.x"}`, `{"id": "a", "spec": {}}`+"\n")
	f.Add(`{"size": -1}`, "\n\n")
	f.Fuzz(func(t *testing.T, batch, tasks string) {
		dir := filepath.Join(t.TempDir(), "3")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{batchName: batch, tasksName: tasks} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		b, err := Load(dir)
		if err != nil {
			return
		}
		_, _ = b.Task(0)
		if err := b.loadTasks(); err == nil && (len(b.tasks) != b.Size || b.Number != 3) {
			t.Errorf("%+v", b)
		}
	})
}

// A rule for early stopping is asked by who follows; the word lies in the trial's folder, where its task finds it.
func TestARuleStopsTrialsElsewhere(t *testing.T) {
	w := newSweep(t, 2, nil)
	journals := map[int]*journal.Writer{}
	w.s.do = func(s *imagined, b *Batch, i int) State {
		if journals[i] == nil {
			k := b.tasks[i]
			_, dir, err := registry.NewAttempt(s.home, k.ID, k.Spec, k.Last)
			if err == nil {
				journals[i], err = journal.Create(dir)
			}
			if err == nil {
				err = journals[i].Start(journal.Start{Trial: k.ID, Attempt: 1, Purpose: journal.PurposeRun, Spec: k.Spec.Canonical()})
			}
			if err == nil {
				err = errors.Join(journals[i].Point("acc", 1, float64(1-i)), journals[i].Sync()) // the second is the worse
			}
			if err != nil {
				s.t.Fatal(err)
			}
			return Running
		}
		exit := journal.Exit{}
		var end *journal.End
		path := filepath.Join(s.home, "trials", b.tasks[i].ID, runner.CancelName)
		switch said, err := os.ReadFile(path); {
		case err == nil && bytes.Contains(said, []byte("stop")):
			exit = journal.Exit{Code: -1, Class: journal.ClassStopped, Error: "as the rule said"}
		case s.polls > 8:
			end = &journal.End{Outcome: journal.Done}
		default:
			return Running
		}
		if err := journals[i].Finish(end, exit, nil); err != nil {
			s.t.Fatal(err)
		}
		return Exited
	}
	o := w.options()
	o.Stop = &earlystop.Rule{Kind: earlystop.ASHA, Metric: "acc", Goal: earlystop.Maximize, First: 1, Factor: 2}
	if r := w.run(o); r.Done != 1 || r.Early != 1 {
		t.Errorf("%+v\n%s", r, &w.out)
	}
	if text := w.out.String(); !strings.Contains(text, "1/2 done, 1 stopped early") {
		t.Errorf("what was said:\n%s", text)
	}
	if r := w.run(o); r.Done != 1 || r.Early != 1 || r.Submitted != 0 {
		t.Errorf("a second call: %+v\n%s", r, &w.out)
	}
}
