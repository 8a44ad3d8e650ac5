package dataset

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"

	"harness/metrics"
)

// maxScene bounds one scene graph in bytes (the real ones have about 100 kB).
const maxScene = 64 << 20

// sceneGraph is the part of a Chest ImaGenome JSON that is used.
type sceneGraph struct {
	objects    []sceneObject
	attributes []sceneAttribute
}

// sceneObject is a named box in original pixels; a coordinate that is not there or no number is NaN.
type sceneObject struct {
	name   string
	corner [4]float64
}

// sceneAttribute holds the report sentences of a region.
type sceneAttribute struct {
	name    string
	phrases []string
}

// parseScene reads a scene graph. The files have about 100 kB, of which little is used: the rest is skipped, not decoded. Python's
// NaN, which is not JSON, is accepted as a value of no use.
func parseScene(raw []byte) (*sceneGraph, error) {
	g := &sceneGraph{}
	in := jsonScanner{src: raw}
	in.fields(func(key string) {
		switch key {
		case "objects":
			in.elements(func() { g.objects = append(g.objects, in.sceneObject()) })
		case "attributes":
			in.elements(func() { g.attributes = append(g.attributes, in.sceneAttribute()) })
		default:
			in.skip()
		}
	})
	return g, in.end()
}

func (in *jsonScanner) sceneObject() sceneObject {
	nan := math.NaN()
	o := sceneObject{corner: [4]float64{nan, nan, nan, nan}}
	in.fields(func(key string) {
		switch key {
		case "bbox_name":
			o.name = in.text()
		case "original_x1":
			o.corner[0] = in.number()
		case "original_y1":
			o.corner[1] = in.number()
		case "original_x2":
			o.corner[2] = in.number()
		case "original_y2":
			o.corner[3] = in.number()
		default:
			in.skip()
		}
	})
	return o
}

func (in *jsonScanner) sceneAttribute() sceneAttribute {
	var a sceneAttribute
	in.fields(func(key string) {
		switch key {
		case "bbox_name":
			a.name = in.text()
		case "phrases":
			if in.peek() != '[' {
				a.phrases = append(a.phrases, in.text())
				return
			}
			in.elements(func() { a.phrases = append(a.phrases, in.text()) })
		default:
			in.skip()
		}
	})
	return a
}

// box returns the object's box clamped to an image of w by h, and whether it can be used: all coordinates are there, it lies
// at least partly inside, and it does not collapse when quantised.
func (o *sceneObject) box(w, h int) (metrics.Box, bool) {
	box, ok := clampBox(metrics.Box(o.corner), w, h)
	if ok {
		_, ok = Quantise(box, w, h)
	}
	return box, ok
}

// sceneResult is what one scene graph gave.
type sceneResult struct {
	involved bool   // the image is in a split file and not to be avoided
	missing  bool   // there is no such file
	err      error  // it could not be read
	digest   string // "" when it was not read
	regions  []Region

	unknown, noBox, badBox []string // names of regions with a phrase that cannot be used
}

// readScenes gives images their regions. A scene graph counts when its image is usable, in a split file of Chest ImaGenome and
// not one of its gold patients.
func (l *loader) readScenes(ctx context.Context) error {
	results := make([]sceneResult, len(l.images))
	err := inParallel(ctx, waiting(), len(l.images), nil, func(i int) error {
		m := &l.images[i]
		if _, named := l.tables.regionSplit[m.ID]; named && !l.tables.avoid[m.ID] {
			results[i] = readScene(&l.parts.scenes, m, l.opts)
		}
		return nil
	})
	if err != nil {
		return err
	}
	f := &l.faults.Regions
	for i := range results {
		r, m := &results[i], &l.images[i]
		switch {
		case !r.involved:
			continue
		case r.missing:
			l.count(&l.faults.Other.MissingScenes, m.ID)
			continue
		case r.err != nil:
			l.count(&l.faults.Other.UnreadableScenes, m.ID)
			continue
		}
		l.count(&l.faults.Other.SceneGraphs, m.ID)
		l.digests.scenes = append(l.digests.scenes, r.digest)
		m.Regions = r.regions
		for _, region := range r.regions {
			if region.Phrase != "" {
				l.count(&f.Usable, m.ID+"_"+region.Name)
			}
		}
		for _, list := range []struct {
			tally *Tally
			names []string
		}{{&f.UnknownName, r.unknown}, {&f.NoBox, r.noBox}, {&f.BadBox, r.badBox}} {
			for _, name := range list.names {
				l.count(list.tally, m.ID+"_"+name)
			}
		}
	}
	return nil
}

func readScene(files *sceneFiles, m *Image, o Options) (r sceneResult) {
	r.involved = true
	f, err := files.open(m.ID)
	if err != nil {
		r.missing = errors.Is(err, fs.ErrNotExist)
		r.err = err
		return r
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxScene))
	if err != nil {
		r.err = err
		return r
	}
	g, err := parseScene(raw)
	if err != nil {
		r.err = err
		return r
	}
	r.digest = digest(raw)
	r.collect(g, m.Width, m.Height, o)
	return r
}

// collect sorts the regions of a scene graph into usable ones and causes. Only regions with a phrase count; of several causes
// the unknown name comes first, then the box that is not there, then the bad box.
func (r *sceneResult) collect(g *sceneGraph, w, h int, o Options) {
	names, sentences := g.sentences()
	for _, name := range names {
		if !knownRegions[name] && regionPhrase(sentences[name], o) != "" {
			r.unknown = append(r.unknown, name)
		}
	}
	objects := make(map[string]*sceneObject, len(g.objects))
	for i := range g.objects {
		if name := g.objects[i].name; objects[name] == nil { // the first of a name counts
			objects[name] = &g.objects[i]
		}
	}
	for _, name := range RegionNames {
		phrase := regionPhrase(sentences[name], o)
		if phrase == "" && !o.AllBoxes {
			continue
		}
		var box metrics.Box
		usable := false
		object := objects[name]
		if object != nil {
			box, usable = object.box(w, h)
		}
		switch {
		case usable:
			r.regions = append(r.regions, Region{name, box, phrase})
		case phrase == "":
		case object == nil:
			r.noBox = append(r.noBox, name)
		default:
			r.badBox = append(r.badBox, name)
		}
	}
}

// sentences returns the report sentences by region, and the regions in the order in which they occur.
func (g *sceneGraph) sentences() (names []string, byName map[string][]string) {
	byName = make(map[string][]string, len(g.attributes))
	for _, a := range g.attributes {
		if _, met := byName[a.name]; !met {
			names = append(names, a.name)
		}
		byName[a.name] = append(byName[a.name], a.phrases...)
	}
	return names, byName
}

// regionPhrase cleans the sentences of a region and leaves out those that refer to an earlier study.
func regionPhrase(sentences []string, o Options) string {
	phrase := cleanPhrase(sentences)
	if !o.KeepPriorSentences {
		phrase = dropPriorSentences(phrase)
	}
	return phrase
}
