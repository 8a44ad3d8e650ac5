package runner

import (
	"fmt"
	"io"
	"time"

	"harness/registry"
	"harness/runner/live"
)

// display is where people see how the sweep goes: nowhere, as lines, or as bars that are redrawn in place.
type display interface {
	started(k *job, attempt int)
	ended(k *job, s *process)
	log(text string)
	poll(r *run, now time.Time)
	close()
}

func newDisplay(o Options) display {
	switch o.Display {
	case Bars:
		return newBars(o.Out, o.Paint)
	case Plain:
		return &lines{out: o.Out, paint: o.Paint, shown: time.Now()}
	case Silent, "":
		return silent{}
	}
	return silent{}
}

// silent shows nothing.
type silent struct{}

func (silent) started(*job, int)    {}
func (silent) ended(*job, *process) {}
func (silent) log(string)           {}
func (silent) poll(*run, time.Time) {}
func (silent) close()               {}

// lines prints a line for each trial that ends, and how the sweep stands, ever less often: few lines, for files and pipes.
type lines struct {
	out   io.Writer
	paint live.Paint
	shown time.Time // the last line about the sweep
	pause time.Duration
	begun int       // trials that were started
	ends  int       // trials that were done
	done  time.Time // the last line of one
}

const (
	firstPause   = 5 * time.Second
	longestPause = 10 * time.Minute
	eachLine     = 20          // the first trials have a line each when they start, and when they are done;
	endEvery     = time.Second // then one in so long has one, when it is done, and the others are counted
)

func (l *lines) started(k *job, attempt int) {
	if l.begun++; attempt > 1 {
		fmt.Fprintf(l.out, "start   %s  %s (attempt %d)\n", shortID(k.ID), k.Label, attempt)
	} else if l.begun <= eachLine {
		fmt.Fprintf(l.out, "start   %s  %s\n", shortID(k.ID), k.Label)
	}
}

func (l *lines) ended(k *job, s *process) {
	if k.state == registry.Done {
		if l.ends++; l.ends > eachLine && time.Since(l.done) < endEvery {
			return
		}
		l.done = time.Now()
	}
	fmt.Fprintln(l.out, l.paint.State(k.state, fmt.Sprintf("%-7s", k.state))+endText(k, s))
}

func (l *lines) log(text string) { fmt.Fprintln(l.out, text) }

func (l *lines) poll(r *run, now time.Time) {
	if now.Sub(l.shown) < max(l.pause, firstPause) {
		return
	}
	l.shown, l.pause = now, min(longestPause, max(firstPause, l.pause*2))
	s := r.snapshot(now, 0)
	text := s.counts()
	if len(s.trials) == 1 {
		if t := s.trials[0]; t.Total > 0 {
			text += fmt.Sprintf("; %s: %s %d/%d", t.Label, t.Stage, t.Step, t.Total)
		}
	}
	fmt.Fprintln(l.out, "        "+text)
}

func (l *lines) close() {}

// endText says how an attempt ended, behind the state.
func endText(k *job, s *process) string {
	text := fmt.Sprintf(" %s  %s  %s", shortID(k.ID), k.Label, live.Duration(time.Since(s.started)))
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

// ShortDuration is a duration with two units at most: 850ms, 4.2s, 3m10s, 2h05m.
func ShortDuration(d time.Duration) string { return live.Duration(d) }
