package runner

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"harness/registry"
)

// TestMain lets the test binary be the guard of a sweep, a sweep that is to be killed, and a built-in trial.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("RUNNER_TEST_GUARD") != "":
		Guard(os.Stdin)
		os.Exit(0)
	case os.Getenv("RUNNER_TEST_SWEEP") != "":
		sweepToKill(os.Getenv("RUNNER_TEST_SWEEP"))
		os.Exit(0)
	case os.Getenv("RUNNER_TEST_TASK") != "":
		os.Exit(taskMain(os.Getenv("RUNNER_TEST_TASK")))
	case os.Getenv("RUNNER_TEST_TRIAL") != "":
		os.Exit(fakeTrial(os.Getenv("RUNNER_TEST_TRIAL")))
	}
	os.Exit(m.Run())
}

func guardian() *exec.Cmd {
	if slow, err := time.ParseDuration(os.Getenv("RUNNER_TEST_SLOW_GUARD")); err == nil {
		time.Sleep(slow)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "RUNNER_TEST_GUARD=1")
	return cmd
}

// hiding starts workers that do what they can to outlive their parent: sessions of their own, no descriptors, no
// environment. They write their numbers into the trial's folder.
const hiding = `cd "$HARNESS_TRIAL_DIR"
	worker='echo $$ >> workers; exec sleep 100'
	(exec setsid sh -c "$worker" 0<&- 1>&- 2>&- 3<&-) &
	(exec setsid sh -c "$worker; true" 0<&- 1>&- 2>&- 3<&- & ) &
	(exec env -i PATH="$PATH" setsid sh -c "$worker" 0<&- 1>&- 2>&- 3<&-) &
	sh -c "$worker" 0<&- 1>&- 2>&- 3<&- &
	sh -c "$worker" &
	while [ "$(grep -c . workers 2>/dev/null)" != 5 ]; do sleep 0.01; done
	echo '{"metric": "acc", "value": 1}'
	`

