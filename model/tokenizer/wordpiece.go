package tokenizer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord is the length in characters beyond which BERT gives up on a word.
const maxWord = 100

// WordPiece is BERT's vocabulary.
type WordPiece struct {
	whole    map[string]int // pieces that begin a word
	inside   map[string]int // pieces after ##, without it
	specials []string       // tokens that are kept whole where a text spells them out
	size     int

	cls, sep, unk int

	lower bool // lower-case
	strip bool // drop accents
}

// openWordPiece reads vocab.txt of a folder: one token a line, its line number from 0 its id. By default text is lower-cased and
// stripped of accents.
func openWordPiece(dir string, config sentenceConfig) (*WordPiece, error) {
	path := filepath.Join(dir, "vocab.txt")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t := &WordPiece{whole: make(map[string]int), inside: make(map[string]int)}
	for line := range bytes.Lines(data) {
		token := strings.TrimRight(string(line), "\r\n")
		if piece, ok := strings.CutPrefix(token, "##"); ok && piece != "" {
			t.inside[piece] = t.size
		} else {
			t.whole[token] = t.size
		}
		t.size++
	}
	for token, id := range map[string]*int{"[CLS]": &t.cls, "[SEP]": &t.sep, "[UNK]": &t.unk} {
		var ok bool
		if *id, ok = t.whole[token]; !ok {
			return nil, fmt.Errorf("%s: no token %s: not a BERT vocabulary", path, token)
		}
	}
	for _, token := range []string{"[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]"} {
		if _, ok := t.whole[token]; ok {
			t.specials = append(t.specials, token)
		}
	}
	t.lower = isSet(config.Lower, true)
	t.strip = isSet(config.Strip, t.lower)
	return t, nil
}

// Size is the number of ids.
func (t *WordPiece) Size() int { return t.size }

// CLS is the id before every text.
func (t *WordPiece) CLS() int { return t.cls }

// SEP is the id after every text.
func (t *WordPiece) SEP() int { return t.sep }

// UNK is the id of a word that cannot be written.
func (t *WordPiece) UNK() int { return t.unk }

// Encode returns [CLS], the pieces of text, [SEP], with the pieces cut so that there are at most max ids (max < 2 is no
// limit). An empty text is [CLS] [SEP].
func (t *WordPiece) Encode(text string, max int) []int {
	ids := []int{t.cls}
	for text != "" {
		at, special := t.nextSpecial(text)
		for _, word := range t.basicWords(text[:at]) {
			ids = t.appendWord(ids, word)
		}
		text = text[at+len(special):]
		if special != "" {
			ids = append(ids, t.whole[special])
		}
	}
	if max >= 2 && len(ids) > max-1 {
		ids = ids[:max-1]
	}
	return append(ids, t.sep)
}

// nextSpecial returns where the first special token of text begins, and the token; without one, the end and "".
func (t *WordPiece) nextSpecial(text string) (int, string) {
	at, found := len(text), ""
	for _, special := range t.specials {
		if i := strings.Index(text[:at], special); i >= 0 {
			at, found = i, special
		}
	}
	return at, found
}

// basicWords cuts text at white space, and before and after each punctuation mark and Chinese character, after
// normalising it as BERT's basic tokenizer does.
func (t *WordPiece) basicWords(text string) []string {
	var clean strings.Builder
	for _, r := range text {
		switch {
		case r == ' ' || r == '\t' || r == '\n' || r == '\r' || unicode.Is(unicode.Zs, r):
			clean.WriteByte(' ')
		case r == unicode.ReplacementChar || isControl(r):
		case isChinese(r):
			clean.WriteRune(' ')
			clean.WriteRune(r)
			clean.WriteRune(' ')
		case t.lower:
			clean.WriteRune(unicode.ToLower(r))
		default:
			clean.WriteRune(r)
		}
	}
	text = clean.String()
	if t.strip {
		text = norm.NFD.String(text)
	}
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words, word = append(words, string(word)), word[:0]
		}
	}
	for _, r := range text {
		switch {
		case t.strip && unicode.Is(unicode.Mn, r):
		case unicode.IsSpace(r):
			flush()
		case isPunctuation(r):
			flush()
			words = append(words, string(r))
		default:
			word = append(word, r)
		}
	}
	flush()
	return words
}

// appendWord appends the pieces of a word: from the left the longest piece there is, [UNK] if some rest has none.
func (t *WordPiece) appendWord(ids []int, word string) []int {
	starts := make([]int, 0, len(word)) // of the characters, in bytes
	for i := range word {
		starts = append(starts, i)
	}
	if len(starts) > maxWord {
		return append(ids, t.unk)
	}
	starts = append(starts, len(word))
	begin := len(ids)
	pieces := t.whole
	for from := 0; from < len(starts)-1; {
		to := len(starts) - 1
		id, ok := 0, false
		for ; to > from; to-- {
			if id, ok = pieces[word[starts[from]:starts[to]]]; ok {
				break
			}
		}
		if !ok {
			return append(ids[:begin], t.unk)
		}
		ids, from, pieces = append(ids, id), to, t.inside
	}
	return ids
}

// isControl reports the Unicode categories C*, unassigned characters included.
func isControl(r rune) bool {
	if r < 0x80 {
		return r < ' ' || r == 0x7f
	}
	return !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z)
}

// isPunctuation reports every printing ASCII character that is not a letter, digit or space, and Unicode P*.
func isPunctuation(r rune) bool {
	if r < 0x80 {
		return '!' <= r && r <= '/' || ':' <= r && r <= '@' || '[' <= r && r <= '`' || '{' <= r && r <= '~'
	}
	return unicode.Is(unicode.P, r)
}

// isChinese reports the CJK ideographs, each of which BERT takes as a word.
func isChinese(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r <= 0x4dbf, 0x4e00 <= r && r <= 0x9fff, 0xf900 <= r && r <= 0xfaff,
		0x20000 <= r && r <= 0x2a6df, 0x2a700 <= r && r <= 0x2b73f, 0x2b740 <= r && r <= 0x2b81f,
		0x2b820 <= r && r <= 0x2ceaf, 0x2f800 <= r && r <= 0x2fa1f:
		return true
	}
	return false
}
