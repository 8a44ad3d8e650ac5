package meteor

import (
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
)

// dictionary numbers words and keeps what the stages ask of them.
type dictionary struct {
	net   *wordNet // nil without the synonym stage
	ids   map[string]int32
	info  []wordInfo
	stems map[string]int32
}

// wordInfo is what is known of a word.
type wordInfo struct {
	stem     int32
	function bool
	synsets  []int32 // sorted
	bloom    uint64  // a bit for each synset: words whose bits do not meet share none
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
		for _, set := range info.synsets {
			info.bloom |= 1 << (uint32(set) * 0x9E3779B1 >> 26)
		}
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

// synonyms reports whether two words share a synset.
func (d *dictionary) synonyms(a, b int32) bool {
	x, y := &d.info[a], &d.info[b]
	if x.bloom&y.bloom == 0 {
		return false
	}
	for i, j := 0, 0; i < len(x.synsets) && j < len(y.synsets); {
		switch {
		case x.synsets[i] == y.synsets[j]:
			return true
		case x.synsets[i] < y.synsets[j]:
			i++
		default:
			j++
		}
	}
	return false
}

// functionWords are the tokens that weigh less.
var functionWords = func() map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(`the , . to of and a in that for " is on 's it with was as said at he by be from have has are
		his but an this not i will ’ they ) -rrb- ( -lrb- who their had we which were been more or s its would about new one after you :
		also up when there than $ all out her people she year two - can if last first “ over other ” into some what so -- no time years
		could ? 't — '`) {
		set[word] = true
	}
	return set
}()

func sortedUnion(a, b []int32) []int32 {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
