package metrics

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// textPairs returns the pairs of testdata/metrics/record_text.py in its order.
func textPairs(t testing.TB) []Sample {
	t.Helper()
	var pairs []Sample
	readRecorded(t, "text_pairs.json", &pairs)
	for _, name := range []string{"adversarial", "odd"} {
		pairs = append(pairs, mergedPairs(t, name)...)
	}
	return append(pairs, fixtureSamples(t)...)
}

// mergedPairs returns the pairs of two files in the order of the numbers of their ids, which is that of the files.
func mergedPairs(t testing.TB, name string) []Sample {
	t.Helper()
	var hyps, refs map[string][]string
	readRecorded(t, name+"_hyps.json", &hyps)
	readRecorded(t, name+"_refs.json", &refs)
	var pairs []Sample
	for _, id := range slices.SortedFunc(maps.Keys(hyps), func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }) {
		pairs = append(pairs, Sample{ID: id, Hyp: hyps[id][0], Refs: refs[id]})
	}
	return pairs
}

// The numbers of sacrebleu and rouge_score, for every pair and for two corpora.
func TestTextRecorded(t *testing.T) {
	var golden struct {
		Pairs      int
		Corpus     map[string]float64
		Single     map[string]float64 // of the pairs with one reference
		Samples    map[string][]float64
		Signatures map[string][]string
	}
	readRecorded(t, "text_golden.json", &golden)
	pairs := textPairs(t)
	if len(pairs) != golden.Pairs || len(pairs) < 1000 {
		t.Fatalf("%d pairs, recorded are %d", len(pairs), golden.Pairs)
	}
	single := slices.DeleteFunc(slices.Clone(pairs), func(s Sample) bool { return len(s.Refs) > 1 })
	for _, stem := range []bool{false, true} {
		names := []string{"rouge_score", "sacrebleu", "chrf", "chrf++", "ter"}
		if stem {
			names = names[:1] // the others have no stems
		}
		all := mustScore(t, pairs, Options{Metrics: names, Stem: stem, Version: "1.2"})
		one := mustScore(t, single, Options{Metrics: names, Stem: stem, Version: "1.2"})
		for _, key := range all.Keys {
			name := key
			if stem && strings.HasPrefix(key, "rouge") {
				name += "_stem"
			}
			if d := math.Abs(all.Corpus[key] - golden.Corpus[name]); !(d <= 1e-6) {
				t.Errorf("%s: corpus %v, want %v", name, all.Corpus[key], golden.Corpus[name])
			}
			if d := math.Abs(one.Corpus[key] - golden.Single[name]); !(d <= 1e-6) {
				t.Errorf("%s: pairs of one reference %v, want %v", name, one.Corpus[key], golden.Single[name])
			}
			for i, s := range pairs {
				if got, want := all.Sample[key][i], golden.Samples[name][i]; !(math.Abs(got-want) <= 1e-6+1e-9*want) { // recorded with 10 digits
					t.Errorf("%s of %s: %v, want %v\n%q\n%q", name, s.ID, got, want, s.Hyp, s.Refs)
				}
			}
			for k, scores := range []*Scores{all, one} {
				if signatures := golden.Signatures[key]; signatures != nil {
					want := strings.Replace(signatures[k], "version:2.6.0", "version:harness-1.2", 1)
					if !strings.Contains(strings.Join(scores.Notes, "\n"), want) {
						t.Errorf("no signature %s in %q", want, scores.Notes)
					}
				}
			}
		}
	}
}

