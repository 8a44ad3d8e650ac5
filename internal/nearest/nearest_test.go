package nearest

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"bleu", "bleu", 0}, {"blue", "bleu", 1}, {"forrest", "forest", 1}, {"ab", "ba", 1}, {"ca", "abc", 3},
		{"kitten", "sitting", 3}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestHint(t *testing.T) {
	known := []string{"bars", "curves", "forest", "cars"}
	hint := func(word string, most int) string {
		return Hint(known, most, func(k string) int { return Distance(word, k) })
	}
	for _, c := range []struct {
		word string
		most int
		want string
	}{{"forrest", 2, ": did you mean forest?"}, {"ars", 1, ": did you mean bars?"}, {"ars", 0, ""}, {"x", 0, ""}, {"", 3, ""}} {
		if got := hint(c.word, c.most); got != c.want {
			t.Errorf("%q within %d: %q, want %q", c.word, c.most, got, c.want)
		}
	}
	if got := Hint(nil, 9, func(string) int { return 0 }); got != "" {
		t.Errorf("no words: %q", got)
	}
}

func TestMeant(t *testing.T) {
	known := []string{"latex", "html", "csv", "csv-wide", "metrics.accuracy"}
	for word, want := range map[string]string{"latx": "latex", "LATEX": "latex", "csv-w": "csv-wide", "cvs": "csv", "metrics.acc": "metrics.accuracy", "pdf": "", "": "", "x": ""} {
		if got := Meant(word, known); got != want {
			t.Errorf("Meant(%q) = %q, want %q", word, got, want)
		}
	}
}
