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
	"strings"
	"sync"
	"syscall"
	"time"

	"harness/internal/jsonfloat"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/runner/meter"
)

// process is one attempt of a trial while it runs. run executes in a goroutine of its own; stop, cancel and kill may be
// called at any time.
type process struct {
	job         *job
	claim       *claim // nil where others are kept off by the attempt's number alone
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
	gpus        []meter.GPU    // the same, as far as they can be measured
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
	word        string          // in which its being stopped is recorded; "" = the usual one
	linger      time.Duration   // how long to wait, after an end by SIGTERM, for the word that we are to stop, too
	before      func() []string // metrics that the trial's earlier attempts have recorded
	sync        func(*os.File) error
	asked       bool             // to stop; this and grown belong to the goroutine of Run
	grown       bool             // it has recorded something since the rule for early stopping was asked
	early       verdicts         // of that rule
	over        func()           // called once a process has ended well and all that is left is to record it
	heard       journal.Progress // the last that was heard; this and stage belong to the goroutine of Run
	stage       struct {         // of heard
		step  int       // at which it began
		began time.Time // when that was heard
		heard time.Time // when the last step was heard
	}

	// Set when run has returned.
	exit   journal.Exit
	remark string // about what was not recorded, for people
	err    error  // the end could not be recorded
}

// newProcess makes the attempt's folder and opens its journal. The caller has claimed the trial.
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
	s, err := r.begin(k, number, dir, purpose)
	if err != nil {
		return nil, err
	}
	s.claim, s.before = c, func() []string { return r.recorded(k.ID, number) }
	return s, nil
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

// stop asks the attempt to save a checkpoint and end; why is interrupted, canceled or stopped.
func (s *process) stop(why journal.Class) { s.stopFor(why, "") }

// stopFor is stop, with the words in which it is recorded.
func (s *process) stopFor(why journal.Class, word string) {
	s.asked = true
	s.once.stop.Do(func() {
		s.word = word
		s.stopped <- why
	})
}

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
	for _, r := range s.said() {
		_ = w.Rung(r) // its error comes again
	}
	s.exit.Files = digests(s.dir)
	s.err = w.Finish(nil, s.exit, s.sync)
}

// ending is how a process has ended.
type ending struct {
	err         error            // it could not be started
	state       *os.ProcessState // unless err
	asked       journal.Class    // why we have asked it to end, if we have
	outOfMemory bool             // the kernel has killed somebody for want of memory meanwhile
	ours        int64            // the most memory that we had used when it was started, in bytes
}

// supervise starts cmd, calls begun once it runs and poll now and then, measures it, ends it when it is to end, and says how it ended.
// Then none of its descendants is left.
func (s *process) supervise(cmd *exec.Cmd, poll, begun func()) ending {
	if s.claim != nil {
		cmd.ExtraFiles = []*os.File{s.claim.File}
	}
	oom := memoryKills()
	if err := s.spawner.start(cmd, s.mark); err != nil {
		return ending{err: err}
	}
	ours := ownPeak()
	begun()
	measured := meter.Start(s.dir, cmd.Process.Pid, s.gpus)
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
			if err := measured.End(cmd.ProcessState); err != nil {
				s.remark = oneLine(err.Error())
			}
			s.spawner.ended(cmd.Process.Pid, s.mark)
			if asked == "" {
				asked = s.askedLate(cmd.ProcessState)
			}
			return ending{state: cmd.ProcessState, asked: asked, outOfMemory: memoryKills() > oom, ours: ours}
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

// askedLate waits, after an end by SIGTERM, for the word that we are to stop as well: a scheduler sends the signal to all
// processes of a job, in no order.
func (s *process) askedLate(state *os.ProcessState) (why journal.Class) {
	signal := state.Sys().(syscall.WaitStatus).Signal()
	if s.linger == 0 || signal != syscall.SIGTERM && !endedByOthers(state.ExitCode()) {
		return ""
	}
	select {
	case why = <-s.stopped:
	case <-time.After(s.linger):
	}
	return why
}

// after is time.After, but never for 0.
func after(d time.Duration) <-chan time.Time {
	if d == 0 {
		return nil
	}
	return time.After(d)
}

var noLoss = jsonfloat.Float(math.NaN())

// usage is what a process has used. A process begins as a copy of ours, whose memory the kernel counts as its own: what is not more
// than ours says nothing of it.
func (e ending) usage() journal.Exit {
	state := e.state
	exit := journal.Exit{Code: state.ExitCode()}
	exit.CPUSeconds = (state.UserTime() + state.SystemTime()).Seconds()
	if used, ok := state.SysUsage().(*syscall.Rusage); ok {
		if peak := peakMemory(used); peak > e.ours {
			exit.PeakMemory = peak
		}
	}
	if status := state.Sys().(syscall.WaitStatus); status.Signaled() {
		exit.Signal = status.Signal().String()
	}
	return exit
}

// ownPeak is the most memory that this process has used so far, in bytes.
func ownPeak() int64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return peakMemory(&used)
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
	exit := e.usage()
	status := e.state.Sys().(syscall.WaitStatus)
	killed := status.Signaled() && status.Signal() == syscall.SIGKILL || exit.Code == 128+int(syscall.SIGKILL)
	var class journal.Class
	var reason string
	if !e.state.Success() {
		class, reason = reasonOf(stderr, stdout)
	}
	switch {
	case e.asked == journal.ClassInterrupted:
		exit.Class, exit.Error = e.asked, cmp.Or(s.word, "stopped")
	case e.asked == journal.ClassCanceled:
		exit.Class, exit.Error = e.asked, "canceled"
	case e.asked == journal.ClassStopped && s.child != nil && e.state.Success(): // it was through
	case e.asked == journal.ClassStopped:
		exit.Class, exit.Error = e.asked, s.early.reason()
	case e.asked == journal.ClassTimeout:
		exit.Class, exit.Error = e.asked, cmp.Or(s.word, fmt.Sprintf("stopped after the timeout of %s", s.timeout))
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
