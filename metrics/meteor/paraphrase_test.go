package meteor

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the cut of the paraphrase table; needs $METEOR_PARAPHRASES")

// realTable opens the official table, which $METEOR_PARAPHRASES names: make meteor-check downloads it.
func realTable(t testing.TB) *Paraphrases {
	t.Helper()
	path := os.Getenv("METEOR_PARAPHRASES")
	if path == "" {
		t.Skip("METEOR_PARAPHRASES names no paraphrase-en.gz: run make meteor-check")
	}
	p, err := OpenParaphrases(t.Context(), path, Opening{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const cutFile = "testdata/paraphrase_cut.txt.gz"

func openCut(t testing.TB) *Paraphrases {
	t.Helper()
	p, err := OpenParaphrases(t.Context(), cutFile, Opening{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// item is a pair with what the official program says of it.
type item struct {
	Hyp   string
	Refs  []string
	Stats string
	Score float64
}

// paraphrasePairs reads the recorded pairs and the corpus score: testdata/paraphrase_pairs.py.
func paraphrasePairs(t testing.TB) (items []item, corpus float64) {
	t.Helper()
	lines := json.NewDecoder(unpacked(t, "testdata/paraphrase_pairs.jsonl.gz"))
	for lines.More() {
		var line struct {
			item
			Corpus float64
		}
		if err := lines.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if corpus = line.Corpus; len(line.Refs) > 0 {
			items = append(items, line.item)
		}
	}
	return items, corpus
}

func unpacked(t testing.TB, path string) io.Reader {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return bufio.NewReader(z)
}

// officialItems returns fixture A with what the official wrapper gives by default.
func officialItems(t testing.TB) (items []item, corpus float64) {
	t.Helper()
	var golden struct {
		Corpus    float64
		Sentences map[string]float64
	}
	readRecorded(t, "fixture_a_meteor_paraphrase.json", &golden)
	ids, hyps, refs := views(t)
	for _, id := range ids {
		items = append(items, item{Hyp: hyps["ptb"][id], Refs: refs["ptb"][id], Score: golden.Sentences[id]})
	}
	return items, golden.Corpus
}

// checkItems compares the scores of items, and of all of them, with what was recorded.
func checkItems(t *testing.T, p *Paraphrases, items []item, corpus float64) {
	t.Helper()
	s, row, sum := mustNew(t, p), make([]float64, Width), make([]float64, Width)
	if len(items) == 0 {
		t.Fatal("nothing to compare")
	}
	for _, it := range items {
		if err := s.Stats(it.Hyp, it.Refs, row); err != nil {
			t.Fatal(err)
		}
		if got := printed(row, "%.0f"); it.Stats != "" && got != it.Stats || math.Abs(Score(row)-it.Score) > 1e-12 {
			t.Errorf("%q against %q:\n got %s %v\nwant %s %v", it.Hyp, it.Refs, got, Score(row), it.Stats, it.Score)
		}
		for i, v := range row {
			sum[i] += v
		}
	}
	if math.Abs(Score(sum)-corpus) > 1e-12 {
		t.Errorf("corpus %v, want %v", Score(sum), corpus)
	}
}

// TestOfficialParaphrases compares with the official program on pairs full of phrases of its table, and on fixture A, with all entries
// of the table that can play a part there.
func TestOfficialParaphrases(t *testing.T) {
	if *update {
		writeCut(t, realTable(t))
	}
	p := openCut(t)
	pairs, corpus := paraphrasePairs(t)
	if len(pairs) < 2000 {
		t.Errorf("only %d pairs", len(pairs))
	}
	checkItems(t, p, pairs, corpus)
	items, corpus := officialItems(t)
	checkItems(t, p, items, corpus)
}

// TestWholeTable does the same with the official table itself: no entry that was left out of the cut plays a part.
func TestWholeTable(t *testing.T) {
	p := realTable(t)
	if p.Len() != 5274084 {
		t.Errorf("%d entries", p.Len())
	}
	pairs, corpus := paraphrasePairs(t)
	checkItems(t, p, pairs, corpus)
	items, corpus := officialItems(t)
	checkItems(t, p, items, corpus)
}

// writeCut writes the entries of the table whose phrases stand on both sides of a recorded pair, in their order.
func writeCut(t *testing.T, p *Paraphrases) {
	t.Helper()
	used := map[string]bool{}
	pairs, _ := paraphrasePairs(t)
	official, _ := officialItems(t)
	s := mustNew(t, p)
	f := &s.pair.phrases
	for _, it := range append(pairs, official...) {
		for _, ref := range it.Refs {
			s.hyp, s.ref = s.Hypothesis(it.Hyp), s.Reference(ref)
			f.find(s)
			for _, sides := range [2][2]*phraseLine{{&f.line1, &f.line2}, {&f.line2, &f.line1}} {
				for _, a := range sides[0].phrases {
					partners := p.partnersOfPhrase(a.id)
					for k := range uint32(partners.len()) {
						for _, b := range sides[1].phrases {
							if b.id == partners.at(k) {
								used[p.text(a.id)+"\n"+p.text(b.id)] = true
							}
						}
					}
				}
			}
		}
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(unpacked(t, os.Getenv("METEOR_PARAPHRASES")))
	for lines.Scan() {
		lines.Scan()
		a := lines.Text()
		lines.Scan()
		if entry := a + "\n" + lines.Text(); used[entry] {
			fmt.Fprintf(z, "1\n%s\n", entry) // the weights are not used
		}
	}
	if err := errors.Join(lines.Err(), z.Close(), os.WriteFile(cutFile, out.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// text returns the words of a phrase.
func (p *Paraphrases) text(id uint32) string {
	var words []string
	for i := p.wordsOf.at(id); i < p.wordsOf.at(id+1); i++ {
		word := p.phraseWords.at(i)
		words = append(words, string(p.wordText[p.wordStarts.at(word):p.wordStarts.at(word+1)]))
	}
	return strings.Join(words, " ")
}
