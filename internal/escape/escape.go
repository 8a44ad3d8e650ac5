// Package escape makes texts that came from elsewhere (a program's output, a file's labels) safe to print.
//
//	Line       one line for a terminal, a log or a table
//	Log        one line that a program printed for a terminal
//	Text       one line of a file, with its tabs
//	Cell       the same for a spreadsheet: no text becomes a formula
//	HTML       the same for a page: no text becomes markup
//	Markdown   the same for GitHub's Markdown
package escape

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line shows what a terminal would act on: control characters (\x1b, \n, \t), invalid UTF-8 (\xff) and marks that reorder
// text (\u202e). Everything else stays as it is.
func Line(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x100 && acts(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case acts(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// commands are the sequences by which programs tell a terminal to do something: colours, the cursor, titles and links.
var commands = regexp.MustCompile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|\x1b[()][0-9A-Za-z]|\b")

// Log is Line for what a program printed: commands to a terminal are left out, and tabs stay.
func Log(s string) string {
	if plain(s) {
		return s
	}
	return Text(commands.ReplaceAllString(s, ""))
}

// Text is Line for a line of a file: tabs stay.
func Text(s string) string {
	if !strings.Contains(s, "\t") {
		return Line(s)
	}
	parts := strings.Split(s, "\t")
	for i := range parts {
		parts[i] = Line(parts[i])
	}
	return strings.Join(parts, "\t")
}

// Cell is Line for a cell of a CSV file: a text that a spreadsheet would take for a formula gets an apostrophe in front.
func Cell(s string) string {
	s = Line(s)
	if s != "" && strings.IndexByte("=+-@", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

// HTML shows a text as it is, in an element or in a quoted attribute; control characters are escaped first.
func HTML(s string) string { return html.EscapeString(Line(s)) }

var markdown = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", ">", "&gt;",
	"[", `\[`, "]", `\]`, "~", `\~`, "&", `\&`, "$", `\$`)

// Markdown shows a text as it is, also where entities (&lt;) and formulas ($x$) are read; control characters are escaped first.
func Markdown(s string) string { return markdown.Replace(Line(s)) }

func plain(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || acts(r) {
			return utf8.ValidString(s) && strings.IndexFunc(s, acts) < 0
		}
	}
	return true
}

// acts reports whether a terminal or a text engine acts on r instead of showing it.
func acts(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}
