package dataset

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"harness/metrics"
	"harness/model/dataset/csvfile"
	"harness/model/dataset/nih"
)

// nihChest is NIH ChestX-ray14: its tables and lists in one folder, the images in images/ there, or in images_001/images/ to
// images_012/images/ as twelve archives unpack.
type nihChest struct {
	entries, boxes string // boxes is "" where there is no such table
	trainVal, test string
	folders        []string // of images, in order
	parent         string   // of these
}

var (
	nihEntries = regexp.MustCompile(`^Data_Entry_2017(_v2020)?\.csv(\.gz)?$`)
	nihFolder  = regexp.MustCompile(`^images(_\d+)?$`)
)

const (
	nihTrainVal = "train_val_list.txt"
	nihTest     = "test_list.txt"
)

func findNIH(folders []folder) (openLayout, error) {
	for _, f := range folders {
		table := f.match(nihEntries)
		if table == "" {
			continue
		}
		s := nihChest{entries: filepath.Join(f.path, table), boxes: f.csvFile("BBox_List_2017.csv"), parent: f.path}
		for _, list := range []struct {
			name string
			path *string
		}{{nihTrainVal, &s.trainVal}, {nihTest, &s.test}} {
			if !f.has(list.name) {
				return nil, fmt.Errorf("no %s beside %s: %w", list.name, s.entries, fs.ErrNotExist)
			}
			*list.path = filepath.Join(f.path, list.name)
		}
		for _, dir := range f.below(nihFolder.MatchString) {
			s.folders = append(s.folders, dir, filepath.Join(dir, "images"))
		}
		if s.folders == nil {
			return nil, fmt.Errorf("no folder images or images_001 beside %s: %w", s.entries, fs.ErrNotExist)
		}
		return s, nil
	}
	return nil, nil
}

func (s nihChest) name() string { return "NIH ChestX-ray14" }

// paths holds the folders, too: a new file changes their time.
func (s nihChest) paths() []string {
	return append([]string{s.entries, s.trainVal, s.test, filepath.Join(s.parent, "BBox_List_2017.csv"),
		filepath.Join(s.parent, "BBox_List_2017.csv.gz"), s.parent}, s.folders...)
}

func (s nihChest) read(_ context.Context, l *loader) error {
	entries, err := nih.ReadEntries(s.entries)
	if err != nil {
		return err
	}
	l.took(entries.Source)
	splitOf, err := s.readLists(l)
	if err != nil {
		return err
	}
	l.listed.findings = map[string][]string{}
	files, unlisted := s.find(), 0
	for _, e := range entries.Rows {
		split, listed := splitOf[e.Image]
		switch {
		case !listed:
			split = None
			unlisted++
		case split == Train:
			split = nihSplit(e.Patient)
		}
		path := files[e.Image]
		if path == "" {
			path = filepath.Join(s.folders[0], e.Image) // where it is missed
		}
		view, other := viewOf(e.View, "")
		l.list(imageRow{id: e.ID(), subject: e.Patient, study: e.ID(), view: view, otherView: other}, path, split)
		l.listed.findings[e.ID()] = slices.Sorted(slices.Values(e.Findings))
	}
	l.tables.questions, l.listed.pairs = nihQuestions(entries.Rows), s.entries
	if err := s.readBoxes(l); err != nil {
		return err
	}
	l.note("%s: no reports, so no captions; findings and difference answers come from the labels", s.name())
	if entries.Unknown != nil {
		l.note("%s: labels that are none of the 14 (%s): their rows are bad", filepath.Base(s.entries), firstOf(entries.Unknown, shortened))
	}
	if unlisted > 0 {
		l.note("%d images are neither in %s nor in %s: they are in no split", unlisted, nihTrainVal, nihTest)
	}
	return nil
}

// took counts the bad rows of a table and adds it to the data hash.
func (l *loader) took(s csvfile.Source) {
	for _, row := range s.Bad {
		l.badRow(badRow(s.Path, row.Line, row.Cause))
	}
	l.digests.tables = append(l.digests.tables, s.Digest)
}

