package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Files returns vocab.json and merges.txt, which Open and GPT2Tokenizer of transformers read.
func (t *BPE) Files() (vocab, merges []byte) {
	ids := make([]int, t.Size())
	for id := range ids {
		ids[id] = id
	}
	return t.files(ids)
}

// Files returns vocab.json and merges.txt of the whole vocabulary, renumbered so that ours keep their ids and the tokens that were left
// out follow from Size() on: the merges need them on their way. Text whose tokens are all ours has the ids of Encode; Undone
// says what stands for any other.
func (c *Compact) Files() (vocab, merges []byte) {
	return c.base.files(append(slices.Clone(c.ids), c.others()...))
}

// Undone lists, for each id from Size() on that Files gives, the ids of ours that Encode writes instead.
func (c *Compact) Undone() [][]int {
	others := c.others()
	pieces := make([][]int, len(others))
	for i, id := range others {
		pieces[i] = c.appendToken(nil, int32(id))
	}
	return pieces
}

// others are the tokens of the whole vocabulary that were left out, in order.
func (c *Compact) others() []int {
	var ids []int
	for id := range c.base.tokens {
		if _, ours := c.index[int32(id)]; !ours {
			ids = append(ids, id)
		}
	}
	return ids
}

// files writes the vocabulary with the token order[i] as id i.
func (t *BPE) files(order []int) (vocab, merges []byte) {
	letters := t.letters()
	var out bytes.Buffer
	for i, id := range order {
		separator := ",\n"
		if i == 0 {
			separator = "{"
		}
		name, err := json.Marshal(letters[id])
		if err != nil {
			panic("tokenizer: a token cannot be written: " + err.Error()) // a string: cannot happen
		}
		fmt.Fprintf(&out, "%s%s: %d", separator, name, i)
	}
	out.WriteString("}\n")
	return out.Bytes(), t.mergeLines(letters)
}

// letters are the tokens as files write them: a printable character for each byte.
func (t *BPE) letters() []string {
	var letterOf [256]rune
	for letter, b := range alphabet {
		letterOf[b] = letter
	}
	all := make([]string, len(t.tokens))
	for id, token := range t.tokens {
		if id == t.eos {
			all[id] = token
			continue
		}
		written := make([]rune, len(token))
		for i, b := range []byte(token) {
			written[i] = letterOf[b]
		}
		all[id] = string(written)
	}
	return all
}

// mergeLines is merges.txt: the most urgent first.
func (t *BPE) mergeLines(letters []string) []byte {
	pairs := make([]pair, 0, len(t.merges))
	for p := range t.merges {
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b pair) int { return int(t.merges[a].rank) - int(t.merges[b].rank) })
	var out bytes.Buffer
	out.WriteString("#version: 0.2\n")
	for _, p := range pairs {
		fmt.Fprintf(&out, "%s %s\n", letters[p.left], letters[p.right])
	}
	return out.Bytes()
}
