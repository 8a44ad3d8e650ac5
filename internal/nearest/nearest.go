// Package nearest finds the word that was probably meant, and says which words there are.
package nearest

import (
	"fmt"
	"slices"
	"strings"
)

// mostListed is how many words Choices lists.
const mostListed = 20

// Choices is what a message says after a word that is not known: ": did you mean X?" where Meant finds one, else ": want one of" and the
// first of those there are; "" where there are none.
func Choices(word string, known []string) string {
	if hint := Hint(Meant(word, known)); hint != "" || len(known) == 0 {
		return hint
	}
	return ": want one of " + Some(known, mostListed)
}

// Hint is ": did you mean X?" for the word that was found, or "" where none was.
func Hint(found string) string {
	if found == "" {
		return ""
	}
	return ": did you mean " + found + "?"
}

// Some joins the first most of some texts, between which stand semicolons where one of them has a comma of its own, and counts the others.
func Some(texts []string, most int) string {
	first, between := texts[:min(len(texts), most)], ", "
	if slices.ContainsFunc(first, func(text string) bool { return strings.Contains(text, ",") }) {
		between = "; "
	}
	list := strings.Join(first, between)
	if more := len(texts) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// Meant is the known word that a mistyped one probably stands for, whatever its case: one that it begins, or one that differs in a third
// of its letters at most; "" where there is none.
func Meant(word string, known []string) string {
	lower := strings.ToLower(word)
	return least(known, (len(word)+2)/3, func(k string) int {
		k = strings.ToLower(k)
		d := Distance(lower, k)
		if len(word) >= 3 && strings.HasPrefix(k, lower) {
			d = min(d, 1)
		}
		return d
	})
}

// Path is the known dotted path that was probably meant: one that differs in few letters, or one that ends as the given path does; ""
// where there is none.
func Path(path string, known []string) string {
	last := path[strings.LastIndexByte(path, '.')+1:]
	return least(known, len(path)/3+1, func(k string) int {
		d := Distance(path, k)
		if at := strings.LastIndexByte(k, '.'); at >= 0 {
			d = min(d, 1+Distance(last, k[at+1:])) // the right word at the wrong place
		}
		return d
	})
}

// least is the known word with the least distance, the first of several, or "" where none is within most.
func least(known []string, most int, distance func(known string) int) string {
	best, nearest := "", most+1
	for _, k := range known {
		if d := distance(k); d < nearest {
			best, nearest = k, d
		}
	}
	return best
}

// Distance counts the bytes that are added, left out, replaced or exchanged with the next one.
func Distance(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := row[j]
			if a[i] != b[j] {
				cost = 1 + min(row[j], row[j+1], next[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cost = min(cost, 1+before[j-1])
			}
			next[j+1] = cost
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
