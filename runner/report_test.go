package runner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/internal/escape"
)

// said is a report in one line: what is recorded, then ! and why something is not.
func said(r report) string {
	var parts []string
	for _, p := range r.points {
		step := "-"
		if p.step != nil {
			step = fmt.Sprint(*p.step)
		}
		parts = append(parts, fmt.Sprintf("%s=%v@%s", p.metric, p.value, step))
	}
	if r.total > 0 {
		parts = append(parts, fmt.Sprintf("progress %d/%d", *r.step, r.total))
	}
	if r.note != nil {
		parts = append(parts, fmt.Sprintf("note %s: %s", r.note.key, r.note.text))
	}
	if r.resumed != nil {
		parts = append(parts, fmt.Sprintf("resumed %d", *r.resumed))
	}
	for _, m := range r.missing {
		parts = append(parts, "! "+m.reason)
	}
	return strings.Join(parts, " ")
}

func TestMetricLines(t *testing.T) {
	for line, want := range map[string]string{
		`{"metric": "acc", "value": 0.5, "step": 10}`:                "acc=0.5@10",
		`{"metric": "acc", "value": 1, "step": 10.0, "extra": [1]}`:  "acc=1@10",
		`  {"metric": "acc", "value": 1}`:                            "acc=1@-",
		"50%|####\r{\"metric\": \"acc\", \"value\": 1}":              "acc=1@-",
		"{\"metric\": \"acc\", \"value\": 1}\r":                      "acc=1@-",
		`{"metric": "acc", "value": NaN}`:                            "acc=NaN@-",
		`{"metric": "NaN Infinity", "value":-Infinity}`:              "NaN Infinity=-Inf@-",
		`{"metric": "acc", "value": Infinity}`:                       "acc=+Inf@-",
		`{"metric": "acc", "value": "NaN"}`:                          "acc=NaN@-",
		`{"metric": "acc", "value": "-inf"}`:                         "acc=-Inf@-",
		`{"metric": "acc", "value": "0.93"}`:                         "acc=0.93@-",
		`{"metric": "acc", "value": 1, "step": "3"}`:                 "acc=1@3",
		`{"metric": "acc", "value": 1, "step": null}`:                "acc=1@-",
		`{"metric": "acc", "value": 1, "step": -5}`:                  "acc=1@-5",
		`{"metric": "acc", "value": 1, "step": 1700000000000000000}`: "acc=1@1700000000000000000",
		`{"metric": "acc", "value": 1, "step": -9e+18}`:              "acc=1@-9000000000000000000",
		`{"metric": "acc", "value": 1e30}`:                           "acc=1e+30@-",
		`{"metric": "acc", "value": 1, "epoch": 3, "split": "val"}`:  "acc=1@-",
		`{"metric": "loss", "value": 1, "step": 2, "total": 10}`:     "loss=1@2 progress 2/10",
		`{"metric": "a\u001b[2J\n", "value": 1}`:                     `a\x1b[2J\n=1@-`,
		`{"metric": "a/b c/é中", "value": 1}`:                         "a/b c/é中=1@-",
		`{"step": 3, "total": 10}`:                                   "progress 3/10",
		`{"note": "data", "text": "v2\u0007"}`:                       `note data: v2\x07`,
		`{"resumed": true}`:                                          "resumed -1",
		`{"resumed": 40}`:                                            "resumed 40",
		`{"resumed": false}`:                                         "",
		`{"resumed": "yes"}`:                                         `! "resumed" is neither true nor a step`,
		`{"metric": "acc"}`:                                          "! it has no value",
		`{"metric": "acc", "value": null}`:                           "! the value is null",
		`{"metric": "acc", "value": true}`:                           "! the value is true, no number",
		`{"metric": "acc", "value": "high"}`:                         `! the value is no number: "high"`,
		`{"metric": "acc", "value": "0x10"}`:                         `! the value is no number: "0x10"`,
		`{"metric": "acc", "value": [1]}`:                            "! the value is no number",
		`{"metric": "acc", "value": 1e400}`:                          "! the value is out of range: 1e400",
		`{"metric": "acc", "value": 1, "step": 1.5}`:                 "! the step is no whole number: 1.5",
		`{"metric": "acc", "value": 1, "step": 1e30}`:                "! the step is out of range: 1e30",
		`{"metric": "acc", "value": 1, "step": true}`:                "! the step is true, no number",
		`{"metric": "", "value": 1}`:                                 "! the metric's name is empty",
		`{"metric": 3, "value": 1}`:                                  "! the metric's name is no text",
		`{"metric": "` + strings.Repeat("k", 201) + `", "value": 1}`: "! the metric's name is longer than 200 bytes",
		`{"metric": "dup", "value": 1, "metric": "dup2"}`:            `! it has "metric" twice`,
		`{"METRIC": "upper", "VALUE": 2}`:                            `! the key is "METRIC"`,
		`{"metric": "acc", "value": 1} # note`:                       "! text follows the JSON object",
		`{"metric": "acc", "value": 1`:                               "! it is not valid JSON",
		`INFO {"metric": "acc", "value": 1}`:                         "! text before the JSON object",
		`{"loss": 0.1, "step": 3}`:                                   "! no metrics are declared",
		`{"epoch": 1, "val_acc": 0.5}`:                               "! no metrics are declared",
		`{"epoch":1,"val_acc":.5}`:                                   "! it is not valid JSON",
		`{'loss': 0.5, 'epoch': 1}`:                                  "! it is not valid JSON",
		`{"value": 1}`:                                               "! no metrics are declared",
		`{"lr": 0.1, "depth": 3, "seed": 1}`:                         "", // its configuration
		`{"model": "vit", "width": 8}`:                               "",
		`{"step": 3}`:                                                "",
		`{}`:                                                         "",
		`{`:                                                          "",
		`{"`:                                                         "",
		`acc 0.5`:                                                    "",
		`[{"loss": 1}]`:                                              "",
		`{"a": {"b": 1}}`:                                            "",
	} {
		p := lineParser{config: map[string]any{"lr": 1, "depth": 3}}
		if got := said(p.printed([]byte(line))); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func TestFlatLines(t *testing.T) {
	p := lineParser{declared: map[string]bool{"loss": true, "val/acc": true, `e\x1b`: true}}
	for line, want := range map[string]string{
		`{"loss": 0.1, "step": 3}`:                            "loss=0.1@3",
		`{"loss": NaN, "val/acc": "0.5", "lr": 1, "step": 3}`: "loss=NaN@3 val/acc=0.5@3",
		`{"loss": 0.1}`:                                       "loss=0.1@-",
		`{"loss": 0.1, "epoch": 2}`:                           "loss=0.1@2",
		`{"loss": 0.1, "epoch": 0.25}`:                        "loss=0.1@-",
		`{"loss": 0.1, "epoch": 2, "global_step": 50}`:        "loss=0.1@50",
		`{"loss": 0.1, "_step": 7}`:                           "loss=0.1@7",
		`{"loss": 0.1, "step": 1.5}`:                          "! step is no whole number: 1.5",
		`{"loss": null, "val/acc": 0.5, "step": 3}`:           "val/acc=0.5@3 ! loss is null",
		`{"loss": 0.1, "loss": 0.2}`:                          `! it has "loss" twice`,
		`{"Loss": 0.1, "step": 3}`:                            "! none of its keys is a declared metric",
		`{"metric": "acc", "value": 1}`:                       "acc=1@-",
		`{"e\u001b": 1}`:                                      `e\x1b=1@-`,
		`{"loss": 0.1, "step": 3} done`:                       "! text follows the JSON object",
		`{"loss": 0.1, "step": 3, "total": 30}`:               "loss=0.1@3 progress 3/30",
	} {
		if got := said(p.printed([]byte(line))); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func FuzzMetricLines(f *testing.F) {
	f.Add([]byte(`{"metric": "acc", "value": NaN, "step": 10}`), true)
	f.Add([]byte(`{"loss": 1e3, "step": "3", "a": {"b": [null, true]}}`), false)
	f.Fuzz(func(t *testing.T, line []byte, declared bool) {
		p := lineParser{}
		if declared {
			p.declared = map[string]bool{"loss": true}
		}
		r := p.printed(line)
		for _, point := range r.points {
			if point.metric == "" || len(point.metric) > maxName || escape.Line(point.metric) != point.metric {
				t.Errorf("%q: %+v", line, point)
			}
		}
		p.reported(line)
	})
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nbc\n\nd"), 2)
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		split := func(parts ...[]byte) (lines []string) {
			l := lineSplitter{take: func(line []byte) { lines = append(lines, string(line)) }}
			for _, part := range parts {
				if n, err := l.Write(part); n != len(part) || err != nil {
					t.Fatal(n, err)
				}
			}
			l.end()
			return lines
		}
		at = min(max(0, at), len(data))
		if d := cmp.Diff(split(data), split(data[:at], data[at:])); d != "" {
			t.Error(d)
		}
	})
}
