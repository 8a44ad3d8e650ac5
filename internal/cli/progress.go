package cli

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	progressDelay = time.Second            // what is done sooner shows nothing
	progressEvery = 200 * time.Millisecond // between two counts
)

// progressLine keeps one line, "DONE of TOTAL WHAT", on a terminal while something long is counted; elsewhere it shows nothing.
// Its methods may be called from several goroutines. Sweeps show theirs by package runner.
type progressLine struct {
	out  io.Writer
	what string

	mu      sync.Mutex
	next    time.Time
	printed bool
	off     bool
}

func newProgressLine(out io.Writer, what string) *progressLine {
	return &progressLine{out: out, what: what, next: time.Now().Add(progressDelay), off: !interactive(out)}
}

// report counts; the line is cleared when all is done.
func (p *progressLine) report(done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case done == total:
		p.clear()
	case !p.off && time.Now().After(p.next):
		p.next, p.printed = time.Now().Add(progressEvery), true
		fmt.Fprintf(p.out, "\r%d of %d %s", done, total, p.what)
	}
}

// end clears the line of what ended before all was counted.
func (p *progressLine) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progressLine) clear() {
	if p.printed {
		p.printed = false
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
