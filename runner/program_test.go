package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"harness/registry"
	"harness/registry/journal"
)

// notes reads the notes of a trial by key.
func notes(t *testing.T, db *registry.DB, id string) map[string]string {
	t.Helper()
	all, err := db.Notes(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, n := range all {
		texts[n.Key] += n.Text
	}
	return texts
}

func readLog(t *testing.T, db *registry.DB, id string, attempt int) string {
	t.Helper()
	log, err := os.ReadFile(logPath(db.AttemptDir(id, attempt)))
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

func needPython(t *testing.T) {
	t.Helper()
	if interpreter() == "" {
		t.Skip("no Python on PATH")
	}
}

func TestEnvironment(t *testing.T) {
	for _, name := range []string{"OMP_NUM_THREADS", "PYTHONUNBUFFERED"} {
		t.Setenv(name, "") // so that it is restored
		os.Unsetenv(name)
	}
	db := open(t, t.TempDir())
	work := t.TempDir()
	script := `test "$HARNESS_TRIAL_DIR" = "$1" -a "$HARNESS_ATTEMPT_DIR" = "$2" -a -d "$1" -a -d "$2" || exit 1
		echo "{\"note\": \"dir\", \"text\": \"$(pwd)\"}"
		for v in HARNESS_TRIAL HARNESS_ATTEMPT HARNESS_SEED HARNESS_THREADS OMP_NUM_THREADS PYTHONUNBUFFERED; do
			eval "echo \"{\\\"note\\\": \\\"$v\\\", \\\"text\\\": \\\"\$$v\\\"}\""
		done
		grep -q '"seed": 0' "$HARNESS_CONFIG" && test "$HARNESS_CONFIG" = "$3" -a "$HARNESS_EVENTS" = "$4"`
	k := program(0, `{"lr":1}`, "sh", "-c", script, "sh", "${trial_dir}", "${attempt_dir}", "${config}", "${events}")
	r := mustRun(t, db, plan(t, db, k), Options{Dir: work, Threads: 3})
	if r.Done != 1 {
		t.Fatalf("%+v %s", r, newest(t, db, k.ID).Newest.Error)
	}
	work, _ = filepath.EvalSymlinks(work)
	got := notes(t, db, k.ID)
	for key, want := range map[string]string{"dir": work, "HARNESS_TRIAL": k.ID, "HARNESS_ATTEMPT": "1", "HARNESS_SEED": "0",
		"HARNESS_THREADS": "3", "OMP_NUM_THREADS": "3", "PYTHONUNBUFFERED": "1"} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}

// TestSeedZeroIsTold: every value of seeds is told, 0 too.
func TestSeedZeroIsTold(t *testing.T) {
	db := open(t, t.TempDir())
	var trials []registry.Trial
	for seed := range int64(3) {
		trials = append(trials, program(seed, `{"lr":0.1}`, "sh", "-c",
			`case "$2" in --seed=*) echo "{\"metric\": \"seed_used\", \"value\": $${2#--seed=}}";; *) exit 1;; esac`, "sh", "${args}"))
	}
	mustRun(t, db, plan(t, db, trials...), Options{})
	for seed, k := range trials {
		if v := last(t, db, k.ID); v["seed_used"] != float64(seed) || len(v) != 1 {
			t.Errorf("seed %d: %v", seed, v)
		}
	}
}

// TestStoppedIsNotDone asks programs to stop that leave politely, with exit status 0.
func TestStoppedIsNotDone(t *testing.T) {
	const polite = `trap 'exit 0' TERM; i=0; while true; do i=$((i+1)); echo "{\"metric\": \"acc\", \"value\": $i}"; sleep 0.02; done`
	db := open(t, t.TempDir())
	trials := plan(t, db, shell(polite, 1), shell(polite, 2), shell(polite, 3))
	mustRun(t, db, trials[:1], Options{Timeout: 200 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	go whenSeen(db.AttemptDir(trials[1].ID, 1), `"k":"point"`, cancel)
	if r, err := Run(ctx, db, trials[1:2], Options{}); err != nil || r.Interrupted != 1 {
		t.Errorf("%+v %v", r, err)
	}
	go whenSeen(db.AttemptDir(trials[2].ID, 1), `"k":"point"`, func() {
		os.WriteFile(filepath.Join(db.TrialDir(trials[2].ID), CancelName), nil, 0o644)
	})
	if r := mustRun(t, db, trials[2:], Options{}); r.Interrupted != 1 || r.Stopped != nil {
		t.Errorf("canceled: %+v", r)
	}
	for i, want := range []struct {
		state registry.State
		class journal.Class
	}{{registry.Failed, journal.ClassTimeout}, {registry.Interrupted, ""}, {registry.Interrupted, ""}} {
		got := newest(t, db, trials[i].ID)
		if got.State != want.state || want.class != "" && got.Newest.Class != want.class || got.Attempt != 1 {
			t.Errorf("trial %d: %s, %q, attempt %d; want %+v", i, got.State, got.Newest.Class, got.Attempt, want)
		}
	}
	if _, err := os.Stat(filepath.Join(db.TrialDir(trials[2].ID), CancelName)); err == nil {
		t.Error("the request to cancel is left")
	}
	// What was canceled goes on in the next call, even where the request came too late for the last one.
	os.WriteFile(filepath.Join(db.TrialDir(trials[2].ID), CancelName), nil, 0o644)
	mustRun(t, db, trials[2:], Options{Timeout: 300 * time.Millisecond})
	if got := newest(t, db, trials[2].ID); got.Attempt != 2 || got.Newest.Class != journal.ClassTimeout {
		t.Errorf("attempt %d, %q", got.Attempt, got.Newest.Class)
	}
}

// TestCrashedAttemptDoesNotCount: the attempt that finished gives the numbers, not the one that got further.
func TestCrashedAttemptDoesNotCount(t *testing.T) {
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`if [ $HARNESS_ATTEMPT = 1 ]; then n=9; v=0.9; else n=4; v=0.1; fi
		for s in $(seq 0 $n); do echo "{\"metric\": \"acc\", \"value\": $v, \"step\": $s}"; done
		[ $HARNESS_ATTEMPT = 1 ] && kill -9 $$; echo '{"metric": "final", "value": 0.104}'`, 1))[0]
	r := mustRun(t, db, []registry.Trial{k}, Options{Retries: 1, Backoff: time.Millisecond, Metrics: []string{"acc", "final"}})
	if v := last(t, db, k.ID); r.Done != 1 || v["acc"] != 0.1 || v["final"] != 0.104 {
		t.Errorf("%+v %v", r, v)
	}
}

// TestResumed: a program that says that it resumed keeps the points of the attempt before, and one that has nothing left
// to do is done.
func TestResumed(t *testing.T) {
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`cd "$HARNESS_TRIAL_DIR"
		if [ -e ckpt ]; then echo '{"resumed": 3}'; echo '{"metric": "acc", "value": 4, "step": 4}'; echo '{"resumed": true}'; exit 0; fi
		for s in 1 2 3; do echo "{\"metric\": \"acc\", \"value\": $s, \"step\": $s}"; done
		echo '{"metric": "early", "value": 1}'; touch ckpt; sleep 0.3; kill -9 $$`, 1))[0]
	mustRun(t, db, []registry.Trial{k}, Options{Retries: 1, Backoff: time.Millisecond, Metrics: []string{"early"}})
	points, err := db.Points(context.Background(), k.ID, "acc")
	if err != nil || len(points) != 4 {
		t.Errorf("%v %v", points, err)
	}
	got := newest(t, db, k.ID)
	if got.State != registry.Done {
		t.Errorf("%s: %s", got.State, got.Newest.Error)
	}
	if text := notes(t, db, k.ID)["ignored"]; !strings.Contains(text, `"resumed" comes after the first metric`) {
		t.Errorf("ignored: %q", text)
	}
}

