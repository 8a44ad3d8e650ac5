package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A testRoot is a small data set in memory that a test changes before it is written.
type testRoot struct {
	files     map[string]string // by path under the root
	metadata  []string          // rows of the tables, header first
	split     []string
	parts     map[string][]string // train, valid, test of Chest ImaGenome
	avoid     []string
	questions []string
	studies   []string
}

// newTestRoot returns a root without faults: subjects 10000001 (train), 10000002 (val) and 10000003 (test) with two studies of one
// frontal image each, taken a year apart, a difference row and a presence row each. The images of subject n are
// dicom(n, 1) and dicom(n, 2), the studies study(n, 1) and study(n, 2). All are 40 by 30 pixels.
func newTestRoot() *testRoot {
	r := &testRoot{
		files:    map[string]string{},
		metadata: []string{"dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning"},
		split:    []string{"dicom_id,study_id,subject_id,split"},
		parts:    map[string][]string{},
		avoid:    []string{",subject_id,study_id,dicom_id,path,ViewPosition"},
		questions: []string{
			"study_id,subject_id,ref_id,question_type,question,answer,split"},
		studies: []string{"subject_id,study_id,dicom_id,view,split,study_date,study_order"},
	}
	for _, part := range []string{"train", "valid", "test"} {
		r.parts[part] = []string{",subject_id,study_id,dicom_id,path,ViewPosition"}
	}
	for n, split := range []string{"train", "val", "test"} {
		n++
		for k := 1; k <= 2; k++ {
			r.addImage(n, k, "AP", split)
		}
		r.questions = append(r.questions,
			fmt.Sprintf("%s,%s,%s,difference,what has changed compared to the reference image?,the main image has an additional finding of edema than the reference image. ,%s",
				study(n, 2), subject(n), study(n, 1), split),
			fmt.Sprintf("%s,%s,%s,presence,is there evidence of edema in this image?,yes,%s", study(n, 2), subject(n), study(n, 1), split))
	}
	return r
}

func subject(n int) string  { return fmt.Sprintf("%d", 10000000+n) }
func study(n, k int) string { return fmt.Sprintf("%d", 50000000+10*n+k) }
func dicom(n, k int) string { return fmt.Sprintf("%08x-0000-0000-0000-%08x", n, k) }
func jpgPath(n, k int) string {
	return fmt.Sprintf("mimic-cxr-jpg/files/p10/p%s/s%s/%s.jpg", subject(n), study(n, k), dicom(n, k))
}
func reportPath(n, k int) string {
	return fmt.Sprintf("mimic-cxr/files/p10/p%s/s%s.txt", subject(n), study(n, k))
}
func scenePath(n, k int) string {
	return "chest-imagenome/silver_dataset/scene_graph/" + dicom(n, k) + sceneSuffix
}

func (r *testRoot) addImage(n, k int, view, split string) {
	official := map[string]string{"val": "validate"}[split]
	part := map[string]string{"val": "valid"}[split]
	if official == "" {
		official, part = split, split
	}
	r.metadata = append(r.metadata, fmt.Sprintf("%s,%s,%s,CHEST,%s,30,40,21%02d0101,101500.5,\"CHEST, PORTABLE\",,Erect",
		dicom(n, k), subject(n), study(n, k), view, 10+k))
	r.split = append(r.split, fmt.Sprintf("%s,%s,%s,%s", dicom(n, k), study(n, k), subject(n), official))
	r.parts[part] = append(r.parts[part], fmt.Sprintf("%d,%s,%s,%s,x.dcm,%s", k, subject(n), study(n, k), dicom(n, k), view))
	r.studies = append(r.studies, fmt.Sprintf("%s,%s,%s,antero-posterior,%s,21%02d0101,%d", subject(n), study(n, k), dicom(n, k), official, 10+k, k))
	r.files[jpgPath(n, k)] = grayJPEG(40, 30)
	r.files[reportPath(n, k)] = " FINAL REPORT\n EXAMINATION:  CHEST\n \n FINDINGS:\n \n The lungs are clear.\n \n IMPRESSION:\n \n No acute process.\n"
	r.files[scenePath(n, k)] = sceneJSON(
		[]string{object("right lung", 2, 3, 18, 25), object("left lung", 22, 3, 38, 25)},
		[]string{attribute("right lung", "Right lung is clear."), attribute("left lung", "There is a small opacity.")})
}

// addTables puts the tables among the files.
func (r *testRoot) addTables() {
	silver := "chest-imagenome/silver_dataset/splits/"
	for path, rows := range map[string][]string{
		"mimic-cxr-jpg/mimic-cxr-2.0.0-metadata.csv": r.metadata,
		"mimic-cxr-jpg/mimic-cxr-2.0.0-split.csv":    r.split,
		"medical-diff-vqa/mimic_pair_questions.csv":  r.questions,
		"medical-diff-vqa/mimic_all.csv":             r.studies,
		silver + "train.csv":                         r.parts["train"],
		silver + "valid.csv":                         r.parts["valid"],
		silver + "test.csv":                          r.parts["test"],
		silver + "images_to_avoid.csv":               r.avoid,
	} {
		r.files[path] = strings.Join(rows, "\n") + "\n"
	}
}

// write writes the root to a fresh folder and returns it.
func (r *testRoot) write(t testing.TB) string {
	t.Helper()
	r.addTables()
	return r.writeFiles(t)
}

func (r *testRoot) writeFiles(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range r.files {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func object(name string, x1, y1, x2, y2 float64) string {
	return fmt.Sprintf(`{"bbox_name":%q,"x1":1,"y1":1,"x2":2,"y2":2,"original_x1":%g,"original_y1":%g,"original_x2":%g,"original_y2":%g}`,
		name, x1, y1, x2, y2)
}

func attribute(name string, phrases ...string) string {
	quoted := make([]string, len(phrases))
	for i, p := range phrases {
		quoted[i] = fmt.Sprintf("%q", p)
	}
	return fmt.Sprintf(`{%q:true,"bbox_name":%q,"phrases":[%s],"attributes":[["nlp|yes|normal"]]}`, name, name, strings.Join(quoted, ","))
}

func sceneJSON(objects, attributes []string) string {
	return fmt.Sprintf(`{"image_id":"x","objects":[%s],"attributes":[%s],"relationships":[]}`,
		strings.Join(objects, ","), strings.Join(attributes, ","))
}

func grayJPEG(w, h int) string {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	return encodeJPEG(img)
}

func encodeJPEG(img image.Image) string {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	return b.String()
}

func colourJPEG(w, h int) string {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, color.RGBA{uint8(i), 120, 60, 255})
	}
	return encodeJPEG(img)
}

// countsOf returns the tallies that are not zero, as "group.cause=n", sorted.
func countsOf(f Faults) []string {
	var out []string
	for _, g := range f.groups() {
		for _, e := range g.entries {
			if e.tally.N != 0 {
				out = append(out, fmt.Sprintf("%s.%s=%d", g.name, e.name, e.tally.N))
			}
		}
	}
	slices.Sort(out)
	return out
}
