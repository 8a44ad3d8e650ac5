package escape

import "testing"

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 中 ✓":           "plain é 中 ✓",
		"a\x1b[31mred\x07":      `a\x1b[31mred\x07`,
		"two\nlines\tand\r":     `two\nlines\tand\r`,
		"\xff bad":              `\xff bad`,
		"\u009b31m":             `\x9b31m`,
		"abc\u202edef\u2028":    `abc\u202edef\u2028`,
		"\ufffd is a character": "\ufffd is a character",
		"":                      "",
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+a": "'+a", "-a": "'-a", "@x": "'@x", "a=b": "a=b", "": "", "\t=x": `\t=x`,
	} {
		if got := Cell(in); got != want {
			t.Errorf("Cell(%q) = %q, want %q", in, got, want)
		}
	}
}
