package runner

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-runewidth"
	"golang.org/x/term"
)

// bars draws a bar for each running trial and one for the whole sweep, and redraws them in place. What ended scrolls
// away above them.
type bars struct {
	out   io.Writer
	width func() int
	drawn int // lines on the screen that the next drawing replaces
	last  snapshot
}

const (
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
	clearBelow = "\x1b[J"
	barWidth   = 24
)

func newBars(out io.Writer) *bars {
	b := &bars{out: out, width: func() int { return 80 }}
	if file, ok := out.(*os.File); ok {
		b.width = func() int {
			if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
				return width
			}
			return 80
		}
	}
	fmt.Fprint(out, hideCursor)
	return b
}

func (b *bars) started(*job, int)        {}
func (b *bars) ended(k *job, s *process) { b.print(endLine(k, s)) }
func (b *bars) log(text string)          { b.print(text) }

// print puts a line above the bars.
func (b *bars) print(text string) {
	b.flush(runewidth.Truncate(text, b.width()*3, "…") + "\n")
}

func (b *bars) poll(s snapshot) {
	b.last = s
	b.flush("")
}

// flush writes text and the bars below it with one call, so that nothing flickers.
func (b *bars) flush(text string) {
	width := b.width()
	var out strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	out.WriteString("\r" + clearBelow + text)
	drawing := b.last.draw(width)
	for _, line := range drawing {
		out.WriteString(line + "\n")
	}
	b.drawn = len(drawing)
	io.WriteString(b.out, out.String())
}

func (b *bars) close() {
	b.last = snapshot{}
	b.flush("")
	fmt.Fprint(b.out, showCursor)
}

// draw returns the lines of a snapshot, each at most width cells.
func (s snapshot) draw(width int) []string {
	if s.total == 0 {
		return nil
	}
	labels := 0
	for _, p := range s.processes {
		labels = max(labels, runewidth.StringWidth(p.label))
	}
	labels = min(labels, max(10, width/3))
	var drawing []string
	for _, p := range s.processes {
		label := runewidth.FillRight(runewidth.Truncate(p.label, labels, "…"), labels)
		line := fmt.Sprintf("%s %s %s", label, bar(float64(p.step), p.total), p)
		drawing = append(drawing, runewidth.Truncate(line, width-1, "…"))
	}
	line := fmt.Sprintf("%s %s %s", runewidth.FillRight("total", labels), bar(float64(s.done+s.failed+s.early)+s.worth, s.total), s.counts())
	return append(drawing, runewidth.Truncate(line, width-1, "…"))
}

// bar is a bar of barWidth cells, in eighths of a cell; an unknown total leaves it empty.
func bar(done float64, total int) string {
	if total <= 0 {
		return "▕" + strings.Repeat(" ", barWidth) + "▏"
	}
	eighths := int(min(max(0, done/float64(total)), 1) * barWidth * 8)
	cells := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		cells += string([]rune(" ▏▎▍▌▋▊▉")[rest])
	}
	return "▕" + runewidth.FillRight(cells, barWidth) + "▏"
}
