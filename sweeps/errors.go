package sweeps

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/internal/nearest"
)

// Error refuses an experiment file: where, which key, and why, on one line.
type Error struct {
	File   string
	Line   int    // 0 where there is none, as for --set
	Key    string // dotted path of the key; may be empty
	Reason string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ": line %d", e.Line)
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	return b.String() + ": " + e.Reason
}

// refusal is a reason without a place; the caller who knows the place makes it an Error.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (p *parser) refuse(n *yaml.Node, key, format string, args ...any) error {
	line := 1
	if n != nil && n.Line > 0 {
		line = n.Line
	}
	return &Error{File: p.sweep.File, Line: line, Key: key, Reason: fmt.Sprintf(format, args...)}
}

// didYouMean is ": did you mean X?" for the candidate nearest to word, or "" when none is near.
func didYouMean(word string, candidates []string) string {
	return nearest.Hint(candidates, len(word)/3+1, func(c string) int {
		d := editDistance(word, c)
		if last := c[strings.LastIndexByte(c, '.')+1:]; last == word {
			d = 1 // the right word at the wrong place
		}
		return d
	})
}

// editDistance is Levenshtein's distance in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal, row[j] = row[j], min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
