package dataset

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// changes returns how the tallies of f differ from those of a root without faults, in the order of the report.
func changes(f Faults) string {
	clean := map[string]int{}
	for _, c := range cleanCounts {
		name, n, _ := strings.Cut(c, "=")
		clean[name], _ = strconv.Atoi(n)
	}
	var out []string
	for _, g := range f.groups() {
		for _, e := range g.entries {
			name := strings.TrimPrefix(g.name+"."+e.name, ".")
			if d := e.tally.N - clean[name]; d != 0 {
				out = append(out, fmt.Sprintf("%s%+d", name, d))
			}
		}
	}
	return strings.Join(out, " ")
}

// idsOf returns the ids behind one count.
func idsOf(f Faults, name string) []string {
	for _, g := range f.groups() {
		for _, e := range g.entries {
			if strings.TrimPrefix(g.name+"."+e.name, ".") == name {
				return e.tally.IDs
			}
		}
	}
	return nil
}

// replaceRow replaces old by new in the only row that holds it.
func replaceRow(rows []string, old, new string) {
	found := 0
	for i := range rows {
		if strings.Contains(rows[i], old) {
			rows[i] = strings.Replace(rows[i], old, new, 1)
			found++
		}
	}
	if found != 1 {
		panic(fmt.Sprintf("%d rows with %q", found, old))
	}
}

// row returns the index of the only row with all the words.
func row(rows []string, words ...string) int {
	at := -1
	for i := range rows {
		all := true
		for _, w := range words {
			all = all && strings.Contains(rows[i], w)
		}
		if all && at >= 0 {
			panic(fmt.Sprintf("several rows with %q", words))
		} else if all {
			at = i
		}
	}
	return at
}

func setView(r *testRoot, n, k int, position, code string) {
	i := row(r.metadata, dicom(n, k))
	cells := strings.Split(r.metadata[i], ",")
	// the quoted cell "CHEST, PORTABLE" splits in two
	cells[4], cells[11] = position, code
	r.metadata[i] = strings.Join(cells, ",")
}

// setSize replaces the Rows and Columns of an image, setTaken its StudyDate and StudyTime.
func setSize(r *testRoot, n, k int, rowsColumns string) {
	i := row(r.metadata, dicom(n, k))
	r.metadata[i] = strings.Replace(r.metadata[i], "30,40", rowsColumns, 1)
}

func setTaken(r *testRoot, n, k int, dateTime string) {
	i := row(r.metadata, dicom(n, k))
	cells := strings.Split(r.metadata[i], ",")
	cells[7], cells[8] = dateTime, "x"
	r.metadata[i] = strings.Replace(strings.Join(cells, ","), ",x,", ",", 1)
}

func scene(r *testRoot, n, k int, objects, attributes []string) {
	r.files[scenePath(n, k)] = sceneJSON(objects, attributes)
}

func setAnswer(r *testRoot, n int, answer string) {
	i := row(r.questions, study(n, 2), "difference")
	cells := strings.Split(r.questions[i], ",")
	cells[5] = answer
	r.questions[i] = strings.Join(cells, ",")
}

var oneLung = []string{object("left lung", 2, 3, 18, 25)}

