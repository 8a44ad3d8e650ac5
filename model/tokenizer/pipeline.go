package tokenizer

import "strings"

// pipeline is a tokenizer of Hugging Face's tokenizers library: added tokens are cut out, the rest is normalised, split into
// words, and each word made into pieces.
type pipeline struct {
	added         addedTokens
	normal        []normaliser
	split         []splitter
	model         pieceModel
	before, after []int // the marks
	limit         int
	space         bool // a space is put before every text
}

// normaliser rewrites a text.
type normaliser func(text string) string

// splitter cuts a word into words; first says that the word begins the text.
type splitter interface {
	split(word string, first bool) []string
}

// pieceModel makes pieces of a word.
type pieceModel interface {
	appendPieces(ids []int, word string) []int
	size() int
}

// Size is one more than the largest id.
func (p *pipeline) Size() int { return max(p.model.size(), p.added.size) }

// MaxLength is model_max_length.
func (p *pipeline) MaxLength() int { return p.limit }

// Encode returns the ids of text between the marks.
func (p *pipeline) Encode(text string, limit int) []int {
	text = strip(strings.ToValidUTF8(text, "\uFFFD"))
	ids := append([]int{}, p.before...)
	if text != "" {
		if p.space {
			text = " " + text
		}
		ids = p.appendText(ids, text)
	}
	if room := limit - len(p.after); limit > 0 && len(ids) > room {
		ids = ids[:max(room, len(p.before))]
	}
	return append(ids, p.after...)
}

// appendText cuts the added tokens out of text: those of the raw text first, then those of the normalised text between them.
func (p *pipeline) appendText(ids []int, text string) []int {
	first := true
	for _, part := range p.added.cut(text, false) {
		if part.id >= 0 {
			ids, first = append(ids, part.id), false
			continue
		}
		normal := part.text
		for _, rewrite := range p.normal {
			normal = rewrite(normal)
		}
		for _, word := range p.added.cut(normal, true) {
			if word.id >= 0 {
				ids = append(ids, word.id)
			} else {
				ids = p.appendWords(ids, word.text, first)
			}
			first = false
		}
	}
	return ids
}

// appendWords splits text without added tokens and makes its words into pieces.
func (p *pipeline) appendWords(ids []int, text string, first bool) []int {
	words := []string{text}
	for _, s := range p.split {
		var next []string
		for i, word := range words {
			next = append(next, s.split(word, first && i == 0)...)
		}
		words = next
	}
	for _, word := range words {
		if word != "" {
			ids = p.model.appendPieces(ids, word)
		}
	}
	return ids
}

// strip cuts the white space of Python's str.strip from both ends.
func strip(text string) string { return strings.TrimFunc(text, isPythonSpace) }

// isPythonSpace is str.isspace: Unicode's white space and the four separators of ASCII.
func isPythonSpace(r rune) bool { return isSpace(r) || 0x1c <= r && r <= 0x1f }
