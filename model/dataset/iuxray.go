package dataset

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"harness/model/dataset/iuxray"
	"harness/model/dataset/reporttext"
)

// iuXRay is IU X-Ray as R2Gen distributes it: annotation.json beside images/CXR…/0.png, 1.png.
type iuXRay struct{ annotation, images string }

// viewFrontal and viewUnknown stand for AP or PA in sets that do not say which: an image that is said to be frontal, and one of which
// nothing is said.
const (
	viewFrontal = "frontal"
	viewUnknown = "unknown"
)

// repeatedID is the cause of an entry or a path that names what another has named.
const repeatedID = "an id that was there before"

func findIUXRay(folders []folder) (openLayout, error) {
	for _, f := range folders {
		if !f.has("annotation.json") {
			continue
		}
		s := iuXRay{annotation: filepath.Join(f.path, "annotation.json"), images: filepath.Join(f.path, "images")}
		if !f.has("images") {
			return nil, fmt.Errorf("no folder images beside %s: %w", s.annotation, fs.ErrNotExist)
		}
		return s, nil
	}
	return nil, nil
}

func (s iuXRay) name() string    { return "IU X-Ray in R2Gen's layout" }
func (s iuXRay) paths() []string { return []string{s.annotation} }

// read lists the first image of each report as frontal, and the others as not.
func (s iuXRay) read(_ context.Context, l *loader) error {
	a, err := iuxray.ReadAnnotation(s.annotation)
	if err != nil {
		return err
	}
	l.digests.tables = append(l.digests.tables, sumOf(a.Raw))
	folder := filepath.Dir(s.annotation)
	bad := func(place, cause string) {
		l.badRow(Item{ID: place, Place: filepath.Join(folder, place), Cause: cause})
	}
	for _, e := range a.Bad {
		bad(e.Place, e.Cause)
	}
	for _, e := range a.Entries {
		_, again := l.tables.subjectOf[e.ID]
		switch {
		case again:
			bad(e.Place, repeatedID)
			continue
		case !isImageID(e.ID) || e.Subject == "":
			bad(e.Place, "an id that is not the name of a folder")
			continue
		}
		split, _ := parseSplit(e.Split)
		for i, path := range e.Images {
			row := imageRow{id: e.ID + "_" + strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), subject: e.Subject, study: e.ID}
			if i == 0 {
				row.view = viewFrontal
			} else {
				row.otherView = "not the first image of its report"
			}
			place := fmt.Sprintf("%s.image_path[%d]", e.Place, i)
			switch {
			case !isImageID(row.id):
				bad(place, "a path that is not the name of a file")
			case !l.list(row, filepath.Join(s.images, filepath.FromSlash(path)), split):
				bad(place, repeatedID)
			}
		}
		l.describe(e.ID, reporttext.Plain(e.Report, l.opts.KeepPriorSentences), filepath.Join(folder, e.Place))
	}
	l.note("%s: the first image of each report is taken as the frontal one, the others are left out", s.name())
	return nil
}