// TestFaults plants one fault at a time and compares every count. The left lung of image (2, 1) is the usual victim; taking
// away image (2, 1) costs its two regions, its scene graph and the pair of its study.
func TestFaults(t *testing.T) {
	without21 := "regions.usable-2 pairs.usable-1 pairs.no_image+1 other.scene_graphs-1"
	for _, c := range []struct {
		name   string
		change func(r *testRoot)
		want   string
		id     string // COUNT ID: an id that must be behind a count
	}{
		{"nothing", func(r *testRoot) {}, "", ""},

		// images
		{"missing image", func(r *testRoot) { delete(r.files, jpgPath(2, 1)) },
			"images.usable-1 images.missing+1 " + without21, "images.missing " + dicom(2, 1)},
		{"missing image of no pair", func(r *testRoot) { r.addImage(2, 3, "PA", "val"); delete(r.files, jpgPath(2, 3)) },
			"images.missing+1 reports.usable+1", ""},
		{"truncated image", func(r *testRoot) { r.files[jpgPath(2, 1)] = r.files[jpgPath(2, 1)][:700] },
			"images.usable-1 images.unreadable+1 " + without21, "images.unreadable " + dicom(2, 1)},
		{"empty image file", func(r *testRoot) { r.files[jpgPath(2, 1)] = "" }, "images.usable-1 images.unreadable+1 " + without21, ""},
		{"text as image", func(r *testRoot) { r.files[jpgPath(2, 1)] = "<html>login</html>" },
			"images.usable-1 images.unreadable+1 " + without21, ""},
		{"colour image", func(r *testRoot) { r.files[jpgPath(2, 1)] = colourJPEG(40, 30) }, "", ""},
		{"lateral", func(r *testRoot) { setView(r, 2, 1, "LATERAL", "antero-posterior") },
			"images.usable-1 images.not_frontal+1 " + without21, "images.not_frontal " + dicom(2, 1)},
		{"lateral and missing is not frontal", func(r *testRoot) { setView(r, 2, 1, "LL", ""); delete(r.files, jpgPath(2, 1)) },
			"images.usable-1 images.not_frontal+1 " + without21, ""},
		{"AP AXIAL is not frontal", func(r *testRoot) { setView(r, 2, 1, "AP AXIAL", "antero-posterior") },
			"images.usable-1 images.not_frontal+1 " + without21, ""},
		{"AP LLD is not frontal", func(r *testRoot) { setView(r, 2, 1, "AP LLD", "") },
			"images.usable-1 images.not_frontal+1 " + without21, ""},
		{"view by code", func(r *testRoot) { setView(r, 2, 1, "", "postero-anterior") }, "", ""},
		{"no view at all", func(r *testRoot) { setView(r, 2, 1, "", "") },
			"images.usable-1 images.blank_view+1 " + without21, "images.blank_view " + dicom(2, 1)},
		{"no view in pandas' words", func(r *testRoot) { setView(r, 2, 1, "nan", "NaN") }, "images.usable-1 images.blank_view+1 " + without21, ""},
		{"view by code, position in pandas' words", func(r *testRoot) { setView(r, 2, 1, "nan", "antero-posterior") }, "", ""},
		{"resized image", func(r *testRoot) { r.files[jpgPath(2, 1)] = grayJPEG(20, 15) }, "other.resized_images+1", "other.resized_images " + dicom(2, 1)},
		{"resized image, rounded", func(r *testRoot) { r.files[jpgPath(2, 1)] = grayJPEG(27, 20) }, "other.resized_images+1", ""},
		{"padded image", func(r *testRoot) { r.files[jpgPath(2, 1)] = grayJPEG(40, 40) },
			"images.usable-1 images.other_aspect+1 " + without21, "images.other_aspect " + dicom(2, 1)},
		{"cropped image", func(r *testRoot) { r.files[jpgPath(2, 1)] = grayJPEG(36, 30) }, "images.usable-1 images.other_aspect+1 " + without21, ""},
		{"rotated image", func(r *testRoot) { r.files[jpgPath(2, 1)] = grayJPEG(30, 40) }, "images.usable-1 images.other_aspect+1 " + without21, ""},
		{"size with a decimal point", func(r *testRoot) { setSize(r, 2, 1, "30.0,40.0") }, "", ""},
		{"size not stated", func(r *testRoot) { setSize(r, 2, 1, ",") }, "other.images_of_unstated_size+1", ""},
		{"size that is no size", func(r *testRoot) { setSize(r, 2, 1, "-30,x") }, "other.images_of_unstated_size+1", ""},
		{"size not stated, and the boxes are of a larger image", func(r *testRoot) { setSize(r, 2, 1, ","); r.files[jpgPath(2, 1)] = grayJPEG(20, 15) },
			"regions.usable-2 other.scene_graphs-1 other.scene_graphs_off_image+1 other.images_of_unstated_size+1",
			"other.scene_graphs_off_image " + dicom(2, 1)},
		{"lateral code", func(r *testRoot) { setView(r, 2, 1, "", "lateral") }, "images.usable-1 images.not_frontal+1 " + without21, ""},
		{"row with too few cells", func(r *testRoot) { r.metadata = append(r.metadata, dicom(2, 7)+","+subject(2)) },
			"images.bad_rows+1", "images.bad_rows mimic-cxr-2.0.0-metadata.csv:8"},
		{"row with too many cells", func(r *testRoot) { r.metadata = append(r.metadata, r.metadata[1]+",x") }, "images.bad_rows+1", ""},
		{"row with an unclosed quote", func(r *testRoot) {
			r.metadata = append([]string{r.metadata[0], dicom(2, 7) + ",\"" + strings.Repeat(",", 10)}, r.metadata[1:]...)
		}, "images.bad_rows+1", ""},
		{"row with a subject that is not a number", func(r *testRoot) {
			r.metadata = append(r.metadata, strings.Replace(r.metadata[1], subject(1), "../../../etc", 1))
		}, "images.bad_rows+1", ""},
		{"image id that is a path", func(r *testRoot) {
			r.metadata = append(r.metadata, strings.Replace(r.metadata[1], dicom(1, 1), "../x", 1))
		}, "images.bad_rows+1", ""},
		{"duplicate image", func(r *testRoot) { r.metadata = append(r.metadata, r.metadata[3]) }, "", ""},
		{"empty lines", func(r *testRoot) { r.metadata = append(r.metadata, "", "") }, "", ""},
		{"bad row in the split file", func(r *testRoot) { r.split = append(r.split, dicom(2, 1)) }, "images.bad_rows+1", ""},

		// reports
		{"missing report", func(r *testRoot) { delete(r.files, reportPath(2, 1)) },
			"reports.usable-1 reports.missing+1", "reports.missing " + study(2, 1)},
		{"empty report", func(r *testRoot) { r.files[reportPath(2, 1)] = "" }, "reports.usable-1 reports.empty+1", "reports.empty " + study(2, 1)},
		{"comparison only", func(r *testRoot) { r.files[reportPath(2, 1)] = "\n COMPARISON:  Chest film of ___ was read.\n" },
			"reports.usable-1 reports.empty+1", ""},
		{"two words", func(r *testRoot) { r.files[reportPath(2, 1)] = "\n FINDINGS:  Normal chest.\n" }, "reports.usable-1 reports.empty+1", ""},
		{"only a reference to an earlier study", func(r *testRoot) {
			r.files[reportPath(2, 1)] = "\n FINDINGS:  Compared with the earlier film, no change.\n"
		}, "reports.usable-1 reports.empty+1", ""},
		{"two words left by the filter", func(r *testRoot) {
			r.files[reportPath(2, 1)] = "\n FINDINGS:  Effusion has increased since yesterday. Normal heart.\n"
		}, "reports.usable-1 reports.empty+1", ""},
		{"a page as report", func(r *testRoot) { r.files[reportPath(2, 1)] = "<!DOCTYPE html>\n" }, "reports.usable-1 reports.unreadable+1",
			"reports.unreadable " + study(2, 1)},
		{"binary report", func(r *testRoot) { r.files[reportPath(2, 1)] = "\x01\x00\x02" }, "reports.usable-1 reports.unreadable+1", ""},
		{"Latin-1 report", func(r *testRoot) { r.files[reportPath(2, 1)] = "\r\n FINDINGS:  Dr. Mu\xf1oz saw it.\r\n" }, "", ""},

		// regions
		{"unknown region", func(r *testRoot) {
			scene(r, 2, 1, oneLung, []string{attribute("left lung", "Clear."), attribute("neck", "Supple.")})
		}, "regions.usable-1 regions.unknown_name+1", "regions.unknown_name " + dicom(2, 1) + "_neck"},
		{"unknown region without a phrase", func(r *testRoot) {
			scene(r, 2, 1, oneLung, []string{attribute("left lung", "Clear."), attribute("neck")})
		},
			"regions.usable-1", ""},
		{"no box", func(r *testRoot) {
			scene(r, 2, 1, oneLung, []string{attribute("left lung", "Clear."), attribute("carina", "Normal.")})
		}, "regions.usable-1 regions.no_box+1", "regions.no_box " + dicom(2, 1) + "_carina"},
		{"no original box", func(r *testRoot) {
			scene(r, 2, 1, []string{`{"bbox_name":"left lung","x1":1,"y1":1,"x2":9,"y2":9}`}, []string{attribute("left lung", "Clear.")})
		}, "regions.usable-2 regions.bad_box+1", "regions.bad_box " + dicom(2, 1) + "_left lung"},
		{"null in a box", func(r *testRoot) {
			scene(r, 2, 1, []string{strings.Replace(oneLung[0], `"original_x1":2`, `"original_x1":null`, 1)}, []string{attribute("left lung", "Clear.")})
		}, "regions.usable-2 regions.bad_box+1", ""},
		{"text in a box", func(r *testRoot) {
			scene(r, 2, 1, []string{strings.Replace(oneLung[0], `"original_x1":2`, `"original_x1":"2"`, 1)}, []string{attribute("left lung", "Clear.")})
		}, "regions.usable-2 regions.bad_box+1", ""},
		{"NaN in a box", func(r *testRoot) {
			scene(r, 2, 1, []string{strings.Replace(oneLung[0], `"original_x1":2`, `"original_x1":NaN`, 1)}, []string{attribute("left lung", "Clear.")})
		}, "regions.usable-2 regions.bad_box+1", ""},
		{"corners exchanged", func(r *testRoot) { box(r, 18, 3, 2, 25) }, "regions.usable-2 regions.bad_box+1", ""},
		{"no area", func(r *testRoot) { box(r, 2, 3, 18, 3) }, "regions.usable-2 regions.bad_box+1", ""},
		{"left of the image", func(r *testRoot) { box(r, -20, 3, 0, 25) }, "regions.usable-2 regions.bad_box+1", ""},
		{"below the image", func(r *testRoot) { box(r, 2, 30, 18, 55) }, "regions.usable-2 regions.bad_box+1", ""},
		{"partly outside is clamped", func(r *testRoot) { box(r, -4, -5, 44, 55) }, "regions.usable-1", ""},
		{"collapses in 448 bins", func(r *testRoot) { box(r, 2, 3, 2.005, 25) }, "regions.usable-2 regions.bad_box+1", ""},
		{"collapses at the edge", func(r *testRoot) { box(r, 39.95, 3, 50, 25) }, "regions.usable-2 regions.bad_box+1", ""},
		{"bad box without a phrase", func(r *testRoot) { scene(r, 2, 1, []string{object("carina", 5, 5, 4, 4)}, nil) }, "regions.usable-2", ""},
		{"phrase that cleaning empties", func(r *testRoot) { scene(r, 2, 1, oneLung, []string{attribute("left lung", "FINDINGS:", "1. ")}) },
			"regions.usable-2", ""},
		{"phrase on an earlier study", func(r *testRoot) { scene(r, 2, 1, oneLung, []string{attribute("left lung", "Unchanged opacity.")}) },
			"regions.usable-2", ""},
		{"scene graph not there", func(r *testRoot) { delete(r.files, scenePath(2, 1)) },
			"regions.usable-2 other.scene_graphs-1 other.scene_graphs_missing+1", ""},
		{"scene graph cut short", func(r *testRoot) { r.files[scenePath(2, 1)] = r.files[scenePath(2, 1)][:90] },
			"regions.usable-2 other.scene_graphs-1 other.scene_graphs_unreadable+1", "other.scene_graphs_unreadable " + dicom(2, 1)},
		{"image in no split file", func(r *testRoot) { r.parts["valid"] = r.parts["valid"][:2] }, "regions.usable-2 other.scene_graphs-1", ""},
		{"gold patient", func(r *testRoot) {
			r.avoid = append(r.avoid, "0,"+subject(2)+","+study(2, 1)+","+dicom(2, 1)+",x.dcm,AP")
		}, "regions.usable-2 other.scene_graphs-1", ""},

		// pairs
		{"study of mimic_all has another image", func(r *testRoot) { replaceRow(r.studies, dicom(2, 1), dicom(9, 9)) }, "", ""},
		{"study not in mimic_all", func(r *testRoot) { r.studies = r.studies[:3] }, "", ""},
		{"study without an image", func(r *testRoot) { replaceRow(r.questions, study(2, 1)+",difference", "59999999,difference") },
			"pairs.usable-1 pairs.no_image+1", "pairs.no_image " + study(2, 2) + "_59999999_4"},
		{"blank answer", func(r *testRoot) { setAnswer(r, 2, "") }, "pairs.usable-1 pairs.bad_answer+1", ""},
		{"answer of spaces", func(r *testRoot) { setAnswer(r, 2, "   ") }, "pairs.usable-1 pairs.bad_answer+1", ""},
		{"answer outside the grammar", func(r *testRoot) { setAnswer(r, 2, "the heart is bigger.") },
			"pairs.usable-1 pairs.bad_answer+1", "pairs.bad_answer " + study(2, 2) + "_" + study(2, 1) + "_4"},
		{"unknown finding", func(r *testRoot) {
			setAnswer(r, 2, "the main image is missing the finding of infection than the reference image. ")
		}, "other.unknown_findings+1", ""},
		{"nothing has changed", func(r *testRoot) { setAnswer(r, 2, "nothing has changed.") }, "", ""},
		{"row with too few cells", func(r *testRoot) { r.questions = append(r.questions, "1,2,3") },
			"pairs.bad_rows+1", "pairs.bad_rows mimic_pair_questions.csv:8"},
		{"unquoted commas", func(r *testRoot) {
			setAnswer(r, 2, "the main image has additional findings of edema, and hernia than the reference image. ")
		}, "pairs.usable-1 pairs.bad_rows+1", ""},
		{"unknown type", func(r *testRoot) { replaceRow(r.questions, study(2, 1)+",difference", study(2, 1)+",diff") },
			"pairs.usable-1 pairs.bad_rows+1", ""},
		{"unknown split", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[1], ",train", ",dev", 1))
		},
			"pairs.bad_rows+1", ""},
		{"study id that is not a number", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[1], study(1, 2), "x", 1))
		},
			"pairs.bad_rows+1", ""},
		{"study of another subject", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[1], study(1, 1), study(3, 1), 1))
		}, "pairs.bad_rows+1", ""},
		{"repeated row is kept", func(r *testRoot) { r.questions = append(r.questions, r.questions[1]) }, "pairs.usable+1", ""},
		{"reference later", func(r *testRoot) {
			i := row(r.questions, study(2, 2), "difference")
			r.questions[i] = strings.NewReplacer(study(2, 1), study(2, 2), study(2, 2), study(2, 1)).Replace(r.questions[i])
		}, "pairs.usable-1 pairs.reference_later+1", "pairs.reference_later " + study(2, 1) + "_" + study(2, 2) + "_4"},
		{"same day and time", func(r *testRoot) { setTaken(r, 2, 1, "21120101,101500.5") }, "", ""},
		{"same day, earlier", func(r *testRoot) { setTaken(r, 2, 1, "21120101,91500") }, "", ""},
		{"same day, later", func(r *testRoot) { setTaken(r, 2, 1, "21120101,101501") }, "pairs.usable-1 pairs.reference_later+1", ""},
		{"same day, no time", func(r *testRoot) { setTaken(r, 2, 1, "21120101,") }, "", ""},
		{"same day, a later second image", func(r *testRoot) {
			i := row(r.metadata, dicom(2, 1))
			r.metadata = append(r.metadata, strings.NewReplacer(dicom(2, 1), dicom(2, 8), "21110101,101500.5", "21130101,0").Replace(r.metadata[i]))
			r.files[strings.Replace(jpgPath(2, 1), dicom(2, 1), dicom(2, 8), 1)] = grayJPEG(40, 30)
		}, "images.usable+1", ""},
		{"pair of a study with itself", func(r *testRoot) {
			i := row(r.questions, study(2, 2), "difference")
			r.questions = append(r.questions, strings.Replace(r.questions[i], study(2, 1), study(2, 2), 1))
		}, "pairs.bad_rows+1", "pairs.bad_rows mimic_pair_questions.csv:8"},
		{"a question on one study that names it twice", func(r *testRoot) {
			replaceRow(r.questions, study(2, 1)+",presence", study(2, 2)+",presence")
		}, "", ""},
		{"rows that contradict one another", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[3], "edema", "hernia", 1))
		}, "pairs.usable-1 pairs.bad_rows+2", ""},
		{"other questions that contradict one another", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[4], ",yes,", ",no,", 1))
		}, "pairs.bad_rows+2 other.questions-1", ""},
		{"the same answer in other words", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[3], "the main", "The main", 1))
		}, "pairs.usable+1", ""},
		{"the same list in another order", func(r *testRoot) {
			list := func(names string) string {
				return fmt.Sprintf(`%s,%s,%s,abnormality,what abnormalities are seen in this image?,"%s",val`, study(2, 2), subject(2), study(2, 1), names)
			}
			r.questions = append(r.questions, list("edema, hernia"), list("hernia, edema"))
		}, "other.questions+2", ""},
		{"a blank answer contradicts nothing", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[4], ",yes,", ",,", 1))
		}, "other.questions_unusable+1", ""},
		{"blank answer to another question", func(r *testRoot) { replaceRow(r.questions, "yes,val", ",val") },
			"other.questions-1 other.questions_unusable+1", ""},

		// splits
		{"subject in two splits", func(r *testRoot) { // goes to test; both of its train rows are dropped
			r.questions = append(r.questions, strings.Replace(r.questions[1], ",train", ",test", 1))
		}, "subjects.train-1 subjects.test+1 leaking_subjects_official+1 other.questions-1 other.rows_in_other_split+2",
			"leaking_subjects_official " + subject(1)},
		{"val before train", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[2], ",train", ",val", 1))
		},
			"pairs.usable-1 subjects.train-1 subjects.val+1 other.rows_in_other_split+2", ""},
		{"test image in MIMIC's train split", func(r *testRoot) {
			replaceRow(r.split, study(3, 1)+","+subject(3)+",test", study(3, 1)+","+subject(3)+",train")
		},
			"leaking_subjects_official+1", "leaking_subjects_official " + subject(3)},
		{"test image in ImaGenome's train split", func(r *testRoot) {
			r.parts["train"] = append(r.parts["train"], r.parts["test"][1])
			r.parts["test"] = append(r.parts["test"][:1], r.parts["test"][2:]...)
		}, "leaking_subjects_official+1", "leaking_subjects_official " + subject(3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTestRoot()
			c.change(r)
			report, err := Check(t.Context(), r.write(t), Options{ListIDs: true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, changes(report.Faults)); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if c.id != "" {
				name, id, _ := strings.Cut(c.id, " ")
				if diff := cmp.Diff([]string{id}, idsOf(report.Faults, name)); diff != "" {
					t.Errorf("ids of %s (-want +got):\n%s", name, diff)
				}
			}
			for _, g := range report.groups() {
				for _, e := range g.entries {
					if e.tally.N != len(e.tally.IDs) {
						t.Errorf("%s.%s: %d, but %d ids", g.name, e.name, e.tally.N, len(e.tally.IDs))
					}
				}
			}
		})
	}
}

// box gives image (2, 1) one region with a phrase and this box.
func box(r *testRoot, x1, y1, x2, y2 float64) {
	scene(r, 2, 1, []string{object("left lung", x1, y1, x2, y2)}, []string{attribute("left lung", "Clear.")})
}
