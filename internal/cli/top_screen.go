package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/registry"
	"harness/runner"
	"harness/runner/live"
)

// topScreen is top on a terminal: it takes the whole screen, and gives it back as it was.
type topScreen struct {
	out   *os.File
	db    *registry.DB
	every time.Duration
	frame topFrame
	log   bool   // the log of the selected trial is shown
	shown string // what is on the screen
}

// What a terminal is told.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[2J"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
)

func newTopScreen(out *os.File, db *registry.DB, handle string, o topOptions) *topScreen {
	return &topScreen{out: out, db: db, every: o.every, frame: topFrame{handle: handle, order: byStart, paint: o.paint}}
}

// run shows the sweeps until somebody ends it, or ctx ends.
func (s *topScreen) run(ctx context.Context, look func() ([]view.LiveSweep, error)) error {
	keys, restore, err := readKeys()
	if err != nil {
		return err
	}
	defer restore()
	defer io.WriteString(s.out, leaveScreen) // also after a panic
	if _, err := io.WriteString(s.out, enterScreen); err != nil {
		return err
	}
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	ticker := time.NewTicker(s.every)
	defer ticker.Stop()
	for stale := true; ; {
		if s.size(); stale {
			sweeps, err := look()
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			s.frame.sweeps, s.frame.now, stale = sweeps, time.Now(), false
		}
		if err := s.draw(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-resized:
			s.shown = ""
		case <-ticker.C:
			stale = true
		case k, ok := <-keys:
			if !ok { // nobody is there any more
				return nil
			}
			if !s.press(k) {
				return nil
			}
		}
	}
}

func (s *topScreen) size() {
	s.frame.width, s.frame.height = 80, 24
	if width, height, err := term.GetSize(int(s.out.Fd())); err == nil && width > 0 && height > 0 {
		s.frame.width, s.frame.height = width, height
	}
}

// draw writes the screen with one call, each line over the one that stood there; nothing where it is there already.
func (s *topScreen) draw() error {
	lines := s.frame.screen()
	if s.log {
		lines = s.logLines()
	}
	var text strings.Builder
	text.WriteString("\x1b[H")
	for i, line := range lines {
		if i > 0 {
			text.WriteString("\r\n")
		}
		text.WriteString(line + "\x1b[K")
	}
	text.WriteString("\x1b[J")
	if text.String() == s.shown {
		return nil
	}
	s.shown = text.String()
	_, err := io.WriteString(s.out, s.shown)
	return err
}

// press does what a key is for; false ends the view.
func (s *topScreen) press(k key) bool {
	switch k {
	case keyQuit:
		if !s.log {
			return false
		}
		s.log = false
	case keyInterrupt:
		return false
	case keyBack:
		s.log = false
	case keyUp, keyDown:
		s.move(k)
	case keyLog:
		if s.frame.selected == noTrial {
			s.move(keyDown)
		}
		s.log = !s.log && s.frame.selected != noTrial
	case keySort:
		s.frame.order = s.frame.order.next()
	}
	return true
}

// move selects the next trial, or the one before it.
func (s *topScreen) move(k key) {
	list := s.frame.selectable()
	if len(list) == 0 {
		s.frame.selected = noTrial
		return
	}
	at := slices.IndexFunc(list, func(t live.Row) bool { return t.ID == s.frame.selected })
	switch {
	case at < 0: // the first
		at = 0
	case k == keyUp:
		at = max(0, at-1)
	default:
		at = min(len(list)-1, at+1)
	}
	s.frame.selected = list[at].ID
}

// logLines are the end of the selected trial's log, and the keys.
func (s *topScreen) logLines() []string {
	f := s.frame
	room := max(1, f.height-1)
	head, text := "log of "+f.selected[:min(8, len(f.selected))], []string{}
	numbers, err := registry.AttemptNumbers(s.db.Home, f.selected)
	if err == nil && len(numbers) > 0 {
		text, err = logTail(filepath.Join(s.db.AttemptDir(f.selected, numbers[len(numbers)-1]), runner.LogName), room)
	}
	switch {
	case err != nil:
		text = []string{escape.Line(err.Error())}
	case len(text) == 0:
		text = []string{"it has printed nothing"}
	}
	var lines []string
	for _, line := range text[max(0, len(text)-room):] {
		lines = append(lines, live.Clip(line, f.width-1))
	}
	for len(lines) < room {
		lines = append(lines, "")
	}
	return append(lines, f.paint.Faint(live.Clip(head+"  l back  q back", f.width-1)))
}

// logTail reads the last lines of a file, at most so many, made safe to show; none where there is no file.
func logTail(path string, most int) ([]string, error) {
	const enough = 64 << 10
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	from := max(0, info.Size()-enough)
	data, err := io.ReadAll(io.NewSectionReader(file, from, enough))
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	if _, rest, found := bytes.Cut(data, []byte("\n")); from > 0 && found { // the first line may be torn
		data = rest
	}
	var lines []string
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if i := bytes.LastIndexByte(line, '\r'); i >= 0 { // a bar that was drawn over
			line = line[i+1:]
		}
		lines = append(lines, escape.Line(string(line)))
	}
	return lines[max(0, len(lines)-most):], nil
}
