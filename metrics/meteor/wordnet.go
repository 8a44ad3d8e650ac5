package meteor

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
)

//go:embed wordnet.txt.gz
var packedWordNet []byte

// wordNet is the extract of WordNet: two sorted lists of lines, "word set set ..." and "form base ...".
type wordNet struct {
	words      lineIndex
	exceptions lineIndex
}

// lineIndex finds the line that begins with a word and a space, among sorted lines.
type lineIndex struct {
	text   []byte
	starts []int32
}

var loadWordNet = sync.OnceValues(func() (*wordNet, error) {
	z, err := gzip.NewReader(bytes.NewReader(packedWordNet))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	words, exceptions, _ := bytes.Cut(text, []byte("\n\n"))
	return &wordNet{words: indexLines(words), exceptions: indexLines(exceptions)}, nil
})

func indexLines(text []byte) lineIndex {
	x := lineIndex{text: text, starts: make([]int32, 0, bytes.Count(text, []byte("\n"))+1)}
	for at := 0; at < len(text); {
		x.starts = append(x.starts, int32(at))
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	return x
}

// line returns line i without its line feed.
func (x lineIndex) line(i int) []byte {
	line := x.text[x.starts[i]:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	return line
}

// find returns the fields behind word, and whether there is such a line.
func (x lineIndex) find(word string) (fields []string, ok bool) {
	head := func(i int) string {
		line := x.line(i)
		if end := bytes.IndexByte(line, ' '); end >= 0 {
			line = line[:end]
		}
		return string(line)
	}
	i := sort.Search(len(x.starts), func(i int) bool { return head(i) >= word })
	if i == len(x.starts) || head(i) != word {
		return nil, false
	}
	return strings.Fields(string(x.line(i)))[1:], true
}

// synsets returns the sorted synsets of a word and of its base form.
func (n *wordNet) synsets(word string) []int32 {
	if word == "" || strings.ContainsAny(word, " \n") {
		return nil
	}
	sets := n.lemma(word)
	if bases, ok := n.exceptions.find(word); ok {
		for _, base := range bases {
			sets = sortedUnion(sets, n.lemma(base))
		}
		return sets
	}
	return sortedUnion(sets, n.lemma(n.base(word)))
}

// lemma returns the synsets of a word as it is.
func (n *wordNet) lemma(word string) []int32 {
	fields, _ := n.words.find(word)
	sets := make([]int32, 0, len(fields))
	for _, field := range fields {
		id, err := strconv.Atoi(field)
		if err == nil {
			sets = append(sets, int32(id))
		}
	}
	slices.Sort(sets)
	return sets
}

// detachments are the endings that are removed to find a base form, in the order of the reference.
var detachments = [][2]string{
	{"s", ""}, {"ses", "s"}, {"xes", "x"}, {"zes", "z"}, {"ches", "ch"}, {"shes", "sh"}, {"men", "man"}, {"ies", "y"}, {"s", ""},
	{"ies", "y"}, {"es", "e"}, {"es", ""}, {"ed", "e"}, {"ed", ""}, {"ing", "e"}, {"ing", ""}, {"er", ""}, {"est", ""}, {"er", "e"},
	{"est", "e"},
}

// base returns the first base form that is a lemma, or "".
func (n *wordNet) base(word string) string {
	if len(word) <= 2 || strings.HasSuffix(word, "ss") {
		return ""
	}
	for _, d := range detachments {
		if stem, ok := strings.CutSuffix(word, d[0]); ok {
			candidate := stem + d[1]
			if _, known := n.words.find(candidate); known && candidate != word {
				return candidate
			}
		}
	}
	return ""
}
