package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"harness/internal/escape"
)

// report is what one line of a program says.
type report struct {
	points  []point
	missing []miss // what looks like a report, but is not recorded
	step    *int64 // with total: how far it is
	total   int
	note    *noteLine
	resumed *int64 // the step after which it goes on; -1 = not told
}

type point struct {
	metric string
	step   *int64 // nil = the one after the last
	value  float64
}

type noteLine struct{ key, text string }

// miss says why something was not recorded, and what to do about it.
type miss struct{ reason, advice string }

func (m miss) String() string {
	if m.advice == "" {
		return m.reason
	}
	return m.reason + "; " + m.advice
}

func missed(reason, advice string) report { return report{missing: []miss{{reason, advice}}} }

const maxName = 200 // bytes of a metric's name

// lineParser reads metric lines. declared are the metrics of the sweep; where there are none, only lines with "metric"
// tell of one.
type lineParser struct {
	declared map[string]bool
	config   map[string]any // parameters of the trial: a program that prints them reports nothing
}

// printed reads a line of standard output, which may be anything. Of a line that was overwritten on the terminal, what
// is behind the last CR counts.
func (p lineParser) printed(line []byte) report {
	line = bytes.TrimSpace(line)
	if i := bytes.LastIndexByte(line, '\r'); i >= 0 {
		line = bytes.TrimSpace(line[i+1:])
	}
	if len(line) == 0 || line[0] != '{' {
		if bytes.Contains(line, []byte(`{"metric":`)) {
			return missed("text before the JSON object", "print it on a line of its own")
		}
		return report{}
	}
	return p.parse(line)
}

// reported reads a line of the events file, where every line is meant as a report.
func (p lineParser) reported(line []byte) report {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return report{}
	}
	r := p.parse(line)
	if len(r.points)+len(r.missing) == 0 && r.total == 0 && r.note == nil && r.resumed == nil {
		return missed("it reports nothing", adviceForm)
	}
	return r
}

const adviceForm = `print {"metric": "acc", "value": 0.5, "step": 10}`

// parse reads a JSON object.
func (p lineParser) parse(line []byte) report {
	o, err := readObject(line)
	if err != nil {
		if p.meant(line) {
			return missed(err.Error(), "print one JSON object a line, as json.dumps writes it")
		}
		return report{}
	}
	switch {
	case o.has("metric"):
		return p.metric(o)
	case o.has("note"):
		return noteOf(o)
	case o.has("resumed"):
		return resumedOf(o)
	}
	if r := p.flat(o); len(r.points)+len(r.missing) > 0 {
		return r
	}
	if step, total, ok := progressOf(o); ok {
		return report{step: step, total: total}
	}
	return p.nearMiss(o)
}

// meant reports whether a line that is no JSON object was meant as a report.
func (p lineParser) meant(line []byte) bool {
	if bytes.Contains(line, []byte(`"metric"`)) || almost.Match(line) {
		return true
	}
	for name := range p.declared {
		if bytes.Contains(line, []byte(strconv.Quote(name)+":")) {
			return true
		}
	}
	return false
}

// almost is how an object of numbers begins in JSON that is not valid, and in Python's print of a dict.
var almost = regexp.MustCompile(`^\{ *["'][^"']+["'] *: *-?[0-9.]`)

// metric reads {"metric": m, "value": v, "step": s}.
func (p lineParser) metric(o object) report {
	if o.twice != "" {
		return missed(fmt.Sprintf("it has %q twice", o.twice), "print one object for each metric")
	}
	var name string
	if json.Unmarshal(o.raw("metric"), &name) != nil {
		return missed("the metric's name is no text", adviceForm)
	}
	name, err := metricName(name)
	if err != nil {
		return missed(err.Error(), "")
	}
	if !o.has("value") {
		return missed("it has no value", adviceForm)
	}
	value, err := numberOf(o.raw("value"))
	if err != nil {
		return missed("the value is "+err.Error(), "a value is a number")
	}
	step, err := stepOf(o.raw("step"))
	if err != nil {
		return missed("the step is "+err.Error(), "a step is a whole number")
	}
	r := report{points: []point{{name, step, value}}}
	if at, total, ok := progressOf(o); ok {
		r.step, r.total = at, total
	}
	return r
}

func metricName(name string) (string, error) {
	switch name = escape.Line(name); {
	case strings.TrimSpace(name) == "":
		return "", errors.New("the metric's name is empty")
	case len(name) > maxName:
		return "", fmt.Errorf("the metric's name is longer than %d bytes", maxName)
	}
	return name, nil
}

