package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"harness/registry"
	"harness/registry/journal"
)

// taskMain is the process of a task: it reads what to do from a file, ends at SIGTERM, is cut at SIGUSR1 and prints how it ended.
func taskMain(path string) int {
	var do taskFile
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &do)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	signals, cut := make(chan os.Signal, 1), make(chan Cut, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		<-signals
		cut <- CutLimit
	}()
	o := TaskOptions{Options: Options{Retries: do.Retries, Backoff: 10 * time.Millisecond, Grace: 5 * time.Second, Guardian: guardian}, Job: "7_1", Cut: cut}
	end, err := RunTask(ctx, do.Home, do.Task, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	_ = json.NewEncoder(os.Stdout).Encode(end)
	return 0
}

type taskFile struct {
	Home    string
	Task    Task
	Retries int
}

// startedTask is a task that runs in a process of its own.
type startedTask struct {
	cmd *exec.Cmd
	out strings.Builder
}

func startTask(t *testing.T, home string, k registry.Trial, retries int) *startedTask {
	t.Helper()
	data, err := json.Marshal(taskFile{home, Task{ID: k.ID, Label: k.Label, Spec: k.Spec}, retries})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "task.json")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	s := &startedTask{cmd: exec.Command("/proc/self/exe")}
	s.cmd.Env = append(os.Environ(), "RUNNER_TEST_TASK="+path)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, os.Stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	return s
}

func (s *startedTask) end(t *testing.T) TaskEnd {
	t.Helper()
	if err := s.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	var end TaskEnd
	if err := json.Unmarshal([]byte(s.out.String()), &end); err != nil {
		t.Fatalf("%v: %q", err, s.out.String())
	}
	return end
}

// until waits until a file is there.
func until(t *testing.T, path string) {
	t.Helper()
	for range 1000 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s does not come", path)
}

// slowly goes on from its checkpoint, and ends once the file go lies in the folder in which it works.
const slowly = `cd "$HARNESS_TRIAL_DIR"
trap 'echo $step > checkpoint; exit 143' TERM
step=0
if test -e checkpoint; then step=$(cat checkpoint); echo "{\"resumed\": $step}"; fi
step=$((step + 1)); echo "{\"metric\": \"acc\", \"value\": $step, \"step\": $step}"
touch began-$HARNESS_ATTEMPT
while test ! -e go; do sleep 0.02; done`

func TestATaskRunsItsTrialWithoutTheRegistry(t *testing.T) {
	home := t.TempDir()
	k := shell(`echo '{"metric": "acc", "value": 0.5}'; test $HARNESS_ATTEMPT = 3 || kill -9 $$`, 1)
	if end := startTask(t, home, k, 2).end(t); end.Outcome != TaskDone || end.Attempt != 3 {
		t.Fatalf("%+v", end)
	}
	if _, err := os.Stat(filepath.Join(home, "registry.db")); err == nil {
		t.Error("the task has opened the registry")
	}
	db := open(t, home) // it takes the journals
	if got := newest(t, db, k.ID); got.State != registry.Done || got.Result != 3 || last(t, db, k.ID)["acc"] != 0.5 {
		t.Errorf("%+v", got)
	}
	if end := startTask(t, home, k, 2).end(t); end.Outcome != TaskDone || end.Attempt != 3 {
		t.Errorf("a second task of a trial that is done: %+v", end)
	}
	if numbers, _ := registry.AttemptNumbers(home, k.ID); len(numbers) != 3 {
		t.Errorf("attempts %v", numbers)
	}
	failing := shell("exit 9", 2)
	if end := startTask(t, home, failing, 2).end(t); end.Outcome != TaskFailed || end.Attempt != 1 || end.Reason != "exit status 9" {
		t.Errorf("%+v", end)
	}
}

