package runner

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"

	"harness/runner/live"
)

// bars draws a line for each running trial and one for the whole sweep, and redraws them in place. What ended scrolls away above them.
type bars struct {
	out   io.Writer
	paint live.Paint
	size  func() (width, height int)
	drawn []string // on the screen, to be replaced by the next drawing
	last  snapshot
}

// The cursor is hidden within one write only, so that it is there whatever ends the process.
const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	clearLine  = "\x1b[K"
	clearBelow = "\x1b[J"
)

func newBars(out io.Writer, paint live.Paint) *bars {
	b := &bars{out: out, paint: paint, size: func() (int, int) { return 80, 24 }}
	if file, ok := out.(*os.File); ok {
		b.size = func() (int, int) {
			if width, height, err := term.GetSize(int(file.Fd())); err == nil && width > 0 && height > 0 {
				return width, height
			}
			return 80, 24
		}
	}
	return b
}

func (b *bars) started(*job, int) {}

// ended puts a line above the bars; a long one is cut off after three lines of the screen.
func (b *bars) ended(k *job, s *process) {
	width, _ := b.size()
	b.print(b.paint.State(k.state, fmt.Sprintf("%-7s", k.state)) + live.Clip(endText(k, s), width*3-7))
}

func (b *bars) log(text string) { b.print(text) }

// print puts a line above the bars.
func (b *bars) print(text string) {
	b.flush(text + clearLine + "\n")
}

func (b *bars) poll(r *run, now time.Time) {
	_, height := b.size()
	b.last = r.snapshot(now, rowsOf(height))
	b.flush("")
}

// flush writes text and the bars below it with one call. Each line is written over the one that stood there, so that nothing flickers.
func (b *bars) flush(text string) {
	width, height := b.size()
	drawing := b.last.draw(width, height)
	if text == "" && slices.Equal(drawing, b.drawn) {
		return
	}
	var out strings.Builder
	out.WriteString(hideCursor)
	if up := linesOn(b.drawn, width); up > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", up)
	}
	out.WriteString("\r" + text)
	for _, line := range drawing {
		out.WriteString(line + clearLine + "\n")
	}
	b.drawn = drawing
	io.WriteString(b.out, out.String()+clearBelow+showCursor)
}

// linesOn is how many lines of a screen the drawing takes: terminals break lines anew that have become too long.
func linesOn(drawing []string, width int) int {
	n := 0
	for _, line := range drawing {
		n += max(1, (runewidth.StringWidth(line)+width-1)/max(1, width))
	}
	return n
}

func (b *bars) close() {
	b.last = snapshot{}
	b.flush("")
}

// rowsOf is how many running trials a screen has room for, with a line for the others and one for the sweep.
func rowsOf(height int) int { return max(1, height-3) }

// draw returns the lines of a snapshot, each less than width cells wide, and fewer than the screen has.
func (s snapshot) draw(width, height int) []string {
	if s.total == 0 {
		return nil
	}
	rows := s.trials[:min(len(s.trials), rowsOf(height))]
	drawing := live.Lines(rows, width)
	if more := len(s.trials) - len(rows); more > 0 {
		drawing = append(drawing, fmt.Sprintf("and %d more", more))
	}
	line := "total " + live.Bar(s.share(), min(20, max(8, width/5))) + " " + s.counts()
	return append(drawing, live.Clip(line, width-1))
}

// share is how much of the sweep is done: by time where that can be told, else by trials.
func (s snapshot) share() float64 {
	if s.estimate.Known {
		return s.estimate.Done
	}
	return float64(s.done+s.failed+s.early) / float64(s.total)
}