// TestLogLinesStayWhole lets a program flush in the middle of a line behind one that is not recorded, as Python's buffers do.
func TestLogLinesStayWhole(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db, shell(`printf '{"metric": "a", "value": true}\nhalf a '; sleep 0.3; printf 'line\n{"metric": "b", "value": null}\nthe end'`, 1))
	mustRun(t, db, trials, Options{})
	said := strings.Split(readLog(t, db, trials[0].ID, 1), "\n")
	for i := range said {
		said[i], _, _ = strings.Cut(said[i], " of stdout")
	}
	want := []string{`{"metric": "a", "value": true}`, "half a line", "harness: line 1", `{"metric": "b", "value": null}`, "the end", "harness: line 3", ""}
	if !slices.Equal(said, want) {
		t.Errorf("the log says %q, want %q", said, want)
	}
}

func TestMissingMetrics(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db,
		shell(`echo '{"Loss": 0.1, "step": 3}'; echo '{"Loss": 0.1, "step": 4}'; echo "epoch 1 acc=0.5"`, 1),
		shell(`echo '{"acc": 0.5, "step": 1}'`, 2),
		shell(`true`, 3))
	mustRun(t, db, trials[:2], Options{Metrics: []string{"acc", "f1"}, Retries: 3, StopAfter: -1})
	got := newest(t, db, trials[0].ID)
	want := `it ended well but reported none of the declared metrics acc, f1 (ignored: 2 lines, such as line 1 of stdout is not recorded: none of its keys is a declared metric; `
	if got.State != registry.Failed || got.Newest.Class != journal.ClassError || !strings.HasPrefix(got.Newest.Error, want) || got.Attempt != 1 {
		t.Errorf("%s, %q, attempt %d: %s", got.State, got.Newest.Class, got.Attempt, got.Newest.Error)
	}
	if log := readLog(t, db, trials[0].ID, 1); strings.Count(log, "harness: line 1 of stdout is not recorded") != 1 || strings.Contains(log, "line 2 of") {
		t.Errorf("the log says:\n%s", log)
	}
	if text := notes(t, db, trials[0].ID)["ignored"]; !strings.HasPrefix(text, "2 lines; line 1 of stdout is not recorded: ") {
		t.Errorf("ignored: %q", text)
	}
	if n := notes(t, db, trials[1].ID); n["missing/f1"] == "" || n["missing/acc"] != "" || last(t, db, trials[1].ID)["acc"] != 0.5 {
		t.Errorf("%v", n)
	}
	mustRun(t, db, trials[2:], Options{})
	if n := notes(t, db, trials[2].ID); newest(t, db, trials[2].ID).State != registry.Done || n["missing"] == "" {
		t.Errorf("%v", n)
	}
}

