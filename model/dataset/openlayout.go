package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"

	"harness/metrics"
	"harness/model/dataset/reporttext"
)

// An openLayout is where the files of a set that anyone may fetch lie: IU X-Ray (iuxray.go, openi.go) or NIH ChestX-ray14 (nih.go).
// It fills in the tables that the four sets fill in otherwise; images and questions then go the same way.
type openLayout interface {
	name() string
	// paths lists the files and folders that tell what there is to read; images apart.
	paths() []string
	// read fills in l.tables and l.listed. It looks at no image.
	read(ctx context.Context, l *loader) error
}

// listed is what an open set says of its images beside the tables.
type listed struct {
	files    map[string]string      // path of an image, by id
	splitOf  map[string]Split       // by image, as published or by the rule; None where no list names it
	captions map[string]string      // by study
	boxes    map[string][]listedBox // by image
	findings map[string][]string    // by study; nil where the set has no labels
	pairs    string                 // path of the table that the difference pairs are made from, "" for a set without
}

// A listedBox is a region of a square image whose file has not been looked at. The box is in fractions of the image's sides.
type listedBox struct {
	region  Region
	place   string // FILE:LINE
	unknown bool   // no finding is known under the name: the region cannot be used
}

// findOpenLayout returns the layout of the open set below root, nil where there is none. Two are an error: nothing says which is meant.
func findOpenLayout(root string, folders []folder) (openLayout, error) {
	var found []openLayout
	for _, find := range []func([]folder) (openLayout, error){findNIH, findIUXRay, findOpenI} {
		set, err := find(folders)
		if err != nil {
			return nil, fmt.Errorf("data set %s: %w", root, err)
		}
		if set != nil {
			found = append(found, set)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("data set %s: both %s (%s) and %s (%s): name the folder of one", root,
		found[0].name(), found[0].paths()[0], found[1].name(), found[1].paths()[0])
}

// openSteps are the steps of load for an open set.
func (l *loader) openSteps() []func(context.Context) error {
	return []func(context.Context) error{l.readOpenLayout, l.readImages, l.describeImages, l.assignListedSplits, l.resolveQuestions}
}

func (l *loader) readOpenLayout(ctx context.Context) error {
	l.look(l.parts.open.paths()...)
	l.tables.subjectOf = map[string]string{}
	l.listed = listed{
		files: map[string]string{}, splitOf: map[string]Split{}, captions: map[string]string{}, boxes: map[string][]listedBox{},
	}
	return l.parts.open.read(ctx, l)
}

// list adds an image, false where the id is known already. A view of "" says that it is not frontal.
func (l *loader) list(row imageRow, file string, split Split) bool {
	if _, known := l.listed.files[row.id]; known {
		return false
	}
	if _, known := l.tables.subjectOf[row.study]; !known {
		l.tables.studies = append(l.tables.studies, row.study)
		l.tables.subjectOf[row.study] = row.subject
	}
	l.tables.images = append(l.tables.images, row)
	l.listed.files[row.id], l.listed.splitOf[row.id] = file, split
	return true
}

// describe gives a study its caption, which is read at place, and counts it.
func (l *loader) describe(study, caption, place string) {
	l.listed.captions[study] = caption
	if caption == "" {
		cause := fmt.Sprintf("fewer than %d words are left", reporttext.LeastWords)
		l.fault(&l.faults.Reports.Empty, Item{ID: study, Place: place, Cause: cause})
		return
	}
	l.count(&l.faults.Reports.Usable, study)
}

// badRow counts a row or an entry of a table that cannot be used.
func (l *loader) badRow(item Item) { l.fault(&l.faults.Images.BadRows, item) }

// describeImages gives every usable image its caption and its regions.
func (l *loader) describeImages(context.Context) error {
	f := &l.faults.Regions
	skewed := 0
	for i := range l.images {
		m := &l.images[i]
		m.Caption = l.listed.captions[m.Study]
		boxes := l.listed.boxes[m.ID]
		if len(boxes) > 0 && m.Width != m.Height {
			skewed++
		}
		for _, b := range boxes {
			region, usable := b.region, false
			region.Box, usable = placed(region.Box, m.Width, m.Height)
			item := Item{ID: m.ID + "_" + region.Name, Place: b.place, Detail: region.Name}
			switch {
			case b.unknown:
				item.Cause = "a finding outside the set's own"
				l.fault(&f.UnknownName, item)
			case m.Width != m.Height:
				item.Cause, item.Detail = "a box of an image that is not square", fmt.Sprintf("%s has %d by %d pixels", m.Path, m.Width, m.Height)
				l.fault(&f.BadBox, item)
			case !usable:
				item.Cause = "a box without area or outside the image"
				l.fault(&f.BadBox, item)
			default:
				m.Regions = append(m.Regions, region)
				l.count(&f.Usable, item.ID)
			}
		}
	}
	if skewed > 0 {
		l.note("%d images with boxes are not square, as the published ones are: where their boxes lie is not known", skewed)
	}
	return nil
}

// placed scales a box in fractions of a square image to a file of w by h and clamps it; false where the file is not square or the box
// cannot be used.
func placed(box metrics.Box, w, h int) (metrics.Box, bool) {
	for i := range box {
		box[i] *= float64(w)
	}
	box, ok := usableBox(box, w, h)
	return box, ok && w == h
}

// assignListedSplits gives every image and question the split of its subject, so that no subject leaks: test if a list of test names
// one of its images, else val, else train (FACTS 1.6). What another list names is left out, and counted. What no list names is None.
func (l *loader) assignListedSplits(context.Context) error {
	t := &l.tables
	l.splitOf, t.trainSubjects = map[string]Split{}, map[string]bool{}
	for _, row := range t.images {
		if split := l.listed.splitOf[row.id]; split != None {
			l.meet(row.subject, split)
			t.markTrain(row.subject, split)
		}
	}
	l.countLeaks()
	l.countSubjects()
	inSplit := map[string]bool{} // studies
	for _, row := range t.images {
		split := l.listed.splitOf[row.id]
		if split != None && split != l.splitOf[row.subject] {
			l.count(&l.faults.Other.OtherSplit, row.id)
			split, l.listed.splitOf[row.id] = None, None
		}
		inSplit[row.study] = inSplit[row.study] || split != None
	}
	for i := range l.images {
		m := &l.images[i]
		m.Split = l.listed.splitOf[m.ID]
		m.RegionSplit = m.Split
	}
	t.questions = slices.DeleteFunc(t.questions, func(q questionRow) bool { return !inSplit[q.study] || !inSplit[q.reference] })
	for i := range t.questions {
		t.questions[i].split = l.splitOf[t.questions[i].subject]
	}
	return nil
}

// tenth puts a subject of a set into one of ten parts of about the same size: the first eight bytes of the SHA-256 of "SET SUBJECT",
// most significant first, modulo 10. It depends on nothing else, so that two copies of a set are split alike.
func tenth(set, subject string) int {
	sum := sha256.Sum256([]byte(set + " " + subject))
	return int(binary.BigEndian.Uint64(sum[:8]) % 10)
}

// below lists the paths of the names in the folder that keep takes.
func (f folder) below(keep func(name string) bool) []string {
	var paths []string
	for _, name := range f.names {
		if keep(name) {
			paths = append(paths, filepath.Join(f.path, name))
		}
	}
	return paths
}
