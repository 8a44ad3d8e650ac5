package runner

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// spawner starts processes from one thread that lives as long as they do: the kernel kills a child, as we ask it to,
// when the thread that started it ends, not only when the whole process does.
type spawner struct {
	jobs   chan func()
	mu     sync.Mutex     // held while a process is started, and while those left behind are looked for
	alive  map[int]string // process -> folder of its attempt
	thread int            // that starts them
	guard  *guard
}

func newSpawner() *spawner {
	s := &spawner{jobs: make(chan func()), alive: map[int]string{}}
	adoptOrphans()
	ready := make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		s.thread = threadID()
		close(ready)
		for job := range s.jobs {
			job()
		}
	}()
	<-ready
	return s
}

// start starts the process of the attempt in dir, in a group of its own that dies with us, once the guard runs.
func (s *spawner) start(cmd *exec.Cmd, dir string) error {
	s.guard.await()
	cmd.SysProcAttr = groupOfItsOwn()
	started := make(chan error)
	s.jobs <- func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		err := cmd.Start()
		if err == nil {
			s.alive[cmd.Process.Pid] = dir
		}
		started <- err
	}
	err := <-started
	if err == nil {
		s.guard.began(cmd.Process.Pid)
	}
	return err
}

// ended kills all that a process has left behind once it has ended and was waited for.
func (s *spawner) ended(pid int, dir string) {
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	s.endStrays(pid, dir)
	s.mu.Lock()
	delete(s.alive, pid)
	s.mu.Unlock()
	s.guard.ended(pid)
}

// close ends the thread; no process may be left.
func (s *spawner) close() { close(s.jobs) }

// signalGroup sends a signal to a process and all its descendants that did not leave its group.
func signalGroup(cmd *exec.Cmd, signal syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, signal) }

// cores is how many processors this process may use.
func cores() int { return max(1, runtime.GOMAXPROCS(0)) }

// ourGroup is the process group of this process.
func ourGroup() int { return syscall.Getpgrp() }

var self = os.Getpid()
