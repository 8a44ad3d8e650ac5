package metrics

import "testing"

func TestSameAnswer(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"yes", "Yes.", true},
		{"edema, atelectasis", "atelectasis,  Edema", true},
		{"left basal area", "left  basal area ", true},
		{"edema", "edema, atelectasis", false},
		{"no", "yes", false},
		{"", "no", false},
		{"", "", true},
		{"pa view", "ap view", false},
		{"edema, edema", "edema", true},
	} {
		if got := SameAnswer(c.a, c.b); got != c.same {
			t.Errorf("SameAnswer(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
