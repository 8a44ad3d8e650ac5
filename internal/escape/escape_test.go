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

func TestLog(t *testing.T) {
	for in, want := range map[string]string{
		"plain\té":                    "plain\té",
		"\x1b[1;31mred\x1b[0m\x1b[2K": "red",
		"\x1b]0;title\x07a \x1b]8;;u\x1b\\link\x1b]8;;\x07": "a link",
		"\x1b(Bcharset, 9/9\b\b\b":                          "charset, 9/9",
		"\x1b[31":                                           `\x1b[31`,
		"\x1b]0;open\n\t\x00":                               `\x1b]0;open\n` + "\t" + `\x00`,
		"\xff\u202e":                                        `\xff\u202e`,
	} {
		if got := Log(in); got != want {
			t.Errorf("Log(%q) = %q, want %q", in, got, want)
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

func TestMarkup(t *testing.T) {
	const text = "<b> & \"q\" | *x* _y_ `c` [l](u) $m$ &lt;\x1b[2J\n"
	if got, want := HTML(text), "&lt;b&gt; &amp; &#34;q&#34; | *x* _y_ `c` [l](u) $m$ &amp;lt;\\x1b[2J\\n"; got != want {
		t.Errorf("HTML: %s, want %s", got, want)
	}
	if got, want := Markdown(text), "&lt;b&gt; \\& \"q\" \\| \\*x\\* \\_y\\_ \\`c\\` \\[l\\](u) \\$m\\$ \\&lt;\\\\x1b\\[2J\\\\n"; got != want {
		t.Errorf("Markdown: %s, want %s", got, want)
	}
}
