package metrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"harness/metrics"
	"harness/metrics/fileformat"
	"harness/metrics/meteor"
	"harness/metrics/ptb"
)

// official are the recorded seconds of the official programs on 20,000 pairs, wall and CPU (of two runs the faster).
var official = []struct {
	name      string
	wall, cpu float64
	group     string // "" is the tokenizer alone
}{
	{"PTB tokens", 1.8, 2.4, ""},
	{"BLEU-1..4", 2.7, 2.7, "bleu"},
	{"ROUGE-L", 4.0, 4.0, "rouge"},
	{"CIDEr", 12.6, 11.2, "cider"},
	{"METEOR", 21.3, 25, "meteor"},
}

// programs are the recorded CPU seconds of sacrebleu and rouge_score on the first 5,000 of these pairs.
var programs = []struct {
	name  string
	cpu   float64
	group string
}{
	{"BLEU (13a)", 0.95, "sacrebleu"},
	{"chrF", 2.17, "chrf"},
	{"chrF++", 2.49, "chrf++"},
	{"TER", 61.4, "ter"},
	{"ROUGE", 2.59, "rouge_score"},
}

// TestSpeed prints how long each metric takes on the speed fixture, beside the recorded times of the official programs, and
// fails where the CPU time misses what is promised: wall time means little on a machine that does other work.
// make bench-metrics writes the fixture and names its folder in $HARNESS_PAIRS.
func TestSpeed(t *testing.T) {
	folder := os.Getenv("HARNESS_PAIRS")
	if folder == "" {
		t.Skip("HARNESS_PAIRS names no fixture: run make bench-metrics")
	}
	total := timed(func() { score(t, readPairs(t, folder, "20000"), metrics.TokenizePTB, metrics.TextGroups...) })
	peak := usage(t).Maxrss << 10
	raw := readPairs(t, folder, "20000")
	samples := tokenized(raw)
	t.Logf("%-12s %22s %22s %12s", "20,000 pairs", "official wall, CPU s", "ours wall, CPU s", "times (CPU)")
	row := func(name string, wall, cpu float64, took laps) {
		t.Logf("%-12s %12.1f %9.1f %12.2f %9.2f %12.0f", name, wall, cpu, took.wall, took.cpu, cpu/took.cpu)
	}
	var wall, cpu float64
	for _, o := range official {
		took := timed(func() {
			if o.group == "" {
				tokenized(raw)
			} else {
				score(t, samples, metrics.TokenizeNone, o.group)
			}
		})
		row(o.name, o.wall, o.cpu, took)
		wall, cpu = wall+o.wall, cpu+o.cpu
		if o.cpu < 10*took.cpu {
			t.Errorf("%s is less than 10 times as fast", o.name)
		}
	}
	row("all, files", wall, cpu, total)
	for _, p := range programs {
		took := timed(func() { score(t, raw[:5000], metrics.TokenizeNone, p.group) })
		t.Logf("%-12s 5,000 pairs %18.2f %12.2f %9.2f %12.0f", p.name, p.cpu, took.wall, took.cpu, p.cpu/took.cpu)
		if p.cpu < took.cpu {
			t.Errorf("%s is slower than the official program", p.name)
		}
	}
	t.Logf("at most %d MiB of memory", peak>>20)
	if total.cpu > 2*1.0 || peak > 500<<20 {
		t.Errorf("more than 1 s on 2 cores, or more than 500 MiB")
	}
	large := timed(func() { score(t, readPairs(t, folder, "200000"), metrics.TokenizePTB, metrics.TextGroups...) })
	t.Logf("200,000 pairs: %.1f s wall, %.1f s CPU, %.1f times 20,000", large.wall, large.cpu, large.cpu/total.cpu)
	if large.cpu > 12*total.cpu {
		t.Errorf("time does not grow linearly")
	}
}

