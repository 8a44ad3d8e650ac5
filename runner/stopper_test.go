package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"harness/registry"
	"harness/registry/journal"
	"harness/runner/earlystop"
)

// curve is a program that reports the values as acc at steps 1, 2, …. At each, it waits until there is a file go-STEP in the folder
// files, or until it is asked to stop: then it runs the script atStop.
func curve(seed int64, files, atStop string, values ...string) registry.Trial {
	return shell(fmt.Sprintf(`trap '%s' TERM; step=0
		for v in %s; do
			step=$((step+1)); echo "{\"metric\": \"acc\", \"value\": $v, \"step\": $step}"
			until test -e %s/go-$step; do sleep 0.02; done
		done`, atStop, strings.Join(values, " "), files), seed)
}

// allowed is a folder that lets curves pass some steps.
func allowed(t *testing.T, steps ...int) string {
	t.Helper()
	dir := t.TempDir()
	for _, step := range steps {
		allow(t, dir, step)
	}
	return dir
}

func allow(t *testing.T, dir string, step int) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("go-", step)), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// asha stops what is not the best half at steps 2, 4, 8, ….
func asha() *earlystop.Rule {
	return &earlystop.Rule{Kind: earlystop.ASHA, Metric: "acc", Goal: earlystop.Maximize, First: 2, Factor: 2}
}

