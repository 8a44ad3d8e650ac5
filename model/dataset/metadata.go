package dataset

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"harness/model/dataset/csvfile"
	"harness/model/dataset/parallel"
)

// An imageRow is a row of the metadata of MIMIC-CXR-JPG.
type imageRow struct {
	id, subject, study string
	view               string // "AP" or "PA"; "" when the image is not frontal
	otherView          string // what is known of an image that is not frontal, "" for a blank view
	date               int
	columns, rows      int // pixels of the original; 0 where they are not stated
}

// tables hold what the CSV files say, before anything is looked up.
type tables struct {
	images    []imageRow // each image once, in order
	studies   []string   // each study once, in order
	subjectOf map[string]string
	takenAt   map[string]moment // by study

	officialSplit map[string]Split // MIMIC-CXR, by image
	regionSplit   map[string]Split // Chest ImaGenome, by image
	avoid         map[string]bool  // images of gold patients
	trainSubjects map[string]bool  // with images in the train split of MIMIC-CXR, ImaGenome or an open set

	questions    []questionRow
	questionRows questionRows
	studyImages  map[string]studyImage // mimic_all.csv, by study
}

// readTables reads all tables, the independent ones at the same time, and counts their bad rows.
func (l *loader) readTables(ctx context.Context) error {
	l.look(l.parts.tables()...)
	t := &l.tables
	t.trainSubjects = map[string]bool{}
	var metadata, split, regions, questions tableResult
	readers := []func(){
		func() { metadata = t.readMetadata(l.parts.metadata) },
		func() { questions = t.readQuestions(l.parts.questions, l.parts.studies) },
		func() { split = t.readOfficialSplit(l.parts.split); regions = t.readRegionSplits(l.parts.silver) },
	}
	if err := parallel.Each(ctx, parallel.Cores(), len(readers), nil, func(i int) error { readers[i](); return nil }); err != nil {
		return err
	}
	ofImages, ofPairs := &l.faults.Images.BadRows, &l.faults.Pairs.BadRows
	for _, r := range []struct {
		tableResult
		badRows *Tally
	}{{metadata, ofImages}, {split, ofImages}, {regions, ofImages}, {questions, ofPairs}} {
		if r.err != nil {
			return r.err
		}
		for _, item := range r.bad {
			l.fault(r.badRows, item)
		}
		l.digests.tables = append(l.digests.tables, r.digests...)
		l.notes = append(l.notes, r.notes...)
	}
	return nil
}

// tableResult is what reading one or more tables leaves beside the rows.
type tableResult struct {
	bad     []Item // rows
	digests []string
	notes   []string
	err     error
}

// read reads a CSV file as csvfile.Read does and adds what was found to the result.
func (r *tableResult) read(path string, columns []string, row func(t *csvfile.Reader) string) {
	if r.err != nil {
		return
	}
	var source csvfile.Source
	source, r.err = csvfile.Read(path, columns, row)
	for _, bad := range source.Bad {
		r.bad = append(r.bad, badRow(path, bad.Line, bad.Cause))
	}
	r.digests = append(r.digests, source.Digest)
}

// badRow is a row of a CSV file that cannot be used.
func badRow(path string, line int, cause string) Item {
	at := ":" + strconv.Itoa(line)
	return Item{ID: filepath.Base(path) + at, Place: path + at, Cause: cause}
}

// Causes of bad rows.
const (
	badSubject = "subject_id is not an id"
	badStudy   = "study_id is not an id"
	badImage   = "dicom_id is not an id"
	badSplit   = "an unknown split"
)

