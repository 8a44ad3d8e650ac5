package document

import (
	"errors"
	"fmt"
	"html/template"

	"harness/internal/escape"
	"harness/reports/examples"
)

// pair is a test pair of the file.
type pair struct {
	Number                  int
	ID, Question, Reference string
	Images                  []picture
	Answers                 []answer
}

// picture is an image of a pair with its boxes.
type picture struct {
	Role, Described string
	Width, Height   int
	Pixels          template.HTMLAttr // src; "" where it cannot be decoded, or does not fit
	Boxes, Key      template.HTML
}

// answer is that of one row.
type answer struct {
	Row  string
	Text template.HTML
}

// fineness is how images are encoded.
type fineness struct{ side, quality int }

// finenesses are tried until the file is small enough.
var finenesses = []fineness{{448, 82}, {384, 78}, {320, 74}, {256, 70}, {192, 66}, {128, 60}}

// pairs are the test pairs with images that add at most so many bytes, and what was done about that.
func (c Contents) pairs(budget int) (list []pair, remark string, err error) {
	if c.Examples == nil {
		return nil, "", nil
	}
	for i, fine := range finenesses {
		list, err := pairsOf(c.Examples, fine, budget)
		if errors.Is(err, errTooLarge) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if i > 0 {
			remark = fmt.Sprintf("Images are at most %d pixels wide and high, so that the file stays under %s.", fine.side, bytesText(Limit))
		}
		return list, remark, nil
	}
	list, err = pairsOf(c.Examples, fineness{}, budget)
	return list, fmt.Sprintf("Images are left out, so that the file stays under %s.", bytesText(Limit)), err
}

// errTooLarge means that images need more bytes than there are.
var errTooLarge = errors.New("the images are too large")

// pairsOf lists the test pairs; their images take at most budget bytes. A fineness of nothing leaves them out.
func pairsOf(e *examples.Examples, fine fineness, budget int) ([]pair, error) {
	var list []pair
	for i, p := range e.Pairs {
		one := pair{Number: i + 1, ID: escape.Line(p.ID), Question: escape.Line(p.Question), Reference: escape.Line(p.Reference)}
		for _, a := range p.Answers {
			one.Answers = append(one.Answers, answer{escape.Line(a.Row), template.HTML(a.Markup())})
		}
		for k, image := range p.Images {
			if image.Pixels == nil || fine.side == 0 {
				continue
			}
			data, err := examples.JPEG(image.Pixels, fine.side, fine.quality)
			if err != nil {
				return nil, err
			}
			shown := picture{Role: image.Role, Described: p.Described(k), Width: image.Width, Height: image.Height,
				Pixels: source("image/jpeg", data), Boxes: template.HTML(p.Overlay(k)), Key: template.HTML(p.Key(k))}
			if budget -= len(shown.Pixels) + len(shown.Boxes) + len(shown.Key); budget < 0 {
				return nil, errTooLarge
			}
			one.Images = append(one.Images, shown)
		}
		list = append(list, one)
	}
	return list, nil
}

func bytesText(n int) string { return fmt.Sprintf("%.3g MB", float64(n)/1e6) }
