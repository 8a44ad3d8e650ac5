package nearest

import (
	"strings"
	"testing"
)

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

func TestChoices(t *testing.T) {
	for _, c := range []struct {
		word  string
		known []string
		want  string
	}{
		{"forrest", []string{"bars", "forest"}, ": did you mean forest?"},
		{"pie", []string{"bars", "forest"}, ": want one of bars, forest"},
		{"pie", nil, ""},
		{"pie", make([]string, 23), ": want one of " + strings.Repeat(", ", 19) + " and 3 more"},
	} {
		if got := Choices(c.word, c.known); got != c.want {
			t.Errorf("%q: %q, want %q", c.word, got, c.want)
		}
	}
}

func TestSome(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  string
	}{
		{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b"}, "a, b"}, {[]string{"a", "b", "c", "d"}, "a, b and 2 more"},
		{[]string{"a, b", "c"}, "a, b; c"}, {[]string{"a, b", "c", "d"}, "a, b; c and 1 more"}, {[]string{"a", "b", "c, d"}, "a, b and 1 more"},
	} {
		if got := Some(c.texts, 2); got != c.want {
			t.Errorf("%q: %q, want %q", c.texts, got, c.want)
		}
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

func TestPath(t *testing.T) {
	known := []string{"pretrain.lr", "pretrain.batch", "diffvqa.lr", "seed", "test.beam"}
	for path, want := range map[string]string{"pretrain.batches": "pretrain.batch", "lr": "pretrain.lr", "train.beam": "test.beam", "sead": "seed",
		"x": "", "": "", "model.depth": ""} {
		if got := Path(path, known); got != want {
			t.Errorf("Path(%q) = %q, want %q", path, got, want)
		}
	}
}
