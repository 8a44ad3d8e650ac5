package synthetic

import (
	"math/rand/v2"
	"slices"
)

// finding is an index into the findings of a design; the order is the stable order of names in answers.
type finding int

// The findings of the design look.
const (
	cardiomegaly finding = iota
	pleuralEffusion
	lungOpacity
	emphysema
	hernia
	edema
	atelectasis
	pneumothorax
	granuloma
	pleuralThickening
	numFindings
)

// side is where a finding sits, in the patient's terms: the right lung is on the image's left.
type side int

const (
	midline side = iota
	bilateral
	right
	left
)

// word returns "right" or "left" for a lateral side, else "".
func (s side) word() string {
	switch s {
	case right:
		return "right"
	case left:
		return "left"
	}
	return ""
}

// findingSpec says what a finding is called and where it may be. Names, levels, locations and types are words of the
// Medical-Diff-VQA generator (FACTS 1.4).
type findingSpec struct {
	name     string
	fine     bool     // visible at 448 pixels only
	side     side     // its usual side
	other    side     // its other side, drawn with chance otherSide; equal to side if it has none
	levels   []string // from least to most; nil: the finding has no level
	zone     []string // location words after the side
	kind     string   // "type" word, or ""
	chexpert string   // label column of the CheXpert and NegBio tables, or ""
}

// otherSide is the chance that a finding with two sides is drawn on its less usual one.
const otherSide = 0.3

var lookFindings = [numFindings]findingSpec{
	cardiomegaly:      {name: "cardiomegaly", levels: []string{"mild", "severe"}, chexpert: "Cardiomegaly"},
	pleuralEffusion:   {name: "pleural effusion", side: left, other: right, levels: []string{"small", "moderate"}, chexpert: "Pleural Effusion"},
	lungOpacity:       {name: "lung opacity", side: right, other: right, zone: []string{"mid"}, chexpert: "Lung Opacity"},
	emphysema:         {name: "emphysema", side: bilateral, other: bilateral},
	hernia:            {name: "hernia", zone: []string{"retrocardiac"}},
	edema:             {name: "edema", fine: true, side: bilateral, other: bilateral, kind: "interstitial", chexpert: "Edema"},
	atelectasis:       {name: "atelectasis", fine: true, side: right, other: right, zone: []string{"basal"}, kind: "linear", chexpert: "Atelectasis"},
	pneumothorax:      {name: "pneumothorax", fine: true, side: right, other: right, zone: []string{"apical"}, chexpert: "Pneumothorax"},
	granuloma:         {name: "granuloma", fine: true, side: left, other: left, zone: []string{"upper"}, kind: "calcified", chexpert: "Lung Lesion"},
	pleuralThickening: {name: "pleural thickening", fine: true, side: left, other: left, zone: []string{"mid"}, chexpert: "Pleural Other"},
}

// presence is one finding in one study.
type presence struct {
	present bool
	side    side
	level   int // index into the finding's levels; 0 if it has none
}

// state is the hidden truth of one study: all images and texts derive from it.
type state struct {
	*design
	has []presence // of each finding of the design
}

// none is the state without findings.
func (d *design) none() state { return state{d, make([]presence, len(d.findings))} }

// firstState draws the findings of a patient's first study.
func firstState(r *rand.Rand, p Params) state {
	s := p.design().none()
	for f := range s.has {
		s.has[f] = s.drawPresence(r, p, finding(f))
	}
	return s
}

// next draws the following study: each finding is redrawn with chance Redraw; one that stays keeps its side, and its
// level but for a step with chance LevelStep.
func (s state) next(r *rand.Rand, p Params) state {
	s.has = slices.Clone(s.has)
	for f, old := range s.has {
		if r.Float64() < p.Redraw {
			s.has[f] = s.drawPresence(r, p, finding(f))
		}
		step := r.Float64() < p.LevelStep
		if !old.present || !s.has[f].present {
			continue
		}
		s.has[f] = old
		if n := len(s.findings[f].levels); step && n > 1 {
			s.has[f].level = (old.level + 1) % n
		}
	}
	return s
}

// drawPresence makes the same number of draws whatever comes out, so that one parameter does not reshuffle the others.
func (d *design) drawPresence(r *rand.Rand, p Params, f finding) presence {
	spec := d.findings[f]
	have, swap, level := r.Float64(), r.Float64(), r.Float64()
	if have >= p.Prevalence {
		return presence{}
	}
	drawn := presence{present: true, side: spec.side, level: int(level * float64(len(spec.levels)))}
	if swap < otherSide {
		drawn.side = spec.other
	}
	return drawn
}

// level returns the level word of f, or "" if f has none.
func (s *state) level(f finding) string {
	if len(s.findings[f].levels) == 0 {
		return ""
	}
	return s.findings[f].levels[s.has[f].level]
}

// location returns the location words of f: side, then zone; nil for a finding without a place.
func (s *state) location(f finding) []string {
	var words []string
	switch s.has[f].side {
	case bilateral:
		words = append(words, "bilateral")
	case right, left:
		words = append(words, s.has[f].side.word())
	}
	return append(words, s.findings[f].zone...)
}

// present returns the findings of s in the order of the table.
func (s *state) present() []finding {
	var list []finding
	for f := range s.has {
		if s.has[f].present {
			list = append(list, finding(f))
		}
	}
	return list
}
