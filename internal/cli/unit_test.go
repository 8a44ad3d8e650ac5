package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/model/spec"
	"harness/runner"
	"harness/sweeps"
)

// TestUnitIsValid lets systemd read a unit whose names have all that systemd gives a meaning to.
func TestUnitIsValid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `a "b" 100% $x \y`)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	u := unit{handle: "odd@text=50% of it", home: dir, dir: dir, program: "/bin/sh", args: []string{"sweep", `it's "50%" of $HOME\n`, "--set=a b\nc"},
		environment: []string{`ODD=a "b" 100% $HOME \x` + "\nsecond line"}}
	text := u.text()
	for _, want := range []string{
		`ExecStart="/bin/sh" "sweep" "it's \"50%%\" of $$HOME\\n" "--set=a b\nc"` + "\n",
		`Environment="ODD=a \"b\" 100%% $HOME \\x\nsecond line"` + "\n",
		"Restart=on-failure\n", "RestartPreventExitStatus=2 3 130\n", "KillMode=mixed\n", "TimeoutStopSec=150\n",
		"ConditionPathExists=" + strings.ReplaceAll(dir, "%", "%%") + "/running/odd@text=50%% of it.unit\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	path := filepath.Join(t.TempDir(), unitName(u.handle))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze on PATH: the text is checked, not read")
	}
	cmd := exec.Command("systemd-analyze", "verify", "--user", path)
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestUnitName(t *testing.T) {
	for handle, want := range map[string]string{"demo": "harness-demo.service", "a-b_c.d": "harness-a-b_c.d.service"} {
		if got := unitName(handle); got != want {
			t.Errorf("%s: %s", handle, got)
		}
	}
	if a, b := unitName("a@b"), unitName("a b"); a == b || !strings.HasPrefix(a, "harness-a_b-") {
		t.Error(a, b)
	}
}

// TestCarry keeps what trials need of the environment, and what their commands name, and nothing else.
func TestCarry(t *testing.T) {
	plan := &sweeps.Plan{Trials: []sweeps.Trial{{Spec: spec.Trial{Command: spec.MakeWords("sh", "-c", "x ${envvar:OWN} ${envvar:OTHER}")}}}}
	environment := []string{"PATH=/bin", "SECRET=1", "OWN=2", "HARNESS_HOME=x", "HARNESS_XLA_PLUGIN=p", "CUDA_VISIBLE_DEVICES=1", "XDG_SESSION_ID=3"}
	want := []string{"CUDA_VISIBLE_DEVICES=1", "HARNESS_XLA_PLUGIN=p", "OWN=2", "PATH=/bin"}
	if d := cmp.Diff(want, carry(environment, namedVariables(plan))); d != "" {
		t.Error(d)
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{"slow": "slow", "a@b=1,c": "a@b=1,c", "it's": `'it'\''s'`, "": "''", "a b": "'a b'"} {
		if got := runner.ShellQuote(word); got != want {
			t.Errorf("%q: %s", word, got)
		}
	}
}
