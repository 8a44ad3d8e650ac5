package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"harness/internal/view"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// A trial that an earlier version recorded on an engine with bf16 behind its name is listed and shown under its old id; it cannot be run again.
func TestFormerPrecisionIsReadable(t *testing.T) {
	home := t.TempDir()
	trial, err := spec.Default(spec.Smoke)
	if err != nil {
		t.Fatal(err)
	}
	trial.Engine = "xla,bf16"
	id := trial.ID()
	number, dir, err := registry.NewAttempt(home, id, trial, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		w.Start(journal.Start{Trial: id, Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Canonical(), Engine: "xla:/a/cuda.so,bf16"}),
		w.Point("diffvqa/f1", 0, 0.25), w.Finish(&journal.End{Outcome: journal.Done}, journal.Exit{}, (*os.File).Sync),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if out := commandOutput(t, "", "ls", "--home", home); !strings.Contains(out, id[:8]) || !strings.Contains(out, "done") {
		t.Errorf("ls prints %q", out)
	}
	var shown view.Record
	if err := json.Unmarshal([]byte(commandOutput(t, "", "show", id, "--json", "--home", home)), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.ID != id || shown.Spec != trial || len(shown.Metrics) != 1 || shown.History[0].Engine != "xla:/a/cuda.so,bf16" {
		t.Errorf("%+v", shown)
	}
	commandOutput(t, "write engine: xla and precision: bf16", "trial", "rerun", id, "--home", home)
	commandOutput(t, "write engine: xla and precision: bf16", "trial", "rerun", id, "--home", home, "--engine", "xla")
}

// commandOutput is what a command prints; refusal is part of the error that is wanted, "" for none.
func commandOutput(t *testing.T, refusal string, args ...string) string {
	t.Helper()
	root := newRootCommand()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	switch {
	case refusal == "" && err != nil:
		t.Fatalf("%q: %v", args, err)
	case refusal != "" && (err == nil || !strings.Contains(err.Error(), refusal)):
		t.Fatalf("%q: error %v, want %q", args, err, refusal)
	}
	return out.String()
}
