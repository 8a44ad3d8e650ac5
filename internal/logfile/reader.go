package logfile

import (
	"fmt"
	"io"
	"os"
)

const (
	atOnce    = 256 << 10 // bytes of one Update
	maxBehind = 4 << 20   // bytes that a reader reads later than others wrote them
)

// Update is what is new in a file.
type Update struct {
	Lines   []string // that have ended
	Open    string   // the line that has not; the next update has it again
	Anew    bool     // the file was cut or replaced: what was read before is no longer there
	Skipped int64    // bytes that were passed over before Lines, since more was written than anybody reads
	Next    int64    // the offset from which another reader goes on
}

// Reader follows a file that grows. It opens the file for each look, so that it sees another file in its place.
type Reader struct {
	open  func() (*os.File, error)
	seen  os.FileInfo // at the last look
	lines Lines
}

// NewReader follows the file that open opens, from an offset on.
func NewReader(open func() (*os.File, error), from int64) *Reader {
	return &Reader{open: open, lines: From(from)}
}

// Last goes to the last lines of the file, in at most limit bytes, and returns them. Skipped is how many bytes stand before them.
func (r *Reader) Last(lines int, limit int64) (u Update, err error) {
	file, err := r.open()
	if err != nil {
		return u, err
	}
	defer file.Close()
	if r.seen, err = file.Stat(); err != nil {
		return u, fmt.Errorf("read log: %w", err)
	}
	if u.Skipped, err = Tail(file, r.seen.Size(), lines, limit); err != nil {
		return u, err
	}
	r.lines = From(u.Skipped)
	return u, r.read(file, r.seen.Size(), &u)
}

// Next returns what is new and whether anything is. More may be there than it returns: it is to be called until nothing is new.
func (r *Reader) Next() (u Update, some bool, err error) {
	file, err := r.open()
	if err != nil {
		return u, false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return u, false, fmt.Errorf("follow log: %w", err)
	}
	if info.Size() < r.lines.at || r.seen != nil && !os.SameFile(r.seen, info) {
		r.lines, u.Anew = Lines{}, true
	}
	r.seen = info
	if behind := info.Size() - r.lines.at; behind > maxBehind {
		from, err := Tail(file, info.Size(), maxBehind, atOnce)
		if err != nil {
			return u, false, err
		}
		u.Skipped, r.lines = from-r.lines.begin, From(from)
	}
	was := r.lines.at
	err = r.read(file, min(was+atOnce, info.Size()), &u)
	return u, r.lines.at > was || u.Anew, err
}

// read takes in the file up to an offset.
func (r *Reader) read(file *os.File, end int64, u *Update) error {
	data := make([]byte, end-r.lines.at)
	n, err := file.ReadAt(data, r.lines.at)
	if err != nil && err != io.EOF { // it may have been cut meanwhile
		return fmt.Errorf("read log: %w", err)
	}
	r.lines.Add(data[:n], func(line string) { u.Lines = append(u.Lines, line) })
	u.Open, u.Next = r.lines.Open(), r.lines.Begin()
	return nil
}
