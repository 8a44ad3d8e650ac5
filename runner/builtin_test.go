package runner

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// builtIn is a trial of the built-in trainer, which fakeTrial takes the place of.
func builtIn(seed int64, engine string) registry.Trial {
	t, err := spec.Default(spec.Smoke)
	if err != nil {
		panic(err)
	}
	t.Seed, t.Engine = seed, engine
	return registry.Trial{ID: t.ID(), Spec: t, Label: fmt.Sprintf("seed %d", seed)}
}

// fakeChild starts fakeTrial; what it does is told in its environment.
func fakeChild(what string, more ...string) func(dir string, threads int) *exec.Cmd {
	return func(dir string, threads int) *exec.Cmd {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(append(os.Environ(), "RUNNER_TEST_TRIAL="+dir, "RUNNER_TEST_DOES="+what, fmt.Sprintf("RUNNER_TEST_THREADS=%d", threads)), more...)
		return cmd
	}
}

// fakeTrial is a process that runs an attempt in dir:
//
//	memory   it needs more than its part of a shared GPU
//	threads  it records how many threads it was told, until a file "enough" lies in its trial's folder
func fakeTrial(dir string) (code int) {
	w, err := journal.Continue(dir)
	if err != nil {
		return 1
	}
	defer w.Close()
	end := journal.End{Outcome: journal.Done}
	switch os.Getenv("RUNNER_TEST_DOES") {
	case "memory":
		_ = w.Note("device", os.Getenv("CUDA_VISIBLE_DEVICES"))
		if part := os.Getenv(memoryFraction); part != "" {
			end = journal.End{Outcome: journal.Failed, Error: "pretrain: step 1: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9876543210 bytes."}
			fmt.Fprintln(os.Stderr, "harness: "+end.Error)
			code = 1
		}
	case "threads":
		told := make(chan int, 8)
		go func() {
			for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
				n, _ := strconv.Atoi(lines.Text())
				told <- n
			}
		}()
		first, _ := strconv.Atoi(os.Getenv("RUNNER_TEST_THREADS"))
		_ = w.Point("threads", 0, float64(first))
		for step := 1; ; {
			select {
			case n := <-told:
				_ = w.Point("threads", step, float64(n))
				_ = w.Sync()
				step++
				continue
			case <-time.After(10 * time.Millisecond):
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "enough")); err == nil {
				break
			}
		}
	}
	_ = w.End(end)
	return code
}

// Trials whose memory on a shared GPU was too small are tried again, each with a GPU of its own, and the reason is shown.
func TestSharedGPUTooSmall(t *testing.T) {
	db := open(t, t.TempDir())
	trials := plan(t, db, builtIn(1, "xla"), builtIn(2, "xla"), builtIn(3, "xla"))
	var out bytes.Buffer
	r := mustRun(t, db, trials, Options{Child: fakeChild("memory"), Engine: "xla:/p/cuda.so", Retries: 1, Backoff: time.Millisecond, StopAfter: -1,
		GPUs: GPUs{Devices: []string{"GPU-a", "GPU-b"}, OnXLA: 1, PerGPU: 2}, Out: &out, Display: Plain})
	if r.Done != 3 {
		t.Fatalf("%+v\n%s", r, &out)
	}
	for _, k := range trials {
		attempts, err := db.Attempts(context.Background(), k.ID)
		if err != nil || len(attempts) != 2 || attempts[0].Class != journal.ClassMemory {
			t.Errorf("%v, %+v", err, attempts)
		}
		notes, err := db.Notes(context.Background(), k.ID)
		if err != nil || !slices.ContainsFunc(notes, func(n registry.Note) bool { return n.Text == "GPU-a" || n.Text == "GPU-b" }) {
			t.Errorf("%v, %+v", err, notes)
		}
	}
	want := "RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9876543210 bytes. (tried again in "
	if text := out.String(); strings.Count(text, want) != 3 || strings.Count(text, " with a GPU of its own)") != 3 {
		t.Errorf("shown:\n%s", text)
	}
}

// Cores that no trial uses any more go to the trial that still runs.
func TestIdleCoresAreHandedOn(t *testing.T) {
	db := open(t, t.TempDir())
	var trials []registry.Trial
	for seed := range int64(cores()) {
		trials = append(trials, builtIn(seed, ""))
	}
	if len(trials) < 2 {
		t.Skip("one core")
	}
	plan(t, db, trials...)
	ended := make(chan error, 1)
	go func() {
		r, err := Run(context.Background(), db, trials, Options{Child: fakeChild("threads"), Parallel: len(trials)})
		if err == nil && r.Done != len(trials) {
			err = fmt.Errorf("%+v", r)
		}
		ended <- err
	}()
	other := open(t, db.Home)
	told := func(id string) (values []float64) {
		_, _ = other.CatchUp(context.Background(), id)
		points, _ := other.Points(context.Background(), id, "threads")
		for _, p := range points {
			values = append(values, float64(p.Value))
		}
		return values
	}
	wait := func(what string, ready func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !ready(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: never; told %v", what, told(trials[0].ID))
			}
		}
	}
	wait("all start on one thread", func() bool {
		return !slices.ContainsFunc(trials, func(k registry.Trial) bool { got := told(k.ID); return len(got) == 0 || got[0] != 1 })
	})
	enough := func(id string) {
		if err := os.WriteFile(filepath.Join(db.TrialDir(id), "enough"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range trials[1:] {
		enough(k.ID)
	}
	wait("the last one has all cores", func() bool { got := told(trials[0].ID); return got[len(got)-1] == float64(cores()) })
	enough(trials[0].ID)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