func TestATaskIsStoppedAndGoesOn(t *testing.T) {
	home := t.TempDir()
	k := shell(slowly, 1)
	files := filepath.Join(home, "trials", k.ID, "files")

	task := startTask(t, home, k, 0)
	until(t, filepath.Join(files, "began-1"))
	if at, who, err := registry.LastBeat(filepath.Join(home, "trials", k.ID, "1")); err != nil || time.Since(at) > time.Minute || who.Job != "7_1" {
		t.Errorf("the heartbeat: %v %+v %v", at, who, err)
	}
	_ = task.cmd.Process.Signal(syscall.SIGUSR1)
	if end := task.end(t); end.Outcome != TaskInterrupted || !end.Requeue || end.Reason != string(CutLimit) {
		t.Errorf("cut: %+v", end)
	}
	if at, _, err := registry.LastBeat(filepath.Join(home, "trials", k.ID, "1")); err != nil || !at.IsZero() {
		t.Errorf("the heart of an attempt that has ended: %v %v", at, err)
	}

	task = startTask(t, home, k, 0)
	until(t, filepath.Join(files, "began-2"))
	_ = task.cmd.Process.Signal(syscall.SIGTERM)
	if end := task.end(t); end.Outcome != TaskInterrupted || end.Requeue {
		t.Errorf("stopped: %+v", end)
	}

	task = startTask(t, home, k, 0)
	until(t, filepath.Join(files, "began-3"))
	if err := Cancel(filepath.Join(home, "trials", k.ID)); err != nil {
		t.Fatal(err)
	}
	if end := task.end(t); end.Outcome != TaskCanceled {
		t.Errorf("canceled: %+v", end)
	}

	if err := os.WriteFile(filepath.Join(files, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if end := startTask(t, home, k, 0).end(t); end.Outcome != TaskDone || end.Attempt != 4 {
		t.Errorf("%+v", end)
	}
	db := open(t, home)
	points, err := db.Points(context.Background(), k.ID, "acc")
	if err != nil || len(points) != 4 || points[3].Step != 4 {
		t.Errorf("the curve of four attempts: %v %v", points, err)
	}
}

func TestAProgramThatNeverGoesOnIsNotRunForEver(t *testing.T) {
	home := t.TempDir()
	k := shell(`cd "$HARNESS_TRIAL_DIR"; touch began-$HARNESS_ATTEMPT; exec sleep 30`, 1)
	var end TaskEnd
	for n := 1; n <= 2; n++ {
		task := startTask(t, home, k, 0)
		until(t, filepath.Join(home, "trials", k.ID, "files", fmt.Sprint("began-", n)))
		_ = task.cmd.Process.Signal(syscall.SIGUSR1)
		end = task.end(t)
	}
	if end.Outcome != TaskFailed || end.Reason != noProgress {
		t.Errorf("%+v", end)
	}
}

// Two tasks run a trial at once, as when a scheduler has lost sight of a machine.
func TestTheNewerOfTwoTasksHasTheTrial(t *testing.T) {
	home := t.TempDir()
	k := shell(slowly, 1)
	trial := filepath.Join(home, "trials", k.ID)
	files := filepath.Join(trial, "files")
	first := startTask(t, home, k, 3)
	until(t, filepath.Join(files, "began-1"))
	second := startTask(t, home, k, 3)
	if end := first.end(t); end.Outcome != TaskSuperseded {
		t.Errorf("the older: %+v", end)
	}
	until(t, filepath.Join(files, "began-2"))
	if p, err := pastOf(filepath.Join(trial, "1"), 1); err != nil || !p.over || p.done || p.reason != "superseded by attempt 2" {
		t.Errorf("%+v %v", p, err)
	}
	if err := os.WriteFile(filepath.Join(files, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if end := second.end(t); end.Outcome != TaskDone || end.Attempt != 2 {
		t.Errorf("the newer: %+v", end)
	}
	db := open(t, home)
	if got := newest(t, db, k.ID); got.Result != 2 || got.Attempt != 2 {
		t.Errorf("%+v", got)
	}
}

// An attempt that only seems to be gone may still write: what it writes after it was cut off does not count.
func TestWhatIsCutOffDoesNotCount(t *testing.T) {
	home := t.TempDir()
	k := shell("true", 1)
	_, dir, err := registry.NewAttempt(home, k.ID, k.Spec, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	start := journal.Start{Trial: k.ID, Attempt: 1, Purpose: journal.PurposeRun, Spec: k.Spec.Canonical()}
	if err := w.Start(start); err != nil {
		t.Fatal(err)
	}
	if err := journal.Cut(dir, journal.Exit{Code: -1, Class: journal.ClassInterrupted, Error: "superseded by attempt 2"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Point("acc", 1, 1); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(&journal.End{Outcome: journal.Done}, journal.Exit{}, nil); err != nil {
		t.Fatal(err)
	}
	if p, err := pastOf(dir, 1); err != nil || p.done || len(p.metrics) > 0 || p.reason != "superseded by attempt 2" {
		t.Errorf("%+v %v", p, err)
	}
}

// A task whose machine went down leaves a heartbeat that does not beat.
func TestATaskDoesNotWaitForTheDead(t *testing.T) {
	home := t.TempDir()
	k := shell(slowly, 1)
	files := filepath.Join(home, "trials", k.ID, "files")
	first := startTask(t, home, k, 0)
	until(t, filepath.Join(files, "began-1"))
	_ = first.cmd.Process.Kill()
	_ = first.cmd.Wait()
	if at, _, err := registry.LastBeat(filepath.Join(home, "trials", k.ID, "1")); err != nil || at.IsZero() {
		t.Fatal("the killed task left no heartbeat", err)
	}
	if err := os.WriteFile(filepath.Join(files, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if end := startTask(t, home, k, 0).end(t); end.Outcome != TaskDone || end.Attempt != 2 || time.Since(began) > registry.Silence/2 {
		t.Errorf("%+v after %s", end, time.Since(began))
	}
}
