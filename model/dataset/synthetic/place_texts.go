package synthetic

import (
	"math/rand/v2"
	"strings"
)

// placeTexts writes the report of a study of the design place, which names what it states in the order of the findings, and the phrase of each
// region: its finding, or that it is clear. Each finding that is present is stated by the report and by the phrase with a chance of its
// own, unless both shall say the same. What is drawn is drawn whatever the chances are.
func placeTexts(r *rand.Rand, s *state, ap, _ bool, p Params) (string, []statement) {
	var named []string
	said := make([]statement, len(s.findings))
	for f, spec := range s.findings {
		present := s.has[f].present
		inReport := r.Float64() >= p.ReportDropout
		inPhrase := r.Float64() >= p.PhraseDropout
		if p.SameReport {
			inPhrase = inReport
		}
		if present && inReport {
			named = append(named, spec.name)
		}
		k := &s.sights[f]
		words := sentence{text: k.no[0]}
		if present && inPhrase {
			words = sentence{text: k.yes[0], attribute: "anatomicalfinding|yes|" + spec.name, abnormal: true}
		}
		said[f] = statement{k.region, []sentence{words}}
	}
	text := "This film is clear."
	if len(named) > 0 {
		text = "This film shows " + strings.Join(named, ", ") + "."
	}
	return framed(ap, " FINDINGS: ", text), said
}
