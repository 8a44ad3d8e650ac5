// Package nearest finds the word that was probably meant.
package nearest

import "strings"

// Hint is ": did you mean X?" for the word that Word finds, or "" where it finds none.
func Hint(known []string, most int, distance func(known string) int) string {
	best := Word(known, most, distance)
	if best == "" {
		return ""
	}
	return ": did you mean " + best + "?"
}

// Word is the known word with the least distance, the first of several, or "" where none is within most. distance tells how far a known
// word is from the one that was given.
func Word(known []string, most int, distance func(known string) int) string {
	best, least := "", most+1
	for _, k := range known {
		if d := distance(k); d < least {
			best, least = k, d
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

// Meant is the known word that a mistyped one probably stands for, whatever its case: one that it begins, or one that differs in a third
// of its letters at most; "" where there is none.
func Meant(word string, known []string) string {
	return Word(known, (len(word)+2)/3, func(k string) int {
		d := Distance(strings.ToLower(word), strings.ToLower(k))
		if len(word) >= 3 && strings.HasPrefix(strings.ToLower(k), strings.ToLower(word)) {
			d = min(d, 1)
		}
		return d
	})
}
