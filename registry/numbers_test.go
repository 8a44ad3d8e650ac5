package registry

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/model/spec"
	"harness/registry/journal"
)

// run is an attempt of a test: what its journal holds between start and the end of file.
type run struct {
	purpose journal.Purpose
	resume  *int64
	points  map[string][]Point
	notes   []Note
	end     *journal.End
	exit    *journal.Exit
}

func step(n int64) *int64 { return &n }

var (
	endDone        = &journal.End{Outcome: journal.Done}
	endFailed      = &journal.End{Outcome: journal.Failed, Error: "diverged"}
	endInterrupted = &journal.End{Outcome: journal.Interrupted, Error: "stopped"}
)

func exit(class journal.Class) *journal.Exit {
	return &journal.Exit{Code: 1, Class: class, Error: "why"}
}

// writeRuns writes the journals of a trial.
func writeRuns(t *testing.T, home string, trial spec.Trial, runs ...run) {
	t.Helper()
	for _, r := range runs {
		if r.purpose == "" {
			r.purpose = journal.PurposeRun
		}
		w, _ := begin(t, home, trial, r.purpose)
		if r.resume != nil {
			must(t, w.Resume(*r.resume))
		}
		for _, metric := range []string{"loss", "acc", "old"} {
			for _, p := range r.points[metric] {
				must(t, w.Point(metric, int(p.Step), p.Value))
			}
		}
		for _, n := range r.notes {
			must(t, w.Note(n.Key, n.Text))
		}
		if r.end != nil {
			must(t, w.End(*r.end))
		}
		if r.exit != nil {
			must(t, w.Exit(*r.exit))
		}
		must(t, w.Close())
	}
}

func points(values ...Point) []Point { return values }

// TestWhoseNumbers: only the run that is done gives the numbers of a trial; what it resumed belongs to it.
func TestWhoseNumbers(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	lost := map[string][]Point{"loss": points(Point{1, 9}, Point{2, 8}, Point{3, 7}), "old": points(Point{3, 1})}
	good := map[string][]Point{"loss": points(Point{3, 5}, Point{4, 4})}
	cases := map[string]struct {
		runs   []run
		result int
		state  State
		loss   []Point
		old    []Point
	}{
		"killed, then done from the start": {[]run{{points: lost, exit: exit(journal.ClassKilled)}, {points: good, end: endDone}},
			2, Done, good["loss"], nil},
		"resumed, not told where": {[]run{{points: lost, end: endInterrupted}, {resume: step(-1), points: good, end: endDone}},
			2, Done, points(Point{1, 9}, Point{2, 8}, Point{3, 5}, Point{4, 4}), lost["old"]},
		"resumed after step 1": {[]run{{points: lost, end: endInterrupted}, {resume: step(1), points: good, end: endDone}},
			2, Done, points(Point{1, 9}, Point{3, 5}, Point{4, 4}), nil},
		"resumed after step 3": {[]run{{points: lost, end: endInterrupted}, {resume: step(3), points: good, end: endDone}},
			2, Done, points(Point{1, 9}, Point{2, 8}, Point{3, 5}, Point{4, 4}), lost["old"]},
		"resumed twice": {[]run{{points: lost}, {resume: step(2), points: map[string][]Point{"acc": points(Point{1, 1})}, end: endInterrupted},
			{resume: step(3), points: good, end: endDone}}, 3, Done, points(Point{1, 9}, Point{2, 8}, Point{3, 5}, Point{4, 4}), nil},
		"resumed after two that said nothing": {[]run{{points: lost}, {}, {exit: exit(journal.ClassKilled)}, {resume: step(2), points: good, end: endDone}},
			4, Done, points(Point{1, 9}, Point{2, 8}, Point{3, 5}, Point{4, 4}), nil},
		"the newest has said nothing yet": {[]run{{points: lost, end: endFailed}, {}}, 0, Running, nil, nil},
		"resumed by the one before last": {[]run{{points: lost}, {resume: step(-1), points: good, end: endFailed},
			{points: good, end: endDone}}, 3, Done, good["loss"], nil},
		"done, then a newer run that failed": {[]run{{points: good, end: endDone}, {points: lost, end: endFailed}},
			1, Done, good["loss"], nil},
		"none done: the newest, live": {[]run{{points: lost, end: endFailed}, {points: good}}, 0, Running, good["loss"], nil},
		"a rerun never counts": {[]run{{points: good, end: endDone}, {purpose: journal.PurposeRerun, points: lost, end: endDone}},
			1, Done, good["loss"], nil},
		"only a rerun": {[]run{{purpose: journal.PurposeRerun, points: lost, end: endDone}}, 0, Queued, nil, nil},
		"values that are no numbers": {[]run{{points: map[string][]Point{"loss": points(Point{1, 2}, Point{2, nan}, Point{3, inf}, Point{4, -inf}, Point{5, 1})}, end: endDone}},
			1, Done, points(Point{1, 2}, Point{2, nan}, Point{3, inf}, Point{4, -inf}, Point{5, 1}), nil},
		"steps as large as there are": {[]run{{points: map[string][]Point{"loss": points(Point{math.MinInt64, 1}, Point{math.MaxInt64, 2})}, end: endDone}},
			1, Done, points(Point{math.MinInt64, 1}, Point{math.MaxInt64, 2}), nil},
	}
	ctx := context.Background()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			trial := program(1)
			writeRuns(t, home, trial, c.runs...)
			db := open(t, home)
			trials, err := db.Trials(ctx, Query{})
			must(t, err)
			if len(trials) != 1 || trials[0].State != c.state || trials[0].Result != c.result {
				t.Fatalf("%+v", trials)
			}
			for metric, want := range map[string][]Point{"loss": c.loss, "old": c.old} {
				got, err := db.Points(ctx, trial.ID(), metric)
				must(t, err)
				if d := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
					t.Errorf("points of %s (-want +got):\n%s", metric, d)
				}
				checkBuckets(t, db, trial.ID(), metric, want)
				all, err := db.Summary(ctx, []string{trial.ID()})
				must(t, err)
				summary, ok := all[trial.ID()][metric]
				wanted := *summarize(want)
				wanted.Final = c.result > 0
				if ok != (len(want) > 0) || ok && !cmp.Equal(wanted, summary, cmpopts.EquateNaNs()) {
					t.Errorf("summary of %s: %+v, want %+v", metric, summary, wanted)
				}
			}
		})
	}
}

