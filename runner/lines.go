package runner

import (
	"bytes"
	"io"
	"math"
	"os"
)

// maxProgramLine is the longest line that is looked at; the rest of a longer one is cut off.
const maxProgramLine = 1 << 20

// lineSplitter is an io.Writer that calls take with each line, without its LF. The line is valid during the call only.
type lineSplitter struct {
	take func(line []byte)
	rest []byte
}

func (l *lineSplitter) Write(data []byte) (int, error) {
	n := len(data)
	for {
		i := bytes.IndexByte(data, '\n')
		if i < 0 {
			break
		}
		if len(l.rest) > 0 {
			l.rest = append(l.rest, data[:i]...)
			l.take(l.rest)
			l.rest = l.rest[:0]
		} else {
			l.take(data[:i])
		}
		data = data[i+1:]
	}
	if room := maxProgramLine - len(l.rest); len(data) > room {
		data = data[:max(0, room)]
	}
	l.rest = append(l.rest, data...)
	return n, nil
}

// end takes a last line that was not ended.
func (l *lineSplitter) end() {
	if len(l.rest) > 0 {
		l.take(l.rest)
		l.rest = nil
	}
}

// follower reads what is added to a file that may not exist yet.
type follower struct {
	path   string
	offset int64
	lines  lineSplitter
}

func (f *follower) poll() {
	file, err := os.Open(f.path)
	if err != nil {
		return
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.Size() <= f.offset {
		return
	}
	n, _ := io.Copy(&f.lines, io.NewSectionReader(file, f.offset, math.MaxInt64-f.offset))
	f.offset += n
}
