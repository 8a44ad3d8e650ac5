package metrics

import "strings"

// String writes the answer by the grammar of FACTS 1.4, without a trailing space: ParseAnswer reads it back.
func (a Answer) String() string {
	var sentences []string
	for _, l := range a.Levels {
		sentences = append(sentences, "the level of "+l.Finding+" has changed from "+l.From+" to "+l.To+".")
	}
	for _, side := range []struct {
		names     []string
		one, many string
	}{
		{a.Added, "has an additional finding of ", "has additional findings of "},
		{a.Missing, "is missing the finding of ", "is missing the findings of "},
	} {
		switch n := len(side.names); n {
		case 0:
		case 1:
			sentences = append(sentences, "the main image "+side.one+side.names[0]+" than the reference image.")
		default:
			list := strings.Join(side.names[:n-1], ", ") + ", and " + side.names[n-1]
			sentences = append(sentences, "the main image "+side.many+list+" than the reference image.")
		}
	}
	if len(sentences) == 0 {
		return "nothing has changed."
	}
	return strings.Join(sentences, " ")
}
