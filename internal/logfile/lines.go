// Package logfile reads what programs print into a file, as people see it: line by line, the last lines first, and what is added.
//
//	Lines   bytes to lines, as a terminal would show them
//	Tail    where the last lines of a file begin
//	Reader  a file that grows, is cut or replaced
//
// Memory does not grow with a line or a file: programs print progress bars of megabytes without a line end.
package logfile

import (
	"fmt"
	"unicode/utf8"

	"harness/internal/escape"
)

// maxLine is how many bytes of a line are shown.
const maxLine = 16 << 10

// Lines turns bytes into lines. Of a line that a carriage return begins anew, as progress bars do, only what stands there last
// is shown; colours and other commands to a terminal are left out ([escape.Log]). The zero value begins with a file.
type Lines struct {
	begin    int64 // of the open line, as far as it is shown
	at       int64 // of the next byte
	open     []byte
	cut      int64 // bytes of the open line that are not in open
	returned bool  // the last byte was a carriage return
}

// From begins at an offset of a file, which should be the begin of a line.
func From(offset int64) Lines { return Lines{begin: offset, at: offset} }

// Add takes bytes and gives the lines that end in them.
func (l *Lines) Add(data []byte, line func(string)) {
	for _, b := range data {
		switch {
		case b == '\n':
			line(l.text(l.open))
			l.restart(l.at + 1)
		case b == '\r':
			l.returned = true
		case l.returned: // it is written over from the left
			l.restart(l.at)
			fallthrough
		default:
			if len(l.open) < maxLine {
				l.open = append(l.open, b)
			} else {
				l.cut++
			}
		}
		l.at++
	}
}

func (l *Lines) restart(at int64) { l.begin, l.open, l.cut, l.returned = at, l.open[:0], 0, false }

// Open is the line that has no end yet, as it stands now.
func (l *Lines) Open() string { return l.text(whole(l.open)) } // the rest of a character may come

func (l *Lines) text(shown []byte) string {
	if l.cut == 0 {
		return escape.Log(string(shown))
	}
	shown = whole(shown)
	return fmt.Sprintf("%s … (%d more bytes)", escape.Log(string(shown)), l.cut+int64(len(l.open)-len(shown)))
}

// Begin is the offset from which another Lines comes to the same open line.
func (l *Lines) Begin() int64 { return l.begin }

// whole drops the begin of a character at the end.
func whole(text []byte) []byte {
	for back := 1; back <= utf8.UTFMax-1 && back <= len(text); back++ {
		if at := len(text) - back; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				return text[:at]
			}
			break
		}
	}
	return text
}
