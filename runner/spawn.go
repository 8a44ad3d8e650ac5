package runner

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// spawner starts processes from one thread that lives as long as they do: the kernel kills a child, as we ask it to,
// when the thread that started it ends, not only when the whole process does.
type spawner struct{ jobs chan func() }

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

// start starts a process in a group of its own that dies with us.
func (s *spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	s.jobs <- func() { started <- cmd.Start() }
	return <-started
}

// close ends the thread; no process may be left.
func (s *spawner) close() { close(s.jobs) }

// signalGroup sends a signal to a process and all its descendants that did not leave its group.
func signalGroup(cmd *exec.Cmd, signal syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, signal) }

// cores is how many processors this process may use.
func cores() int { return runtime.GOMAXPROCS(0) }

// memoryKills is how often the kernel has killed a process of our group for want of memory; 0 where it does not say.
func memoryKills() int {
	data, err := os.ReadFile("/sys/fs/cgroup/memory.events")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if count, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
			n, _ := strconv.Atoi(count)
			return n
		}
	}
	return 0
}
