package synthetic

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// tableID names one CSV file of the root.
type tableID int

const (
	metadataTable tableID = iota
	splitTable
	chexpertTable
	negbioTable
	filenamesTable
	recordTable
	reportTable
	trainTable
	validTable
	testTable
	avoidTable
	questionTable
	allTable
	numTables
)

const (
	jpgFolder      = "mimic-cxr-jpg"
	reportFolder   = "mimic-cxr"
	genomeFolder   = "chest-imagenome/silver_dataset"
	questionFolder = "medical-diff-vqa"
)

// labels are the CheXpert columns in order.
var labels = []string{"Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Fracture",
	"Lung Lesion", "Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other", "Pneumonia", "Pneumothorax", "Support Devices"}

// tables gives each file's place and header (FACTS 1.1 to 1.4); a numbered table starts with a column of row indices.
var tables = [numTables]struct {
	path     string
	header   []string
	numbered bool
}{
	metadataTable: {path: jpgFolder + "/mimic-cxr-2.0.0-metadata.csv.gz", header: []string{"dicom_id", "subject_id", "study_id",
		"PerformedProcedureStepDescription", "ViewPosition", "Rows", "Columns", "StudyDate", "StudyTime",
		"ProcedureCodeSequence_CodeMeaning", "ViewCodeSequence_CodeMeaning", "PatientOrientationCodeSequence_CodeMeaning"}},
	splitTable:     {path: jpgFolder + "/mimic-cxr-2.0.0-split.csv.gz", header: []string{"dicom_id", "study_id", "subject_id", "split"}},
	chexpertTable:  {path: jpgFolder + "/mimic-cxr-2.0.0-chexpert.csv.gz", header: append([]string{"subject_id", "study_id"}, labels...)},
	negbioTable:    {path: jpgFolder + "/mimic-cxr-2.0.0-negbio.csv.gz", header: append([]string{"subject_id", "study_id"}, labels...)},
	filenamesTable: {path: jpgFolder + "/IMAGE_FILENAMES"},
	recordTable:    {path: reportFolder + "/cxr-record-list.csv.gz", header: []string{"subject_id", "study_id", "dicom_id", "path"}},
	reportTable:    {path: reportFolder + "/cxr-study-list.csv.gz", header: []string{"subject_id", "study_id", "path"}},
	trainTable:     {path: genomeFolder + "/splits/train.csv", header: genomeHeader, numbered: true},
	validTable:     {path: genomeFolder + "/splits/valid.csv", header: genomeHeader, numbered: true},
	testTable:      {path: genomeFolder + "/splits/test.csv", header: genomeHeader, numbered: true},
	avoidTable:     {path: genomeFolder + "/splits/images_to_avoid.csv", header: genomeHeader[1:]},
	questionTable: {path: questionFolder + "/mimic_pair_questions.csv",
		header: []string{"study_id", "subject_id", "ref_id", "question_type", "question", "answer", "split"}},
	allTable: {path: questionFolder + "/mimic_all.csv", header: append(append([]string{"subject_id", "study_id"}, labels...),
		"dicom_id", "view", "split", "study_date", "study_order")},
}

var genomeHeader = []string{"", "subject_id", "study_id", "dicom_id", "path", "ViewPosition"}

// rows is what one patient adds to the tables.
type rows struct {
	table   [numTables][][]string
	keyInfo []json.RawMessage // elements of all_diseases.json
}

func (t *rows) add(id tableID, cells ...string) { t.table[id] = append(t.table[id], cells) }

// tableWriter is one open CSV file.
type tableWriter struct {
	csv      *csv.Writer
	closers  []func() error // innermost first
	numbered bool
	written  int
}

func createTable(root string, id tableID) (*tableWriter, error) {
	spec := tables[id]
	f, err := createFile(filepath.Join(root, spec.path))
	if err != nil {
		return nil, err
	}
	t := &tableWriter{numbered: spec.numbered}
	var w io.Writer = f
	if strings.HasSuffix(spec.path, ".gz") {
		zip := gzip.NewWriter(f) // no name and no time: equal data, equal bytes
		w, t.closers = zip, append(t.closers, zip.Close)
	}
	t.closers = append(t.closers, f.Close)
	t.csv = csv.NewWriter(w)
	if spec.header != nil {
		err = t.csv.Write(spec.header)
	}
	return t, err
}

