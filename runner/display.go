package runner

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"harness/registry"
)

// display is where people see how the sweep goes: nowhere, as lines, or as bars that are redrawn in place.
type display interface {
	started(k *job, attempt int)
	ended(k *job, s *process)
	log(text string)
	poll(s snapshot)
	close()
}

func newDisplay(d Display, out io.Writer) display {
	switch d {
	case Bars:
		return newBars(out)
	case Plain:
		return &lines{out: out, shown: time.Now()}
	case Silent, "":
		return silent{}
	}
	return silent{}
}

// snapshot is how a sweep stands at a moment.
type snapshot struct {
	total, done, failed, early, running, elsewhere int
	processes                                      []processStatus
	worth                                          float64       // of the running trials, in trials, by the time they take
	eta                                            time.Duration // until all is done; 0 = not known
}

// processStatus is how a running trial stands.
type processStatus struct {
	label       string
	stage       string
	step, total int     // of the stage
	loss        float64 // NaN = none
	elapsed     time.Duration
	eta         time.Duration // until the stage is done; 0 = not known
}

func (r *run) snapshot() snapshot {
	now := time.Now()
	s := snapshot{total: len(r.all), running: len(r.processes), elsewhere: len(r.elsewhere)}
	for _, k := range r.all {
		switch k.state {
		case registry.Done:
			s.done++
		case registry.Failed:
			s.failed++
		case registry.Stopped:
			s.early++
		}
	}
	var spent time.Duration
	for _, d := range r.finished {
		spent += d
	}
	var left time.Duration // of work, one trial after the other
	for _, p := range r.processes {
		s.processes = append(s.processes, p.status(now))
		if n := len(r.finished); n > 0 {
			usual, taken := spent/time.Duration(n), now.Sub(p.started)
			left += max(0, usual-taken)
			s.worth += min(0.95, taken.Seconds()/max(usual.Seconds(), 1e-3))
		}
	}
	if n := len(r.finished); n > 0 && r.stopped == nil {
		left += spent / time.Duration(n) * time.Duration(len(r.queue))
		s.eta = left / time.Duration(max(1, r.parallel))
	}
	return s
}

func (s *process) status(now time.Time) processStatus {
	p := s.heard
	status := processStatus{
		label: s.job.Label, stage: p.Stage, step: p.Step, total: p.Total, loss: float64(p.Loss), elapsed: now.Sub(s.started),
	}
	if steps := p.Step - s.stage.step; steps > 0 && p.Total > p.Step {
		perStep := s.stage.heard.Sub(s.stage.began) / time.Duration(steps)
		status.eta = max(0, perStep*time.Duration(p.Total-p.Step)-now.Sub(s.stage.heard))
	}
	return status
}

// String is the status on one line, without the label.
func (s processStatus) String() string {
	parts := []string{}
	if s.stage != "" {
		parts = append(parts, s.stage)
	}
	if s.total > 0 {
		parts = append(parts, fmt.Sprintf("%d/%d", s.step, s.total))
	}
	if !math.IsNaN(s.loss) {
		parts = append(parts, fmt.Sprintf("loss %.3g", s.loss))
	}
	if s.eta > 0 {
		parts = append(parts, "eta "+shortDuration(s.eta))
	}
	if len(parts) == 0 {
		parts = append(parts, "running "+shortDuration(s.elapsed))
	}
	return strings.Join(parts, " ")
}

// silent shows nothing.
type silent struct{}

func (silent) started(*job, int)    {}
func (silent) ended(*job, *process) {}
func (silent) log(string)           {}
func (silent) poll(snapshot)        {}
func (silent) close()               {}

// lines prints a line for each trial that starts or ends, and how the running ones stand, ever less often.
type lines struct {
	out   io.Writer
	shown time.Time // the last line about the running trials
	pause time.Duration
}

const (
	firstPause   = 5 * time.Second
	longestPause = time.Minute
)

func (l *lines) started(k *job, attempt int) {
	again := ""
	if attempt > 1 {
		again = fmt.Sprintf(" (attempt %d)", attempt)
	}
	fmt.Fprintf(l.out, "start   %s  %s%s\n", shortID(k.ID), k.Label, again)
}

func (l *lines) ended(k *job, s *process) { fmt.Fprintln(l.out, endLine(k, s)) }

func (l *lines) log(text string) { fmt.Fprintln(l.out, text) }

func (l *lines) poll(s snapshot) {
	if time.Since(l.shown) < max(l.pause, firstPause) {
		return
	}
	l.shown, l.pause = time.Now(), min(longestPause, max(firstPause, l.pause*2))
	for _, p := range s.processes {
		fmt.Fprintf(l.out, "        %s: %s\n", p.label, p)
	}
	fmt.Fprintln(l.out, "        "+s.counts())
}

func (l *lines) close() {}

// counts is the state of the whole sweep on one line.
func (s snapshot) counts() string {
	text := fmt.Sprintf("%d/%d done", s.done, s.total)
	if s.failed > 0 {
		text += fmt.Sprintf(", %d failed", s.failed)
	}
	if s.early > 0 {
		text += fmt.Sprintf(", %d stopped early", s.early)
	}
	if s.running > 0 {
		text += fmt.Sprintf(", %d running", s.running)
	}
	if s.elsewhere > 0 {
		text += fmt.Sprintf(", %d in another sweep", s.elsewhere)
	}
	if s.eta > 0 {
		text += ", eta " + shortDuration(s.eta)
	}
	return text
}

// endLine says how an attempt ended.
func endLine(k *job, s *process) string {
	text := fmt.Sprintf("%-7s %s  %s  %s", k.state, shortID(k.ID), k.Label, shortDuration(time.Since(s.started)))
	if k.note != "" && k.state != registry.Done && k.state != registry.Interrupted {
		text += ": " + k.note
	}
	if k.state == registry.Done && s.remark != "" {
		text += " (" + s.remark + ")"
	}
	if k.state == registry.Failed && k.note != "" {
		text += fmt.Sprintf(" [harness trial log %s]", shortID(k.ID))
	}
	return text
}

func shortID(id string) string { return id[:min(8, len(id))] }

// ShortDuration is shortDuration, for who shows sweeps that run elsewhere.
func ShortDuration(d time.Duration) string { return shortDuration(d) }

// shortDuration is a duration with two units at most: 850ms, 4.2s, 3m10s, 2h05m.
func shortDuration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
