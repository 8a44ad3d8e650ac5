package metrics

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fixtureSamples returns the recorded texts.
func fixtureSamples(t testing.TB) []Sample {
	var fixture struct{ Items []Sample }
	readRecorded(t, "fixture_a.json", &fixture)
	return fixture.Items
}

func mustScore(t testing.TB, samples []Sample, opts Options) *Scores {
	t.Helper()
	scores, err := Score(context.Background(), samples, opts)
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

func TestRecordedScores(t *testing.T) {
	var golden struct {
		Views map[string]struct {
			Corpus    map[string]float64
			Sentences map[string]map[string]float64
		}
	}
	readRecorded(t, "fixture_a_golden.json", &golden)
	recorded := map[string]string{"meteor": "meteor_ess"} // other keys have the same name
	for view, tokenize := range map[string]string{"raw": TokenizeNone, "ptb": TokenizePTB} {
		scores := mustScore(t, fixtureSamples(t), Options{Tokenize: tokenize})
		want := golden.Views[view]
		for _, key := range scores.Keys {
			name := key
			if recorded[key] != "" {
				name = recorded[key]
			}
			if _, ok := want.Corpus[name]; !ok {
				t.Fatalf("no recorded %s", name)
			}
			if d := math.Abs(scores.Corpus[key] - want.Corpus[name]); d > 1e-9 {
				t.Errorf("%s %s: corpus %v, want %v", view, key, scores.Corpus[key], want.Corpus[name])
			}
			for i, id := range scores.IDs {
				if d := math.Abs(scores.Sample[key][i] - want.Sentences[id][name]); !(d <= 1e-9) {
					t.Errorf("%s %s %s: %v, want %v", view, key, id, scores.Sample[key][i], want.Sentences[id][name])
				}
			}
		}
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	samples := fixtureSamples(t)
	opts := Options{Metrics: Groups(), Threads: 1}
	want := mustScore(t, samples, opts)
	for _, opts.Threads = range []int{2, 3, 8} {
		got := mustScore(t, samples, opts)
		same := cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
		if diff := cmp.Diff(want.Corpus, got.Corpus, same); diff != "" {
			t.Errorf("%d threads:\n%s", opts.Threads, diff)
		}
		if diff := cmp.Diff(want.Sample, got.Sample, same); diff != "" {
			t.Errorf("%d threads:\n%s", opts.Threads, diff)
		}
	}
}

func TestScoreReadOuts(t *testing.T) {
	added := "the main image has an additional finding of edema than the reference image."
	scores := mustScore(t, []Sample{
		{ID: "1", Hyp: added, Refs: []string{added}},
		{ID: "2", Hyp: "carina [1, 2, 3, 4]", Refs: []string{"carina [1, 2, 3, 5]"}, Region: "carina"},
		{ID: "3", Hyp: "no box", Refs: []string{"[1, 2, 3, 4]"}},
	}, Options{Metrics: []string{"box", "finding", "bertscore"}})
	want := []string{"bertscore_p", "bertscore_r", "bertscore", "acc50", "acc75", "iou", "precision"}
	if diff := cmp.Diff(want, scores.Keys[:7]); diff != "" {
		t.Error(diff)
	}
	if c := scores.Corpus; c["acc50"] != .5 || c["acc75"] != 0 || math.Abs(c["iou"]-1./3) > 1e-12 || c["f1"] != 1 || c["nothing"] != 1 {
		t.Errorf("got %v", c)
	}
	if !math.IsNaN(scores.Corpus["bertscore"]) || scores.Blank["bertscore"] != "no BERT given" || scores.Blank["level"] == "" {
		t.Errorf("blanks %v", scores.Blank)
	}
	if r := scores.Regions; len(r) != 1 || r[0].Region != "carina" || r[0].Acc50 != 1 || r[0].Acc75 != 0 || r[0].N != 1 {
		t.Errorf("regions %+v", r)
	}
	if !math.IsNaN(scores.Sample["acc50"][0]) || scores.Sample["acc50"][2] != 0 {
		t.Errorf("sample values %v", scores.Sample["acc50"])
	}
}

func TestScoreRefuses(t *testing.T) {
	one := []Sample{{ID: "1", Hyp: "a", Refs: []string{"a"}}}
	for _, c := range []struct {
		samples []Sample
		opts    Options
		want    string
	}{
		{nil, Options{}, "no samples to score"},
		{[]Sample{{ID: "x", Hyp: "a"}}, Options{}, `sample "x" has no reference`},
		{one, Options{Metrics: []string{"blue"}}, `unknown metric "blue": did you mean bleu?; known are bleu, meteor, rouge, cider, sacrebleu, chrf, chrf++, ter, rouge_score, ` +
			`bertscore, box, finding, label, and each of their numbers`},
		{one, Options{Tokenize: "13a"}, `unknown tokenizer "13a"; known are ptb, none`},
	} {
		if _, err := Score(context.Background(), c.samples, c.opts); err == nil || err.Error() != c.want {
			t.Errorf("got error %v, want %s", err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Score(ctx, one, Options{}); err == nil {
		t.Error("a cancelled context is not reported")
	}
}

func FuzzScore(f *testing.F) {
	f.Add("the heart isn't large", "the heart is large", "")
	f.Add("", " ", "[1, 2, 3, 4] nothing has changed.")
	f.Add("a  b\u00a0c", "a b", "\xff\x00")
	f.Fuzz(func(t *testing.T, hyp, ref, other string) {
		if len(hyp)+len(ref)+len(other) > 1000 {
			return
		}
		samples := []Sample{{ID: "1", Hyp: hyp, Refs: []string{ref, other}}, {ID: "2", Hyp: other, Refs: []string{hyp}}}
		for _, tokenize := range []string{TokenizePTB, TokenizeNone} {
			scores := mustScore(t, samples, Options{Tokenize: tokenize, Metrics: Groups(), Threads: 1})
			for _, key := range scores.Keys {
				limit := 1 + 1e-9
				switch key {
				case "cider":
					limit = 10 + 1e-9
				case "sacrebleu", "chrf", "chrf++":
					limit = 100 + 1e-9
				case "ter":
					limit = 100 * 1000
				}
				if v := scores.Corpus[key]; v < 0 || v > limit || math.IsInf(v, 0) || math.IsNaN(v) && scores.Blank[key] == "" {
					t.Errorf("%q %q %q: %s is %v", hyp, ref, other, key, v)
				}
			}
		}
	})
}
