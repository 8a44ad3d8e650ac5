package meteor

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Paraphrases is a table of phrases with the same meaning, in both directions.
type Paraphrases struct{ entries [][2][]string }

// Len returns the number of entries.
func (p *Paraphrases) Len() int { return len(p.entries) }

// ReadParaphrases reads a table in the reference's layout: three lines an entry, its weight, a phrase, a phrase. It may be packed
// with gzip. The weights are checked and not used, as in the reference.
func ReadParaphrases(r io.Reader) (*Paraphrases, error) {
	buffered := bufio.NewReader(r)
	if magic, err := buffered.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		buffered = bufio.NewReader(z)
	}
	lines := bufio.NewScanner(buffered)
	lines.Buffer(nil, 1<<20)
	p := &Paraphrases{}
	var entry []string
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" && len(entry) == 0 {
			continue
		}
		entry = append(entry, line)
		if len(entry) < 3 {
			continue
		}
		if _, err := strconv.ParseFloat(entry[0], 64); err != nil {
			return nil, fmt.Errorf("line %d: weight %q is not a number", n-2, entry[0])
		}
		a, b := strings.Fields(entry[1]), strings.Fields(entry[2])
		if len(a) == 0 || len(b) == 0 {
			return nil, fmt.Errorf("line %d: a phrase is empty", n)
		}
		p.entries = append(p.entries, [2][]string{a, b})
		entry = entry[:0]
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	if len(entry) > 0 {
		return nil, fmt.Errorf("line %d: the last entry has %d of 3 lines", n, len(entry))
	}
	return p, nil
}

// phraseTable finds the entries whose first phrase begins with a word; shorter phrases come first, then the order of the table.
type phraseTable struct {
	byFirst map[int32][]phraseEntry
}

type phraseEntry struct{ from, to []int32 }

func (p *Paraphrases) intern(d *dictionary) *phraseTable {
	t := &phraseTable{byFirst: map[int32][]phraseEntry{}}
	number := func(words []string) []int32 {
		ids := make([]int32, len(words))
		for i, word := range words {
			ids[i] = d.id(word)
		}
		return ids
	}
	for _, entry := range p.entries {
		e := phraseEntry{from: number(entry[0]), to: number(entry[1])}
		list := t.byFirst[e.from[0]]
		at := len(list)
		for at > 0 && len(list[at-1].from) > len(e.from) {
			at--
		}
		list = append(list, phraseEntry{})
		copy(list[at+1:], list[at:])
		list[at] = e
		t.byFirst[e.from[0]] = list
	}
	return t
}
