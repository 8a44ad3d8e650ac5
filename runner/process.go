package runner

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"harness/internal/jsonfloat"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// process is one attempt of a trial while it runs. run executes in a goroutine of its own; stop, cancel and kill may be
// called at any time.
type process struct {
	job         *job
	claim       *claim
	attempt     int
	dir         string // of the attempt
	mark        string // the same, without links: how its processes are found
	files       string // the trial's folder that outlives attempts
	spawner     *spawner
	child       *exec.Cmd // of a built-in trial
	work        string    // folder that a program is started in
	declared    []string  // metrics that a program is expected to report
	collect     Collect   // files of a program that are read
	threads     int
	share       share          // of the GPUs
	told        int            // how many threads it was last told to use
	orders      io.WriteCloser // where a built-in trial hears of other numbers of threads; nil where it cannot
	environment []string       // what it is told beside our own environment
	timeout     time.Duration
	grace       time.Duration
	started     time.Time
	journal     *journal.Writer // as long as the child does not write it itself
	stopped     chan journal.Class
	killed      chan struct{}
	once        struct{ stop, kill sync.Once }
	before      func() []string // metrics that the trial's earlier attempts have recorded
	sync        func(*os.File) error
	over        func()           // called once a process has ended well and all that is left is to record it
	heard       journal.Progress // the last that was heard; this and stage belong to the goroutine of Run
	stage       struct {         // of heard
		step  int       // at which it began
		began time.Time // when that was heard
		heard time.Time // when the last step was heard
	}

	// Set when run has returned.
	exit   journal.Exit
	remark string // about what a program printed, for people
	err    error  // the end could not be recorded
}

// newProcess makes the attempt's folder and opens its journal with what is run, where. The caller has claimed the trial.
func (r *run) newProcess(k *job, c *claim, purpose journal.Purpose) (*process, error) {
	last := 0
	if !c.fresh {
		endLeftovers(filepath.Join(r.home, "trials", k.ID))
		var err error
		if last, err = r.db.LastAttempt(r.ctx, k.ID); err != nil {
			return nil, err
		}
	}
	number, dir, err := registry.NewAttempt(r.db.Home, k.ID, k.Spec, last)
	if err != nil {
		return nil, err
	}
	s := &process{
		job: k, claim: c, attempt: number, dir: dir, mark: filepath.Join(r.home, "trials", k.ID, strconv.Itoa(number)),
		files: filepath.Join(r.home, "trials", k.ID, filesName), spawner: r.spawner, work: r.work, declared: r.options.Metrics, collect: r.options.Collect, threads: r.threads, timeout: r.options.Timeout,
		grace: r.options.Grace, started: time.Now(), stopped: make(chan journal.Class, 1), killed: make(chan struct{}),
		before: func() []string { return r.recorded(k.ID, number) }, sync: r.durable.sync, over: func() {},
		heard: journal.Progress{Loss: noLoss},
	}
	if purpose == journal.PurposeRerun { // it starts from nothing
		s.files = filepath.Join(s.mark, filesName)
	}
	s.environment = append(s.environment, attemptMark+"="+s.mark, sweepMark+"="+r.mark)
	if _, set := os.LookupEnv("OMP_NUM_THREADS"); !set && (r.options.CPUs > 0 || r.options.Threads > 0) && k.Spec.Command != "" {
		s.environment = append(s.environment, "OMP_NUM_THREADS="+strconv.Itoa(r.threads))
	}
	if s.journal, err = journal.Create(dir); err != nil {
		return nil, err
	}
	err = s.journal.Start(r.startOf(s, purpose))
	if err != nil {
		s.journal.Close()
		return nil, err
	}
	if k.Spec.Command == "" {
		s.child = r.options.Child(dir, r.threads)
		s.told = r.threads
		if s.child.Stdin == nil {
			s.orders, _ = s.child.StdinPipe() // without it, its threads stay as they are
		}
	}
	return s, nil
}

const filesName = "files"

