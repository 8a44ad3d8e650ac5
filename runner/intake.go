package runner

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"harness/internal/escape"
	"harness/registry/journal"
)

// intake turns what a program prints into its log and its journal. It is called from the goroutine that reads the
// program's output and from the one that follows the events file.
type intake struct {
	mu       sync.Mutex
	journal  *journal.Writer
	log      io.Writer // nil where it cannot be written
	parser   lineParser
	next     map[string]int64 // step of the next value of a metric that comes without one
	printed  map[string]bool  // metrics that the program has printed
	filed    map[string]bool  // metrics that came from its files
	both     map[string]bool  // metrics of which it was said that they come from both
	ofFiles  []string         // what was said of its files
	others   string           // names in its files that are not declared
	resumed  bool
	ignored  misses
	out, err tail // of standard output without reports, and of standard error
	logErr   error
	midLine  bool     // the log does not end with a line end
	unsaid   [][]byte // lines of ours that wait for one
	failure  error    // the first error of the journal
}

func newIntake(w *journal.Writer, declared []string) *intake {
	in := &intake{journal: w, next: map[string]int64{}, printed: map[string]bool{}, filed: map[string]bool{}, both: map[string]bool{},
		ignored: misses{first: map[string]miss{}}}
	if len(declared) > 0 {
		in.parser.declared = map[string]bool{}
	}
	for _, name := range declared {
		in.parser.declared[escape.Line(name)] = true
	}
	return in
}

// stream is one of the places where a program prints.
type stream struct {
	name  string
	lines lineSplitter
	count int
}

// newStream makes a stream whose lines take gets with their number, under the lock.
func (in *intake) newStream(name string, take func(s *stream, line []byte)) *stream {
	s := &stream{name: name}
	s.lines.take = func(line []byte) {
		in.mu.Lock()
		defer in.mu.Unlock()
		s.count++
		take(s, line)
	}
	return s
}

// takePrinted takes a line of standard output.
func (in *intake) takePrinted(s *stream, line []byte) {
	r := in.parser.printed(line)
	if !in.record(s, line, r) {
		in.out.add(line)
	}
}

// complained takes a line of standard error.
func (in *intake) complained(_ *stream, line []byte) { in.err.add(line) }

// reported takes a line of the events file.
func (in *intake) reported(s *stream, line []byte) { in.record(s, line, in.parser.reported(line)) }

// record writes what a line says to the journal and reports whether it says anything.
func (in *intake) record(s *stream, line []byte, r report) bool {
	for _, m := range r.missing {
		in.miss(s, line, m)
	}
	if r.resumed != nil {
		if len(in.printed) > 0 || in.resumed {
			in.miss(s, line, miss{`"resumed" comes after the first metric`, "print it before"})
		} else {
			in.resumed = true
			in.keep(in.journal.Resume(*r.resumed))
		}
	}
	for _, p := range r.points {
		if in.printed[p.metric] = true; in.filed[p.metric] {
			in.sayBoth(p.metric)
		}
		step := in.next[p.metric]
		if p.step != nil {
			step = *p.step
		}
		in.next[p.metric] = following(step)
		in.keep(in.journal.Point(p.metric, int(step), p.value))
	}
	if r.note != nil {
		in.keep(in.journal.Note(r.note.key, r.note.text))
	}
	if r.total > 0 {
		in.journal.Progress("run", int(*r.step), r.total, r.loss())
	}
	return len(r.points) > 0 || r.resumed != nil || r.note != nil || r.total > 0
}

// stepped makes the next value that comes without a step stand behind one at step.
func (in *intake) stepped(metric string, step int64) {
	in.next[metric] = max(in.next[metric], following(step))
}

// following is the step behind step.
func following(step int64) int64 {
	if step == math.MaxInt64 {
		return step
	}
	return step + 1
}

