package runner

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"harness/internal/jsonfloat"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// slot is one attempt of a trial while it runs. run executes in a goroutine of its own; stop and kill may be called at
// any time; the fields below the line are read when run has returned.
type slot struct {
	task        *task
	claim       *claim
	attempt     int
	dir         string
	spawner     *spawner
	child       *exec.Cmd // of a built-in trial
	threads     int
	devices     []int    // GPUs that it has taken
	environment []string // what it is told beside our own environment
	timeout     time.Duration
	grace       time.Duration
	started     time.Time
	journal     *journal.Writer // as long as the child does not write it itself
	stopped     chan struct{}
	killed      chan struct{}
	once        struct{ stop, kill sync.Once }
	heard       journal.Progress // the last that was heard; this and stage belong to the goroutine of Run
	stage       struct {         // of heard
		step  int       // at which it began
		began time.Time // when that was heard
		heard time.Time // when the last step was heard
	}

	err error // the end could not be recorded
}

// newSlot makes the attempt's folder and opens its journal with what is run, where.
func (r *run) newSlot(k *task, c *claim, purpose journal.Purpose) (*slot, error) {
	last, err := r.db.LastAttempt(r.ctx, k.ID)
	if err != nil {
		return nil, err
	}
	number, dir, err := registry.NewAttempt(r.db.Home, k.ID, k.Spec, last)
	if err != nil {
		return nil, err
	}
	w, err := journal.Create(dir)
	if err != nil {
		return nil, err
	}
	err = w.Start(journal.Start{Trial: k.ID, Attempt: number, Purpose: purpose, Spec: k.Spec.Canonical(),
		Engine: r.engineOf(k.Spec), Threads: r.threads, Provenance: r.provenance})
	if err != nil {
		w.Close()
		return nil, err
	}
	s := &slot{
		task: k, claim: c, attempt: number, dir: dir, spawner: r.spawner, threads: r.threads, timeout: r.options.Timeout,
		grace: r.options.Grace, started: time.Now(), journal: w, stopped: make(chan struct{}), killed: make(chan struct{}),
		heard: journal.Progress{Loss: jsonfloat.Float(math.NaN())},
	}
	if k.Spec.Command == "" {
		s.child = r.options.Child(dir, r.threads)
	}
	return s, nil
}

// engineOf is the engine to record: the path of a plugin comes with the options, all else is part of the spec.
func (r *run) engineOf(t spec.Trial) string {
	switch {
	case t.Command != "":
		return ""
	case t.Engine == "":
		return "native"
	case t.Engine == "xla":
		return r.options.Engine
	}
	return t.Engine
}

// progress takes what the journal says of how far the attempt is.
func (s *slot) progress(p journal.Progress) {
	now := time.Now()
	if p.Stage != s.heard.Stage || p.Step < s.heard.Step {
		s.stage.step, s.stage.began = p.Step, now
	}
	s.heard, s.stage.heard = p, now
}

// pretrains reports whether the attempt is busy with the stage that t begins with, too.
func (s *slot) pretrains(t spec.Trial) bool {
	own := s.task.Spec
	if own.Command != "" || t.Command != "" || t.Method == spec.Untrained {
		return false
	}
	switch s.heard.Stage {
	case "", "data", "images", string(spec.StagePretrain):
		return own.StageID(spec.StagePretrain) == t.StageID(spec.StagePretrain)
	}
	return false
}

// stop asks the attempt to save a checkpoint and end.
func (s *slot) stop() { s.once.stop.Do(func() { close(s.stopped) }) }

// kill ends the attempt at once.
func (s *slot) kill() { s.once.kill.Do(func() { close(s.killed) }) }

// abandon gives up an attempt that was never started.
func (s *slot) abandon() {
	s.journal.Close()
	s.claim.release()
}

// run runs the attempt to its end and records that in the journal.
func (s *slot) run() {
	log, err := os.OpenFile(logPath(s.dir), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		s.err = err
		return
	}
	defer log.Close()
	if s.task.Spec.Command != "" {
		s.runProgram(log)
		return
	}
	if s.err = s.journal.Close(); s.err != nil { // the child goes on with it
		return
	}
	s.child.Stdout, s.child.Stderr = log, log
	s.child.Env = append(s.child.Environ(), s.environment...)
	exit := s.supervise(s.child, nil)
	w, err := journal.Continue(s.dir)
	if err != nil {
		s.err = err
		return
	}
	s.err = errors.Join(w.Exit(exit), w.Close())
}

