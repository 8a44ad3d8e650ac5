package examples

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
)

// shown writes pieces as the terminal shows them.
func shown(pieces []Piece, left []string) string {
	a := Answer{Pieces: pieces, Left: left}
	return a.marked(func(s string) string { return s }, "+[%s]", "-[%s]", "left out: %s")
}

func TestJudge(t *testing.T) {
	const reference = "the level of pleural effusion has changed from small to moderate. " +
		"the main image has additional findings of edema, and lung opacity than the reference image. " +
		"the main image is missing the finding of granuloma than the reference image."
	for _, c := range []struct{ reference, answer, want string }{
		{reference, reference, "the level of +[pleural effusion has changed from small to moderate]. the main image has additional findings of +[edema], and +[lung opacity] than the reference image. the main image is missing the finding of +[granuloma] than the reference image."},
		{reference, "The main image is missing the findings of  EDEMA and granuloma than the reference image",
			"The main image is missing the findings of  -[EDEMA] and +[granuloma] than the reference image left out: pleural effusion from small to moderate, edema (additional), lung opacity (additional)"},
		{reference, "the level of pleural effusion has changed from moderate to small.",
			"the level of -[pleural effusion has changed from moderate to small]. left out: pleural effusion from small to moderate, edema (additional), lung opacity (additional), granuloma (missing)"},
		{"nothing has changed.", "nothing has changed.", "+[nothing has changed]."},
		{"nothing has changed.", "the main image has an additional finding of edema than the reference image.",
			"the main image has an additional finding of -[edema] than the reference image. left out: nothing has changed"},
		{"the main image has an additional finding of edema than the reference image.", "nothing has changed.", "-[nothing has changed]. left out: edema (additional)"},
		{"nothing has changed.", "", "(blank) left out: nothing has changed"},
		{"nothing has changed.", "edema edema", "edema edema left out: nothing has changed"},
		// A name inside a longer one is not a finding of its own.
		{"the main image has an additional finding of opacity than the reference image.", "the main image has an additional finding of lung opacity than the reference image.",
			"the main image has an additional finding of -[lung opacity] than the reference image. left out: opacity (additional)"},
		// In lower case the name has other letters than in the text: it is marked behind the text.
		{"nothing has changed.", "the main image has an additional finding of İa than the reference image.",
			"the main image has an additional finding of İa than the reference image. -[ia] left out: nothing has changed"},
	} {
		want, err := metrics.ParseAnswer(c.reference)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, shown(judge(c.answer, want))); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.answer, diff)
		}
	}
}

// FuzzJudge holds the marks to the metric: a true positive is marked right, a false positive wrong, as many are left out as there are
// false negatives; and the text stays as it was.
func FuzzJudge(f *testing.F) {
	const reference = "the main image has additional findings of edema, and lung opacity than the reference image. the main image is missing the finding of granuloma than the reference image."
	f.Add(reference, reference)
	f.Add("nothing has changed. the main image is missing the finding of edema, than", reference)
	f.Add("the main image has additional findings of edema and edema lung opacity. the main image has an additional finding of hernia", reference)
	f.Add("the main image has an additional finding of ſ than the level of edema has changed from mild to mild", "nothing has changed.")
	f.Fuzz(func(t *testing.T, answer, reference string) {
		want, err := metrics.ParseAnswer(reference)
		if err != nil {
			return
		}
		pieces, left := judge(answer, want)
		var text strings.Builder
		for _, p := range pieces {
			text.WriteString(p.Text)
		}
		if !strings.HasPrefix(text.String(), answer) {
			t.Errorf("%q became %q", answer, text.String())
		}
		counts, _ := metrics.CountFindings(answer, reference)
		if want.LevelOnly() {
			return
		}
		missed := 0
		for _, l := range left {
			if strings.HasSuffix(l, " (additional)") || strings.HasSuffix(l, " (missing)") {
				missed++
			}
		}
		right, wrong := marked(pieces, Right), marked(pieces, Wrong)
		if both := counts.Both(); both.FN != missed || both.TP > 0 && right == 0 || both.FP > 0 && wrong == 0 {
			t.Errorf("%q against %q: %+v, but %d right, %d wrong, %d left out", answer, reference, both, right, wrong, missed)
		}
	})
}

// marked counts the pieces with a mark.
func marked(pieces []Piece, mark Mark) int {
	n := 0
	for _, p := range pieces {
		if p.Mark == mark {
			n++
		}
	}
	return n
}
