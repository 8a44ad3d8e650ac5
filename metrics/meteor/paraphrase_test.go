package meteor

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"syscall"
	"testing"
	"time"
)

type paraphrasePair struct {
	Hyp    string
	Refs   []string
	Stats  string
	Score  float64
	Corpus float64 // in the last line alone
}

func readParaphrasePairs(t testing.TB) (pairs []paraphrasePair, corpus float64) {
	t.Helper()
	f, err := os.Open("testdata/paraphrase_pairs.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(bufio.NewReader(z))
	for lines.More() {
		var p paraphrasePair
		if err := lines.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, p)
	}
	last := len(pairs) - 1
	return pairs[:last], pairs[last].Corpus
}
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestReal(t *testing.T) {
	start, c := time.Now(), cpu()
	p, err := OpenParaphrases(t.Context(), os.Getenv("METEOR_PARAPHRASES"), Opening{Cache: "/tmp/meteor/cache"})
	if err != nil {
		t.Fatal(err)
	}
	{
		var u syscall.Rusage
		syscall.Getrusage(0, &u)
		t.Log("user", time.Duration(u.Utime.Nano()), "sys", time.Duration(u.Stime.Nano()))
	}
	t.Log(p.Len(), time.Since(start), cpu()-c, p.Digest())
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	t.Log("rss", u.Maxrss>>10)
	pairs, corpus := readParaphrasePairs(t)
	s := mustNew(t, p)
	row, sum := make([]float64, Width), make([]float64, Width)
	start, c = time.Now(), cpu()
	bad := 0
	for _, q := range pairs {
		if err := s.Stats(q.Hyp, q.Refs, row); err != nil {
			t.Fatal(err)
		}
		if got := printed(row, "%.0f"); got != q.Stats || math.Abs(Score(row)-q.Score) > 1e-12 {
			bad++
			if bad < 10 {
				t.Errorf("%q against %q\n got %s %v\nwant %s %v", q.Hyp, q.Refs, got, Score(row), q.Stats, q.Score)
			}
		}
		for i, v := range row {
			sum[i] += v
		}
	}
	t.Log(time.Since(start), cpu()-c, bad, Score(sum), corpus)
}
