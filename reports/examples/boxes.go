package examples

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"harness/metrics"
	"harness/metrics/reportlabel"
	"harness/reports"
	"harness/reports/plots"
)

// mostRegions bounds the regions that are drawn on one image: more boxes could not be told apart.
const mostRegions = 4

// Source is an image of a test pair as the data set has it.
type Source struct {
	Image          // ID, Width, Height and Pixels
	All   []Region // its regions with their phrases and reference boxes
	Bins  float64  // of coordinates on each axis in predicted boxes
}

// readBoxes reads what a row generated for regions: the named row, or the first that has any.
func (e *Examples) readBoxes(of string) error {
	rows := e.Rows
	if of != "" {
		at, err := placeOf(rows, "--boxes", of)
		if err != nil {
			return err
		}
		rows = rows[at : at+1]
	}
	for _, r := range rows {
		if r.Absent != "" {
			continue
		}
		list, err := reports.ReadPredictions(r.predictions, "caref")
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		e.BoxesOf, e.boxes = r.Name, make(map[string]string, len(list))
		for _, p := range list {
			e.boxes[p.ID] = p.Hyp
		}
		return nil
	}
	if of != "" {
		reason := cmp.Or(rows[0].Absent, "its method does not, or was not tested on regions")
		return &plots.OptionError{Option: "--boxes", Reason: fmt.Sprintf("%s has predicted no boxes: %s", of, reason)}
	}
	return nil
}

// Illustrator is the trial whose data the images come from: that of the row whose boxes are drawn, else the first with answers.
func (e *Examples) Illustrator() string {
	for _, r := range e.Rows {
		if r.Name == e.BoxesOf || e.BoxesOf == "" && r.hasAnswers() {
			return r.Trial
		}
	}
	return ""
}

// Illustrate adds the images of every pair: find returns the reference image and the main image of the pair with an ID. Of their
// regions those are drawn whose phrases name a finding that the reference or the answer of the row with boxes names, at most four
// an image: first those of the reference's findings, among them first those with a predicted box, in the order of the data set.
func (e *Examples) Illustrate(find func(pair string) ([2]Source, error)) error {
	for i := range e.Pairs {
		p := &e.Pairs[i]
		sources, err := find(p.ID)
		if err != nil {
			return err
		}
		concerned := e.concerned(p)
		p.Images = nil
		for k, role := range []string{"reference", "main"} {
			image := sources[k].Image
			image.Role = role
			e.addRegions(&image, sources[k], concerned, len(findingsOf(p.want)))
			p.Images = append(p.Images, image)
		}
	}
	e.illustrated = true
	return nil
}

// concerned lists the findings that the reference names, then those that only the answer of the row names whose boxes are drawn.
func (e *Examples) concerned(p *Pair) []string {
	list := findingsOf(p.want)
	for _, a := range p.Answers {
		if a.Row != e.BoxesOf || a.Absent != "" {
			continue
		}
		got, _ := metrics.ParseAnswer(a.Text)
		list = withNew(list, findingsOf(got)...)
	}
	return list
}

// addRegions chooses the regions of an image, and says what is not drawn. The first of the findings are those of the reference.
func (e *Examples) addRegions(image *Image, from Source, concerned []string, ofReference int) {
	image.Regions, image.Notes = []Region{}, []string{}
	note := func(format string, args ...any) { image.Notes = append(image.Notes, fmt.Sprintf(format, args...)) }
	if image.Pixels == nil && image.Address == "" {
		note("this image cannot be decoded")
	}
	if len(concerned) == 0 {
		note("no boxes: neither the reference nor the answer names a finding")
		return
	}
	var found []Region
	rank := map[string]int{} // by region: 0 is drawn first
	for _, r := range from.All {
		first := slices.IndexFunc(concerned, func(finding string) bool { return mentions(r.Phrase, finding) })
		if first < 0 {
			continue
		}
		r = e.predict(r, from)
		found, rank[r.Name] = append(found, r), lacks(r)
		if first >= ofReference {
			rank[r.Name] += 2
		}
	}
	if len(found) == 0 {
		note("no boxes: no phrase of a region names these findings")
		return
	}
	slices.SortStableFunc(found, func(a, b Region) int { return cmp.Compare(rank[a.Name], rank[b.Name]) })
	image.Regions = found[:min(mostRegions, len(found))]
	switch more := len(found) - mostRegions; {
	case more == 1:
		note("not drawn: 1 more region with such a finding")
	case more > 1:
		note("not drawn: %d more regions with such findings", more)
	}
	without := 0
	for _, r := range image.Regions {
		without += lacks(r)
	}
	switch {
	case e.BoxesOf == "":
		note("no row predicted boxes")
	case without == len(image.Regions):
		note("%s predicted no box for this image", e.BoxesOf)
	case without > 0:
		note("%s predicted no box for %d of these regions", e.BoxesOf, without)
	}
}

// lacks is 1 where a region has no predicted box, else 0.
func lacks(r Region) int {
	if r.Predicted == nil {
		return 1
	}
	return 0
}

// predict adds the box that the row predicted for a region, in the pixels of the image.
func (e *Examples) predict(r Region, from Source) Region {
	text, ok := e.boxes[from.ID+"_"+r.Name]
	if !ok {
		return r
	}
	box, ok := metrics.ParseBox(text)
	if !ok {
		return r
	}
	for i, side := range [...]int{from.Width, from.Height, from.Width, from.Height} {
		box[i] *= float64(side) / from.Bins
	}
	iou := metrics.IoU(box, r.Reference)
	r.Predicted, r.IoU = &box, &iou
	return r
}

// mentions reports whether a phrase names a finding, present or denied: in its words, or with an observation that the rules of package
// reportlabel read in both.
func mentions(phrase, finding string) bool {
	words := func(text string) string {
		return " " + strings.Join(strings.FieldsFunc(strings.ToLower(text), notWord), " ") + " "
	}
	if strings.Contains(words(phrase), words(finding)) {
		return true
	}
	in, of := reportlabel.Read(phrase), reportlabel.Read(finding)
	for o := reportlabel.NoFinding + 1; o < reportlabel.Count; o++ {
		if in[o] != reportlabel.Blank && of[o] != reportlabel.Blank {
			return true
		}
	}
	return false
}

func notWord(r rune) bool {
	return r == ' ' || r == ',' || r == '.' || r == ';' || r == ':' || r == '\n' || r == '\t'
}
