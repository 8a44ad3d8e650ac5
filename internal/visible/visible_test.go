package visible

import "testing"

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                    "plain",
		"γ₂ → 中 é":                 "γ₂ → 中 é",
		"v\x1b]0;OWNED\a\x1b[2J":   `v\x1b]0;OWNED\x07\x1b[2J`,
		"new\nline\tand\r":         `new\nline\tand\r`,
		"a\u202eb\u2028c\u0085":    `a\u202eb\u2028c\x85`,
		"cut \xff\xfe":             `cut \xff\xfe`,
		"kept \uFFFD and 👩‍🔬":      "kept \uFFFD and 👩‍🔬",
		`already \x1b and \n said`: `already \x1b and \n said`,
	} {
		got := Text(text)
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if again := Text(got); again != got {
			t.Errorf("%q: twice gives %q", text, again)
		}
	}
}
