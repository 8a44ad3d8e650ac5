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
	date               int
}

// tables hold what the CSV files say, before anything is looked up.
type tables struct {
	images    []imageRow // each image once, in order
	studies   []string   // each study once, in order
	subjectOf map[string]string
	dateOf    map[string]int // by study

	officialSplit map[string]Split // MIMIC-CXR, by image
	regionSplit   map[string]Split // Chest ImaGenome, by image
	avoid         map[string]bool  // images of gold patients
	trainSubjects map[string]bool  // with images in the train split of MIMIC-CXR or ImaGenome

	questions   []questionRow
	studyImages map[string]studyImage // mimic_all.csv, by study
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
	for _, r := range []tableResult{metadata, split, regions} {
		if r.err != nil {
			return r.err
		}
		for _, id := range r.bad {
			l.count(&l.faults.Images.BadRows, id)
		}
		l.digests.tables = append(l.digests.tables, r.digests...)
		l.notes = append(l.notes, r.notes...)
	}
	if questions.err != nil {
		return questions.err
	}
	for _, id := range questions.bad {
		l.count(&l.faults.Pairs.BadRows, id)
	}
	l.digests.tables = append(l.digests.tables, questions.digests...)
	l.notes = append(l.notes, questions.notes...)
	return nil
}

// tableResult is what reading one or more tables leaves beside the rows.
type tableResult struct {
	bad     []string // FILE:LINE
	digests []string
	notes   []string
	err     error
}

// read opens a CSV file, calls row for each well-formed row, and adds what was found to the result. row returns false to reject
// a row as bad.
func (r *tableResult) read(path string, columns []string, row func(t *csvfile.Reader) bool) {
	if r.err != nil {
		return
	}
	t, err := csvfile.Open(path, columns...)
	if err != nil {
		r.err = err
		return
	}
	defer t.Close()
	for t.Next() {
		if !row(t) {
			t.Reject()
		}
	}
	r.err = t.Err()
	r.bad = append(r.bad, t.Bad()...)
	r.digests = append(r.digests, t.Digest())
}

func (t *tables) readMetadata(path string) (r tableResult) {
	t.subjectOf, t.dateOf = map[string]string{}, map[string]int{}
	seen := map[string]bool{}
	columns := []string{"dicom_id", "subject_id", "study_id", "ViewPosition", "ViewCodeSequence_CodeMeaning?", "StudyDate?"}
	r.read(path, columns, func(row *csvfile.Reader) bool {
		id := row.Cell(0)
		subject, ok1 := row.ID(1)
		study, ok2 := row.ID(2)
		if !ok1 || !ok2 || !isImageID(id) {
			return false
		}
		if seen[id] {
			return true
		}
		seen[id] = true
		date := parseDate(row.Cell(5))
		if _, known := t.subjectOf[study]; !known {
			t.studies = append(t.studies, study)
			t.subjectOf[study], t.dateOf[study] = subject, date
		}
		t.images = append(t.images, imageRow{id, subject, study, frontalView(row.Cell(3), row.Cell(4)), date})
		return true
	})
	return r
}

// parseDate reads YYYYMMDD, also as "21780510.0"; 0 when it is not a date.
func parseDate(s string) int {
	date, err := strconv.Atoi(strings.TrimSuffix(s, ".0"))
	if err != nil {
		return 0
	}
	return date
}

// frontalView returns "AP" or "PA", or "" for an image that is not frontal. The position decides; the code only when the
// position is blank (FACTS 1.7).
func frontalView(position, code string) string {
	switch position {
	case "AP", "PA":
		return position
	case "":
	default:
		return ""
	}
	switch code {
	case "antero-posterior":
		return "AP"
	case "postero-anterior":
		return "PA"
	}
	return ""
}

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
	r.read(path, []string{"dicom_id", "subject_id", "split"}, func(row *csvfile.Reader) bool {
		subject, ok := row.ID(1)
		split, known := parseSplit(row.Cell(2))
		if !ok || !known {
			return false
		}
		if _, seen := t.officialSplit[row.Cell(0)]; !seen {
			t.officialSplit[row.Cell(0)] = split
			t.markTrain(subject, split)
		}
		return true
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
		r.read(path, []string{"dicom_id", "subject_id"}, func(row *csvfile.Reader) bool {
			subject, ok := row.ID(1)
			if !ok {
				return false
			}
			if _, seen := t.regionSplit[row.Cell(0)]; !seen {
				t.regionSplit[row.Cell(0)] = part.split
				t.markTrain(subject, part.split)
			}
			return true
		})
	}
	avoid := plainOrZipped(filepath.Join(silver, "splits", "images_to_avoid.csv"))
	if _, err := os.Stat(avoid); os.IsNotExist(err) {
		r.notes = append(r.notes, "no images_to_avoid.csv in Chest ImaGenome: gold patients are not left out")
		return r
	}
	r.read(avoid, []string{"dicom_id"}, func(row *csvfile.Reader) bool {
		t.avoid[row.Cell(0)] = true
		return true
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
