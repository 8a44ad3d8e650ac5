package runner

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// Variables by which the processes of a sweep are found. A trial that is itself a sweep adds its own mark to the other's.
const (
	attemptMark = "HARNESS_ATTEMPT_DIR"
	sweepMark   = "HARNESS_SWEEP"
)

// guard is our end of the process that ends a sweep's trials should the sweep be killed. All methods may be called on nil.
type guard struct {
	pipe *os.File
	pid  chan int // holds the guard's process once it runs; 0 when it could not be started
}

// newGuard starts the guard without waiting for it. It is told by a pipe what is running, and acts when the pipe ends
// before we have said goodbye.
func newGuard(command func() *exec.Cmd, mark string) *guard {
	if command == nil {
		return nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil
	}
	g := &guard{pipe: write, pid: make(chan int, 1)}
	g.tell("sweep " + mark)
	go func() {
		defer read.Close()
		cmd := command()
		cmd.Stdin = read
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C and the end of the terminal are none of its business
		if err := cmd.Start(); err != nil {
			g.pid <- 0
			return
		}
		g.pid <- cmd.Process.Pid
		_ = cmd.Wait()
	}()
	return g
}

func (g *guard) tell(line string) { _, _ = fmt.Fprintln(g.pipe, line) }

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

// is reports whether pid is the guard.
func (g *guard) is(pid int) bool {
	if g == nil {
		return false
	}
	select {
	case own := <-g.pid:
		g.pid <- own
		return own == pid
	default:
		return false
	}
}

// close sends the guard home.
func (g *guard) close() {
	if g == nil {
		return
	}
	g.tell("bye")
	g.pipe.Close()
	if pid := <-g.pid; pid > 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may not have come to reading yet
	}
}

// Guard is what the guard's process does: it reads from a sweep what is running and, when the sweep ends without
// goodbye, kills its trials with all their descendants. It returns how many processes it has killed.
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
