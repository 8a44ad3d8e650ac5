package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"harness/metrics"
	"harness/model/dataset/parallel"
	"harness/model/dataset/reporttext"
	"harness/model/dataset/scenegraph"
	"harness/model/dataset/sniff"
)

// maxScene bounds one scene graph in bytes (the real ones have about 100 kB).
const maxScene = 64 << 20

// sceneResult is what one scene graph gave.
type sceneResult struct {
	involved bool   // the image is in a split file and not to be avoided
	missing  bool   // there is no such file
	offImage bool   // its boxes show that the image is not the original, whose size is not stated
	place    string // where it lies, or was looked for first
	cause    string // why it could not be read
	digest   string // "" when it was not read
	regions  []Region
	boxes    int // usable ones, with a phrase or not

	unknown, noBox, badBox []string // names of regions with a phrase that cannot be used
}

// readScenes gives images their regions. A scene graph counts when its image is usable, in a split file of Chest ImaGenome and
// not one of its gold patients.
func (l *loader) readScenes(ctx context.Context) error {
	results := make([]sceneResult, len(l.images))
	err := parallel.Each(ctx, parallel.Reads(), len(l.images), nil, func(i int) error {
		m := &l.images[i]
		if _, named := l.tables.regionSplit[m.ID]; named && !l.tables.avoid[m.ID] {
			results[i] = l.readScene(m, l.frames[i])
		}
		return nil
	})
	if err != nil {
		return err
	}
	f := &l.faults.Regions
	for i := range results {
		r, m := &results[i], &l.images[i]
		item := Item{ID: m.ID, Place: r.place, Cause: r.cause, absent: r.missing}
		switch {
		case !r.involved:
			continue
		case r.missing:
			l.fault(&l.faults.Other.MissingScenes, item)
			continue
		case r.cause != "":
			l.fault(&l.faults.Other.UnreadableScenes, item)
			continue
		}
		l.digests.scenes = append(l.digests.scenes, r.digest)
		if r.offImage {
			item.Cause = "boxes reach far beyond the image, and the metadata do not state the original's size"
			item.Detail = fmt.Sprintf("%s has %d by %d pixels", m.Path, m.Width, m.Height)
			l.fault(&l.faults.Other.OffImageScenes, item)
			continue
		}
		l.count(&l.faults.Other.SceneGraphs, m.ID)
		m.Regions = r.regions
		l.boxes += r.boxes
		for _, region := range r.regions {
			if region.Phrase != "" {
				l.count(&f.Usable, m.ID+"_"+region.Name)
			}
		}
		for _, list := range []struct {
			tally *Tally
			names []string
			cause string
		}{
			{&f.UnknownName, r.unknown, "a region outside the 29"},
			{&f.NoBox, r.noBox, "no box of the region"},
			{&f.BadBox, r.badBox, "a box without area, outside the image or with a coordinate that is no number"},
		} {
			for _, name := range list.names {
				l.fault(list.tally, Item{ID: m.ID + "_" + name, Place: r.place, Cause: list.cause, Detail: name})
			}
		}
	}
	return nil
}

func (l *loader) readScene(m *Image, fr frame) (r sceneResult) {
	r.involved = true
	f, place, err := l.parts.scenes.open(m.ID, l.look)
	r.place = place
	if err != nil {
		r.missing = errors.Is(err, fs.ErrNotExist)
		if r.cause = readCause(err); r.missing {
			r.cause = "no such file"
		}
		return r
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxScene))
	if err != nil {
		r.cause = readCause(err)
		return r
	}
	g, err := scenegraph.Parse(raw)
	if err != nil {
		if r.cause = string(sniff.Of(raw)); r.cause == "" {
			r.cause = "not a whole scene graph"
		}
		return r
	}
	r.digest = sumOf(raw)
	if r.offImage = !fr.stated && contradicted(g, m.Width, m.Height); r.offImage {
		return r
	}
	for i := range g.Objects {
		g.Objects[i].Box = fr.apply(g.Objects[i].Box)
	}
	r.collect(g, m.Width, m.Height, l.opts)
	return r
}

// collect sorts the regions of a scene graph into usable ones and causes. Only regions with a phrase count; of several causes
// the unknown name comes first, then the box that is not there, then the bad box.
func (r *sceneResult) collect(g *scenegraph.Graph, w, h int, o Options) {
	names, sentences := g.Sentences()
	for _, name := range names {
		if !knownRegions[name] && reporttext.Phrase(sentences[name], o.KeepPriorSentences) != "" {
			r.unknown = append(r.unknown, name)
		}
	}
	objects := make(map[string]*scenegraph.Object, len(g.Objects))
	for i := range g.Objects {
		if name := g.Objects[i].Name; objects[name] == nil { // the first of a name counts
			objects[name] = &g.Objects[i]
		}
	}
	for _, name := range RegionNames {
		var box metrics.Box
		usable := false
		object := objects[name]
		if object != nil {
			if box, usable = usableBox(object.Box, w, h); usable {
				r.boxes++
			}
		}
		phrase := reporttext.Phrase(sentences[name], o.KeepPriorSentences)
		if phrase == "" && !o.AllBoxes {
			continue
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