// workers reads the processes that a trial has started.
func workers(t *testing.T, files string) []int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(files, "workers"))
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for word := range strings.FieldsSeq(string(data)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// alive reports whether a process runs; one that has ended and was not yet waited for does not.
func alive(pid int) bool {
	state, _, ok := statOf(pid)
	return ok && state != 'Z'
}

func checkGone(t *testing.T, pids []int) {
	t.Helper()
	if len(pids) == 0 {
		t.Error("no worker has started")
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("worker %d lives: %v", pid, stat(pid))
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// TestNoDescendantOutlivesItsTrial: however a trial ends, what it has started ends with it.
func TestNoDescendantOutlivesItsTrial(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid program")
	}
	db := open(t, t.TempDir())
	trials := plan(t, db, shell(hiding+"true", 1), shell(hiding+"exit 1", 2), shell(hiding+"kill -9 $$", 3), shell(hiding+"sleep 100", 4))
	if r := mustRun(t, db, trials[:3], Options{Parallel: 1, StopAfter: -1, Guardian: guardian}); r.Done != 1 || r.Failed != 2 {
		t.Errorf("%+v", r)
	}
	if r := mustRun(t, db, trials[3:], Options{Timeout: 2 * time.Second}); r.Failed != 1 {
		t.Errorf("%+v", r)
	}
	for _, k := range trials {
		pids := workers(t, db.FilesDir(k.ID))
		checkGone(t, pids)
		for _, pid := range pids {
			if state, _, ok := statOf(pid); ok && state == 'Z' {
				t.Errorf("worker %d is a zombie", pid)
			}
		}
	}
	// Several at a time: each ends its own only, and in the end none is left.
	db = open(t, t.TempDir())
	trials = plan(t, db, shell(hiding+"sleep 0.1", 5), shell(hiding+`sleep 0.5; for p in $(cat workers); do kill -0 $p || exit 7; done`, 6))
	if r := mustRun(t, db, trials, Options{Parallel: 2}); r.Done != 2 {
		t.Errorf("%+v %s", r, newest(t, db, trials[1].ID).Newest.Error)
	}
	for _, k := range trials {
		checkGone(t, workers(t, db.FilesDir(k.ID)))
	}
}

// sweepToKill runs a trial that never ends.
func sweepToKill(home string) {
	db, err := registry.Open(context.Background(), home)
	if err != nil {
		panic(err)
	}
	o := Options{Grace: time.Second}
	if os.Getenv("RUNNER_TEST_NO_GUARD") == "" {
		o.Guardian = guardian
	}
	_, _ = Run(context.Background(), db, []registry.Trial{shell(hiding+"sleep 100", 1)}, o)
}

// killSweep starts a sweep, kills it with SIGKILL when its workers run, and returns those.
func killSweep(t *testing.T, home string, db *registry.DB, env ...string) []int {
	t.Helper()
	k := plan(t, db, shell(hiding+"sleep 100", 1))[0]
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(append(os.Environ(), "RUNNER_TEST_SWEEP="+home), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	whenSeen(db.AttemptDir(k.ID, 1), `"k":"point"`, func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	pids := workers(t, db.FilesDir(k.ID))
	t.Cleanup(func() {
		for _, pid := range pids {
			if alive(pid) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	})
	return pids
}

// TestKilledSweepLeavesNothing kills a sweep with SIGKILL: its guard ends all that it had started, and then itself. No
// trial starts before a guard that takes its time.
func TestKilledSweepLeavesNothing(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid program")
	}
	for _, slow := range []string{"0s", "700ms"} {
		home := t.TempDir()
		pids := killSweep(t, home, open(t, home), "RUNNER_TEST_SLOW_GUARD="+slow)
		deadline := time.Now().Add(20 * time.Second)
		for time.Now().Before(deadline) && living(pids) > 1 {
			time.Sleep(5 * time.Millisecond)
		}
		if left := living(pids); left > 1 { // the one without environment, in a session of its own, cannot be found
			t.Errorf("guard after %s: %d of %d workers live", slow, left, len(pids))
		}
	}
}

// living counts the processes that run.
func living(pids []int) (count int) {
	for _, pid := range pids {
		if alive(pid) {
			count++
		}
	}
	return count
}

// TestLeftoversAreEnded kills a sweep that has no guard. The next sweep ends what is left of the trial, though it holds no
// lock any more, before it starts it again.
func TestLeftoversAreEnded(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("no setsid program")
	}
	home := t.TempDir()
	db := open(t, home)
	pids := killSweep(t, home, db, "RUNNER_TEST_NO_GUARD=1")
	if living(pids) < 2 {
		t.Fatal("nothing was left to be ended")
	}
	k := shell(hiding+"sleep 100", 1)
	files := db.FilesDir(k.ID)
	os.Rename(filepath.Join(files, "workers"), filepath.Join(files, "old"))
	mustRun(t, db, []registry.Trial{k}, Options{Timeout: 300 * time.Millisecond})
	if left := living(pids); left > 1 { // the one without environment
		t.Errorf("%d of %d workers live", left, len(pids))
	}
}

func TestGuardEndsWithTheSweep(t *testing.T) {
	if n := Guard(strings.NewReader("sweep x\n+1\n+2000000000\nbye\n+3\n")); n != 0 {
		t.Error(n)
	}
	if n := Guard(strings.NewReader("")); n != 0 {
		t.Error(n)
	}
	cmd := exec.Command("sleep", "100")
	cmd.Env = append(os.Environ(), SweepMark+"=outer:this-one")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for { // until it is sleep
		if environment, _ := environmentOf(cmd.Process.Pid); valueOf(environment, SweepMark) == "outer:this-one" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if n := Guard(strings.NewReader("sweep this-one\n")); n != 1 {
		t.Error(n, "were ended")
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("it lives")
	}
}

// BenchmarkNothingLeft is what looking for descendants costs where there are none.
func BenchmarkNothingLeft(b *testing.B) {
	s := newSpawner()
	defer s.close()
	for b.Loop() {
		s.endStrays(1<<30, "/nowhere")
	}
}
