package metrics

import (
	"slices"
	"strings"
)

// SameAnswer reports whether two answers to a question of MIMIC-Diff-VQA other than difference are the same: without case, white space
// and a final stop, and in any order where an answer lists names between commas ("edema, atelectasis").
func SameAnswer(a, b string) bool { return slices.Equal(answerParts(a), answerParts(b)) }

func answerParts(answer string) []string {
	var parts []string
	for part := range strings.SplitSeq(strings.ToLower(strings.TrimRight(strings.TrimSpace(answer), ". ")), ",") {
		if part = strings.Join(strings.Fields(part), " "); part != "" {
			parts = append(parts, part)
		}
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}
