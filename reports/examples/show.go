package examples

import (
	"harness/metrics"
)

// Show makes examples of the samples at some places, to be illustrated and printed: the boxes of boxesOf are drawn, "" standing for the
// first row that has any.
func (s *Samples) Show(places []int, boxesOf string) (*Examples, error) {
	e := &Examples{Name: s.Name, Handle: s.Handle, TrialSeed: s.TrialSeed, Synthetic: s.Synthetic, Rows: s.Rows, Candidates: len(s.list), Notes: []string{}}
	if err := s.addBoxes(e, boxesOf); err != nil {
		return nil, err
	}
	for _, i := range places {
		e.Pairs = append(e.Pairs, s.pair(&s.list[i]))
	}
	return e, nil
}

// pair is one sample with its answers, cut where their marks change.
func (s *Samples) pair(one *item) Pair {
	p := Pair{ID: one.id, Question: one.question, Reference: one.refs[0], files: one.images}
	if len(one.images) > 0 {
		p.owner = s.Rows[one.imagesOf].Trial
	}
	var err error
	if p.want, err = metrics.ParseAnswer(p.Reference); err != nil || s.Measure != ByFindings {
		p.want = metrics.Answer{}
	}
	for r, row := range s.Rows {
		a := Answer{Row: row.Name, Absent: row.Absent, Text: one.answers[r], Verdict: one.verdicts[r]}
		switch {
		case a.Absent != "":
		case a.Verdict == NoAnswer:
			a.Absent = "it did not answer this sample"
		case s.Measure == ByFindings && err == nil:
			a.Pieces, a.Left = judge(a.Text, p.want)
		default:
			if a.Text != "" {
				a.Pieces = []Piece{{Text: a.Text}}
			}
		}
		if score := float64(one.scores[r]); score == score {
			switch s.Measure {
			case ByFindings:
				a.F1 = &score
			case ByBoxes:
				a.IoU = &score
			}
		}
		p.Answers = append(p.Answers, a)
	}
	return p
}

// Others are the references of a sample behind the first.
func (s *Samples) Others(place int) []string { return s.list[place].refs[1:] }

// addBoxes adds what a row generated for regions; that of the first row that has any, and of the row that was asked for last, is kept.
func (s *Samples) addBoxes(e *Examples, of string) error {
	if of == "" && len(s.BoxRows) == 0 {
		return nil
	}
	if of == "" {
		of = s.BoxRows[0]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.boxes[of] == nil {
		if _, err := placeOf(s.Rows, "boxes", of); err != nil {
			return err
		}
		if err := e.readBoxes(of); err != nil {
			return err
		}
		for row := range s.boxes {
			if row != s.BoxRows[0] {
				delete(s.boxes, row)
			}
		}
		s.boxes[of] = e.boxes
	}
	e.BoxesOf, e.boxes = of, s.boxes[of]
	return nil
}

// Files are the images that a program names for a pair, and the trial whose attempt has them.
func (p Pair) Files() (files []string, trial string) { return p.files, p.owner }

// IllustrateRegion adds the image of a sample whose task is about one region of it.
func (e *Examples) IllustrateRegion(pair int, from Source, region string) {
	image := from.Image
	image.Role, image.Regions, image.Notes = "whole", []Region{}, []string{}
	for _, r := range from.All {
		if r.Name == region {
			r = e.predict(r, from)
			r.IoU = nil // it stands beside the answer
			image.Regions = append(image.Regions, r)
		}
	}
	if len(image.Regions) == 1 && image.Regions[0].Predicted == nil && e.BoxesOf != "" {
		image.Notes = append(image.Notes, e.BoxesOf+" predicted no box for this region")
	}
	e.Pairs[pair].Images, e.illustrated = []Image{image}, true
}

// IllustrateSingle adds the one image of a sample that has no other, without boxes.
func (e *Examples) IllustrateSingle(pair int, from Source, role string) {
	image := from.Image
	image.Role, image.Regions, image.Notes = role, []Region{}, []string{}
	e.Pairs[pair].Images, e.illustrated = []Image{image}, true
}

// IllustrateOne adds the two images of one pair, as Illustrate does of all.
func (e *Examples) IllustrateOne(pair int, sources [2]Source) {
	one := &Examples{BoxesOf: e.BoxesOf, boxes: e.boxes, Pairs: e.Pairs[pair : pair+1]}
	_ = one.Illustrate(func(string) ([2]Source, error) { return sources, nil }) // it has no error of its own
	e.illustrated = true
}
