// Package scenegraph reads the scene graphs of Chest ImaGenome, one JSON an image: the boxes of regions and the report sentences
// on them (FACTS 1.3). It judges neither; what is not used is skipped and not decoded (scanner.go), because a quarter of a
// million files of about 100 kB are read.
package scenegraph

import (
	"bytes"
	"math"
)

// Graph is the part of a scene graph that is used.
type Graph struct {
	Objects    []Object
	Attributes []Attribute
}

// Object is a named box: x1, y1, x2, y2 in pixels of the original image, and again on the canvas of 224 by 224 that the longer side
// of the image was scaled to and the shorter padded on. A coordinate that is not there or no number is NaN.
type Object struct {
	Name   string
	Box    [4]float64
	Canvas [4]float64
}

// CanvasSide is the side of an Object's Canvas.
const CanvasSide = 224

// Attribute holds report sentences on a region.
type Attribute struct {
	Name    string
	Phrases []string
}

// Parse reads a scene graph. The files have about 100 kB, and only a small part is needed: the rest is skipped, not decoded. Python's
// NaN, which is not JSON, is accepted as an unusable value.
func Parse(raw []byte) (*Graph, error) {
	g := &Graph{}
	in := scanner{src: bytes.TrimPrefix(raw, []byte("\ufeff"))}
	in.fields(func(key string) {
		switch key {
		case "objects":
			in.elements(func() { g.Objects = append(g.Objects, in.object()) })
		case "attributes":
			in.elements(func() { g.Attributes = append(g.Attributes, in.attribute()) })
		default:
			in.skip()
		}
	})
	return g, in.end()
}

func (in *scanner) object() Object {
	nan := math.NaN()
	o := Object{Box: [4]float64{nan, nan, nan, nan}, Canvas: [4]float64{nan, nan, nan, nan}}
	in.fields(func(key string) {
		switch key {
		case "bbox_name":
			o.Name = in.text()
		case "original_x1":
			o.Box[0] = in.number()
		case "original_y1":
			o.Box[1] = in.number()
		case "original_x2":
			o.Box[2] = in.number()
		case "original_y2":
			o.Box[3] = in.number()
		case "x1":
			o.Canvas[0] = in.number()
		case "y1":
			o.Canvas[1] = in.number()
		case "x2":
			o.Canvas[2] = in.number()
		case "y2":
			o.Canvas[3] = in.number()
		default:
			in.skip()
		}
	})
	return o
}

func (in *scanner) attribute() Attribute {
	var a Attribute
	in.fields(func(key string) {
		switch key {
		case "bbox_name":
			a.Name = in.text()
		case "phrases":
			if in.peek() != '[' {
				a.Phrases = append(a.Phrases, in.text())
				return
			}
			in.elements(func() { a.Phrases = append(a.Phrases, in.text()) })
		default:
			in.skip()
		}
	})
	return a
}

// Sentences returns the report sentences by region, and the regions in the order in which they occur.
func (g *Graph) Sentences() (names []string, byName map[string][]string) {
	byName = make(map[string][]string, len(g.Attributes))
	for _, a := range g.Attributes {
		if _, met := byName[a.Name]; !met {
			names = append(names, a.Name)
		}
		byName[a.Name] = append(byName[a.Name], a.Phrases...)
	}
	return names, byName
}
