package metrics

import "testing"

func TestAnswerTextRoundTrip(t *testing.T) {
	for _, text := range []string{
		"nothing has changed.",
		"the main image has an additional finding of edema than the reference image.",
		"the main image is missing the findings of edema, and pleural effusion than the reference image.",
		"the main image has additional findings of edema, hernia, and fracture than the reference image. " +
			"the main image is missing the finding of pneumonia than the reference image.",
		"the level of pleural effusion has changed from small to moderate.",
	} {
		answer, err := ParseAnswer(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.String(); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}