// miss counts a line that is not recorded; the first of its kind is said in the log.
func (in *intake) miss(s *stream, line []byte, m miss) {
	text := fmt.Sprintf("line %d of %s is not recorded: %v: %s", s.count, s.name, m, shorten(escape.Line(strings.TrimSpace(string(line))), 120))
	if in.ignored.add(m, text) {
		in.unsaid = append(in.unsaid, []byte("harness: "+text+"\n"))
		if !in.midLine {
			in.sayUnsaid()
		}
	}
}

// metrics lists what was recorded.
func (in *intake) metrics() []string { return slices.Sorted(maps.Keys(in.next)) }

// keep remembers the first error of the journal.
func (in *intake) keep(err error) {
	if in.failure == nil {
		in.failure = err
	}
}

func (in *intake) failed() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.failure != nil
}

// keepPrinted writes to the log what a program prints; lines of ours come between its lines, never within one.
func (in *intake) keepPrinted(data []byte) {
	if end := bytes.IndexByte(data, '\n') + 1; len(in.unsaid) > 0 && end > 0 {
		in.keepLog(data[:end])
		in.sayUnsaid()
		data = data[end:]
	}
	if len(data) > 0 {
		in.keepLog(data)
		in.midLine = data[len(data)-1] != '\n'
	} else {
		in.midLine = false
	}
}

func (in *intake) sayUnsaid() {
	for _, line := range in.unsaid {
		in.keepLog(line)
	}
	in.unsaid = nil
}

// endLog ends the log, which gets no more.
func (in *intake) endLog() {
	if len(in.unsaid) > 0 && in.midLine {
		in.keepLog([]byte("\n"))
	}
	in.sayUnsaid()
}

// keepLog writes to the log. A log that cannot be written, on a full disk for instance, costs the log only.
func (in *intake) keepLog(data []byte) {
	if in.log == nil {
		return
	}
	if _, err := in.log.Write(data); err != nil && in.logErr == nil {
		in.logErr = err
	}
}

// misses are the lines that look like reports and were not recorded.
type misses struct {
	count int
	text  string          // what was said of the first
	first map[string]miss // by reason
}

// add counts a miss and reports whether it is the first of its kind.
func (m *misses) add(one miss, text string) bool {
	if m.count++; m.count == 1 {
		m.text = text
	}
	if _, known := m.first[one.reason]; known || len(m.first) >= 20 {
		return false
	}
	m.first[one.reason] = one
	return true
}

// String is the note on the trial: how many there were, the first, and what to do.
func (m *misses) String() string {
	switch {
	case m.count == 0:
		return ""
	case m.count == 1:
		return m.text
	case len(m.first) == 1:
		return fmt.Sprintf("%d lines; %s", m.count, m.text)
	}
	return fmt.Sprintf("%d lines of %d kinds, all in the log; %s", m.count, len(m.first), m.text)
}

// brief is the same in a sentence.
func (m *misses) brief() string {
	if m.count == 0 {
		return ""
	}
	return fmt.Sprintf(" (ignored: %s, such as %s)", lineCount(m.count), m.text)
}

func lineCount(n int) string {
	if n == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", n)
}

// tail keeps the last lines of a stream.
type tail struct {
	lines [][]byte
	at    int // of the oldest, once there are tailLines
}

const (
	tailLines = 200
	tailWidth = 2000 // bytes that are kept of a line
)

func (t *tail) add(line []byte) {
	line = line[:min(len(line), tailWidth)]
	if len(t.lines) < tailLines {
		t.lines = append(t.lines, append([]byte(nil), line...))
		return
	}
	t.lines[t.at] = append(t.lines[t.at][:0], line...)
	t.at = (t.at + 1) % tailLines
}

// texts are the lines that are not blank, oldest first.
func (t *tail) texts() []string {
	var texts []string
	for i := range t.lines {
		line := string(t.lines[(t.at+i)%len(t.lines)])
		if at := strings.LastIndexByte(strings.TrimRight(line, "\r"), '\r'); at >= 0 {
			line = line[at+1:] // what was overwritten on a terminal
		}
		if strings.TrimSpace(line) != "" {
			texts = append(texts, strings.TrimRight(line, " \r\t"))
		}
	}
	return texts
}
