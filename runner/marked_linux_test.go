package runner

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestGuardFindsTheRestless: processes that fork and end, or become other programs, all the time are found, too. They hold
// the end of a pipe, which tells when the last has ended.
func TestGuardFindsTheRestless(t *testing.T) {
	for name, script := range map[string]string{
		"fork":        `[ -e "$STOP" ] || sh -c "$SCRIPT" &`,
		"exec":        `[ -e "$STOP" ] || exec sh -c "$SCRIPT"`,
		"in sessions": `[ -e "$STOP" ] || setsid sh -c "$SCRIPT" &`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath("setsid"); err != nil {
				t.Skip("no setsid program")
			}
			for range 12 {
				if !t.Failed() {
					endRestless(t, script)
				}
			}
		})
	}
}

func endRestless(t *testing.T, script string) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	stop := filepath.Join(t.TempDir(), "stop")
	defer os.WriteFile(stop, nil, 0o644)
	for range 2 {
		cmd := exec.Command("sh", "-c", script)
		cmd.Env = append(os.Environ(), SweepMark+"=restless", "SCRIPT="+script, "STOP="+stop)
		cmd.Stdout = write
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		go cmd.Wait()
	}
	write.Close()
	if n := Guard(strings.NewReader("sweep restless\n")); n < 2 {
		t.Errorf("only %d were ended", n)
	}
	if err := read.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := read.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Error("some live:", err)
	}
}

// TestEnvironmentOf: what is told of ourselves, of a process without environment, and of one that has ended.
func TestEnvironmentOf(t *testing.T) {
	t.Setenv("RUNNER_TEST_LONG", strings.Repeat("x", 100_000))
	cmd := exec.Command("sleep", "100")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	bare := exec.Command("sleep", "100")
	bare.Env = []string{}
	if err := bare.Start(); err != nil {
		t.Fatal(err)
	}
	if environment, telling := environmentOf(cmd.Process.Pid); telling != told || len(valueOf(environment, "RUNNER_TEST_LONG")) != 100_000 {
		t.Errorf("%d bytes, telling %d", len(environment), telling)
	}
	if environment, telling := environmentOf(bare.Process.Pid); telling != told || len(environment) != 0 {
		t.Errorf("without environment: %q, telling %d", environment, telling)
	}
	for _, c := range []*exec.Cmd{cmd, bare} {
		_ = c.Process.Kill()
	}
	for alive(cmd.Process.Pid) {
		time.Sleep(time.Millisecond)
	}
	if _, telling := environmentOf(cmd.Process.Pid); telling != over {
		t.Errorf("a zombie: telling %d", telling)
	}
	_, _ = cmd.Process.Wait()
	_, _ = bare.Process.Wait()
	if _, telling := environmentOf(cmd.Process.Pid); telling != over {
		t.Errorf("nobody: telling %d", telling)
	}
}