// flat reads {"loss": 0.1, "acc": 0.9, "step": 3} where some of its keys are declared metrics.
func (p lineParser) flat(o object) report {
	var r report
	for _, f := range o.fields {
		name := escape.Line(f.key)
		if !p.declared[name] {
			continue
		}
		if f.key == o.twice {
			r.missing = append(r.missing, miss{fmt.Sprintf("it has %q twice", name), "print each metric once"})
			return report{missing: r.missing}
		}
		value, err := numberOf(f.raw)
		if err != nil {
			r.missing = append(r.missing, miss{fmt.Sprintf("%s is %v", name, err), "a value is a number"})
			continue
		}
		r.points = append(r.points, point{metric: name, value: value})
	}
	step, err := flatStep(o)
	if err != nil && len(r.points) > 0 {
		return missed(err.Error(), "a step is a whole number")
	}
	for i := range r.points {
		r.points[i].step = step
	}
	if at, total, ok := progressOf(o); ok && len(r.points) > 0 {
		r.step, r.total = at, total
	}
	return r
}

// flatStep is the step of a flat line: step, else global_step or _step, else epoch where it is a whole number.
func flatStep(o object) (*int64, error) {
	for _, key := range []string{"step", "global_step", "_step"} {
		if raw := o.raw(key); raw != nil {
			step, err := stepOf(raw)
			if err != nil {
				return nil, fmt.Errorf("%s is %w", key, err)
			}
			return step, nil
		}
	}
	if step, err := stepOf(o.raw("epoch")); err == nil {
		return step, nil
	}
	return nil, nil
}

// nearMiss says of an object that reports nothing why, where it looks as if it should.
func (p lineParser) nearMiss(o object) report {
	numbers, others, steps := []string{}, 0, false
	for _, f := range o.fields {
		switch lower := strings.ToLower(f.key); {
		case lower == "metric":
			return missed(fmt.Sprintf("the key is %q", escape.Line(f.key)), `keys are in lower case: "metric", "value", "step"`)
		case lower == "step", lower == "epoch", lower == "global_step", lower == "_step":
			steps = true
		case lower == "seed", p.config[f.key] != nil:
			others++
		default:
			if _, err := numberOf(f.raw); err == nil && f.raw[0] != '"' {
				numbers = append(numbers, escape.Line(f.key))
			} else {
				others++
			}
		}
	}
	if len(numbers) == 0 || !steps && others > 0 {
		return report{}
	}
	key := shorten(numbers[0], 40)
	reason := "no metrics are declared"
	if len(p.declared) > 0 {
		reason = "none of its keys is a declared metric"
	}
	return missed(reason, fmt.Sprintf("declare them in the file (metrics: {%s: }) or print {\"metric\": %q, \"value\": …}", key, key))
}

// noteOf reads {"note": "data", "text": "v2"}.
func noteOf(o object) report {
	var n noteLine
	if json.Unmarshal(o.raw("note"), &n.key) != nil || o.has("text") && json.Unmarshal(o.raw("text"), &n.text) != nil {
		return missed("note and text are not both texts", `print {"note": "data", "text": "v2"}`)
	}
	key, err := metricName(n.key)
	if err != nil {
		return missed("the note's key is empty or too long", `print {"note": "data", "text": "v2"}`)
	}
	n.key, n.text = key, escape.Line(n.text)
	return report{note: &n}
}

// resumedOf reads {"resumed": true} or {"resumed": 40}.
func resumedOf(o object) report {
	unknown := int64(-1)
	switch raw := string(o.raw("resumed")); raw {
	case "true":
		return report{resumed: &unknown}
	case "false", "null":
		return report{}
	default:
		step, err := stepOf([]byte(raw))
		if err != nil || *step < 0 {
			return missed(`"resumed" is neither true nor a step`, `print {"resumed": 40}`)
		}
		return report{resumed: step}
	}
}

// progressOf reads "step" and "total".
func progressOf(o object) (step *int64, total int, ok bool) {
	of, err := stepOf(o.raw("total"))
	if err != nil || of == nil || *of <= 0 || *of > math.MaxInt32 {
		return nil, 0, false
	}
	step, err = stepOf(o.raw("step"))
	if err != nil || step == nil || *step < 0 || *step > math.MaxInt32 {
		return nil, 0, false
	}
	return step, int(*of), true
}

// loss is the value to show beside the progress.
func (r report) loss() float64 {
	for _, p := range r.points {
		if strings.HasSuffix(p.metric, "loss") {
			return p.value
		}
	}
	return math.NaN()
}