func rungs(t *testing.T, db *registry.DB, id string, attempt int) []journal.Rung {
	t.Helper()
	var list []journal.Rung
	_, err := journal.Read(filepath.Join(db.AttemptDir(id, attempt), journal.FileName), journal.Position{}, func(e *journal.Event) error {
		if e.Rung != nil {
			list = append(list, *e.Rung)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestStopsEarly: one after the other, a trial that is worse than the one before it is stopped at its rung, whatever its exit status, and not run
// again; one that is better goes on, and so does a control. The journal says why.
func TestStopsEarly(t *testing.T) {
	db := open(t, t.TempDir())
	through, held := allowed(t, 1, 2, 3), allowed(t, 1)
	control := curve(5, through, "exit 7", "0.1", "0.1", "0.1")
	control.Control = "untrained"
	trials := plan(t, db,
		curve(1, through, "", "0.1", "0.5", "0.6"),
		curve(2, held, "exit 0", "0.1", "0.4", "0.9"), // waits behind step 2
		curve(3, held, "exit 9", "0.1", "NaN", "0.9"),
		curve(4, through, "exit 7", "0.1", "0.7", "0.8"),
		control)
	o := Options{Parallel: 1, Stop: asha(), Grace: 5 * time.Second}
	for _, again := range []int{0, 3} {
		r := mustRun(t, db, trials, o)
		if r.Done != 3 || r.Early != 2 || r.Failed+r.Interrupted+r.Queued != 0 || r.Before != again || r.Stopped != nil {
			t.Fatalf("%+v", r)
		}
	}
	for i, want := range []string{"",
		"stopped early at step 2: acc 0.4, not among the best 1 of 2 trials, which begin at 0.5",
		"stopped early at step 2: acc is NaN", "", ""} {
		k := newest(t, db, trials[i].ID)
		state, class := registry.Stopped, journal.ClassStopped
		if want == "" {
			state, class = registry.Done, ""
		}
		if k.State != state || k.Newest.Class != class || k.Newest.Error != want || k.Attempt != 1 {
			t.Errorf("trial %d: %s, %s: %s", i, k.State, k.Newest.Class, k.Newest.Error)
		}
		said := rungs(t, db, k.ID, 1)
		if want != "" && (len(said) != 1 || !said[0].Stop || said[0].Rung != 2 || said[0].String() != want) {
			t.Errorf("trial %d: its journal says %+v", i, said)
		}
	}
	if v := last(t, db, trials[1].ID); v["acc"] != 0.4 {
		t.Errorf("what a stopped trial had last: %v", v)
	}
}

// TestStopsByTheMedian: the trials that are done are compared with.
func TestStopsByTheMedian(t *testing.T) {
	db := open(t, t.TempDir())
	through, held := allowed(t, 1, 2), allowed(t)
	trials := plan(t, db,
		curve(1, through, "", "0.9", "0.9"),
		curve(2, through, "", "0.7", "0.7"),
		curve(3, held, "exit 0", "0.6", "0.9"),
		curve(4, through, "", "0.9", "0.9"))
	r := mustRun(t, db, trials, Options{Parallel: 1, Stop: &earlystop.Rule{Kind: earlystop.Median, Metric: "acc", Goal: earlystop.Maximize, First: 1, Least: 2}})
	if r.Done != 3 || r.Early != 1 {
		t.Fatalf("%+v", r)
	}
	if k := newest(t, db, trials[2].ID); k.Newest.Error != "stopped early at step 1: acc 0.6 at best, below the median 0.8 of 2 trials" {
		t.Error(k.Newest.Error)
	}
}

// TestInterruptedIsNotJudgedAgain: what was said at a rung is recorded when the sweep is interrupted. The trial that goes on from there is
// judged at its next rung, though by now it would not pass the first.
func TestInterruptedIsNotJudgedAgain(t *testing.T) {
	db := open(t, t.TempDir())
	files := allowed(t, 1, 2)
	k := shell(fmt.Sprintf(`trap 'exit 0' TERM; cd %s; step=$(cat step 2>/dev/null || echo 0)
		test $step = 0 || echo "{\"resumed\": $step}"
		while [ $step -lt 5 ]; do
			step=$((step+1)); echo "{\"metric\": \"acc\", \"value\": 0.2, \"step\": $step}"; echo $step > step
			until test -e go-$step; do sleep 0.02; done
		done`, files), 1)
	trials := plan(t, db, k, curve(2, allowed(t, 1, 2, 3), "", "0.9", "0.9", "0.9"))
	ctx, cancel := context.WithCancel(context.Background())
	go whenSeen(db.AttemptDir(k.ID, 1), `"s":3`, func() { time.Sleep(3 * followEvery); cancel() })
	r, err := Run(ctx, db, trials[:1], Options{Stop: asha()})
	if err != nil || r.Interrupted != 1 || !errors.Is(r.Stopped, context.Canceled) {
		t.Fatalf("%+v %v", r, err)
	}
	if said := rungs(t, db, k.ID, 1); len(said) != 1 || said[0].Stop || said[0].Rung != 2 {
		t.Fatalf("the first attempt: %+v", said)
	}
	mustRun(t, db, trials[1:], Options{})
	allow(t, files, 3)
	allow(t, files, 4)
	allow(t, files, 5)
	if r := mustRun(t, db, trials, Options{Stop: asha()}); r.Done != 2 {
		t.Fatalf("%+v: %s", r, newest(t, db, k.ID).Newest.Error)
	}
	for _, one := range rungs(t, db, k.ID, 2) {
		if one.Rung == 2 {
			t.Errorf("it was judged again: %s", one)
		}
	}
}

// TestKilledIsJudgedAgain: the sweep was killed after a trial had come to a rung, and before anything of that was recorded.
func TestKilledIsJudgedAgain(t *testing.T) {
	home := t.TempDir()
	db := open(t, home)
	good := curve(2, allowed(t, 1, 2, 3), "", "0.9", "0.9", "0.9")
	k := shell(`trap 'exit 0' TERM; echo '{"resumed": 2}'; while true; do sleep 0.05; done`, 1)
	trials := plan(t, db, good, k)
	mustRun(t, db, trials[:1], Options{})
	number, dir, err := registry.NewAttempt(home, k.ID, k.Spec, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.Start(journal.Start{Trial: k.ID, Attempt: number, Purpose: journal.PurposeRun, Spec: k.Spec.Canonical()})
	w.Point("acc", 1, 0.1)
	w.Point("acc", 2, 0.1)
	w.Close()
	if r := mustRun(t, db, trials, Options{Stop: asha(), Grace: 5 * time.Second}); r.Done != 1 || r.Early != 1 {
		t.Fatalf("%+v", r)
	}
	attempts, err := db.Attempts(context.Background(), k.ID)
	if err != nil || len(attempts) != 2 || attempts[0].State != registry.Interrupted || attempts[1].State != registry.Stopped {
		t.Errorf("%+v %v", attempts, err)
	}
}

// TestCancelEarly: somebody else asked a Stopper, and what it said is recorded by who runs the trial.
func TestCancelEarly(t *testing.T) {
	home := t.TempDir()
	db := open(t, home)
	good := curve(2, allowed(t, 1, 2, 3), "", "0.9", "0.9", "0.9")
	k := curve(1, allowed(t, 1), "exit 0", "0.1", "0.1")
	trials := plan(t, db, good, k)
	mustRun(t, db, trials[:1], Options{})
	asked := make(chan error, 1)
	go whenSeen(db.AttemptDir(k.ID, 1), `"s":2`, func() {
		asked <- func() error {
			time.Sleep(2 * followEvery) // until it is in the registry
			other, err := registry.OpenReadOnly(context.Background(), home)
			if err != nil {
				return err
			}
			defer other.Close()
			stopper, err := NewStopper(other, *asha(), []registry.Trial{good, k})
			if err != nil {
				return err
			}
			said, err := stopper.Ask(context.Background(), k.ID, 1)
			if err != nil {
				return err
			}
			return CancelEarly(db.TrialDir(k.ID), said)
		}()
	})
	if r := mustRun(t, db, trials, Options{Grace: 5 * time.Second}); r.Early != 1 || r.Done != 1 {
		t.Errorf("%+v", r)
	}
	if err := <-asked; err != nil {
		t.Fatal(err)
	}
	if got := newest(t, db, k.ID); got.State != registry.Stopped || !strings.HasPrefix(got.Newest.Error, "stopped early at step 2: acc 0.1, not among") {
		t.Errorf("%s: %s", got.State, got.Newest.Error)
	}
	if err := CancelEarly(db.TrialDir(k.ID), nil); err == nil {
		t.Error("a trial was stopped early that no rule stops")
	}
}

// TestStoppedIsNoFailure: a sweep whose first trials fail goes on where one was stopped early, since the program works.
func TestStoppedIsNoFailure(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db, curve(1, allowed(t, 1), "exit 0", "0.1", "NaN"), shell("exit 1", 2), shell("exit 1", 3), shell("exit 1", 4), shell("true", 5))
	r := mustRun(t, db, trials, Options{Parallel: 1, Stop: asha()})
	if r.Early != 1 || r.Failed != 3 || r.Done != 1 || r.Stopped != nil {
		t.Errorf("%+v", r)
	}
}

// TestRuleThatCannotBe is refused before anything runs.
func TestRuleThatCannotBe(t *testing.T) {
	db := open(t, t.TempDir())
	k := shell("true", 1)
	plan(t, db, k)
	rule := asha()
	rule.Factor = 1
	if _, err := Run(context.Background(), db, []registry.Trial{k}, Options{Stop: rule}); err == nil || err.Error() != "early stopping: factor 1: want at least 2" {
		t.Error(err)
	}
	if numbers, _ := registry.AttemptNumbers(db.Home, k.ID); len(numbers) > 0 {
		t.Error("it ran")
	}
}

// TestTooLateToStop: a verdict that reaches a program when it has ended by itself changes nothing, and is not recorded.
func TestTooLateToStop(t *testing.T) {
	s := &process{stopped: make(chan journal.Class, 1)}
	s.judged([]journal.Rung{{Rung: 2}, {Rung: 4, Stop: true}})
	if said := s.said(); len(said) != 1 || said[0].Rung != 2 {
		t.Errorf("%+v", said)
	}
	s.exit.Class = journal.ClassStopped
	if said := s.said(); len(said) != 2 || !slices.ContainsFunc(said, func(r journal.Rung) bool { return r.Stop }) {
		t.Errorf("%+v", said)
	}
}

// TestTakeCancel: a request is taken once; one that is not understood is one to cancel.
func TestTakeCancel(t *testing.T) {
	path := filepath.Join(t.TempDir(), CancelName)
	for content, stops := range map[string]bool{"": false, "[]": false, `[{"rung":1}]`: false, "torn [{": false, `[{"rung":1},{"rung":2,"stop":true}]`: true} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if asked, said := takeCancel(path); !asked || (len(said) > 0) != stops {
			t.Errorf("%q: asked %v, %+v", content, asked, said)
		}
		if asked, _ := takeCancel(path); asked {
			t.Errorf("%q was taken twice", content)
		}
	}
}
