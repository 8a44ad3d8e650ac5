package dataset

import (
	"bytes"
	"context"
	"encoding/json"
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
	Objects    []sceneObject `json:"objects"`
	Attributes []struct {
		BBox    text  `json:"bbox_name"`
		Phrases texts `json:"phrases"`
	} `json:"attributes"`
}

// sceneObject is one box; a coordinate that is not there is nil.
type sceneObject struct {
	BBox text    `json:"bbox_name"`
	X1   *number `json:"original_x1"`
	Y1   *number `json:"original_y1"`
	X2   *number `json:"original_x2"`
	Y2   *number `json:"original_y2"`
}

// box returns the object's box clamped to an image of w by h, and whether it can be used: all coordinates are there, it lies
// at least partly inside, and it does not collapse when quantised.
func (o *sceneObject) box(w, h int) (metrics.Box, bool) {
	if o.X1 == nil || o.Y1 == nil || o.X2 == nil || o.Y2 == nil {
		return metrics.Box{}, false
	}
	box, ok := clampBox(metrics.Box{float64(*o.X1), float64(*o.Y1), float64(*o.X2), float64(*o.Y2)}, w, h)
	if ok {
		_, ok = Quantise(box, w, h)
	}
	return box, ok
}

// number is a JSON number; anything else is NaN, so that one odd value does not cost the whole graph. A null leaves the pointer
// to it nil.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	var v float64
	if json.Unmarshal(b, &v) != nil {
		v = math.NaN()
	}
	*n = number(v)
	return nil
}

// text is a JSON string; anything else is "".
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	var v string
	json.Unmarshal(b, &v)
	*t = text(v)
	return nil
}

// texts is a list of strings, or one string; other elements are left out.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, (*[]string)(t)) == nil {
		return nil
	}
	var one string
	var list []any
	*t = nil
	if json.Unmarshal(b, &one) == nil {
		*t = texts{one}
	} else if json.Unmarshal(b, &list) == nil {
		for _, v := range list {
			if s, ok := v.(string); ok {
				*t = append(*t, s)
			}
		}
	}
	return nil
}

// errScene is a scene graph that is no JSON of the known form.
var errScene = errors.New("no scene graph")

// parseScene reads a scene graph. Python's NaN and Infinity, which are not JSON, are read as null.
func parseScene(raw []byte) (*sceneGraph, error) {
	g := &sceneGraph{}
	err := json.Unmarshal(raw, g)
	if err == nil {
		return g, nil
	}
	if plain := replaceNaN(raw); !bytes.Equal(plain, raw) {
		g = &sceneGraph{}
		if json.Unmarshal(plain, g) == nil {
			return g, nil
		}
	}
	return nil, errScene
}

// replaceNaN returns JSON in which the bare words NaN, Infinity and -Infinity are null.
func replaceNaN(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	inString := false
	for i := 0; i < len(raw); {
		c := raw[i]
		if inString {
			if c == '\\' && i+1 < len(raw) {
				out = append(out, c, raw[i+1])
				i += 2
				continue
			}
			inString = c != '"'
			out = append(out, c)
			i++
			continue
		}
		word := 0
		for _, w := range []string{"NaN", "Infinity", "-Infinity"} {
			if bytes.HasPrefix(raw[i:], []byte(w)) {
				word = len(w)
			}
		}
		if word > 0 {
			out = append(out, "null"...)
			i += word
			continue
		}
		inString = c == '"'
		out = append(out, c)
		i++
	}
	return out
}

// sceneResult is what one scene graph gave.
type sceneResult struct {
	digest   string // "" when it was not read
	err      error
	regions  []Region
	unknown  []string // names, as IMAGE_NAME
	noBox    []string
	badBox   []string
	missing  bool
	involved bool // the image is in a split file and not to be avoided
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
	type found struct {
		box       metrics.Box
		listed    bool
		usable    bool
		sentences []string
	}
	byIndex := make([]found, len(RegionNames))
	for _, object := range g.Objects {
		i, known := regionIndex[string(object.BBox)]
		if !known || byIndex[i].listed {
			continue
		}
		box, ok := object.box(w, h)
		byIndex[i].box, byIndex[i].usable, byIndex[i].listed = box, ok, true
	}
	var others []string // unknown names in order
	strange := map[string][]string{}
	for _, a := range g.Attributes {
		if i, known := regionIndex[string(a.BBox)]; known {
			byIndex[i].sentences = append(byIndex[i].sentences, a.Phrases...)
			continue
		}
		if _, met := strange[string(a.BBox)]; !met {
			others = append(others, string(a.BBox))
		}
		strange[string(a.BBox)] = append(strange[string(a.BBox)], a.Phrases...)
	}
	for _, name := range others {
		if regionPhrase(strange[name], o) != "" {
			r.unknown = append(r.unknown, name)
		}
	}
	for i, f := range byIndex {
		phrase := regionPhrase(f.sentences, o)
		switch name := RegionNames[i]; {
		case phrase == "" && !(o.AllBoxes && f.usable):
		case !f.listed:
			r.noBox = append(r.noBox, name)
		case !f.usable:
			r.badBox = append(r.badBox, name)
		default:
			r.regions = append(r.regions, Region{name, f.box, phrase})
		}
	}
}

// regionPhrase cleans the sentences of a region and leaves out those that refer to an earlier study.
func regionPhrase(sentences []string, o Options) string {
	phrase := cleanPhrase(sentences)
	if !o.KeepPriorSentences {
		phrase = dropPriorSentences(phrase)
	}
	return phrase
}
