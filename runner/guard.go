package runner

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Variables by which the processes of a sweep are found. A trial that is itself a sweep adds its own mark to the other's.
const (
	AttemptMark = "HARNESS_ATTEMPT_DIR"
	SweepMark   = "HARNESS_SWEEP"
)

// guard is our end of the process that ends a sweep's trials should the sweep be killed. All methods may be called on nil.
type guard struct {
	pipe   *os.File
	mu     *sync.Mutex   // of the spawner
	cmd    *exec.Cmd     // nil = it does not run
	up     chan struct{} // closed once it runs, or cannot
	closed bool
	broken atomic.Bool // it does not read
}

// newGuard starts the guard; await waits for it. It is told by a pipe what is running, and acts when the pipe ends before
// we have told it "bye". mu is held while it is started.
func newGuard(command func() *exec.Cmd, mark string, mu *sync.Mutex) *guard {
	if command == nil {
		return nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil
	}
	g := &guard{pipe: write, mu: mu, up: make(chan struct{})}
	g.tell("sweep " + mark)
	go func() {
		cmd := command()
		cmd.Stdin = read
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C and the end of the terminal are none of its business
		started := g.start(cmd)
		close(g.up)
		read.Close()
		if started {
			_ = cmd.Wait()
		}
	}()
	return g
}

func (g *guard) start(cmd *exec.Cmd) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || cmd.Start() != nil {
		return false
	}
	g.cmd = cmd
	return true
}

// await returns once the guard runs: before that no trial may start, since nobody would end it if we were killed. A guard
// that cannot be started keeps nobody waiting.
func (g *guard) await() {
	if g != nil {
		<-g.up
	}
}

// is reports whether pid is the guard; the caller holds mu.
func (g *guard) is(pid int) bool { return g != nil && g.cmd != nil && g.cmd.Process.Pid == pid }

func (g *guard) tell(line string) {
	if g.broken.Load() {
		return
	}
	_ = g.pipe.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintln(g.pipe, line); err != nil {
		g.broken.Store(true)
	}
}

func (g *guard) began(pid int) {
	if g != nil {
		g.tell("+" + strconv.Itoa(pid))
	}
}

func (g *guard) ended(pid int) {
	if g != nil {
		g.tell("-" + strconv.Itoa(pid))
	}
}

// close ends the guard.
func (g *guard) close() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.tell("bye")
	g.pipe.Close()
	if g.cmd != nil {
		_ = g.cmd.Process.Kill() // it may not have come to reading yet
	}
}

// Guard is what the guard's process does: it reads from a sweep what is running and, when that ends without
// "bye", kills its trials with all their descendants. It returns how many processes it has killed.
func Guard(from io.Reader) int {
	groups := map[int]bool{}
	mark := ""
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		line := lines.Text()
		if line == "bye" {
			return 0
		}
		if m, ok := strings.CutPrefix(line, "sweep "); ok {
			mark = m
			continue
		}
		pid, err := strconv.Atoi(line[min(1, len(line)):])
		if err != nil || pid < 2 {
			continue
		}
		if groups[pid] = true; line[0] == '-' {
			delete(groups, pid)
		}
	}
	if mark == "" {
		return 0
	}
	for group := range groups {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
	return endSweep(mark)
}
