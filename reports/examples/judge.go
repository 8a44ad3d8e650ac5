package examples

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"harness/metrics"
)

// sentences find where the sentences of the answers' grammar begin (FACTS 1.4), in the order added, missing, level, nothing.
var sentences = regexp.MustCompile(`(?i)(the\s+main\s+image\s+has\s+(?:an\s+)?additional\s+findings?\s+of)|` +
	`(the\s+main\s+image\s+is\s+missing\s+the\s+findings?\s+of)|(the\s+level\s+of)|(nothing\s+has\s+changed)`)

// span is a marked part of a text, in bytes.
type span struct {
	start, end int
	mark       Mark
}

// judge cuts an answer where its marks change, and lists what the reference states and the answer does not.
func judge(text string, want metrics.Answer) (pieces []Piece, left []string) {
	got, _ := metrics.ParseAnswer(text) // what cannot be read states nothing
	var spans []span
	located := map[string]bool{}
	heads := sentences.FindAllStringSubmatchIndex(text, -1)
	for i, h := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		if stop := strings.IndexByte(text[h[1]:end], '.'); stop >= 0 {
			end = h[1] + stop
		}
		switch {
		case h[2] >= 0:
			spans = append(spans, names(text, h[1], end, got.Added, want.Added, "added ", located)...)
		case h[4] >= 0:
			spans = append(spans, names(text, h[1], end, got.Missing, want.Missing, "missing ", located)...)
		case h[6] >= 0:
			spans = append(spans, level(text, h[0], h[1], end, want.Levels)...)
		default:
			spans = append(spans, span{h[0], h[1], markOf(got.Nothing && want.Nothing)})
		}
	}
	pieces = cut(text, spans)
	for _, list := range []struct {
		of          string
		names, want []string
	}{{"added ", got.Added, want.Added}, {"missing ", got.Missing, want.Missing}} {
		for _, name := range list.names {
			if !located[list.of+name] { // it has other letters in lower case
				located[list.of+name] = true
				pieces = append(pieces, Piece{Text: " "}, Piece{name, markOf(slices.Contains(list.want, name))})
			}
		}
	}
	return pieces, leftOut(got, want)
}

func markOf(right bool) Mark {
	if right {
		return Right
	}
	return Wrong
}

// names marks the names of findings between two places of a text, longer ones first.
func names(text string, start, end int, got, want []string, of string, located map[string]bool) []span {
	got = slices.Clone(got)
	slices.SortStableFunc(got, func(a, b string) int { return len(b) - len(a) })
	var spans []span
	for _, name := range got {
		pattern := regexp.MustCompile(`(?i)` + strings.Join(strings.Fields(regexp.QuoteMeta(name)), `\s+`))
		for _, at := range pattern.FindAllStringIndex(text[start:end], -1) {
			s := span{start + at[0], start + at[1], markOf(slices.Contains(want, name))}
			overlaps := func(o span) bool { return s.start < o.end && o.start < s.end }
			if wholeWords(text, s) && !slices.ContainsFunc(spans, overlaps) {
				spans = append(spans, s)
				located[of+name] = true
			}
		}
	}
	return spans
}

// wholeWords reports whether a span neither begins nor ends inside a word.
func wholeWords(text string, s span) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:s.start])
	after, _ := utf8.DecodeRuneInString(text[s.end:])
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return (s.start == 0 || !letter(before)) && (s.end == len(text) || !letter(after))
}

// level marks one sentence about a level, whole: it is right where finding and both levels are.
func level(text string, head, start, end int, want []metrics.LevelChange) []span {
	one, _ := metrics.ParseAnswer(text[head:end])
	if len(one.Levels) == 0 {
		return nil
	}
	body := text[start:end]
	start += len(body) - len(strings.TrimLeftFunc(body, unicode.IsSpace))
	end -= len(body) - len(strings.TrimRightFunc(body, unicode.IsSpace))
	return []span{{start, end, markOf(slices.Contains(want, one.Levels[0]))}}
}

// cut makes pieces of a text.
func cut(text string, spans []span) []Piece {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var pieces []Piece
	add := func(part string, mark Mark) {
		if part != "" {
			pieces = append(pieces, Piece{part, mark})
		}
	}
	at := 0
	for _, s := range spans {
		add(text[at:s.start], Plain)
		add(text[s.start:s.end], s.mark)
		at = s.end
	}
	add(text[at:], Plain)
	return pieces
}

// leftOut lists what a reference states and an answer does not.
func leftOut(got, want metrics.Answer) []string {
	var left []string
	add := func(text string) { left = withNew(left, text) }
	for _, change := range want.Levels {
		if !slices.Contains(got.Levels, change) {
			add(fmt.Sprintf("%s from %s to %s", change.Finding, change.From, change.To))
		}
	}
	for _, name := range want.Added {
		if !slices.Contains(got.Added, name) {
			add(name + " (additional)")
		}
	}
	for _, name := range want.Missing {
		if !slices.Contains(got.Missing, name) {
			add(name + " (missing)")
		}
	}
	if want.Nothing && !got.Nothing {
		add("nothing has changed")
	}
	return left
}

// findingsOf lists the findings that an answer names, each once, in its order.
func findingsOf(a metrics.Answer) []string {
	var list []string
	for _, change := range a.Levels {
		list = append(list, change.Finding)
	}
	return withNew(nil, slices.Concat(list, a.Added, a.Missing)...)
}

// withNew appends those texts that a list does not have yet.
func withNew(list []string, texts ...string) []string {
	for _, text := range texts {
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}
