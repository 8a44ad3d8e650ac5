package dataset

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func checked(t *testing.T) *Report {
	t.Helper()
	r := newTestRoot()
	r.files["SYNTHETIC.txt"] = "made up"
	r.files[jpgPath(2, 1)] = "x"
	r.questions = append(r.questions, "1,2")
	dir := r.write(t)
	remove(t, dir+"/medical-diff-vqa/mimic_all.csv")
	report, err := Check(t.Context(), dir, Options{ListIDs: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	report.Root = "ROOT"
	for _, g := range report.groups() {
		for _, e := range g.entries {
			for i := range e.tally.Causes {
				e.tally.Causes[i].First = strings.Replace(e.tally.Causes[i].First, dir, "ROOT", 1)
			}
		}
	}
	return report
}

func TestReportText(t *testing.T) {
	var b strings.Builder
	if err := checked(t).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := `data set ROOT, splits by subject
synthetic: made up
note: no mimic_all.csv in Medical-Diff-VQA: each study is shown by its first frontal image
images    usable                            5
          missing                           0
          unreadable                        1
              - 1 not an image: first ROOT/mimic-cxr-jpg/files/p10/p10000002/s50000021/00000002-0000-0000-0000-00000001.jpg
          other aspect                      0  than the metadata's Columns by Rows
          not frontal                       0
          blank view                        0  not known to be frontal or lateral
          bad rows                          0
reports   usable                            6
          empty                             0
          missing                           0
          unreadable                        0
regions   usable                           10  with a phrase and a box
          bad box                           0
          no box                            0
          unknown name                      0
pairs     usable                            2  difference questions
          no image                          1
              - 1 no usable image of the reference: first ROOT/medical-diff-vqa/mimic_pair_questions.csv:4
          bad answer                        0  not in the grammar, or blank
          bad rows                          1  of any question type
              - 1 another number of cells than the header: first ROOT/medical-diff-vqa/mimic_pair_questions.csv:8
          reference later                   0  than the main image
subjects  train                             1
          val                               1
          test                              1
          leaking subjects official         0  test subjects that the official splits train on
other     scene graphs                      5  read
          scene graphs missing              0
          scene graphs unreadable           0
          scene graphs off image            0  of images whose original size is not stated
          questions                         3  usable, of the other six types
          questions unusable                0  no image, or a blank answer
          rows in other split               0  left out to keep subjects apart
          unknown findings                  0  answers that name a finding outside the 30
          resized images                    0  usable; boxes are scaled to them
          images of unstated size           0  usable; boxes are taken as their pixels
contents  images                            6  MIMIC-CXR-JPG
          studies                           6
          subjects                          3
          images train                      2
          images val                        2
          images test                       2
          with findings                     6  MIMIC-CXR reports
          with an impression                6
          images train                      2  Chest ImaGenome
          images val                        2
          images test                       2
          images to avoid                   0
          boxes of the 29 regions          10
          questions                         6  Medical-Diff-VQA
          difference train                  1
          difference val                    1
          difference test                   1

images unreadable:
  00000002-0000-0000-0000-00000001

pairs no image:
  50000022_50000021_4

pairs bad rows:
  mimic_pair_questions.csv:8
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestReportJSON holds the keys that scripts read.
func TestReportJSON(t *testing.T) {
	report := checked(t)
	raw, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	ids, _ := got["ids"].(map[string]any)
	for _, key := range []string{"ids", "other", "notes", "contents"} {
		delete(got, key)
	}
	want := map[string]any{
		"root": "ROOT", "synthetic": "made up", "splits": "subject",
		"images":                    map[string]any{"usable": 5., "missing": 0., "unreadable": 1., "other_aspect": 0., "not_frontal": 0., "blank_view": 0., "bad_rows": 0.},
		"reports":                   map[string]any{"usable": 6., "empty": 0., "missing": 0., "unreadable": 0.},
		"regions":                   map[string]any{"usable": 10., "bad_box": 0., "no_box": 0., "unknown_name": 0.},
		"pairs":                     map[string]any{"usable": 2., "no_image": 1., "bad_answer": 0., "bad_rows": 1., "reference_later": 0.},
		"subjects":                  map[string]any{"train": 1., "val": 1., "test": 1.},
		"leaking_subjects_official": 0.,
		"unusable":                  []any{},
		"causes": []any{
			map[string]any{"group": "images", "kind": "unreadable", "cause": "not an image", "count": 1., "first": "ROOT" + "/" + jpgPath(2, 1)},
			map[string]any{"group": "pairs", "kind": "no_image", "cause": "no usable image of the reference", "count": 1.,
				"first": "ROOT/medical-diff-vqa/mimic_pair_questions.csv:4"},
			map[string]any{"group": "pairs", "kind": "bad_rows", "cause": "another number of cells than the header", "count": 1.,
				"first": "ROOT/medical-diff-vqa/mimic_pair_questions.csv:8"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, g := range report.groups() { // every count has its list, under the same keys
		lists := ids
		if g.name != "" {
			lists, _ = ids[g.name].(map[string]any)
		}
		for _, e := range g.entries {
			if list, ok := lists[e.name].([]any); !ok || len(list) != e.tally.N {
				t.Errorf("ids of %s.%s: %v, want %d", g.name, e.name, lists[e.name], e.tally.N)
			}
		}
	}
	report.List = false
	if raw, err = json.Marshal(report); err != nil || strings.Contains(string(raw), `"ids"`) {
		t.Errorf("without a list: %s, %v", raw, err)
	}
}