// TestSummaryOfNoNumbers: NaN and the infinities are counted, may be the last, and are never the best.
func TestSummaryOfNoNumbers(t *testing.T) {
	nan := math.NaN()
	got := *summarize(points(Point{1, math.Inf(-1)}, Point{2, 3}, Point{3, 2}, Point{4, math.Inf(1)}, Point{5, nan}))
	want := Summary{Last: nan, LastStep: 5, Min: 2, Max: 3, N: 5, NaN: 1, Inf: 2}
	if !cmp.Equal(got, want, cmpopts.EquateNaNs()) || got.Best(true) != 2 || got.Best(false) != 3 {
		t.Errorf("%+v", got)
	}
	if s := summarize(points(Point{1, math.Inf(1)})); !math.IsInf(s.Last, 1) || !math.IsNaN(s.Min) || s.Inf != 1 {
		t.Errorf("%+v", s)
	}
}

// TestHowAttemptsEnd: what a process's end means beside the trial's own word.
func TestHowAttemptsEnd(t *testing.T) {
	cases := map[string]struct {
		run   run
		state State
		class journal.Class
	}{
		"no word, good end":                    {run{exit: &journal.Exit{}}, Failed, journal.ClassError},
		"done, then an exit with a class":      {run{end: endDone, exit: exit(journal.ClassKilled)}, Done, ""},
		"done, then canceled":                  {run{end: endDone, exit: exit(journal.ClassCanceled)}, Done, ""},
		"asked to stop, good end":              {run{exit: &journal.Exit{Class: journal.ClassInterrupted}}, Interrupted, journal.ClassInterrupted},
		"canceled":                             {run{exit: exit(journal.ClassCanceled)}, Interrupted, journal.ClassCanceled},
		"interrupted, then canceled":           {run{end: endInterrupted, exit: exit(journal.ClassCanceled)}, Interrupted, journal.ClassCanceled},
		"over its time":                        {run{exit: &journal.Exit{Class: journal.ClassTimeout}}, Failed, journal.ClassTimeout},
		"its own failure, then a bad exit":     {run{end: endFailed, exit: exit(journal.ClassError)}, Failed, journal.ClassError},
		"its own failure, for want of memory":  {run{end: endFailed, exit: exit(journal.ClassMemory)}, Failed, journal.ClassMemory},
		"still running":                        {run{}, Running, ""},
		"interrupted, and killed while saving": {run{end: endInterrupted, exit: exit(journal.ClassKilled)}, Failed, journal.ClassKilled},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			writeRuns(t, home, program(1), c.run)
			trials, err := open(t, home).Trials(context.Background(), Query{Brief: true})
			must(t, err)
			if got := trials[0]; got.State != c.state || got.Newest.State != c.state || got.Newest.Class != c.class {
				t.Errorf("%s, attempt %s %q", got.State, got.Newest.State, got.Newest.Class)
			}
			if c.run.end == endFailed && c.class == journal.ClassError && trials[0].Newest.Error != "diverged" {
				t.Errorf("error %q", trials[0].Newest.Error)
			}
		})
	}
}