// startOf is the first event of an attempt.
func (r *run) startOf(s *process, purpose journal.Purpose) journal.Start {
	k := s.job
	start := journal.Start{Trial: k.ID, Attempt: s.attempt, Purpose: purpose, Spec: k.Spec.Canonical(),
		Engine: r.engineOf(k.Spec), Threads: r.threads, Provenance: r.provenance}
	if k.Spec.Command != "" {
		start.Dir = s.work
		if r.options.Code != nil {
			p := &start.Provenance
			given, _ := k.Spec.Args.Strings() // parameters that cannot be read fail the trial soon enough
			p.Code, p.Commit, p.DiffHash = r.options.Code(s.work, given)
		}
	}
	return start
}

// engineOf is the engine to record: the path of a plugin comes with the options, all else is part of the spec.
func (r *run) engineOf(t spec.Trial) string {
	if t.Command != "" {
		return ""
	}
	name, err := t.EngineFor(r.options.Engine)
	if err != nil { // the trial says so itself
		return t.Engine
	}
	return cmp.Or(name, "native")
}

// progress takes what the journal says of how far the attempt is.
func (s *process) progress(p journal.Progress) {
	now := time.Now()
	if p.Stage != s.heard.Stage || p.Step < s.heard.Step {
		s.stage.step, s.stage.began = p.Step, now
	}
	s.heard, s.stage.heard = p, now
}

// pretrains reports whether the attempt is busy with the stage that t begins with, too.
func (s *process) pretrains(t spec.Trial) bool {
	own := s.job.Spec
	if own.Command != "" || !t.Pretrains() {
		return false
	}
	switch s.heard.Stage {
	case "", "data", "images", string(spec.StagePretrain):
		return own.StageID(spec.StagePretrain) == t.StageID(spec.StagePretrain)
	}
	return false
}

// stop asks the attempt to save a checkpoint and end; why is interrupted or canceled.
func (s *process) stop(why journal.Class) { s.once.stop.Do(func() { s.stopped <- why }) }

// kill ends the attempt at once.
func (s *process) kill() { s.once.kill.Do(func() { close(s.killed) }) }

// run runs the attempt to its end and records that in the journal.
func (s *process) run() {
	if s.job.Spec.Command != "" {
		s.runProgram()
		return
	}
	s.runChild()
}

// openLog opens the log of the attempt; nil where that is not possible: the trial can do without.
func (s *process) openLog() *os.File {
	log, err := os.OpenFile(logPath(s.dir), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil
	}
	return log
}

// runChild runs a built-in trial, which writes its own journal.
func (s *process) runChild() {
	if s.err = s.journal.Close(); s.err != nil { // the child goes on with it
		return
	}
	if log := s.openLog(); log != nil {
		defer log.Close()
		s.child.Stdout, s.child.Stderr = log, log
	}
	s.child.Env = append(s.child.Environ(), s.environment...)
	e := s.supervise(s.child, func() {}, func() {})
	if s.exit = s.judge(e, logTail(s.dir), nil); s.exit.Class == "" {
		s.over()
	}
	if err := os.RemoveAll(filepath.Join(s.dir, registry.ScratchName)); err != nil { // where the child was killed
		s.err = fmt.Errorf("remove scratch folder: %w", err)
		return
	}
	w, err := journal.Continue(s.dir)
	if err != nil {
		s.err = err
		return
	}
	s.err = w.Finish(nil, s.exit, s.sync)
}

// ending is how a process has ended.
type ending struct {
	err         error            // it could not be started
	state       *os.ProcessState // unless err
	asked       journal.Class    // why we have asked it to end, if we have
	outOfMemory bool             // the kernel has killed somebody for want of memory meanwhile
}

