package examples

import (
	"errors"
	"image"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
)

// illustrated are the pairs of world with two images of other shapes.
func illustrated(t *testing.T, n int) *Examples {
	t.Helper()
	plan, results := world(t)
	e, err := Build(plan, results, Options{Choice: choiceOf(Disagreement, "", 0, n)})
	if err != nil {
		t.Fatal(err)
	}
	err = e.Illustrate(func(string) ([2]Source, error) {
		wide := Source{Bins: 448, All: []Region{
			{Name: "trachea", Phrase: "No edema.", Reference: metrics.Box{1, 1, 20, 20}},
			{Name: "left lung", Phrase: "There is edema.", Reference: metrics.Box{0, 0, 100, 100}},
			{Name: "spine", Phrase: "The spine is unremarkable.", Reference: metrics.Box{5, 5, 9, 9}},
		}}
		wide.ID, wide.Width, wide.Height, wide.Pixels = "im1", 200, 100, gradient(200, 100)
		high := Source{Bins: 448}
		high.ID, high.Width, high.Height, high.Pixels = "im2", 100, 300, gradient(100, 300)
		for _, name := range []string{"r1", "r2", "r3", "r4", "r5", "r6"} {
			high.All = append(high.All, Region{Name: name, Phrase: "Hernias? A hernia, and edema.", Reference: metrics.Box{0, 0, 50, 50}})
		}
		return [2]Source{wide, high}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// gradient is black on top and white at the bottom.
func gradient(w, h int) image.Image {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			g.Pix[y*g.Stride+x] = byte(255 * y / h)
		}
	}
	return g
}

func TestIllustrate(t *testing.T) {
	p := illustrated(t, 1).Pairs[0]
	box, iou := metrics.Box{0, 0, 100, 100}, 1.0
	want := []Region{
		{Name: "left lung", Phrase: "There is edema.", Reference: metrics.Box{0, 0, 100, 100}, Predicted: &box, IoU: &iou}, // [0, 0, 224, 448] of 448 in 200 by 100
		{Name: "trachea", Phrase: "No edema.", Reference: metrics.Box{1, 1, 20, 20}},                                       // its prediction holds no box
	}
	if diff := cmp.Diff(want, p.Images[0].Regions); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"good predicted no box for 1 of these regions"}, p.Images[0].Notes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"not drawn: 2 more regions with such findings", "good predicted no box for this image"}, p.Images[1].Notes); diff != "" {
		t.Error(diff)
	}
	if len(p.Images[1].Regions) != mostRegions || p.Images[0].Role != "reference" || p.Images[1].Role != "main" {
		t.Errorf("%+v", p.Images[1])
	}
}

// TestNoBoxes: nothing is drawn that nobody predicted or named, and it is said.
func TestNoBoxes(t *testing.T) {
	e := &Examples{Pairs: []Pair{{ID: "a"}, {ID: "b", want: metrics.Answer{Added: []string{"edema"}}}}}
	regions := []Region{{Name: "spine", Phrase: "The spine is clear."}}
	err := e.Illustrate(func(string) ([2]Source, error) { return [2]Source{{All: regions}, {All: regions}}, nil })
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"no boxes: neither the reference nor the answer names a finding", "no boxes: no phrase of a region names these findings"} {
		image := e.Pairs[i].Images[0]
		if diff := cmp.Diff([]string{"this image cannot be decoded", want}, image.Notes); diff != "" || len(image.Regions) > 0 {
			t.Errorf("%s %+v", diff, image.Regions)
		}
	}
	broken := errors.New("broken")
	if err := e.Illustrate(func(string) ([2]Source, error) { return [2]Source{}, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestReferenceFirst: a region of the reference's finding is drawn before those of findings that only the answer names.
func TestReferenceFirst(t *testing.T) {
	e := &Examples{BoxesOf: "row", boxes: map[string]string{"i_a": "[0, 0, 9, 9]", "i_d": "[0, 0, 9, 9]"}}
	from := Source{Bins: 448}
	from.ID, from.Width, from.Height = "i", 448, 448
	for _, name := range []string{"a", "b", "c", "d"} {
		phrase := "There is edema."
		if name > "b" {
			phrase = "There is a hernia."
		}
		from.All = append(from.All, Region{Name: name, Phrase: phrase, Reference: metrics.Box{0, 0, 9, 9}})
	}
	image := from.Image
	e.addRegions(&image, from, []string{"hernia", "edema"}, 1)
	order := ""
	for _, r := range image.Regions {
		order += r.Name
	}
	if order != "dcab" {
		t.Errorf("regions %s", order)
	}
}

func TestMentions(t *testing.T) {
	for _, c := range []struct {
		phrase, finding string
		want            bool
	}{
		{"There is a mild right pleural effusion.", "pleural effusion", true},
		{"No pleural effusion.", "pleural effusion", true},
		{"The heart is enlarged.", "cardiomegaly", true}, // the same observation in other words
		{"The spine is unremarkable.", "edema", false},
		{"The lungs are clear.", "edema", false},
		{"Granulomas are seen.", "granuloma", false}, // another word, and no observation of the rules
		{"A calcified granuloma is seen.", "granuloma", true},
	} {
		if got := mentions(c.phrase, c.finding); got != c.want {
			t.Errorf("%q names %s: %v", c.phrase, c.finding, got)
		}
	}
}

func TestBoxBeyondNumbers(t *testing.T) {
	e := &Examples{boxes: map[string]string{"i_r": "[-5, 0, 99999999999999999999, 448]"}}
	s := Source{Bins: 448}
	s.ID, s.Width, s.Height = "i", 448, 448
	r := e.predict(Region{Name: "r", Reference: metrics.Box{0, 0, 448, 448}}, s)
	if r.IoU == nil || math.IsNaN(*r.IoU) || *r.IoU > 1e-10 {
		t.Errorf("%+v", r)
	}
}
