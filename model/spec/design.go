package spec

import (
	"maps"
	"slices"
)

// Design is what a synthetic set shows.
type Design string

const (
	DesignLook  Design = ""      // findings differ in how they look; half of them are too fine for 224 pixels
	DesignPlace Design = "place" // findings differ in where they are, and in nothing else
)

// DesignFacts are what the generator takes of a design where a trial says nothing (package synthetic holds them to its own).
type DesignFacts struct {
	ReportDropout, PhraseDropout, Contrast float64
	// Revision is raised when the design draws other films, so that results on the older ones are not taken for today's.
	Revision int
	phrases  bool // what phrases state is a setting
}

var designs = map[Design]DesignFacts{
	DesignLook:  {ReportDropout: 0.5, Contrast: 1.5},
	DesignPlace: {ReportDropout: 0.1, PhraseDropout: 0.1, Contrast: 1, Revision: 1, phrases: true},
}

// Facts are those of a design that Validate does not refuse.
func (d Design) Facts() DesignFacts { return designs[d] }

func (s Synthetic) validate() error {
	if _, known := designs[s.Design]; !known {
		return refuse("data.synthetic.design", "unknown design %q: want one of %q, \"\" being findings that differ in their looks", s.Design,
			slices.Sorted(maps.Keys(designs)))
	}
	switch {
	case s.Version != SyntheticVersion:
		return refuse("data.synthetic.version", "%d: this program draws version %d", s.Version, SyntheticVersion)
	case !(s.Contrast >= 0 && s.Contrast <= 2):
		return refuse("data.synthetic.contrast", "%v: want 0 … 2", s.Contrast)
	case !(s.ReportDropout >= 0 && s.ReportDropout <= 1):
		return refuse("data.synthetic.report_dropout", "%v: want 0 … 1", s.ReportDropout)
	case !(s.PhraseDropout >= 0 && s.PhraseDropout <= 1):
		return refuse("data.synthetic.phrase_dropout", "%v: want 0 … 1", s.PhraseDropout)
	case s.Patients < 10:
		return refuse("data.synthetic.patients", "%d are too few to split: want at least 10", s.Patients)
	}
	return nil
}

// Images is the set without what decides its texts alone: two sets of the same Images have the same images, findings and division into
// training and test.
func (s Synthetic) Images() Synthetic {
	s.ReportDropout, s.PhraseDropout, s.SameReport = 0, 0, false
	if s.Contrast == 0 {
		s.Contrast = s.Design.Facts().Contrast
	}
	return s
}