func (t *tables) readMetadata(path string) (r tableResult) {
	t.subjectOf, t.takenAt = map[string]string{}, map[string]moment{}
	seen := map[string]bool{}
	columns := []string{"dicom_id", "subject_id", "study_id", "ViewPosition", "ViewCodeSequence_CodeMeaning?", "StudyDate?",
		"StudyTime?", "Columns?", "Rows?"}
	r.read(path, columns, func(row *csvfile.Reader) string {
		id := imageID(row.Cell(0))
		subject, ok1 := row.ID(1)
		study, ok2 := row.ID(2)
		switch {
		case !isImageID(id):
			return badImage
		case !ok1:
			return badSubject
		case !ok2:
			return badStudy
		case seen[id]:
			return ""
		}
		seen[id] = true
		taken := parseMoment(row.Cell(5), row.Cell(6))
		first, known := t.takenAt[study]
		if !known {
			t.studies = append(t.studies, study)
			t.subjectOf[study] = subject
		}
		if !known || first.date == 0 || taken.before(first) {
			t.takenAt[study] = taken
		}
		view, other := viewOf(row.Cell(3), row.Cell(4))
		t.images = append(t.images, imageRow{
			id: id, subject: subject, study: study, view: view, otherView: other, date: taken.date,
			columns: parseSide(row.Cell(7)), rows: parseSide(row.Cell(8)),
		})
		return ""
	})
	return r
}

// imageID returns an image's id as the published files write it. Copies change its case.
func imageID(cell string) string { return strings.ToLower(cell) }

// isImageID reports whether an id may become part of a file's name.
func isImageID(id string) bool {
	if id == "" || len(id) > 128 || id[0] == '.' {
		return false
	}
	for _, c := range []byte(id) {
		letter := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func (t *tables) readOfficialSplit(path string) (r tableResult) {
	t.officialSplit = map[string]Split{}
	if path == "" {
		r.notes = append(r.notes, "no split table of MIMIC-CXR-JPG: leaking subjects are counted by Chest ImaGenome alone")
		return r
	}
	r.read(path, []string{"dicom_id", "subject_id", "split"}, func(row *csvfile.Reader) string {
		id := imageID(row.Cell(0))
		subject, ok := row.ID(1)
		split, known := parseSplit(row.Cell(2))
		switch {
		case !ok:
			return badSubject
		case !known:
			return badSplit
		}
		if _, seen := t.officialSplit[id]; !seen {
			t.officialSplit[id] = split
			t.markTrain(subject, split)
		}
		return ""
	})
	return r
}

func (t *tables) readRegionSplits(silver string) (r tableResult) {
	t.regionSplit, t.avoid = map[string]Split{}, map[string]bool{}
	for _, part := range []struct {
		name  string
		split Split
	}{{"train", Train}, {"valid", Val}, {"test", Test}} {
		path := plainOrZipped(filepath.Join(silver, "splits", part.name+".csv"))
		r.read(path, []string{"dicom_id", "subject_id"}, func(row *csvfile.Reader) string {
			id := imageID(row.Cell(0))
			subject, ok := row.ID(1)
			if !ok {
				return badSubject
			}
			if _, seen := t.regionSplit[id]; !seen {
				t.regionSplit[id] = part.split
				t.markTrain(subject, part.split)
			}
			return ""
		})
	}
	avoid := plainOrZipped(filepath.Join(silver, "splits", "images_to_avoid.csv"))
	if _, err := os.Stat(avoid); os.IsNotExist(err) {
		r.notes = append(r.notes, "no images_to_avoid.csv in Chest ImaGenome: gold patients are not left out")
		return r
	}
	r.read(avoid, []string{"dicom_id"}, func(row *csvfile.Reader) string {
		t.avoid[imageID(row.Cell(0))] = true
		return ""
	})
	return r
}

func (t *tables) markTrain(subject string, split Split) {
	if split == Train {
		t.trainSubjects[subject] = true
	}
}

// plainOrZipped returns path, or path.gz when only that exists.
func plainOrZipped(path string) string {
	if _, err := os.Stat(path); os.IsNotExist(err) {
		if _, err := os.Stat(path + ".gz"); err == nil {
			return path + ".gz"
		}
	}
	return path
}

// parseSplit reads a split's name as any of the four sets spells it.
func parseSplit(name string) (Split, bool) {
	switch name {
	case "train":
		return Train, true
	case "val", "valid", "validate":
		return Val, true
	case "test":
		return Test, true
	}
	return None, false
}