// readLists gives the images of train_val_list.txt Train and those of test_list.txt Test; what both name is Test.
func (s nihChest) readLists(l *loader) (map[string]Split, error) {
	splitOf := map[string]Split{}
	for _, part := range []struct {
		path  string
		split Split
	}{{s.trainVal, Train}, {s.test, Test}} {
		list, err := nih.ReadList(part.path)
		if err != nil {
			return nil, err
		}
		l.took(list.Source)
		for _, image := range list.Images {
			splitOf[image] = part.split
		}
	}
	return splitOf, nil
}

// nihSplit keeps a tenth of the patients of train_val_list.txt for val.
func nihSplit(patient string) Split {
	if tenth("nih-chestxray14", patient) == 0 {
		return Val
	}
	return Train
}

// find lists the images that are there, by name; of two the first folder's counts.
func (s nihChest) find() map[string]string {
	files := map[string]string{}
	for _, dir := range s.folders {
		names, _ := os.ReadDir(dir) // a folder that is not there holds nothing
		for _, entry := range names {
			if _, known := files[entry.Name()]; !known {
				files[entry.Name()] = filepath.Join(dir, entry.Name())
			}
		}
	}
	return files
}

// nihQuestions asks what has changed between each image of a patient and the one of the follow-up before. Of several images of one
// follow-up, the first in the table stands for it.
func nihQuestions(rows []nih.Entry) []questionRow {
	visits := slices.Clone(rows)
	slices.SortStableFunc(visits, func(a, b nih.Entry) int {
		return cmp.Or(cmp.Compare(a.Patient, b.Patient), cmp.Compare(a.FollowUp, b.FollowUp))
	})
	visits = slices.CompactFunc(visits, func(a, b nih.Entry) bool { return a.Patient == b.Patient && a.FollowUp == b.FollowUp })
	var questions []questionRow
	for i := 1; i < len(visits); i++ {
		before, now := visits[i-1], visits[i]
		if before.Patient == now.Patient {
			questions = append(questions, questionRow{
				line: now.Line, study: now.ID(), subject: now.Patient, reference: before.ID(),
				kind: difference, question: nih.Question, answer: nih.Answer(before.Findings, now.Findings),
			})
		}
	}
	slices.SortStableFunc(questions, func(a, b questionRow) int { return cmp.Compare(a.line, b.line) })
	return questions
}

// readBoxes lists the boxes as regions named by the finding. A second box of a finding in one image is left out: the name would not
// say which is meant.
func (s nihChest) readBoxes(l *loader) error {
	if s.boxes == "" {
		l.note("no BBox_List_2017.csv: no regions")
		return nil
	}
	boxes, err := nih.ReadBoxes(s.boxes)
	if err != nil {
		return err
	}
	l.took(boxes.Source)
	repeated := 0
	for _, b := range boxes.Rows {
		id := strings.TrimSuffix(b.Image, ".png")
		if _, known := l.listed.files[id]; !known {
			l.badRow(badRow(s.boxes, b.Line, "an image that the table of images does not list"))
			continue
		}
		name, known := nih.Finding(b.Label)
		if !known {
			name = shortened(b.Label)
		}
		if slices.ContainsFunc(l.listed.boxes[id], func(other listedBox) bool { return other.region.Name == name }) {
			repeated++
			continue
		}
		region := Region{Name: name, Box: fractions(b.Box)}
		if known {
			region.Phrase = nih.Phrase(name)
		}
		l.listed.boxes[id] = append(l.listed.boxes[id], listedBox{region, fmt.Sprintf("%s:%d", s.boxes, b.Line), !known})
	}
	if repeated > 0 {
		l.note("%d boxes are of a finding that has a box in the same image already: only the first is used", repeated)
	}
	return nil
}

// fractions are the parts of the sides of the published image at which a box lies.
func fractions(box metrics.Box) metrics.Box {
	for i := range box {
		box[i] /= nih.Side
	}
	return box
}