// sacrebleu's own tests: its scores, the means and half intervals of its bootstrap.
func TestProgramsBootstrapRecorded(t *testing.T) {
	var golden struct {
		BS struct{ Rows map[string]json.RawMessage }
	}
	readRecorded(t, "significance_reference.json", &golden)
	var data struct {
		Refs    []string
		Systems map[string][]string
	}
	readRecorded(t, "significance_data.json", &data)
	var systems []*Scores
	for _, name := range []string{"baseline", "B", "C"} {
		var samples []Sample
		for i, hyp := range data.Systems[name] {
			samples = append(samples, Sample{ID: strconv.Itoa(i), Hyp: hyp, Refs: data.Refs[i : i+1]})
		}
		systems = append(systems, mustScore(t, samples, Options{Metrics: []string{"sacrebleu", "chrf"}}))
	}
	bootstrap, err := PairedBootstrap(context.Background(), systems, Resampling{})
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, c := range bootstrap {
		var rows [][4]*float64
		if err := json.Unmarshal(golden.BS.Rows[map[string]string{"sacrebleu": "BLEU", "chrf": "chrF2"}[c.Key]], &rows); err != nil {
			t.Fatal(err)
		}
		checked++
		want := rows[c.System]
		if math.Abs(c.Score-*want[0]) > 1e-6 || math.Abs(c.Mean-*want[2]) > .2 || math.Abs(c.Half-*want[3]) > .25 {
			t.Errorf("%s of system %d: %v, %v, %v, want %v, %v, %v", c.Key, c.System, c.Score, c.Mean, c.Half, *want[0], *want[2], *want[3])
		}
	}
	if checked != 6 {
		t.Errorf("checked %d rows, want 6", checked)
	}
}

// The numbers of pycocoevalcap on the adversarial pairs.
func TestCaptionRecorded(t *testing.T) {
	var golden map[string]struct {
		IDs   []string
		Views map[string]struct {
			Corpus  map[string]float64
			Samples map[string][]float64
		}
	}
	readRecorded(t, "caption_golden.json", &golden)
	for _, name := range []string{"adversarial", "odd"} {
		byID := map[string]Sample{}
		for _, s := range mergedPairs(t, name) {
			byID[s.ID] = s
		}
		var pairs []Sample
		for _, id := range golden[name].IDs {
			pairs = append(pairs, byID[id])
		}
		if name == "adversarial" && len(pairs) < 800 {
			t.Fatalf("only %d pairs", len(pairs))
		}
		for _, view := range []string{TokenizeNone, TokenizePTB} {
			want := golden[name].Views[view]
			scores := mustScore(t, pairs, Options{Tokenize: view, Metrics: []string{"bleu", "rouge", "cider"}})
			for _, key := range scores.Keys {
				if d := math.Abs(scores.Corpus[key] - want.Corpus[key]); !(d <= 1e-6) {
					t.Errorf("%s, %s, %s: corpus %v, want %v", name, view, key, scores.Corpus[key], want.Corpus[key])
				}
				for i, s := range pairs {
					if got, want := scores.Sample[key][i], want.Samples[key][i]; !(math.Abs(got-want) <= 1e-6) {
						t.Errorf("%s of %s, %s: %v, want %v\n%q\n%q", key, s.ID, view, got, want, s.Hyp, s.Refs)
					}
				}
			}
		}
	}
}

// The official pipeline takes a line separator inside a text for the end of the text, and gives every later item the words of another.
func TestSeparatorInText(t *testing.T) {
	samples := []Sample{
		{ID: "1", Hyp: "a cat sat\u2028down", Refs: []string{"a cat sat down"}},
		{ID: "2", Hyp: "a dog", Refs: []string{"a dog"}},
	}
	scores := mustScore(t, samples, Options{Metrics: []string{"bleu1", "rouge_l"}})
	if b, r := scores.Sample["bleu1"][1], scores.Sample["rouge_l"][1]; math.Abs(b-1) > 1e-6 || r != 1 {
		t.Errorf("the item after the separator has BLEU-1 %v and ROUGE-L %v", b, r)
	}
}

