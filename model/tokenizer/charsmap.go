package tokenizer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// charsmap is SentencePiece's table of replacements: a double-array tree of strings, and what each becomes.
type charsmap struct {
	units []uint32
	texts []byte // ends each with a zero
}

// parseCharsmap reads a precompiled_charsmap: the tree's size in bytes, the tree, the texts.
func parseCharsmap(blob []byte) (*charsmap, error) {
	if len(blob) < 4 {
		return nil, errors.New("the table is too short")
	}
	size := int64(binary.LittleEndian.Uint32(blob))
	blob = blob[4:]
	if size == 0 || size%4 != 0 || size > int64(len(blob)) {
		return nil, fmt.Errorf("a tree of %d bytes in a table of %d", size, len(blob))
	}
	c := &charsmap{units: make([]uint32, size/4), texts: blob[size:]}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(blob[4*i:])
	}
	return c, nil
}

// The fields of a unit of the tree: whether it is an end with a value, the byte that leads to it, where its children begin.
func isEnd(unit uint32) bool      { return unit>>8&1 == 1 }
func label(unit uint32) uint32    { return unit & (1<<31 | 0xff) }
func children(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

// lookup returns what the shortest entry that begins text becomes.
func (c *charsmap) lookup(text string) (string, bool) {
	at := children(c.units[0])
	for i := range len(text) {
		at ^= uint32(text[i])
		if text[i] == 0 || at >= uint32(len(c.units)) || label(c.units[at]) != uint32(text[i]) {
			return "", false
		}
		unit := c.units[at]
		at ^= children(unit)
		if !isEnd(unit) {
			continue
		}
		if at >= uint32(len(c.units)) {
			return "", false
		}
		from := c.units[at] & (1<<31 - 1)
		if from >= uint32(len(c.texts)) {
			return "", false
		}
		rest := c.texts[from:]
		if end := bytes.IndexByte(rest, 0); end >= 0 {
			rest = rest[:end]
		}
		if !utf8.Valid(rest) {
			return "", false
		}
		return string(rest), true
	}
	return "", false
}

// apply replaces grapheme by grapheme where a short one has an entry, else character by character.
func (c *charsmap) apply(text string) string {
	var out strings.Builder
	state := -1
	for text != "" {
		var grapheme string
		grapheme, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		if len(grapheme) < 6 {
			if to, ok := c.lookup(grapheme); ok {
				out.WriteString(to)
				continue
			}
		}
		for _, r := range grapheme {
			if to, ok := c.lookup(string(r)); ok {
				out.WriteString(to)
			} else {
				out.WriteRune(r)
			}
		}
	}
	return out.String()
}
