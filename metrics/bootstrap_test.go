package metrics

import (
	"context"
	"math"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recordedSystems scores the systems of the recorded significance tests.
func recordedSystems(t *testing.T) []*Scores {
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
		systems = append(systems, mustScore(t, samples, Options{Tokenize: TokenizeNone}))
	}
	return systems
}

func TestRecordedSignificance(t *testing.T) {
	type rows struct {
		Rows struct{ BLEU [][4]*float64 }
	}
	var golden struct{ BS, AR rows }
	readRecorded(t, "significance_reference.json", &golden)
	systems := recordedSystems(t)
	bootstrap, err := PairedBootstrap(context.Background(), systems, Resampling{})
	if err != nil {
		t.Fatal(err)
	}
	randomization, err := ApproximateRandomization(context.Background(), systems, Resampling{})
	if err != nil {
		t.Fatal(err)
	}
	near := func(what string, got float64, want *float64, tolerance float64) {
		t.Helper()
		if want == nil {
			if !math.IsNaN(got) {
				t.Errorf("%s: %v, want none", what, got)
			}
		} else if math.Abs(got-*want) > tolerance {
			t.Errorf("%s: %v, want %v", what, got, *want)
		}
	}
	checked := 0
	for _, c := range bootstrap {
		if c.Key == "bleu4" {
			checked++
			want := golden.BS.Rows.BLEU[c.System]
			near("score", 100*c.Score, want[0], 1e-8)
			if p := want[1]; p != nil { // sacrebleu counts one side: |d*| - mean|d*| > |d|
				both := 2 * *p
				near("p", c.P, &both, 0.025)
			}
			near("mean", 100*c.Mean, want[2], 0.15)
			near("half", 100*c.Half, want[3], 0.2)
		}
	}
	for _, c := range randomization {
		if c.Key == "bleu4" {
			checked++
			want := golden.AR.Rows.BLEU[c.System]
			near("score", 100*c.Score, want[0], 1e-8)
			near("p", c.P, want[1], 0.011)
		}
	}
	if checked != 6 {
		t.Errorf("checked %d rows, want 6", checked)
	}
}

func TestEqualSystemsDoNotDiffer(t *testing.T) {
	systems := recordedSystems(t)[:1]
	systems = append(systems, systems[0])
	for name, compare := range map[string]func(context.Context, []*Scores, Resampling) ([]Comparison, error){
		"bootstrap": PairedBootstrap, "randomisation": ApproximateRandomization,
	} {
		comparisons, err := compare(context.Background(), systems, Resampling{N: 50})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range comparisons {
			if c.System == 1 && c.P != 1 {
				t.Errorf("%s %s: p %v, want 1", name, c.Key, c.P)
			}
		}
	}
}

func TestResamplingIgnoresThreads(t *testing.T) {
	systems := recordedSystems(t)
	same := cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) })
	var want []Comparison
	for _, threads := range []int{1, 2, 5} {
		got, err := PairedBootstrap(context.Background(), systems, Resampling{N: 50, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		} else if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("%d threads:\n%s", threads, diff)
		}
	}
}

func TestIncomparableSystems(t *testing.T) {
	a := mustScore(t, []Sample{{ID: "1", Hyp: "a", Refs: []string{"a"}}}, Options{})
	b := mustScore(t, []Sample{{ID: "2", Hyp: "a", Refs: []string{"a"}}}, Options{})
	if _, err := PairedBootstrap(context.Background(), []*Scores{a, b}, Resampling{}); err == nil {
		t.Error("systems with other ids were compared")
	}
	c := mustScore(t, []Sample{{ID: "1", Hyp: "a", Refs: []string{"a"}}}, Options{Metrics: []string{"bleu"}})
	if _, err := ApproximateRandomization(context.Background(), []*Scores{a, c}, Resampling{}); err == nil {
		t.Error("systems with other metrics were compared")
	}
}

func TestHolm(t *testing.T) {
	got := Holm([]float64{0.01, 0.04, 0.03, 0.005})
	want := []float64{0.03, 0.06, 0.06, 0.02}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("got %v, want %v", got, want)
			break
		}
	}
	if got := Holm([]float64{0.9, 0.8}); got[0] != 1 || got[1] != 1 {
		t.Errorf("got %v, want 1 1", got)
	}
}

func TestSignFlip(t *testing.T) {
	for _, c := range []struct {
		deltas      []float64
		p, smallest float64
	}{
		{nil, 1, 1},
		{[]float64{0.3}, 1, 1},
		{[]float64{0.1, 0.2, 0.3}, 0.25, 0.25},
		{[]float64{0.1, 0.2, -0.3}, 1, 0.25},
		{[]float64{0, 0, 0}, 1, 0.25},
		{[]float64{0.5, 0.4, 0.3, 0.2, 0.1}, 2. / 32, 2. / 32},
		{[]float64{3, 2, -1}, 0.5, 0.25},
	} {
		if p, smallest := SignFlip(c.deltas); p != c.p || smallest != c.smallest {
			t.Errorf("%v: %v %v, want %v %v", c.deltas, p, smallest, c.p, c.smallest)
		}
	}
	many := make([]float64, 70)
	for i := range many {
		many[i] = 1 + float64(i%3)
	}
	if p, _ := SignFlip(many); p > 1e-5 {
		t.Errorf("70 deltas of one sign: p %v", p)
	}
}