// supervise starts cmd, calls begun once it runs and poll now and then, ends it when it is to end, and says how it ended.
// Then none of its descendants is left.
func (s *process) supervise(cmd *exec.Cmd, poll, begun func()) ending {
	cmd.ExtraFiles = []*os.File{s.claim.File}
	oom := memoryKills()
	if err := s.spawner.start(cmd, s.mark); err != nil {
		return ending{err: err}
	}
	begun()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	timeout := after(s.timeout)
	var grace <-chan time.Time
	var asked journal.Class
	ask := func(why journal.Class) {
		if asked == "" {
			asked = why
		}
		signalGroup(cmd, syscall.SIGTERM)
		grace = after(s.grace)
	}
	for {
		select {
		case <-ended:
			s.spawner.ended(cmd.Process.Pid, s.mark)
			return ending{state: cmd.ProcessState, asked: asked, outOfMemory: memoryKills() > oom}
		case why := <-s.stopped:
			ask(why)
		case <-timeout:
			if timeout = nil; asked == "" {
				ask(journal.ClassTimeout)
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
			poll()
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

var noLoss = jsonfloat.Float(math.NaN())

// usage is what a process has used.
func usage(state *os.ProcessState) journal.Exit {
	exit := journal.Exit{Code: state.ExitCode()}
	exit.CPUSeconds = (state.UserTime() + state.SystemTime()).Seconds()
	if used, ok := state.SysUsage().(*syscall.Rusage); ok {
		exit.PeakMemory = peakMemory(used)
	}
	if status := state.Sys().(syscall.WaitStatus); status.Signaled() {
		exit.Signal = status.Signal().String()
	}
	return exit
}

// judge says what the end of a process means, by how it ended and the last lines that it printed. What was asked to stop
// has not finished, whatever its exit status.
func (s *process) judge(e ending, stderr, stdout []string) journal.Exit {
	if e.err != nil {
		class := classOf(e.err.Error())
		if class == "" {
			class = journal.ClassError
		}
		return journal.Exit{Code: -1, Class: class, Error: oneLine(e.err.Error())}
	}
	exit := usage(e.state)
	status := e.state.Sys().(syscall.WaitStatus)
	killed := status.Signaled() && status.Signal() == syscall.SIGKILL || exit.Code == 128+int(syscall.SIGKILL)
	var class journal.Class
	var reason string
	if !e.state.Success() {
		class, reason = reasonOf(stderr, stdout)
	}
	switch {
	case e.asked == journal.ClassInterrupted:
		exit.Class, exit.Error = e.asked, "stopped"
	case e.asked == journal.ClassCanceled:
		exit.Class, exit.Error = e.asked, "canceled"
	case e.asked == journal.ClassTimeout:
		exit.Class, exit.Error = e.asked, fmt.Sprintf("stopped after the timeout of %s", s.timeout)
	case e.state.Success():
	case e.outOfMemory && killed:
		exit.Class, exit.Error = journal.ClassMemory, "out of memory: the kernel has killed it"
	case class != "":
		exit.Class, exit.Error = class, reason
	case status.Signaled() && ofOurselves(status.Signal()):
		exit.Class, exit.Error = journal.ClassError, withReason("it crashed: "+exit.Signal, reason)
	case status.Signaled():
		exit.Class, exit.Error = journal.ClassKilled, "it was ended by a signal: "+exit.Signal
	case endedByOthers(exit.Code):
		signal := syscall.Signal(exit.Code - 128)
		exit.Class, exit.Error = journal.ClassKilled, fmt.Sprintf("exit status %d: ended by a signal: %s", exit.Code, signal)
	default:
		exit.Class, exit.Error = journal.ClassError, withReason(fmt.Sprintf("exit status %d", exit.Code), reason)
		if t := s.job.Spec; strings.Contains(reason, fmt.Sprintf("seed=%d", t.Seed)) && !takes(t.Command.List(), "${seed}") {
			exit.Error += " (the seed is an argument unless the command takes ${seed})"
		}
	}
	return exit
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
	var t tail
	for line := range bytes.Lines(data) {
		t.add(bytes.TrimSuffix(line, []byte("\n")))
	}
	return t.texts()
}

func withReason(text, reason string) string {
	if reason == "" {
		return text
	}
	return text + ": " + reason
}

// endedByOthers reports whether an exit status is a shell's, or our own trainer's, word for a signal that somebody else
// has sent.
func endedByOthers(code int) bool {
	switch syscall.Signal(code - 128) {
	case syscall.SIGHUP, syscall.SIGINT, syscall.SIGKILL, syscall.SIGTERM:
		return true
	}
	return false
}

// ofOurselves reports whether a process earns the signal by its own fault.
func ofOurselves(signal syscall.Signal) bool {
	switch signal {
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGILL, syscall.SIGFPE, syscall.SIGABRT, syscall.SIGSYS, syscall.SIGTRAP:
		return true
	}
	return false
}
