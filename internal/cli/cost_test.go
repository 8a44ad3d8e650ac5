package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"harness/model"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/runner/forecast"
)

// TestReadMeasured: whatever becomes of a process that measures is told in one line.
func TestReadMeasured(t *testing.T) {
	crashed := exec.Command("sh", "-c", "exit 2").Run()
	killed := exec.Command("sh", "-c", "kill -KILL $$").Run()
	for _, test := range []struct {
		name, out, said string
		err             error
		want            string
	}{
		{"well", `{"memory": 5}`, "warning: slow\n", nil, ""},
		{"refused", `{"problem": "the model is too large"}`, "", nil, "the model is too large"},
		{"crashed", "", "\nfatal error: out of memory\n\ngoroutine 1 [running]:\n", crashed, "exit status 2: fatal error: out of memory"},
		{"killed", "", "", killed, "signal: killed"},
		{"missing", "", "", errors.New("fork/exec harness: no such file or directory"), "fork/exec harness: no such file or directory"},
		{"cut", `{"memory"`, "", nil, "unexpected end of JSON input"},
	} {
		m, err := readMeasured([]byte(test.out), test.said, test.err)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want || strings.Contains(got, "\n") || err == nil && m.Memory != 5 {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestRemember: what a trial took that found a stage in the home is not what one takes that trains it.
func TestRemember(t *testing.T) {
	planned := &model.Planned{Features: 10, Pixels: 20, Phases: []model.PlannedPhase{{Bytes: 100}, {Bytes: 70}}}
	for _, test := range []struct {
		bytes int64
		from  forecast.Evidence
		want  int64
		kind  memoryKind
	}{
		{150, forecast.Same, 150, memoryLearnt}, {150, forecast.Like, 150, memoryLike}, {150, forecast.Measured, 180, memoryMeasured},
		{80, forecast.Same, 130, memoryComputed}, {0, forecast.Measured, 130, memoryComputed},
	} {
		g := &costGroup{planned: planned}
		if g.remember(test.bytes, test.from); g.memory != test.want || g.kind != test.kind {
			t.Errorf("%+v: %d %s", test, g.memory, g.kind)
		}
	}
}

// TestPlannedOnPlugin: a dry run asks the trials of the plugin that the sweep would find, whether the user or the file says xla.
func TestPlannedOnPlugin(t *testing.T) {
	dir, home := t.TempDir(), t.TempDir()
	plugin, file := filepath.Join(dir, "libpjrt_test.so"), filepath.Join(dir, "one.yaml")
	compile := exec.Command("gcc", "-shared", "-fPIC", "-o", plugin, "-x", "c", "-")
	compile.Stdin = strings.NewReader("void *GetPjrtApi(void) { return 0; }")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Skipf("no plugin without a compiler: %v: %s", err, out)
	}
	t.Setenv("HARNESS_XLA_PLUGIN", plugin)
	trial, err := spec.Default(spec.Smoke)
	trial.Engine, trial.Seed = spec.XLAEngine, 7
	phases, errPhases := spec.EncodePhases([]spec.PhaseTime{{Phase: spec.Phase(spec.StagePretrain), Seconds: 1, CPU: 1, Work: 1e6}})
	number, attempt, errAttempt := registry.NewAttempt(home, trial.ID(), trial, 0)
	if err := errors.Join(err, errPhases, errAttempt); err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(attempt)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		w.Start(journal.Start{Trial: trial.ID(), Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Canonical(), Engine: "xla:" + plugin,
			Provenance: build(context.Background())}),
		w.Note(spec.PhasesKey, phases), w.Finish(&journal.End{Outcome: journal.Done}, journal.Exit{}, (*os.File).Sync),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	commandOutput(t, "", "ls", "--home", home) // takes the trial in
	for text, more := range map[string][]string{"{preset: smoke}": {"--engine", "xla"}, "{preset: smoke, engine: xla}": nil} {
		if err := os.WriteFile(file, []byte("version: 1\nname: one\nbase: "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if out := commandOutput(t, "", append([]string{"sweep", file, "--dry-run", "--home", home}, more...)...); !strings.Contains(out, "1 trial of this setting") {
			t.Errorf("%s: %s", text, out)
		}
	}
}

// A trial that was interrupted near its end does not stand for those that are still to run whole.
func TestTimeOfOneIsTypical(t *testing.T) {
	g := &costGroup{count: 3}
	c := &costs{left: []int{0, 1, 2}, of: []*costGroup{g, g, g}}
	for _, seconds := range []float64{6, 70, 72} {
		c.trials = append(c.trials, forecast.Task{Phases: []forecast.Phase{{Phase: wholeTrial, Work: 1}}})
		c.guesses = append(c.guesses, forecast.Estimate{Phases: []forecast.Guess{{Seconds: seconds}}})
	}
	if got := c.typical(g).Seconds; got != 70 {
		t.Errorf("%v s, want 70", got)
	}
}