// TestParaphraseSpeed compares METEOR with the official paraphrase table, pair by pair and in speed, with what the official program gave
// on the same machine: make bench-meteor.
func TestParaphraseSpeed(t *testing.T) {
	folder, path := os.Getenv("HARNESS_PAIRS"), os.Getenv("METEOR_PARAPHRASES")
	if folder == "" || path == "" {
		t.Skip("HARNESS_PAIRS and METEOR_PARAPHRASES name no files: run make bench-meteor")
	}
	var official struct {
		Wall, CPU, Corpus float64
		Scores            map[string]float64
	}
	data, err := os.ReadFile(filepath.Join(folder, "meteor-20000.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &official); err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	var scores *metrics.Scores
	row := func(what string, took laps) {
		t.Logf("%-28s %8.2f %8.2f %12.0f %12.0f", what, took.wall, took.cpu, official.Wall/took.wall, official.CPU/took.cpu)
	}
	t.Logf("%-28s %8s %8s %12s %12s", "20,000 pairs", "wall s", "CPU s", "times (wall)", "times (CPU)")
	t.Logf("%-28s %8.2f %8.2f", "official", official.Wall, official.CPU)
	for _, what := range []string{"the table is read", "the table is kept"} {
		var table *meteor.Paraphrases
		row(what+", opening", timed(func() {
			if table, err = meteor.OpenParaphrases(t.Context(), path, meteor.Opening{Cache: cache}); err != nil {
				t.Fatal(err)
			}
		}))
		took := timed(func() {
			opts := metrics.Options{Tokenize: metrics.TokenizeNone, Metrics: []string{"meteor"}, Paraphrases: table}
			if scores, err = metrics.Score(t.Context(), readPairs(t, folder, "20000"), opts); err != nil {
				t.Fatal(err)
			}
		})
		row(what+", scoring", took)
		if what == "the table is kept" && official.CPU < 20*took.cpu {
			t.Errorf("less than 20 times as fast")
		}
	}
	t.Logf("at most %d MiB of memory", usage(t).Maxrss>>10)
	if peak := usage(t).Maxrss << 10; peak > 500<<20 {
		t.Errorf("more than 500 MiB")
	}
	if len(scores.IDs) != len(official.Scores) || math.Abs(scores.Corpus["meteor"]-official.Corpus) > 1e-6 {
		t.Errorf("%d pairs, corpus %v, want %d, %v", len(scores.IDs), scores.Corpus["meteor"], len(official.Scores), official.Corpus)
	}
	for i, id := range scores.IDs {
		if got, want := scores.Sample["meteor"][i], official.Scores[id]; math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}

// laps are seconds.
type laps struct{ wall, cpu float64 }

func timed(work func()) laps {
	var before, after syscall.Rusage
	start := time.Now()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	work()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	spent := func(u syscall.Rusage) int64 { return u.Utime.Nano() + u.Stime.Nano() }
	return laps{wall: time.Since(start).Seconds(), cpu: float64(spent(after)-spent(before)) / 1e9}
}

// readPairs reads both files at once, as harness score does.
func readPairs(t *testing.T, folder, count string) []metrics.Sample {
	t.Helper()
	var files [2]*fileformat.File
	var errs [2]error
	var both sync.WaitGroup
	for i, side := range []string{"hyps", "refs"} {
		both.Go(func() {
			name := filepath.Join(folder, side+"-"+count+".json")
			var data []byte
			if data, errs[i] = os.ReadFile(name); errs[i] == nil {
				files[i], errs[i] = fileformat.Parse(name, data)
			}
		})
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	samples, err := fileformat.Pair(files[0], files[1])
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func score(t *testing.T, samples []metrics.Sample, tokenize string, groups ...string) {
	t.Helper()
	if _, err := metrics.Score(context.Background(), samples, metrics.Options{Tokenize: tokenize, Metrics: groups}); err != nil {
		t.Fatal(err)
	}
}

// tokenized returns the samples as PTB tokens, computed on one core.
func tokenized(samples []metrics.Sample) []metrics.Sample {
	var lexer ptb.Lexer
	out := make([]metrics.Sample, len(samples))
	for i, s := range samples {
		out[i] = metrics.Sample{ID: s.ID, Hyp: string(lexer.Append(nil, []string{s.Hyp}, 0))}
		for k := range s.Refs {
			out[i].Refs = append(out[i].Refs, string(lexer.Append(nil, s.Refs, k)))
		}
	}
	return out
}

func usage(t *testing.T) syscall.Rusage {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return u
}