// The lower case of Python's str.lower.
func TestFullLower(t *testing.T) {
	for text, want := range map[string]string{
		"ÉΣ": "éς", "ΌΣΟΣ": "όσος", "Σ": "σ", "AΣ'B": "aσ'b", "AΣ'": "aς'", "A.Σ b": "a.ς b", "Aͅ\u0301Σ": "aͅ\u0301ς", "\u0345Σ": "\u0345σ", "ʰΣ": "ʰσ",
		"İI": "i\u0307i", "K": "k", "ẞ": "ß", "1Σ": "1σ", "ⒶΣ": "ⓐς",
	} {
		if got := fullLower(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestPorterRecorded(t *testing.T) {
	var golden map[string]string
	readRecorded(t, "porter_golden.json", &golden)
	if len(golden) < 3000 {
		t.Fatalf("only %d words", len(golden))
	}
	for word, want := range golden {
		if got := porterStem(word); got != want {
			t.Errorf("the stem of %s is %q, want %q", word, got, want)
		}
	}
	porterStem(strings.Repeat("y", 1<<20) + "ing") // in no time: a run of y's is read once
}

func TestChooseNumbers(t *testing.T) {
	samples := fixtureSamples(t)
	whole := mustScore(t, samples, Options{Metrics: []string{"bleu", "rouge_score", "rouge"}})
	some := mustScore(t, samples, Options{Metrics: []string{"rougeLsum", "bleu4", "bleu2", "rouge"}})
	if want := []string{"bleu2", "bleu4", "rouge_l", "rougeLsum"}; !slices.Equal(some.Keys, want) {
		t.Fatalf("keys %v, want %v", some.Keys, want)
	}
	for _, key := range some.Keys {
		if some.Corpus[key] != whole.Corpus[key] || !slices.Equal(some.Sample[key], whole.Sample[key]) {
			t.Errorf("%s is another number when it is chosen alone", key)
		}
	}
	comparisons, err := PairedBootstrap(context.Background(), []*Scores{some, some}, Resampling{N: 40})
	if err != nil || len(comparisons) != 2*len(some.Keys) {
		t.Errorf("%d comparisons, %v", len(comparisons), err)
	}
	for name, want := range map[string]string{"blue4": "bleu4", "bleu-4": "bleu4", "rouge-l": "rouge_l", "ROUGE1": "rouge1", "sacreblue": "sacrebleu", "chrf2": "chrf"} {
		if err := CheckNames([]string{name}); err == nil || !strings.Contains(err.Error(), "did you mean "+want+"?") {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestOneSampleHasNoCIDEr(t *testing.T) {
	one := []Sample{{ID: "1", Hyp: "a cat", Refs: []string{"a cat"}}}
	scores := mustScore(t, one, Options{Metrics: []string{"cider"}})
	if scores.Corpus["cider"] != 0 || len(scores.Notes) != 1 || !strings.Contains(scores.Notes[0], "CIDEr of one sample is 0") {
		t.Errorf("%v, notes %q", scores.Corpus, scores.Notes)
	}
	if scores := mustScore(t, append(one, one[0]), Options{Metrics: []string{"cider"}}); len(scores.Notes) != 0 {
		t.Errorf("notes %q", scores.Notes)
	}
}

// A single text of any length does not hold up the end.
func TestCancelInsideItem(t *testing.T) {
	few := strings.Repeat("a b c d e f g h ", 30000)
	other := strings.Repeat("b d a c h e g f ", 30000)
	for _, name := range []string{"ter", "rougeL", "rougeLsum"} {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan time.Time, 1)
		go func() {
			_, err := Score(ctx, []Sample{{ID: "1", Hyp: few, Refs: []string{other}}}, Options{Metrics: []string{name}, Tokenize: TokenizeNone})
			if err == nil {
				t.Errorf("%s ended before it was cancelled", name)
			}
			done <- time.Now()
		}()
		time.Sleep(200 * time.Millisecond)
		cancel()
		asked := time.Now()
		if took := (<-done).Sub(asked); took > time.Second {
			t.Errorf("%s ended %v after it was cancelled", name, took)
		}
	}
}

// Progress is told of every sample of few that take long, never goes back, and ends with all.
func TestProgress(t *testing.T) {
	samples := fixtureSamples(t)[:50] // less than a chunk
	var told []int
	mustScore(t, samples, Options{Metrics: []string{"ter", "bleu"}, Threads: 1, Progress: func(done, total int) {
		if total != len(samples) {
			t.Errorf("a total of %d", total)
		}
		told = append(told, done)
	}})
	if len(told) < len(samples) || !slices.IsSorted(told) || told[len(told)-1] != len(samples) {
		t.Errorf("told %v", told)
	}
}
