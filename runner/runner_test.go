package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// shell is a trial that runs a script of sh with the trial's configuration as its words.
func shell(script string, seed int64) registry.Trial {
	return program(seed, `{"lr":0.1}`, "sh", "-c", script, "sh", "${args}")
}

// program is a trial of any command.
func program(seed int64, args spec.Args, command ...string) registry.Trial {
	t := spec.Trial{Command: spec.MakeWords(command...), Project: "tests", Args: args, Seed: seed}
	return registry.Trial{ID: t.ID(), Spec: t, Label: fmt.Sprintf("seed %d", seed)}
}

func open(t testing.TB, home string) *registry.DB {
	t.Helper()
	db, err := registry.Open(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// plan queues the trials.
func plan(t testing.TB, db *registry.DB, trials ...registry.Trial) []registry.Trial {
	t.Helper()
	sweep := registry.Sweep{Handle: "test", Name: "test"}
	for _, k := range trials {
		sweep.Members = append(sweep.Members, registry.Member{ID: k.ID, Spec: k.Spec, Label: k.Label})
	}
	if err := db.Plan(context.Background(), sweep); err != nil {
		t.Fatal(err)
	}
	return trials
}

func mustRun(t *testing.T, db *registry.DB, trials []registry.Trial, o Options) Result {
	t.Helper()
	result, err := Run(context.Background(), db, trials, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func last(t *testing.T, db *registry.DB, id string) map[string]float64 {
	t.Helper()
	all, err := db.Summary(context.Background(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for metric, s := range all[id] {
		values[metric] = s.Last
	}
	return values
}

func newest(t *testing.T, db *registry.DB, id string) registry.Trial {
	t.Helper()
	trials, err := db.Trials(context.Background(), registry.Query{IDs: []string{id}})
	if err != nil || len(trials) != 1 {
		t.Fatal(err, trials)
	}
	return trials[0]
}

func TestProgramsReportAndAreNotRunTwice(t *testing.T) {
	home := t.TempDir()
	db := open(t, home)
	trials := plan(t, db,
		shell(`echo '{"metric": "acc", "value": 0.5, "step": 10}'; echo '{"metric": "acc", "value": NaN, "step": 5}'
			echo 'just words {'; echo '{"metric": 3}'; echo "$1 $2" >&2`, 1),
		shell(`echo '{"metric": "acc", "value": 0.1}' >> "$HARNESS_EVENTS"; echo garbage >> "$HARNESS_EVENTS"
			printf '{"metric": "acc", "value": 0.75}' >> "$HARNESS_EVENTS"; cat "$HARNESS_CONFIG"`, 2))
	var out bytes.Buffer
	if r := mustRun(t, db, trials, Options{Out: &out, Display: Plain}); r.Done != 2 || r.Before != 0 {
		t.Fatalf("%+v\n%s", r, &out)
	}
	if v := last(t, db, trials[0].ID); v["acc"] != 0.5 {
		t.Error(v)
	}
	if v := last(t, db, trials[1].ID); v["acc"] != 0.75 {
		t.Error(v)
	}
	log, _ := os.ReadFile(logPath(db.AttemptDir(trials[0].ID, 1)))
	if want := "--lr=0.1 --seed=1"; !strings.Contains(string(log), want) || !strings.Contains(string(log), "just words {") {
		t.Errorf("the log lacks %q:\n%s", want, log)
	}
	log, _ = os.ReadFile(logPath(db.AttemptDir(trials[1].ID, 1)))
	if !strings.Contains(string(log), "line 2 of the events file is not recorded: ") || !strings.Contains(string(log), `"seed": 2`) {
		t.Errorf("the log:\n%s", log)
	}
	if r := mustRun(t, db, trials, Options{}); r.Done != 2 || r.Before != 2 {
		t.Errorf("the second call: %+v", r)
	}
	if numbers, _ := registry.AttemptNumbers(home, trials[0].ID); len(numbers) != 1 {
		t.Errorf("attempts %v", numbers)
	}
}

func TestFailures(t *testing.T) {
	db := open(t, t.TempDir())
	marker := filepath.Join(t.TempDir(), "marker")
	trials := plan(t, db,
		shell(`echo '{"metric": "acc", "value": 1}'; echo "ValueError: bad lr" >&2; exit 3`, 1),
		shell(`true`, 2),
		shell(`kill -9 $$`, 3),
		shell(`test -e `+marker+` && exit 0; touch `+marker+`; kill -9 $$`, 4),
		shell(`echo "MemoryError" >&2; exit 1`, 6),
		program(0, "", "/no/such/program"))
	o := Options{Retries: 1, Parallel: 2, Backoff: time.Millisecond}
	r := mustRun(t, db, trials, o)
	if r.Done != 2 || r.Failed != 4 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []struct {
		class    journal.Class
		reason   string
		attempts int
	}{
		{journal.ClassError, "exit status 3: ValueError: bad lr", 1},
		{"", "", 1},
		{journal.ClassKilled, "it was ended by a signal: killed", 2},
		{"", "", 2},
		{journal.ClassMemory, "MemoryError", 2},
		{journal.ClassError, "fork/exec /no/such/program: no such file or directory", 1},
	} {
		got := newest(t, db, trials[i].ID)
		if got.Newest.Class != want.class || got.Newest.Error != want.reason || got.Attempt != want.attempts {
			t.Errorf("trial %d: class %q, attempt %d, error %q; want %+v", i, got.Newest.Class, got.Attempt, got.Newest.Error, want)
		}
	}
	// They have had their tries: another call leaves them alone, until they are to be done anew.
	if r := mustRun(t, db, trials, o); r.Failed != 4 {
		t.Fatalf("%+v", r)
	}
	for i, want := range []int{1, 1, 2, 2, 2, 1} {
		if got := newest(t, db, trials[i].ID); got.Attempt != want {
			t.Errorf("trial %d has %d attempts after another call, want %d", i, got.Attempt, want)
		}
	}
	if err := db.Redo(context.Background(), []string{trials[2].ID}); err != nil {
		t.Fatal(err)
	}
	mustRun(t, db, trials, o)
	if got := newest(t, db, trials[2].ID); got.Attempt != 4 {
		t.Errorf("after redo: attempt %d, want 4: the tries count anew", got.Attempt)
	}
}

func TestTimeout(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db, shell(`sleep 60`, 1), shell(`trap '' TERM; while true; do sleep 1; done`, 2))
	o := Options{Timeout: 200 * time.Millisecond, Grace: 100 * time.Millisecond, Retries: 1}
	mustRun(t, db, trials, o)
	mustRun(t, db, trials, o) // a timeout is not tried again, in no call
	for i, k := range trials {
		got := newest(t, db, k.ID)
		if got.Attempt != 1 || got.Newest.Class != journal.ClassTimeout || got.Newest.Error != "stopped after the timeout of 200ms" {
			t.Errorf("trial %d: attempt %d, %q, %q", i, got.Attempt, got.Newest.Class, got.Newest.Error)
		}
	}
}

func TestMaxFailures(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db, shell("exit 1", 1), shell("exit 1", 2), shell("true", 3))
	r := mustRun(t, db, trials, Options{MaxFailures: 2, Parallel: 1})
	if r.Failed != 2 || r.Queued != 1 || !errors.Is(r.Stopped, ErrTooManyFailures) {
		t.Errorf("%+v", r)
	}
}

// whenSeen calls then when an attempt's journal holds the text.
func whenSeen(dir, text string, then func()) {
	for {
		data, _ := os.ReadFile(filepath.Join(dir, journal.FileName))
		if strings.Contains(string(data), text) {
			then()
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// interruptible notes its step when it is asked to stop, and goes on from it.
const interruptible = `cd "$HARNESS_TRIAL_DIR/.."; step=$(cat step 2>/dev/null || echo 0)
	test $step = 0 || echo "{\"resumed\": $step}"
	trap 'echo $step > step; exit 0' TERM
	while [ $step -lt 20 ]; do step=$((step+1)); echo "{\"metric\": \"loss\", \"value\": $step, \"step\": $step, \"total\": 20}"; sleep 0.05; done`

func TestInterruptAndGoOn(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db, shell(interruptible, 1), shell("true", 2))
	ctx, cancel := context.WithCancel(context.Background())
	go whenSeen(db.AttemptDir(trials[0].ID, 1), `"k":"point"`, cancel)
	r, err := Run(ctx, db, trials, Options{Parallel: 1, Grace: 5 * time.Second})
	if err != nil || r.Interrupted != 1 || r.Queued != 1 || !errors.Is(r.Stopped, context.Canceled) {
		t.Fatalf("%+v %v", r, err)
	}
	r = mustRun(t, db, trials, Options{Parallel: 1})
	if r.Done != 2 || newest(t, db, trials[0].ID).Attempt != 2 {
		t.Fatalf("%+v", r)
	}
	points, err := db.Points(context.Background(), trials[0].ID, "loss")
	if err != nil || len(points) != 20 {
		t.Errorf("points %v, %v", points, err)
	}
}

func TestKillInsteadOfWaiting(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db, shell(`trap '' TERM; echo '{"step": 1, "total": 2}'; while true; do sleep 1; done`, 1))
	ctx, cancel := context.WithCancel(context.Background())
	kill := make(chan struct{})
	go whenSeen(db.AttemptDir(trials[0].ID, 1), `"k":"progress"`, func() {
		cancel()
		time.AfterFunc(100*time.Millisecond, func() { close(kill) })
	})
	began := time.Now()
	r, err := Run(ctx, db, trials, Options{Grace: time.Minute, Kill: kill})
	if err != nil || r.Interrupted != 1 || time.Since(began) > 10*time.Second {
		t.Fatalf("%+v %v after %s", r, err, time.Since(began))
	}
}

// TestTwoSweepsShare runs the same trials from two calls at once: each trial runs once.
func TestTwoSweepsShare(t *testing.T) {
	home := t.TempDir()
	var trials []registry.Trial
	for seed := range int64(6) {
		trials = append(trials, shell(`sleep 0.1; echo '{"metric": "acc", "value": 1}'`, seed))
	}
	plan(t, open(t, home), trials...)
	results := make(chan Result, 2)
	for range 2 {
		db := open(t, home)
		go func() {
			r, err := Run(context.Background(), db, trials, Options{Parallel: 2})
			if err != nil {
				t.Error(err)
			}
			results <- r
		}()
	}
	for range 2 {
		if r := <-results; r.Done != 6 {
			t.Errorf("%+v", r)
		}
	}
	for _, k := range trials {
		if numbers, _ := registry.AttemptNumbers(home, k.ID); len(numbers) != 1 {
			t.Errorf("%s has attempts %v", k.Label, numbers)
		}
	}
}

// TestOrphanIsEnded leaves a process with a trial's lock behind, whose sweep is gone.
func TestOrphanIsEnded(t *testing.T) {
	dir := t.TempDir()
	// The shell takes the lock with flock(1) and ends; its child keeps the lock.
	cmd := exec.Command("sh", "-c", `exec 9>"$1/lock"; flock 9; sleep 100 >/dev/null 2>&1 & echo $!`, "sh", dir)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("no flock program: %v", err)
	}
	if !Claimed(dir) {
		t.Fatal("the orphan does not hold the lock")
	}
	c, err := claimTrial(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	var pid int
	fmt.Sscan(string(out), &pid)
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(stat), ") Z ") {
		syscall.Kill(pid, syscall.SIGKILL)
		t.Errorf("the orphan lives: %s", stat)
	}
}

func TestLostAttemptIsSettled(t *testing.T) {
	home := t.TempDir()
	db := open(t, home)
	k := shell(`echo '{"metric": "acc", "value": 1, "step": 1}'`, 1)
	plan(t, db, k)
	number, dir, err := registry.NewAttempt(home, k.ID, k.Spec, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.Start(journal.Start{Trial: k.ID, Attempt: number, Purpose: journal.PurposeRun, Spec: k.Spec.Canonical()})
	w.Point("acc", 0, 0.5)
	w.Sync() // and then it is killed, in the middle of a line
	file, _ := os.OpenFile(filepath.Join(dir, journal.FileName), os.O_WRONLY|os.O_APPEND, 0)
	file.WriteString("00000000 {\"q\":3")
	file.Close()
	if r := mustRun(t, db, []registry.Trial{k}, Options{}); r.Done != 1 {
		t.Fatalf("%+v", r)
	}
	attempts, err := db.Attempts(context.Background(), k.ID)
	if err != nil || len(attempts) != 2 || attempts[0].State != registry.Interrupted {
		t.Errorf("%+v %v", attempts, err)
	}
	points, _ := db.Points(context.Background(), k.ID, "acc")
	if len(points) != 1 { // those of the attempt that finished
		t.Errorf("points %v", points)
	}
}

// TestDeletedAttempt removes the folder of an attempt that the registry takes for running.
func TestDeletedAttempt(t *testing.T) {
	home := t.TempDir()
	db := open(t, home)
	k := shell(`echo '{"metric": "acc", "value": 1, "step": 1}'`, 1)
	plan(t, db, k)
	number, dir, err := registry.NewAttempt(home, k.ID, k.Spec, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	w.Start(journal.Start{Trial: k.ID, Attempt: number, Purpose: journal.PurposeRun, Spec: k.Spec.Canonical()})
	w.Close()
	if _, err := db.CatchUp(context.Background(), k.ID); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(db.TrialDir(k.ID)); err != nil {
		t.Fatal(err)
	}
	if r := mustRun(t, db, []registry.Trial{k}, Options{}); r.Done != 1 {
		t.Errorf("%+v", r)
	}
}

// TestRetriesOfTwoSweeps: in the pause before a retry another sweep has run the trial; it was run once more, and where the other sweep
// was killed, its attempt was never closed.
func TestRetriesOfTwoSweeps(t *testing.T) {
	home, marker := t.TempDir(), filepath.Join(t.TempDir(), "marker")
	db, other := open(t, home), open(t, home)
	k := plan(t, db, shell(`if test -e `+marker+`; then echo '{"metric": "acc", "value": 1}'; else touch `+marker+`; kill -9 $$; fi`, 1))[0]
	first := make(chan Result, 1)
	go func() {
		r, err := Run(context.Background(), db, []registry.Trial{k}, Options{Retries: 1, Backoff: time.Second})
		if err != nil {
			t.Error(err)
		}
		first <- r
	}()
	for newest(t, other, k.ID).State != registry.Failed || Claimed(other.TrialDir(k.ID)) {
		time.Sleep(5 * time.Millisecond)
	}
	if r := mustRun(t, other, []registry.Trial{k}, Options{Retries: 1}); r.Done != 1 || r.Before != 0 {
		t.Errorf("the other sweep: %+v", r)
	}
	if r := <-first; r.Done != 1 {
		t.Errorf("the first sweep: %+v", r)
	}
	if got := newest(t, other, k.ID); got.Attempt != 2 {
		t.Errorf("%d attempts, want 2", got.Attempt)
	}
}
