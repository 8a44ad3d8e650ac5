package tokenizer

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// coordinates is the number of box coordinates that can be written: 0 ... 447 (FACTS 2.3).
const coordinates = 448

// frame is the text around every sample, whatever the corpus: the task prefixes and the marks of a box.
var frame = []string{"Cap:", "ARef:", "GCap:", "CARef:", "[", " [", ",", "]", " ]", "].", ":", ".", " "}

// Compact is a part of a BPE vocabulary, renumbered 0 ... V-1 in the order of the whole; EOS is V-1. Text is cut as by the
// whole vocabulary; a token that was left out is undone into the pieces it was merged from, at worst into its bytes,
// so that every text can be written.
type Compact struct {
	base  *BPE
	ids   []int         // ours -> base
	index map[int32]int // base -> ours
}

// Compact returns the vocabulary of the tokens in texts, the coordinates 0 ... 447 with and without a space before, the
// box marks, the task prefixes, all bytes and EOS. The order of texts does not matter.
func (t *BPE) Compact(texts []string) *Compact {
	needed := make([]bool, len(t.tokens))
	seen := make(map[string]bool)
	add := func(text string) {
		if seen[text] { // questions and answers repeat
			return
		}
		seen[text] = true
		for _, id := range t.Encode(text) {
			needed[id] = true
		}
	}
	for _, id := range t.bytes {
		needed[id] = true
	}
	for n := range coordinates {
		add(strconv.Itoa(n))
		add(" " + strconv.Itoa(n))
	}
	for _, text := range frame {
		add(text)
	}
	for _, text := range texts {
		add(text)
	}
	var ids []int
	for id, is := range needed {
		if is && id != t.eos {
			ids = append(ids, id)
		}
	}
	return newCompact(t, append(ids, t.eos))
}

func newCompact(base *BPE, ids []int) *Compact {
	c := &Compact{base: base, ids: ids, index: make(map[int32]int, len(ids))}
	for ours, id := range ids {
		c.index[int32(id)] = ours
	}
	return c
}

// Size is the number of ids, EOS included.
func (c *Compact) Size() int { return len(c.ids) }

// EOS is the last id, Size()-1.
func (c *Compact) EOS() int { return len(c.ids) - 1 }

// BaseIDs returns the id in the whole vocabulary of each of ours: the rows of a pretrained token table to keep.
func (c *Compact) BaseIDs() []int { return slices.Clone(c.ids) }

// Encode returns the ids of text.
func (c *Compact) Encode(text string) []int {
	whole := c.base.Encode(text)
	ids := make([]int, 0, len(whole))
	for _, id := range whole {
		ids = c.appendToken(ids, int32(id))
	}
	return ids
}

// appendToken appends our ids for a token of the whole vocabulary.
func (c *Compact) appendToken(ids []int, id int32) []int {
	if ours, ok := c.index[id]; ok {
		return append(ids, ours)
	}
	halves, ok := c.base.parts[id]
	if !ok {
		for _, b := range []byte(c.base.tokens[id]) {
			ids = append(ids, c.index[c.base.bytes[b]])
		}
		return ids
	}
	return c.appendToken(c.appendToken(ids, halves.left), halves.right)
}

// Decode returns the text of ids; EOS is nothing, an id outside the vocabulary (such as MASK) U+FFFD.
func (c *Compact) Decode(ids []int) string {
	var out strings.Builder
	for _, id := range ids {
		switch {
		case id == c.EOS():
		case id < 0 || id >= len(c.ids):
			out.WriteRune('\uFFFD')
		default:
			out.WriteString(c.base.tokens[c.ids[id]])
		}
	}
	return out.String()
}

// compactJSON is the form in a checkpoint.
type compactJSON struct {
	Version int    `json:"version"`
	Base    string `json:"base"` // Fingerprint of the whole vocabulary
	IDs     []int  `json:"ids"`
}

// MarshalJSON writes the vocabulary for ParseCompact.
func (c *Compact) MarshalJSON() ([]byte, error) {
	return json.Marshal(compactJSON{Version: 1, Base: c.base.Fingerprint(), IDs: c.ids})
}

// ParseCompact reads what MarshalJSON wrote. The base must be the vocabulary it was cut from.
func ParseCompact(data []byte, base *BPE) (*Compact, error) {
	var in compactJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("compact vocabulary: %w", err)
	}
	if in.Version != 1 {
		return nil, fmt.Errorf("compact vocabulary: version %d, this program reads 1", in.Version)
	}
	if want := base.Fingerprint(); in.Base != want {
		return nil, fmt.Errorf("compact vocabulary: made from vocabulary %s, not from %s", in.Base, want)
	}
	seen := make(map[int]bool, len(in.IDs))
	for _, id := range in.IDs {
		if id < 0 || id >= base.Size() || seen[id] {
			return nil, fmt.Errorf("compact vocabulary: id %d is repeated or not of the whole vocabulary", id)
		}
		seen[id] = true
	}
	for b, id := range base.bytes {
		if !seen[int(id)] {
			return nil, fmt.Errorf("compact vocabulary: byte %#02x is missing", b)
		}
	}
	if in.IDs[len(in.IDs)-1] != base.eos {
		return nil, fmt.Errorf("compact vocabulary: the last id is not %s", endOfText)
	}
	return newCompact(base, in.IDs), nil
}

// Fingerprint names the vocabulary by its content: 16 hexadecimal digits.
func (t *BPE) Fingerprint() string {
	h := sha256.New()
	for _, token := range t.tokens {
		fmt.Fprintf(h, "%d:%s", len(token), token)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}
