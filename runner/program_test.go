package runner

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/model/spec"
)

func TestArgWords(t *testing.T) {
	for _, c := range []struct {
		trial spec.Trial
		want  []string
	}{
		{spec.Trial{}, nil},
		{spec.Trial{Args: `{"b":{"y":1.0,"x":"a b"},"a":true,"l":[1,"z"],"n":null}`},
			[]string{"--a=true", "--b.x=a b", "--b.y=1.0", `--l=[1,"z"]`, "--n=null"}},
		{spec.Trial{Args: `{"lr":0.001}`, Seed: 3}, []string{"--lr=0.001", "--seed=3"}},
		{spec.Trial{Args: `{"seed":9}`, Seed: 3}, []string{"--seed=9"}},
		{spec.Trial{Command: spec.MakeWords("p", "${args}", "-s", "${seed}"), Seed: 3}, nil},
	} {
		got, err := argWords(c.trial)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:\n%s", c.trial.Args, d)
		}
	}
}

func TestExpandCommand(t *testing.T) {
	got := expandCommand([]string{"python", "${args}", "x ${args} y", "${config}", "--out=${trial_dir}/o", "${HOME}"},
		[]string{"--a=1", "--b=2"}, map[string]string{"${config}": "/c", "${trial_dir}": "/d", "${seed}": "3"})
	want := []string{"python", "--a=1", "--b=2", "x --a=1 --b=2 y", "/c", "--out=/d/o", "${HOME}"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestParseReport(t *testing.T) {
	for line, want := range map[string]string{
		`{"metric": "acc", "value": 0.5, "step": 10}`:               "acc 0.5 10",
		`{"metric": "acc", "value": 1, "step": 10.0, "extra": [1]}`: "acc 1 10",
		`{"metric": "acc", "value": NaN}`:                           "acc NaN -",
		`{"metric": "acc", "value":-Infinity}`:                      "acc -Inf -",
		`{"metric": "acc", "value": "NaN"}`:                         "acc NaN -",
		`{"step": 3, "total": 10}`:                                  "  3",
		`{"note": "data", "text": "v2"}`:                            "note data: v2",
		`{"metric": "acc"}`:                                         "",
		`{"metric": "acc", "value": null}`:                          "",
		`{"metric": "acc", "value": "high"}`:                        "",
		`{"metric": "acc", "value": 1, "step": 1.5}`:                "",
		`{"value": 1}`:                 "",
		`{"step": 3}`:                  "",
		`{}`:                           "",
		`{"metric": "acc", "value": 1`: "",
		`acc 0.5`:                      "",
	} {
		got := ""
		if r, err := parseReport([]byte(line)); err == nil {
			value, step := "", "-"
			if r.Value != nil {
				value = fmt.Sprint(float64(*r.Value))
			}
			if r.Step != nil {
				step = fmt.Sprint(*r.Step)
			}
			got = fmt.Sprintf("%s %s %s", r.Metric, value, step)
			if r.Note != "" {
				got = "note " + r.Note + ": " + r.Text
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add([]byte(`{"metric": "acc", "value": NaN, "step": 10}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parseReport(line)
		if err != nil {
			return
		}
		if r.Metric != "" && r.Value == nil || r.Step != nil && *r.Step != math.Trunc(*r.Step) {
			t.Errorf("%s: %+v", line, r)
		}
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
