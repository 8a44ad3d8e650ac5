package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal with a command on it.
type terminal struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	pieces chan []byte
	text   bytes.Buffer // all that was printed
	at     int          // up to where it was waited for
}

// onTerminal starts the harness on a terminal of a size.
func onTerminal(t *testing.T, width, height int, dir string, args ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { master.Close() })
	x := &terminal{t: t, master: master, cmd: harness(dir, args...), pieces: make(chan []byte, 100)}
	if err := unix.IoctlSetPointerInt(x.fd(), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	number, err := unix.IoctlGetInt(x.fd(), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	x.resize(width, height)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer slave.Close()
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = slave, slave, slave
	x.cmd.Env = append(os.Environ(), "TERM=xterm", "CI=", "NO_COLOR=", "HARNESS_HOME="+filepath.Join(dir, "runs"))
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.cmd.Process.Kill() })
	go func() {
		defer close(x.pieces)
		for {
			piece := make([]byte, 4096)
			n, err := master.Read(piece)
			if n > 0 {
				x.pieces <- piece[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return x
}

func (x *terminal) fd() int { return int(x.master.Fd()) }

func (x *terminal) resize(width, height int) {
	x.t.Helper()
	if err := unix.IoctlSetWinsize(x.fd(), unix.TIOCSWINSZ, &unix.Winsize{Col: uint16(width), Row: uint16(height)}); err != nil {
		x.t.Fatal(err)
	}
}

// wait waits until a text is printed behind what was waited for before.
func (x *terminal) wait(text string) {
	x.t.Helper()
	late := time.After(30 * time.Second)
	for {
		if i := bytes.Index(x.text.Bytes()[x.at:], []byte(text)); i >= 0 {
			x.at += i + len(text)
			return
		}
		select {
		case piece, ok := <-x.pieces:
			if !ok {
				x.t.Fatalf("it ended without %q:\n%q", text, x.text.String())
			}
			x.text.Write(piece)
		case <-late:
			x.t.Fatalf("no %q in:\n%q", text, x.text.Bytes()[x.at:min(x.text.Len(), x.at+4000)])
		}
	}
}

func (x *terminal) press(keys string) {
	x.t.Helper()
	if _, err := x.master.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// ends waits for the end and returns the exit code and all that was printed.
func (x *terminal) ends() (int, string) {
	x.t.Helper()
	err := x.cmd.Wait()
	for piece := range x.pieces {
		x.text.Write(piece)
	}
	if x.cmd.ProcessState == nil {
		x.t.Fatal(err)
	}
	return x.cmd.ProcessState.ExitCode(), x.text.String()
}

// cooked reports whether the terminal is as it was before anything was started on it.
func (x *terminal) cooked() bool {
	x.t.Helper()
	mode, err := unix.IoctlGetTermios(x.fd(), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return mode.Lflag&unix.ICANON != 0 && mode.Lflag&unix.ISIG != 0 && mode.Oflag&unix.OPOST != 0
}

// longSweep is a folder with a sweep that runs until it is stopped.
func longSweep(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"long.yaml": "version: 1\nname: long\ncommand: [sh, long.sh]\nseeds: [1, 2, 3]\nmetrics: {acc: {}}\nrun: {parallel: 2}\n",
		"long.sh": `trap 'exit 143' TERM
i=0
while test $i -lt 5000; do
	i=$((i + 1))
	echo '{"step": '$i', "total": 5000}'
	echo '{"metric": "acc", "value": 0.'$i', "step": '$i'}'
	echo hello from the log
	sleep 0.05
done
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSweepOnATerminal: rows appear and are drawn over, and after Ctrl-C the cursor is there.
func TestSweepOnATerminal(t *testing.T) {
	x := onTerminal(t, 100, 10, longSweep(t), "sweep", "long.yaml")
	x.wait("long, seed=1  run  ▕")
	x.wait("0/3 done, 2 running")
	x.wait("acc 0.")
	x.resize(60, 10)
	x.wait("long, seed=1  run  ")
	x.press("\x03")
	code, text := x.ends()
	if code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if hidden, shown := strings.LastIndex(text, "\x1b[?25l"), strings.LastIndex(text, "\x1b[?25h"); hidden < 0 || shown < hidden {
		t.Errorf("the cursor is not there: %q", text)
	}
	if !strings.Contains(text, "stopping: waiting for checkpoints") || !strings.HasSuffix(text, "hint: the same command goes on\r\n") {
		t.Errorf("%q", text)
	}
	if !x.cooked() {
		t.Error("the terminal is not as it was")
	}
}

// TestTopOnATerminal: what another process runs is shown, keys do what they say, and the screen is given back.
func TestTopOnATerminal(t *testing.T) {
	dir := longSweep(t)
	running := harness(dir, "sweep", "long.yaml", "--quiet")
	running.Env = append(os.Environ(), "HARNESS_HOME="+filepath.Join(dir, "runs"))
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		running.Process.Signal(os.Interrupt)
		running.Wait()
	}()
	for { // until there is something to read
		if _, err := os.Stat(filepath.Join(dir, "runs", "registry.db")); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, end := range []string{"q", "\x03"} {
		x := onTerminal(t, 100, 12, dir, "top", "long", "--every", "200ms")
		x.wait("\x1b[?1049h")
		x.wait("  long, seed=1  run  ▕")
		x.press("j")
		x.wait("> long, seed=1")
		x.press("\x1b[B")
		x.wait("> long, seed=2")
		x.press("s")
		x.wait("(by what is left)")
		x.press("l")
		x.wait("hello from the log")
		x.resize(70, 8)
		x.wait("log of ")
		x.press("q")
		x.wait("2 running")
		x.press(end)
		code, text := x.ends()
		if code != 0 {
			t.Errorf("exit code %d: %q", code, text)
		}
		if !strings.HasSuffix(text, leaveScreen) || strings.Count(text, "\x1b[?1049h") != 1 {
			t.Errorf("the screen is not given back: %q", text)
		}
		if !x.cooked() {
			t.Error("the terminal is not as it was")
		}
	}
}
