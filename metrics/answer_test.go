package metrics

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAnswer(t *testing.T) {
	level := func(f, a, b string) []LevelChange { return []LevelChange{{f, a, b}} }
	for _, c := range []struct {
		text string
		want Answer
		ok   bool
	}{
		{"nothing has changed.", Answer{Nothing: true}, true},
		{"Nothing has changed", Answer{Nothing: true}, true},
		{"the main image has an additional finding of pleural effusion than the reference image. ",
			Answer{Added: []string{"pleural effusion"}}, true},
		{"the main image has additional findings of edema, and enlargement of the cardiac silhouette than the reference image. ",
			Answer{Added: []string{"edema", "enlargement of the cardiac silhouette"}}, true},
		{"the main image is missing the findings of infection, hernia, and edema than the reference image. ",
			Answer{Missing: []string{"infection", "hernia", "edema"}}, true},
		{"the level of edema has changed from mild to moderate to severe. ", Answer{Levels: level("edema", "mild to moderate", "severe")}, true},
		{"the level of edema has changed from moderate to large to small.", Answer{Levels: level("edema", "moderate to large", "small")}, true},
		{"the level of edema has changed from mild moderate to small.", Answer{Levels: level("edema", "mild moderate", "small")}, true},
		{"the level of edema has changed from mild to severe the main image has additional findings of edema pleural effusion and hernia than the reference image the main image is missing the finding of fracture than the reference image",
			Answer{Levels: level("edema", "mild", "severe"), Added: []string{"edema", "pleural effusion", "hernia"}, Missing: []string{"fracture"}}, true},
		{"the main image has additional findings of atelectasis , and edema than the reference image . the main image is missing the finding of hernia than the reference image .",
			Answer{Added: []string{"atelectasis", "edema"}, Missing: []string{"hernia"}}, true},

		{"", Answer{}, false},
		{" . ", Answer{}, false},
		{"yes", Answer{}, false},
		{"the main image has an additional finding of than the reference image.", Answer{}, false},
		{"the main image has an additional finding of edema, and hernia than the reference image.", Answer{Added: []string{"edema", "hernia"}}, false},
		{"the main image has additional findings of edema than the reference image.", Answer{Added: []string{"edema"}}, false},
		{"the main image has additional findings of edema, than the reference image.", Answer{Added: []string{"edema"}}, false},
		{"the level of edema has changed from mild to big.", Answer{}, false},
		{"the main image is missing the finding of hernia than the reference image. the main image has an additional finding of edema than the reference image.",
			Answer{Added: []string{"edema"}, Missing: []string{"hernia"}}, false},
		{"the main image has additional findings of hilar congestion, and hema", Answer{Added: []string{"hilar congestion", "hema"}}, false},
		{"nothing has changed. the main image has an additional finding of edema than the reference image.", Answer{Added: []string{"edema"}}, false},
		{"nothing has changed. nothing has changed.", Answer{Nothing: true}, false},
	} {
		got, err := ParseAnswer(c.text)
		if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != c.ok {
			t.Errorf("%q: error %v, want ok %v, diff (-want +got)\n%s", c.text, err, c.ok, diff)
		}
	}
}

func TestCountFindings(t *testing.T) {
	added := func(names string) string {
		return "the main image has additional findings of " + names + " than the reference image."
	}
	for _, c := range []struct {
		hyp, ref string
		want     FindingCounts
		ok       bool
	}{
		{"nothing has changed.", "nothing has changed.", FindingCounts{Rows: 1, Exact: 1, Nothing: 1}, true},
		{"", "nothing has changed.", FindingCounts{Rows: 1}, true},
		{"", added("edema, and hernia"), FindingCounts{Added: Matches{FN: 2}, Rows: 1}, true}, // silence states no change
		{"asdf qwer", added("edema, and hernia"), FindingCounts{Added: Matches{FN: 2}, Rows: 1}, true},
		{added("hernia, and edema"), added("edema, and hernia"), FindingCounts{Added: Matches{TP: 2}, Rows: 1, Exact: 1, Nothing: 1}, true},
		{added("edema, edema, and scoliosis"), added("edema, and hernia"), FindingCounts{Added: Matches{1, 1, 1}, Rows: 1, Nothing: 1}, true},
		{"nothing has changed.", added("edema, and hernia"), FindingCounts{Added: Matches{FN: 2}, Rows: 1}, true},
		{"the level of edema has changed from mild to severe.", "the level of edema has changed from mild to severe.",
			FindingCounts{Levels: 1, LevelsRight: 1}, true},
		{added("edema, and hernia"), "yes", FindingCounts{}, false},
	} {
		got, ok := CountFindings(c.hyp, c.ref)
		if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
			t.Errorf("%q against %q: ok %v, diff (-want +got)\n%s", c.hyp, c.ref, ok, diff)
		}
	}
	sum := FindingCounts{Added: Matches{1, 2, 3}, Missing: Matches{4, 0, 1}, Rows: 4, Exact: 1, Nothing: 3, Levels: 2, LevelsRight: 1}
	if got := sum.Both(); got != (Matches{5, 2, 4}) || got.F1() != 10./16 || sum.ExactAccuracy() != .25 || sum.LevelAccuracy() != .5 {
		t.Errorf("extraction of %+v: %+v %v %v %v", sum, got, got.F1(), sum.ExactAccuracy(), sum.LevelAccuracy())
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add("the level of edema has changed from mild to moderate to severe. the main image is missing the finding of x than the reference image.")
	f.Add("the main image has additional findings of , and , than the reference image nothing has changed")
	f.Fuzz(func(t *testing.T, text string) {
		answer, err := ParseAnswer(text)
		for _, name := range append(answer.Added, answer.Missing...) {
			if strings.TrimSpace(name) == "" {
				t.Errorf("%q: empty finding", text)
			}
		}
		if err == nil && !answer.Nothing && len(answer.Added)+len(answer.Missing)+len(answer.Levels) == 0 {
			t.Errorf("%q: parsed, but states nothing", text)
		}
	})
}
