package cli

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"harness/metrics"
)

// scoreOf are the options of harness score for two files.
func scoreOf(hyps, refs string, names ...string) scoreOptions {
	return scoreOptions{
		scoreFiles: scoreFiles{hyps: []string{hyps}, refs: []string{refs}}, metrics: names, tokenize: metrics.TokenizeNone, digits: 4, seed: 1,
	}
}

func writeFiles(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A cancelled scoring used to wait for standard input for ever, and inside a long text until its end.
func TestScoreEndsAtOnce(t *testing.T) {
	long := strings.Repeat("a b c d e f g h ", 30000)
	dir := writeFiles(t, map[string]string{"h.txt": long, "r.txt": strings.Repeat("b d a c h e g f ", 30000)})
	waiting, writer := io.Pipe()
	defer writer.Close()
	for name, opts := range map[string]scoreOptions{
		"standard input": scoreOf("-", filepath.Join(dir, "r.txt"), "bleu"),
		"long text":      scoreOf(filepath.Join(dir, "h.txt"), filepath.Join(dir, "r.txt"), "rouge"), // reads no context
	} {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- score(ctx, io.Discard, waiting, opts) }()
		time.Sleep(100 * time.Millisecond)
		cancel()
		asked := time.Now()
		select {
		case err := <-done:
			if took := time.Since(asked); took > 200*time.Millisecond {
				t.Errorf("%s: ended after %v", name, took)
			}
			if !errors.Is(err, context.Canceled) || exitCodeOf(err) != exitInterrupted {
				t.Errorf("%s: %v, exit code %d", name, err, exitCodeOf(err))
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: did not end", name)
		}
	}
}

func TestScoreUnpacks(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.WriteString(w, "id,caption\n1,a cat\n2,a dog runs\n"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{
		"h.csv.gz": packed.String(), "half.csv.gz": packed.String()[:packed.Len()-9], "r.csv": "id,caption\n1,a cat\n2,the dog runs\n",
	})
	var out strings.Builder
	opts := scoreOf(filepath.Join(dir, "h.csv.gz"), filepath.Join(dir, "r.csv"), "bleu1")
	if err := score(context.Background(), &out, nil, opts); err != nil || !strings.Contains(out.String(), "0.8000") {
		t.Errorf("%v\n%s", err, out.String())
	}
	opts.hyps = []string{filepath.Join(dir, "half.csv.gz")}
	if err := score(context.Background(), &out, nil, opts); err == nil || !strings.Contains(err.Error(), "half.csv.gz: unexpected EOF") {
		t.Errorf("half a file: %v", err)
	}
}
