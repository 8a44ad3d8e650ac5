package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"harness/internal/jsonfloat"
)

func TestChoose(t *testing.T) {
	names := func(only string) string {
		chosen, err := choose(only)
		if err != nil {
			return err.Error()
		}
		var list []string
		for _, s := range chosen {
			list = append(list, s.name)
		}
		return strings.Join(list, " ")
	}
	for only, want := range map[string]string{
		"smoke":              "plugin smoke",
		"two-on-one,smoke":   "plugin smoke two-on-one",
		"plugin":             "plugin",
		"smoke,tow-on-one,x": "no step is called tow-on-one or x",
	} {
		if got := names(only); got != want {
			t.Errorf("%s: %q, want %q", only, got, want)
		}
	}
	if all, err := choose(""); err != nil || len(all) != len(steps) {
		t.Errorf("all: %d steps, %v", len(all), err)
	}
}

// TestDo checks what becomes of a step that fails, has no time, and has no plugin.
func TestDo(t *testing.T) {
	fails := step{"fails", time.Second, func(context.Context, *bench) (any, error) { return 1, errors.New("broken") }}
	slow := step{"slow", time.Millisecond, func(ctx context.Context, _ *bench) (any, error) { <-ctx.Done(); return nil, ctx.Err() }}
	skips := step{"skips", time.Second, func(context.Context, *bench) (any, error) { return nil, skipped("no GPU") }}
	b := &bench{plugin: "p"}
	if r := fails.do(t.Context(), b, time.Minute); r.Error != "broken" || r.Found != 1 {
		t.Errorf("%+v", r)
	}
	if r := slow.do(t.Context(), b, time.Minute); !strings.HasPrefix(r.Error, "stopped after") {
		t.Errorf("%+v", r)
	}
	if r := skips.do(t.Context(), b, time.Minute); r.Error != "" || r.Skipped != "no GPU" {
		t.Errorf("%+v", r)
	}
	if r := fails.do(t.Context(), &bench{}, time.Minute); r.Skipped != "there is no plugin" {
		t.Errorf("%+v", r)
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	for _, r := range []result{fails.do(over, b, time.Minute), fails.do(t.Context(), b, 0)} {
		if r.Skipped != "no time is left" {
			t.Errorf("%+v", r)
		}
	}
	if r := slow.do(t.Context(), &bench{plugin: "p", small: true}, 4*time.Millisecond); r.Seconds < 0.004 {
		t.Errorf("a rehearsal was stopped after %v s", r.Seconds)
	}
	var kept context.Context
	behind := step{"behind", 0, func(ctx context.Context, _ *bench) (any, error) { kept = ctx; return nil, nil }}
	if behind.do(t.Context(), b, time.Minute); kept.Err() != nil {
		t.Error("what goes on beside the next steps was ended with its own")
	}
}

// TestAwaitCompiled: a stage that is chosen alone waits for nothing.
func TestAwaitCompiled(t *testing.T) {
	over, stop := context.WithCancel(t.Context())
	stop()
	if err := (&bench{}).awaitCompiled(over); err != nil {
		t.Error(err)
	}
	if err := (&bench{compiled: make(chan struct{})}).awaitCompiled(over); err == nil {
		t.Error("it did not wait")
	}
	done := make(chan struct{})
	close(done)
	if err := (&bench{compiled: done}).awaitCompiled(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestVerdicts(t *testing.T) {
	text := "=== RUN   TestA\n    a_test.go:7: off by 2\n--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/one (0.0s)\n    --- PASS: TestA/two (0.0s)\n--- PASS: TestB (0.0s)\n"
	passed, failed := verdicts(text)
	if passed != 2 || !reflect.DeepEqual(failed, []string{"TestA", "TestA/one"}) {
		t.Errorf("%d passed, %v failed", passed, failed)
	}
	if got := complaints(text); !reflect.DeepEqual(got, []string{"a_test.go:7: off by 2"}) {
		t.Errorf("%q", got)
	}
}

func TestLossesApart(t *testing.T) {
	one := func(state string, loss float64) []trial {
		return []trial{{Label: "a", State: state, Metrics: map[string]jsonfloat.Float{"pretrain/loss": jsonfloat.Float(loss), "acc": 3}}}
	}
	for _, c := range []struct {
		name           string
		own, reference []trial
		ok             bool
	}{
		{"near", one("done", 2.0001), one("done", 2), true},
		{"apart", one("done", 2.1), one("done", 2), false},
		{"failed", one("failed", 2), one("done", 2), false},
		{"no loss", []trial{{Label: "a", State: "done"}}, []trial{{Label: "a"}}, false},
		{"no such trial", one("done", 2), nil, false},
	} {
		if _, err := lossesApart(c.own, c.reference); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var nan trial
	if err := json.Unmarshal([]byte(`{"label":"a","state":"done","metrics":{"pretrain/loss":"NaN"}}`), &nan); err != nil {
		t.Fatal(err)
	}
	if _, err := lossesApart([]trial{nan}, one("done", 2)); err == nil {
		t.Error("NaN passed")
	}
}

func TestLongestTogether(t *testing.T) {
	at := func(from, to int) trial {
		return trial{Started: time.Unix(int64(from), 0), Ended: time.Unix(int64(to), 0)}
	}
	if got := longestTogether([]trial{at(0, 10), at(12, 20), at(15, 30)}); got != 5*time.Second {
		t.Errorf("%s", got)
	}
	if got := longestTogether([]trial{at(0, 10), at(12, 20)}); got > 0 {
		t.Errorf("one after the other: %s", got)
	}
}

// TestWriteResults checks that the file is whole and takes the place of an earlier one.
func TestWriteResults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	for _, list := range [][]result{{{Step: "a"}}, {{Step: "a"}, {Step: "b", Error: "broken"}}} {
		if err := writeResults(path, list); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var read []result
		if err := json.Unmarshal(data, &read); err != nil || !reflect.DeepEqual(read, list) {
			t.Errorf("%s, %v", data, err)
		}
	}
}

// TestWorkloads checks that both stages fit their parameters, at the sizes of the rehearsal, for one sample and for several.
func TestWorkloads(t *testing.T) {
	s, err := sizesOf(true)
	if err != nil {
		t.Fatal(err)
	}
	for name, work := range map[string]workload{"first": s.firstStage(), "second": s.secondStage()} {
		one, err := work.tflop(1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		four, err := work.tflop(4)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !(one > 0 && four > 2*one) {
			t.Errorf("%s: %g and %g TFLOP", name, one, four)
		}
	}
}
