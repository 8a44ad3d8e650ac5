package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strings"

	"harness/internal/jsonfloat"
)

// report is one JSON line by which a program tells of itself: {"metric": "acc", "value": 0.5, "step": 10}. With "total"
// the step is shown as progress; {"note": "data", "text": "v2"} records a fact in words.
type report struct {
	Metric string           `json:"metric"`
	Value  *jsonfloat.Float `json:"value"`
	Step   *float64         `json:"step"`
	Total  int              `json:"total"`
	Note   string           `json:"note"`
	Text   string           `json:"text"`
}

var errNoReport = errors.New(`want {"metric": …, "value": …}`)

// bareNumber finds NaN and Infinity as Python's json writes them.
var bareNumber = regexp.MustCompile(`("value"\s*:\s*)(NaN|-?Infinity)`)

// parseReport reads one line.
func parseReport(line []byte) (report, error) {
	if bytes.Contains(line, []byte("NaN")) || bytes.Contains(line, []byte("Infinity")) {
		line = bareNumber.ReplaceAllFunc(line, quoteNumber)
	}
	var r report
	if err := json.Unmarshal(line, &r); err != nil {
		return report{}, err
	}
	switch {
	case r.Step != nil && *r.Step != math.Trunc(*r.Step):
		return report{}, fmt.Errorf("step %v is no whole number", *r.Step)
	case r.Metric != "" && r.Value == nil, r.Metric == "" && r.Note == "" && (r.Step == nil || r.Total <= 0):
		return report{}, errNoReport
	}
	return r, nil
}

// quoteNumber puts quotes around the number that bareNumber has found.
func quoteNumber(match []byte) []byte {
	parts := bareNumber.FindSubmatch(match)
	name := map[string]string{"NaN": `"NaN"`, "Infinity": `"+Inf"`, "-Infinity": `"-Inf"`}[string(parts[2])]
	return append(bytes.Clone(parts[1]), name...)
}

// loss is the value to show beside the progress.
func (r report) loss() float64 {
	if r.Value == nil || !strings.HasSuffix(r.Metric, "loss") {
		return math.NaN()
	}
	return float64(*r.Value)
}

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