// TestPython runs 40 programs that print to stdout and then raise an error, from Python without -u: each names the error.
func TestPython(t *testing.T) {
	needPython(t)
	db := open(t, t.TempDir())
	var trials []registry.Trial
	for seed := range int64(40) {
		trials = append(trials, program(seed, "", "${interpreter}", "-c",
			"print('epoch 1: training accuracy 0.91')\nprint('epoch 2: training accuracy 0.93')\nraise ValueError('learning rate must be positive')"))
	}
	mustRun(t, db, plan(t, db, trials...), Options{StopAfter: -1})
	for _, k := range trials {
		if got := newest(t, db, k.ID).Newest.Error; got != "exit status 1: ValueError: learning rate must be positive" {
			t.Errorf("%s: %q", k.Label, got)
		}
	}
}

// TestPythonIsNotBuffered: what Python prints is seen at once, and kept when the trial is stopped.
func TestPythonIsNotBuffered(t *testing.T) {
	needPython(t)
	db := open(t, t.TempDir())
	k := plan(t, db, program(0, "", "${interpreter}", "-c",
		`import json,time;print(json.dumps({"metric":"acc","value":1}));time.sleep(60)`))[0]
	ctx, cancel := context.WithCancel(context.Background())
	go whenSeen(db.AttemptDir(k.ID, 1), `"k":"point"`, cancel)
	if _, err := Run(ctx, db, []registry.Trial{k}, Options{Timeout: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if points, err := db.AttemptMetrics(context.Background(), k.ID, 1); err != nil || points["acc"] != 1 {
		t.Errorf("%v %v", points, err)
	}
}

func TestFailureClasses(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db,
		shell(`echo "torch.cuda.OutOfMemoryError: CUDA out of memory." >&2; echo bye; exit 1`, 1),
		shell(`echo "OSError: [Errno 28] No space left on device" >&2; exit 1`, 2),
		shell(`sh -c 'kill -9 $$'; exit $?`, 3),
		shell(`kill -SEGV $$`, 4),
		shell(`printf 'Err \033]0;FAIL\007\033[31m boom\n' >&2; exit 3`, 5),
		program(0, "", "sh", "-c", "${envvar:NO_SUCH_VARIABLE}"),
		program(0, "", "sh", "-c", `echo "x.py: error: unrecognized arguments: $0" >&2; exit 2`, "${args}"))
	mustRun(t, db, trials, Options{StopAfter: -1})
	for i, want := range []struct {
		class  journal.Class
		reason string
	}{
		{journal.ClassMemory, "torch.cuda.OutOfMemoryError: CUDA out of memory."},
		{journal.ClassDisk, "OSError: [Errno 28] No space left on device"},
		{journal.ClassKilled, "exit status 137: ended by a signal: killed"},
		{journal.ClassError, "it crashed: segmentation fault"},
		{journal.ClassError, `exit status 3: Err \x1b]0;FAIL\x07\x1b[31m boom`},
		{journal.ClassError, "the command has ${envvar:NO_SUCH_VARIABLE}, but this variable is not set"},
		{journal.ClassError, "exit status 2: x.py: error: unrecognized arguments: --seed=0 (the seed is an argument unless the command takes ${seed})"},
	} {
		got := newest(t, db, trials[i].ID).Newest
		if got.Class != want.class || got.Error != want.reason {
			t.Errorf("trial %d: %q, %q; want %+v", i, got.Class, got.Error, want)
		}
	}
}

// TestLostLog: a trial whose log cannot be written is recorded all the same.
func TestLostLog(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db,
		shell(`rm -f "$HARNESS_ATTEMPT_DIR/log.txt"; echo '{"metric": "acc", "value": 1}'; echo 'Error: lost' >&2; exit 1`, 1),
		shell(`rm -f "$HARNESS_ATTEMPT_DIR/log.txt"; echo '{"metric": "acc", "value": 1}'`, 2))
	if r := mustRun(t, db, trials, Options{}); r.Done != 1 || r.Failed != 1 {
		t.Errorf("%+v", r)
	}
	if got := newest(t, db, trials[0].ID).Newest.Error; got != "exit status 1: Error: lost" {
		t.Error(got)
	}
	w := &intake{log: brokenWriter{}}
	w.keepLog([]byte("x"))
	if w.failed() || w.logErr == nil {
		t.Error("a log that cannot be written ends the trial")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

// TestRerunRunsWhereItRan: a rerun starts in the folder of the first run, with a trial folder of its own.
func TestRerunRunsWhereItRan(t *testing.T) {
	db := open(t, t.TempDir())
	work := t.TempDir()
	os.WriteFile(filepath.Join(work, "train.sh"), []byte(`test -e "$HARNESS_TRIAL_DIR/ckpt" && exit 1
		touch "$HARNESS_TRIAL_DIR/ckpt"; echo '{"metric": "acc", "value": 1}'`), 0o644)
	k := plan(t, db, program(1, "", "sh", "train.sh"))[0]
	if r := mustRun(t, db, []registry.Trial{k}, Options{Dir: work}); r.Done != 1 {
		t.Fatal(newest(t, db, k.ID).Newest.Error)
	}
	k = newest(t, db, k.ID)
	attempt, err := Rerun(context.Background(), db, k, Options{})
	if err != nil || attempt != 2 {
		t.Fatal(attempt, err)
	}
	os.RemoveAll(work)
	want := fmt.Sprintf("rerun trial %s: the folder it ran in is gone: %s", k.ID, work)
	if _, err := Rerun(context.Background(), db, k, Options{}); err == nil || err.Error() != want {
		t.Errorf("%v; want %s", err, want)
	}
}

// TestRerunOfWhatChanged: a sweep had a trial run anew after its rerun had looked at it, and the rerun then disagreed with no numbers.
func TestRerunOfWhatChanged(t *testing.T) {
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`echo '{"metric": "acc", "value": 1}'`, 1))[0]
	mustRun(t, db, []registry.Trial{k}, Options{})
	before := newest(t, db, k.ID)
	if err := db.Redo(context.Background(), []string{k.ID}); err != nil {
		t.Fatal(err)
	}
	want := "trial " + k.ID + " was run anew or removed meanwhile: there is no result to compare with"
	for range 2 {
		if _, err := Rerun(context.Background(), db, before, Options{}); err == nil || err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
		mustRun(t, db, []registry.Trial{k}, Options{})
	}
	if _, err := Rerun(context.Background(), db, newest(t, db, k.ID), Options{}); err != nil {
		t.Error(err)
	}
}