func (t *tableWriter) write(rows [][]string) error {
	for _, cells := range rows {
		if t.numbered {
			cells = append([]string{strconv.Itoa(t.written)}, cells...)
		}
		if err := t.csv.Write(cells); err != nil {
			return err
		}
		t.written++
	}
	return nil
}

func (t *tableWriter) close() error {
	t.csv.Flush()
	err := t.csv.Error()
	for _, closer := range t.closers {
		err = cmp.Or(err, closer())
	}
	return err
}

// tableSet is all tables and the KeyInfo list, open.
type tableSet struct {
	tables  [numTables]*tableWriter
	keyFile *os.File
	keyInfo *bufio.Writer
	keys    int
}

// createTables opens every table below root. On an error the caller gives up the whole folder, files still open included.
func createTables(root string) (*tableSet, error) {
	s := &tableSet{}
	for id := range numTables {
		t, err := createTable(root, id)
		if err != nil {
			return nil, err
		}
		s.tables[id] = t
	}
	f, err := createFile(filepath.Join(root, questionFolder, "all_diseases.json"))
	if err != nil {
		return nil, err
	}
	s.keyFile, s.keyInfo = f, bufio.NewWriter(f)
	return s, nil
}

func (s *tableSet) write(r *rows) error {
	for id, t := range s.tables {
		if err := t.write(r.table[id]); err != nil {
			return err
		}
	}
	for _, key := range r.keyInfo {
		sep := ",\n"
		if s.keys == 0 {
			sep = "[\n"
		}
		s.keys++
		s.keyInfo.WriteString(sep) // a bufio.Writer keeps its error for Flush
		s.keyInfo.Write(key)
	}
	return nil
}

// close closes every table and returns the first error, which names its file: on a full disk all have the same.
func (s *tableSet) close() error {
	var err error
	for _, t := range s.tables {
		err = cmp.Or(err, t.close())
	}
	s.keyInfo.WriteString("\n]\n")
	return cmp.Or(err, s.keyInfo.Flush(), s.keyFile.Close())
}

// keyInfo encodes a study's element of all_diseases.json, entities in stored order.
func keyInfo(st *study) (json.RawMessage, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `{"study_id": "%d", "subject_id": "%d", "entity": {`, st.id, st.subject)
	for i, f := range st.order {
		entity := struct {
			Name          string   `json:"entity_name"`
			Location      []string `json:"location"`
			Type          []string `json:"type"`
			Level         []string `json:"level"`
			PostLocation  *string  `json:"post_location"`
			Location2     []string `json:"location2"`
			Type2         []string `json:"type2"`
			Level2        []string `json:"level2"`
			PostLocation2 *string  `json:"post_location2"`
		}{Name: st.state.findings[f].name, Location: st.state.location(f), Type: words(st.state.findings[f].kind), Level: words(st.state.level(f))}
		text, err := json.Marshal(entity)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q: %s", st.state.findings[f].name, text)
	}
	b.WriteString(`}, "no_entity": [`)
	comma := ""
	for f := range st.state.has {
		if !st.state.has[f].present {
			fmt.Fprintf(&b, "%s%q", comma, st.state.findings[f].name)
			comma = ", "
		}
	}
	b.WriteString("]}")
	return json.RawMessage(b.String()), nil
}

// words is nil for "", which JSON writes as null, else a list of one.
func words(word string) []string {
	if word == "" {
		return nil
	}
	return []string{word}
}

// chexpertCells are a study's label columns: 1.0, 0.0, and blank for what the generator has no finding for.
func chexpertCells(s *state) []string {
	cells := make([]string, len(labels))
	for i, label := range labels {
		for f, spec := range s.findings {
			if spec.chexpert != label {
				continue
			}
			cells[i] = "0.0"
			if s.has[f].present {
				cells[i] = "1.0"
			}
		}
		if label == "No Finding" && len(s.present()) == 0 {
			cells[i] = "1.0"
		}
	}
	return cells
}

func createFile(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.Create(path)
}
