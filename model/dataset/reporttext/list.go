package reporttext

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	// listItem is a word that may number an item of a list, such as "1.", "2)" or "(3)", or that stands before an item without a
	// space, as in "1.No effusion".
	listItem = regexp.MustCompile(`^\(?([1-9]\d?)[.)]([A-Z].*)?$`)
	listStop = ".?!:;"
)

// dropListNumbers removes the numbers of list items and collapses white space: "1. 3.5 mm nodule." becomes "3.5 mm nodule.". A
// number counts an item when it starts the text, a line or a sentence and is one, or one more than the number before it. With
// phrase, any number that starts the text does: the text is one item of a list.
func dropListNumbers(text string, phrase bool) string {
	var out []string
	last := 0 // the number of the item before
	for line := range strings.Lines(text) {
		starts := true
		for word := range strings.FieldsSeq(line) {
			m := listItem.FindStringSubmatch(word)
			n := 0
			if m != nil {
				n, _ = strconv.Atoi(m[1])
			}
			if starts && n > 0 && (n == 1 || n == last+1 || phrase && len(out) == 0) {
				last = n
				if word = m[2]; word == "" {
					continue
				}
			}
			out = append(out, word)
			starts = strings.Contains(listStop, word[len(word)-1:])
		}
	}
	return strings.Join(out, " ")
}