// TestNotesFollowTheNumbers: notes and predictions are those of the runs whose numbers count.
func TestNotesFollowTheNumbers(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	trial := program(1)
	writeRuns(t, home, trial,
		run{notes: []Note{{"a", "lost"}, {"b", "lost"}}, exit: exit(journal.ClassKilled)},
		run{notes: []Note{{"a", "first"}, {"c", "kept"}}, end: endInterrupted},
		run{resume: step(-1), notes: []Note{{"a", "last"}}, end: endDone},
		run{notes: []Note{{"a", "later"}}, end: endFailed})
	db := open(t, home)
	notes, err := db.Notes(ctx, trial.ID())
	must(t, err)
	if d := cmp.Diff([]Note{{"a", "last"}, {"c", "kept"}}, notes); d != "" {
		t.Errorf("notes (-want +got):\n%s", d)
	}
	for _, attempt := range []string{"1", "2", "4"} {
		writeFile(t, home, "trials", trial.ID(), attempt, "predictions.jsonl")
	}
	if path, err := db.PredictionsPath(ctx, trial.ID()); path != "" || err != nil {
		t.Errorf("predictions of an attempt that did not finish: %q, %v", path, err)
	}
	want := writeFile(t, home, "trials", trial.ID(), "3", "predictions.jsonl")
	if path, err := db.PredictionsPath(ctx, trial.ID()); path != want || err != nil {
		t.Errorf("predictions %q, %v", path, err)
	}
}

// TestOddMetricNames: whatever got into a journal as the name of a metric comes out again.
func TestOddMetricNames(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	trial := program(1)
	names := []string{strings.Repeat("long", 300), "a\nb\x00c\x1b[31m", "", "\u202e", "'; DROP TABLE point; --"}
	w, _ := begin(t, home, trial, journal.PurposeRun)
	for i, name := range names {
		must(t, w.Point(name, i, float64(i)))
	}
	must(t, w.End(*endDone))
	must(t, w.Close())
	all, err := open(t, home).Summary(ctx, []string{trial.ID()})
	must(t, err)
	for i, name := range names {
		if s, ok := all[trial.ID()][name]; !ok || s.Last != float64(i) {
			t.Errorf("%.20q: %+v", name, s)
		}
	}
}

// TestProvenanceAndFolder: where an attempt worked and what code ran stand in its row.
func TestProvenanceAndFolder(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	trial := program(1)
	number, dir, err := NewAttempt(home, trial.ID(), trial, 4)
	must(t, err)
	w, err := journal.Create(dir)
	must(t, err)
	want := journal.Provenance{Commit: "c", DiffHash: "d", Harness: "h", BinaryHash: "b", GoVersion: "g", Host: "o", CPU: "p",
		Cores: 3, GPU: "u", Driver: "v", Code: "digest", Kernels: "avx512"}
	must(t, w.Start(journal.Start{Trial: trial.ID(), Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Canonical(),
		Dir: "/work/here", Threads: 2, Engine: "native", Provenance: want}))
	must(t, w.Close())
	attempts, err := open(t, home).Attempts(ctx, trial.ID())
	must(t, err)
	if len(attempts) != 1 || attempts[0].Number != 5 || attempts[0].Provenance != want || attempts[0].Dir != "/work/here" ||
		attempts[0].Threads != 2 || attempts[0].Resumed {
		t.Errorf("%+v", attempts)
	}
}