// TestStopAfter: a sweep whose first trials all fail stops, and says what they have in common.
func TestStopAfter(t *testing.T) {
	db := open(t, t.TempDir())
	var trials []registry.Trial
	for seed := range int64(6) {
		trials = append(trials, shell(`echo "Error: no data" >&2; exit 1`, seed))
	}
	plan(t, db, trials...)
	r := mustRun(t, db, trials, Options{Parallel: 1})
	want := "all trials fail: the first 3 have failed, no more are started: exit status 1: Error: no data"
	if !errors.Is(r.Stopped, ErrAllFail) || r.Stopped.Error() != want || r.Failed != 3 || r.Queued != 3 {
		t.Errorf("%+v", r)
	}
	fine := shell(`echo '{"metric": "acc", "value": 1}'`, 9)
	if r := mustRun(t, db, plan(t, db, append([]registry.Trial{fine}, trials...)...), Options{Parallel: 1}); r.Failed != 6 || r.Done != 1 || r.Stopped != nil {
		t.Errorf("with one done: %+v", r)
	}
}

// TestBackoffLetsOthersRun: while one trial waits for its retry, the others run.
func TestBackoffLetsOthersRun(t *testing.T) {
	db := open(t, t.TempDir())
	flaky := shell(`test $HARNESS_ATTEMPT = 2 || kill -9 $$; date +%s%N > "$HARNESS_TRIAL_DIR/at"`, 1)
	other := shell(`date +%s%N > "$HARNESS_TRIAL_DIR/at"`, 2)
	plan(t, db, flaky, other)
	if r := mustRun(t, db, []registry.Trial{flaky, other}, Options{Parallel: 1, Retries: 1, Backoff: 300 * time.Millisecond}); r.Done != 2 {
		t.Fatalf("%+v", r)
	}
	read := func(k registry.Trial) string {
		at, _ := os.ReadFile(filepath.Join(db.FilesDir(k.ID), "at"))
		return string(at)
	}
	if read(flaky) < read(other) {
		t.Error("the second trial waited for the retry of the first")
	}
	r := &run{}
	if a, b, c := r.options.backoff(1), r.options.backoff(3), r.options.backoff(30); a != time.Second || b != 4*time.Second || c != time.Minute {
		t.Error(a, b, c)
	}
}

