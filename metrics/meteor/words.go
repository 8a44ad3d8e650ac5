package meteor

import (
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// dictionary numbers words and keeps what the stages ask of them.
type dictionary struct {
	net   *wordNet     // nil without the synonym stage
	table *Paraphrases // nil without the paraphrase stage
	ids   map[string]int32
	info  []wordInfo
	stems map[string]int32

	relations [][]relation // what is known of pairs, by the number of both words; missing places are unknown
}

// relation says how two different words can match. The zero value is: not known yet.
type relation uint8

const (
	unrelated relation = 1 << iota
	sameStem
	synonymous
)

// maxRelations is the number of words whose relations are kept: a table of at most 16 MiB.
const maxRelations = 4096

// wordInfo is what is known of a word.
type wordInfo struct {
	stem     int32
	function bool
	synsets  []int32 // sorted
	inTable  uint32  // its number in the paraphrase table
}

func (d *dictionary) id(word string) int32 {
	if id, ok := d.ids[word]; ok {
		return id
	}
	if d.ids == nil {
		d.ids, d.stems = map[string]int32{}, map[string]int32{}
	}
	word = strings.Clone(word)
	info := wordInfo{function: functionWords[word], stem: d.stem(word)}
	if d.net != nil {
		info.synsets = d.net.synsets(word)
	}
	if d.table != nil {
		info.inTable = d.table.word(word)
	}
	id := int32(len(d.info))
	d.ids[word] = id
	d.info = append(d.info, info)
	return id
}

// stem numbers the Snowball English stem of a word.
func (d *dictionary) stem(word string) int32 {
	env := snowballstem.NewEnv(word)
	english.Stem(env)
	id, ok := d.stems[env.Current()]
	if !ok {
		id = int32(len(d.stems))
		d.stems[env.Current()] = id
	}
	return id
}

// row returns what is known of the pairs of a word, by the number of the other, or nil where it is not kept.
func (d *dictionary) row(word int32) []relation {
	if word >= maxRelations {
		return nil
	}
	if len(d.relations) <= int(word) {
		d.relations = append(d.relations, make([][]relation, int(word)+1-len(d.relations))...)
	}
	row := d.relations[word]
	if size := min(len(d.info), maxRelations); len(row) < size {
		row = append(row, make([]relation, size-len(row))...)
		d.relations[word] = row
	}
	return row
}

// related returns how two different words match; row is that of a.
func (d *dictionary) related(row []relation, a, b int32) relation {
	if int(b) >= len(row) {
		return d.compare(a, b)
	}
	if row[b] == 0 {
		row[b] = d.compare(a, b)
	}
	return row[b]
}

func (d *dictionary) compare(a, b int32) relation {
	r := unrelated
	if d.info[a].stem == d.info[b].stem {
		r |= sameStem
	}
	if d.synonyms(a, b) {
		r |= synonymous
	}
	return r
}

// synonyms reports whether two words share a synset.
func (d *dictionary) synonyms(a, b int32) bool {
	x, y := d.info[a].synsets, d.info[b].synsets
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			return true
		case x[i] < y[j]:
			i++
		default:
			j++
		}
	}
	return false
}

// functionWords are the tokens that weigh less.
var functionWords = wordSet(`the , . to of and a in that for " is on 's it with was as said at he by be from have has are
		his but an this not i will ’ they ) -rrb- ( -lrb- who their had we which were been more or s its would about new one after you :
		also up when there than $ all out her people she year two - can if last first “ over other ” into some what so -- no time years
		could ? 't — '`)

func sortedUnion(a, b []int32) []int32 {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
