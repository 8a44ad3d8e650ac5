package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// class is what the word pattern distinguishes of a character.
type class uint8

const (
	other class = iota
	letter
	number
	space
)

func classOf(r rune) class {
	if r < utf8.RuneSelf {
		switch {
		case 'a' <= r|0x20 && r|0x20 <= 'z':
			return letter
		case '0' <= r && r <= '9':
			return number
		case r == ' ' || '\t' <= r && r <= '\r':
			return space
		}
		return other
	}
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// nextWord returns the length in bytes of the first word of text, which is not empty, by GPT-2's pattern
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// Words cover the text without gaps. A byte that is not UTF-8 counts as a character that is not a letter.
func nextWord(text string) int {
	if n := contraction(text); n > 0 {
		return n
	}
	start := 0
	if text[0] == ' ' && len(text) > 1 {
		start = 1
	}
	r, size := utf8.DecodeRuneInString(text[start:])
	kind := classOf(r)
	if kind == space {
		return spaces(text)
	}
	end := start + size
	for end < len(text) {
		r, size = utf8.DecodeRuneInString(text[end:])
		if classOf(r) != kind {
			break
		}
		end += size
	}
	return end
}

// spaces returns the length of the run of white space at the start of text, less its last character if a word follows:
// that one is left for the word (or, if it is no plain space, is a word of its own).
func spaces(text string) int {
	end, last := 0, 0
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		if classOf(r) != space {
			break
		}
		end, last = end+size, end
	}
	if end < len(text) && last > 0 {
		return last
	}
	return end
}

// contraction returns the length of the English ending at the start of text, or 0.
func contraction(text string) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	switch text[1] {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(text) > 2 {
		switch text[1:3] {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}