// TestDiskCountsAnew: after a full disk, every call of sweep tries again.
func TestDiskCountsAnew(t *testing.T) {
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`echo "No space left on device" >&2; exit 1`, 1))
	o := Options{Retries: 1, Backoff: time.Millisecond}
	for _, want := range []int{2, 4} {
		mustRun(t, db, k, o)
		if got := newest(t, db, k[0].ID); got.Attempt != want || got.Newest.Class != journal.ClassDisk {
			t.Errorf("attempt %d, %q; want %d", got.Attempt, got.Newest.Class, want)
		}
	}
}

func TestRunningIsListed(t *testing.T) {
	home := t.TempDir()
	db := open(t, home)
	stale := filepath.Join(home, "running", "old-1.json")
	os.MkdirAll(filepath.Dir(stale), 0o755)
	os.WriteFile(stale, []byte(`{"handle":"old"}`), 0o644)
	k := plan(t, db, shell(`sleep 0.5`, 1))
	done := make(chan Result)
	go func() { done <- mustRun(t, db, k, Options{Handle: "a/b", Parallel: 2}) }()
	var seen []Running
	for len(seen) == 0 {
		var err error
		if seen, err = ListRunning(home); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if seen[0].Handle != "a/b" || seen[0].PID != os.Getpid() || seen[0].Total != 1 || seen[0].Parallel != 2 || len(seen) != 1 {
		t.Errorf("%+v", seen)
	}
	<-done
	if left, _ := os.ReadDir(filepath.Join(home, "running")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAtOnce(t *testing.T) {
	calls := []Running{{Handle: "a", Parallel: 2}, {Handle: "b", Parallel: 5}, {Handle: "a", Parallel: 1}}
	if a, c := AtOnce(calls, "a"), AtOnce(calls, "c"); a != 3 || c != 0 {
		t.Errorf("%d and %d trials at once", a, c)
	}
}

// TestCPUs: what a trial needs decides how many run at a time, and is what each gets.
func TestCPUs(t *testing.T) {
	queue := slices.Repeat([]*job{{}}, 100)
	r := &run{place: place{options: Options{CPUs: 1}}, gpus: newPool(GPUs{}), queue: queue}
	if r.divide(); r.parallel != cores() || r.threads != 1 {
		t.Error(r.parallel, r.threads)
	}
	r = &run{place: place{options: Options{CPUs: cores()}}, gpus: newPool(GPUs{}), queue: queue}
	if r.divide(); r.parallel != 1 || r.threads != cores() {
		t.Error(r.parallel, r.threads)
	}
}

// TestOutputInOrder: what is printed on both streams stands in the log in that order, as soon as it was printed.
func TestOutputInOrder(t *testing.T) {
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`seen() { until grep -q "$1" "$HARNESS_ATTEMPT_DIR/log.txt"; do sleep 0.005; done; }
		for i in 1 2 3 4 5; do echo out $i; seen "out $i"; echo err $i >&2; seen "err $i"; done`, 1))[0]
	mustRun(t, db, []registry.Trial{k}, Options{})
	want := ""
	for i := range 5 {
		want += fmt.Sprintf("out %d\nerr %d\n", i+1, i+1)
	}
	if log := readLog(t, db, k.ID, 1); log != want {
		t.Errorf("the log:\n%s", log)
	}
}

// TestPeakMemoryIsTheProgramsOwn: a process begins as a copy of ours, which the kernel counts as its memory; that is not recorded as the
// program's.
func TestPeakMemoryIsTheProgramsOwn(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 on PATH")
	}
	db := open(t, t.TempDir())
	small := program(0, "", "true")
	big := program(1, "", python, "-c", "x = bytearray(1 << 30)")
	mustRun(t, db, []registry.Trial{small, big}, Options{})
	known, err := db.Trials(context.Background(), registry.Query{IDs: []string{small.ID, big.ID}})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range known {
		switch peak := k.Newest.PeakMemory; {
		case k.ID == small.ID && peak != 0:
			t.Errorf("the program true has used %d MiB: the memory of this process", peak>>20)
		case k.ID == big.ID && (peak < 1<<30 || peak > 3<<29):
			t.Errorf("a program that fills a GiB has used %d MiB", peak>>20)
		}
	}
}