// supervise starts cmd, calls poll now and then while it runs, ends it when it is to end, and says how it ended.
func (s *slot) supervise(cmd *exec.Cmd, poll func()) journal.Exit {
	cmd.ExtraFiles = []*os.File{s.claim.file}
	cmd.WaitDelay = 2 * time.Second // for output that a left-over grandchild holds open
	oom := memoryKills()
	if err := s.spawner.start(cmd); err != nil {
		return journal.Exit{Code: -1, Class: journal.ClassError, Error: oneLine(err.Error())}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	stopped, timeout := s.stopped, after(s.timeout)
	var grace <-chan time.Time
	var asked journal.Class // why we have asked it to end
	for {
		select {
		case <-ended:
			signalGroup(cmd, syscall.SIGKILL) // descendants that it left behind
			if poll != nil {
				poll()
			}
			return s.judge(cmd.ProcessState, asked, memoryKills() > oom)
		case <-stopped:
			stopped, asked = nil, journal.ClassInterrupted
			signalGroup(cmd, syscall.SIGTERM)
			grace = after(s.grace)
		case <-timeout:
			timeout = nil
			if asked == "" {
				asked = journal.ClassTimeout
				signalGroup(cmd, syscall.SIGTERM)
				grace = after(s.grace)
			}
		case <-grace:
			signalGroup(cmd, syscall.SIGKILL)
		case <-s.killed:
			if asked == "" {
				asked = journal.ClassInterrupted
			}
			s.killed = nil
			signalGroup(cmd, syscall.SIGKILL)
		case <-ticker.C:
			if poll != nil {
				poll()
			}
		}
	}
}

// after is time.After, but never for 0.
func after(d time.Duration) <-chan time.Time {
	if d == 0 {
		return nil
	}
	return time.After(d)
}

// judge says what the end of a process means; asked is why we had asked it to end, if we had.
func (s *slot) judge(state *os.ProcessState, asked journal.Class, outOfMemory bool) journal.Exit {
	exit := journal.Exit{Code: state.ExitCode()}
	exit.CPUSeconds = (state.UserTime() + state.SystemTime()).Seconds()
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		exit.PeakMemory = usage.Maxrss << 10
	}
	status := state.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		exit.Signal = status.Signal().String()
	}
	if state.Success() {
		return exit
	}
	lines := logTail(s.dir)
	switch {
	case asked == journal.ClassInterrupted:
		exit.Class, exit.Error = asked, "stopped"
	case asked == journal.ClassTimeout:
		exit.Class, exit.Error = asked, fmt.Sprintf("stopped after the timeout of %s", s.timeout)
	case outOfMemory && status.Signaled(), slices.ContainsFunc(lines, saysOutOfMemory):
		exit.Class, exit.Error = journal.ClassMemory, "out of memory"
	case slices.ContainsFunc(lines, saysDiskFull):
		exit.Class, exit.Error = journal.ClassDisk, "no space left on the disk"
	case status.Signaled() && ofOurselves(status.Signal()):
		exit.Class, exit.Error = journal.ClassError, "it crashed: "+exit.Signal
	case status.Signaled():
		exit.Class, exit.Error = journal.ClassKilled, "it was ended by a signal: "+exit.Signal
	case exit.Code == codeInterrupted:
		exit.Class, exit.Error = journal.ClassKilled, "it was asked to stop by someone else"
	default:
		exit.Class, exit.Error = journal.ClassError, fmt.Sprintf("exit status %d", exit.Code)
		if reason := lastWords(lines); reason != "" {
			exit.Error += ": " + reason
		}
	}
	return exit
}

// codeInterrupted is the exit code of a built-in trial that was asked to stop.
const codeInterrupted = 130

// ofOurselves reports whether a process earns the signal by its own fault.
func ofOurselves(signal syscall.Signal) bool {
	switch signal {
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGILL, syscall.SIGFPE, syscall.SIGABRT, syscall.SIGSYS, syscall.SIGTRAP:
		return true
	}
	return false
}

// logTail reads the last lines of an attempt's log.
func logTail(dir string) []string {
	const size = 8 << 10
	file, err := os.Open(logPath(dir))
	if err != nil {
		return nil
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > size {
		_, _ = file.Seek(-size, io.SeekEnd)
	}
	data, _ := io.ReadAll(file)
	var lines []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func saysOutOfMemory(line string) bool {
	for _, sign := range []string{"MemoryError", "CUDA out of memory", "runtime: out of memory", "std::bad_alloc"} {
		if strings.Contains(line, sign) {
			return true
		}
	}
	return false
}

func saysDiskFull(line string) bool {
	return strings.Contains(strings.ToLower(line), "no space left on device")
}

// lastWords finds the line of a log that says why the program gave up: where Go panics, else the last line.
func lastWords(lines []string) string {
	reason := ""
	for _, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return oneLine(line)
		}
		if !strings.HasPrefix(line, "hint: ") && !strings.HasPrefix(line, `{"`) { // no report of a number
			reason = line
		}
	}
	return oneLine(strings.TrimPrefix(reason, "harness: "))
}

// oneLine makes a text fit for a table of errors.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	const most = 300
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + " …"
	}
	return text
}
