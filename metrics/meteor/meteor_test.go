package meteor

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

const recordedFolder = "../../testdata/metrics/"

func readRecorded(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(recordedFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func miniTable(t testing.TB) *Paraphrases {
	t.Helper()
	f, err := os.Open(recordedFolder + "paraphrase_mini.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := ReadParaphrases(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustNew(t testing.TB, p *Paraphrases, chosen ...Stage) *Scorer {
	t.Helper()
	s, err := New(p, chosen...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// views returns the texts of fixture A as the scorers get them, by view.
func views(t testing.TB) (ids []string, hyps map[string]map[string]string, refs map[string]map[string][]string) {
	type item struct {
		ID, Hyp string
		Refs    []string
	}
	var fixture struct{ Items []item }
	var golden struct {
		Tokens map[string]item `json:"ptb_tokenized"`
	}
	readRecorded(t, "fixture_a.json", &fixture)
	readRecorded(t, "fixture_a_golden.json", &golden)
	hyps = map[string]map[string]string{"raw": {}, "ptb": {}}
	refs = map[string]map[string][]string{"raw": {}, "ptb": {}}
	for _, it := range fixture.Items {
		ids = append(ids, it.ID)
		hyps["raw"][it.ID], refs["raw"][it.ID] = it.Hyp, it.Refs
		hyps["ptb"][it.ID], refs["ptb"][it.ID] = golden.Tokens[it.ID].Hyp, golden.Tokens[it.ID].Refs
	}
	return ids, hyps, refs
}

func TestRecordedStages(t *testing.T) {
	var golden struct {
		Views map[string]map[string]struct {
			Aggregate struct{ Aggregate float64 }
			Sentences map[string]struct {
				Score   float64
				Stats   string
				Matches [][5]int32
				Hyp     []string `json:"hyp_tokens"`
				Ref     []string `json:"ref_tokens"`
			}
		}
	}
	readRecorded(t, "fixture_a_meteor_stages.json", &golden)
	ids, hyps, refs := views(t)
	for view, sets := range golden.Views {
		for set, want := range sets {
			var table *Paraphrases
			if strings.HasSuffix(set, "p_mini") {
				table = miniTable(t)
			}
			s := mustNew(t, table)
			sum, row := make([]float64, Width), make([]float64, Width)
			for _, id := range ids {
				if err := s.Stats(hyps[view][id], refs[view][id], row); err != nil {
					t.Fatal(err)
				}
				w := want.Sentences[id]
				for i, v := range row {
					sum[i] += v
				}
				if got := printed(row, "%.1f"); got != w.Stats {
					t.Errorf("%s %s %s:\n got %s\nwant %s", view, set, id, got, w.Stats)
				}
				if math.Abs(Score(row)-w.Score) > 1e-12 {
					t.Errorf("%s %s %s: score %v, want %v", view, set, id, Score(row), w.Score)
				}
				checkTokens(t, hyps[view][id], w.Hyp)
				checkBest(t, s, w.Matches, hyps[view][id], refs[view][id], w.Ref)
			}
			if math.Abs(Score(sum)-want.Aggregate.Aggregate) > 1e-12 {
				t.Errorf("%s %s: corpus %v, want %v", view, set, Score(sum), want.Aggregate.Aggregate)
			}
		}
	}
}

// TestOfficialOutput compares with recorded statistics of the official program on pairs that mix every rule of its tokenisation and
// many equal words.
func TestOfficialOutput(t *testing.T) {
	data, err := os.ReadFile("testdata/pairs.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	s, row := mustNew(t, nil), make([]float64, Width)
	for line := range strings.Lines(string(data)) {
		var pair struct{ Hyp, Ref, Stats string }
		if err := json.Unmarshal([]byte(line), &pair); err != nil {
			t.Fatal(err)
		}
		if err := s.Stats(pair.Hyp, []string{pair.Ref}, row); err != nil {
			t.Fatal(err)
		}
		if got := printed(row, "%.0f"); got != pair.Stats {
			t.Errorf("%q against %q:\n got %s\nwant %s", pair.Hyp, pair.Ref, got, pair.Stats)
		}
	}
}

// printed returns a row as the official program prints it: it adds no chunk of a pair that is matched whole, but shows it.
func printed(row []float64, verb string) string {
	shown := slices.Clone(row)
	if row[statMatched] == row[0] && row[statMatched+1] == row[1] && row[0]+row[1] > 0 && row[statChunks] == 0 {
		shown[statChunks] = 1
	}
	var fields []string
	for _, v := range shown {
		fields = append(fields, fmt.Sprintf(verb, v))
	}
	return strings.Join(fields, " ")
}

func checkTokens(t *testing.T, text string, want []string) {
	t.Helper()
	if want == nil {
		return
	}
	var n normalizer
	got := slices.Collect(n.tokens(cleanHypothesis(text)))
	if !slices.Equal(got, want) {
		t.Errorf("%q:\n got %q\nwant %q", text, got, want)
	}
}

// checkBest compares the matches with the reference whose tokens were recorded.
func checkBest(t *testing.T, s *Scorer, want [][5]int32, hyp string, refs, tokens []string) {
	t.Helper()
	for _, ref := range refs {
		var n normalizer
		if tokens == nil || !slices.Equal(slices.Collect(n.tokens(ref)), tokens) {
			continue
		}
		s.hyp, s.ref = s.Hypothesis(hyp), s.Reference(ref)
		s.pairStats()
		var got [][5]int32
		for _, m := range s.align.chosen {
			got = append(got, [5]int32{int32(m.stage), m.start1, m.len1, m.start2, m.len2})
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q against %q: matches %v, want %v", hyp, ref, got, want)
		}
		return
	}
}

func TestRecordedScores(t *testing.T) {
	var golden struct {
		Views map[string]struct {
			Corpus    map[string]float64
			Sentences map[string]map[string]float64
		}
	}
	readRecorded(t, "fixture_a_golden.json", &golden)
	ids, hyps, refs := views(t)
	for key, s := range map[string]*Scorer{
		"meteor_e": mustNew(t, nil, Exact), "meteor_es": mustNew(t, nil, Exact, Stem), "meteor_ess": mustNew(t, nil),
		"meteor_essp_mini": mustNew(t, miniTable(t)),
	} {
		for view, want := range golden.Views {
			sum, row := make([]float64, Width), make([]float64, Width)
			for _, id := range ids {
				if err := s.Stats(hyps[view][id], refs[view][id], row); err != nil {
					t.Fatal(err)
				}
				for i, v := range row {
					sum[i] += v
				}
				if math.Abs(Score(row)-want.Sentences[id][key]) > 1e-9 {
					t.Errorf("%s %s %s: %v, want %v", view, key, id, Score(row), want.Sentences[id][key])
				}
			}
			if math.Abs(Score(sum)-want.Corpus[key]) > 1e-9 {
				t.Errorf("%s %s: corpus %v, want %v", view, key, Score(sum), want.Corpus[key])
			}
		}
	}
}

func TestRecordedStems(t *testing.T) {
	var golden map[string]string
	readRecorded(t, "stem_golden.json", &golden)
	for word, want := range golden {
		env := snowballstem.NewEnv(word)
		english.Stem(env)
		if env.Current() != want {
			t.Errorf("%q: stem %q, want %q", word, env.Current(), want)
		}
	}
}

func TestManyEqualWords(t *testing.T) {
	line := strings.Repeat("the ", 1000)
	s, row := mustNew(t, nil), make([]float64, Width)
	start := time.Now()
	for _, ref := range []string{line, line + "image"} {
		if err := s.Stats(line, []string{ref}, row); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("1,000 equal words took %v", took)
	}
}

func TestReadParaphrases(t *testing.T) {
	for text, want := range map[string]string{
		"x\na\nb\n":     `line 1: weight "x" is not a number`,
		"0.5\na\n":      "line 2: the last entry has 2 of 3 lines",
		"0.5\na\n \n":   "line 3: a phrase is empty",
		"\x1f\x8bxxxxx": "unpack behind line 0: unexpected EOF",
	} {
		if _, err := ReadParaphrases(t.Context(), strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func FuzzScore(f *testing.F) {
	f.Add("the image . . the-image, 'tis", "the picture ... 1,2 \u2018a\u2019", "0.5\nthe image\nimage\n")
	f.Add("a a a a b a", "a a b a a", "1\na\na a\n")
	f.Fuzz(func(t *testing.T, hyp, ref, table string) {
		if len(hyp)+len(ref)+len(table) > 2000 {
			return
		}
		p, err := ReadParaphrases(t.Context(), strings.NewReader(table))
		if err != nil {
			p = nil
		}
		s, row := mustNew(t, p), make([]float64, Width)
		if err := s.Stats(hyp, []string{ref, hyp}, row); err != nil {
			t.Fatal(err)
		}
		if v := Score(row); v < 0 || v > 1 || math.IsNaN(v) {
			t.Errorf("score %v of %q against %q", v, hyp, ref)
		}
	})
}
