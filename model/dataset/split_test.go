package dataset

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOfficial reads the same root with the sets' own splits: captions follow MIMIC-CXR, regions ImaGenome, questions their row.
func TestOfficial(t *testing.T) {
	r := newTestRoot()
	replaceRow(r.split, study(3, 1)+","+subject(3)+",test", study(3, 1)+","+subject(3)+",train")
	r.parts["train"] = append(r.parts["train"], r.parts["test"][2])
	r.parts["test"] = r.parts["test"][:2]
	r.split = append(r.split[:3], r.split[4:]...) // image (2, 1) is in no split
	r.questions = append(r.questions, strings.Replace(r.questions[1], ",train", ",test", 1))
	dir := r.write(t)
	s, err := Open(t.Context(), dir, Options{Splits: Official, ListIDs: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range s.Images {
		got = append(got, m.Split.String()+"/"+m.RegionSplit.String())
	}
	want := []string{"train/train", "train/train", "none/val", "val/val", "train/test", "test/train"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("splits of images (-want +got):\n%s", diff)
	}
	got = nil
	for _, p := range s.Pairs {
		got = append(got, p.Split.String())
	}
	if diff := cmp.Diff([]string{"train", "val", "test", "test"}, got); diff != "" {
		t.Errorf("splits of pairs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{subject(1), subject(3)}, s.Faults.Leaking.IDs); diff != "" {
		t.Errorf("leaking subjects (-want +got):\n%s", diff)
	}
	subjects := s.Faults.Subjects
	if diff := cmp.Diff([][]string{{subject(1), subject(3)}, {subject(2)}, {subject(3)}},
		[][]string{subjects.Train.IDs, subjects.Val.IDs, subjects.Test.IDs}); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
	remove(t, dir+"/mimic-cxr-jpg/mimic-cxr-2.0.0-split.csv")
	if _, err := Open(t.Context(), dir, Options{Splits: Official}); err == nil || !strings.Contains(err.Error(), "official splits need") {
		t.Errorf("official splits without a split table: %v", err)
	}
	s, err = Open(t.Context(), dir, Options{})
	if err != nil || len(s.Notes) != 1 {
		t.Errorf("notes %q, error %v", s.Notes, err)
	}
}

// TestNoLeak checks on the default splits that no subject is in two of them, whatever the data.
func TestNoLeak(t *testing.T) {
	r := newTestRoot()
	r.questions = append(r.questions, strings.Replace(r.questions[1], ",train", ",test", 1), strings.Replace(r.questions[3], ",val", ",train", 1))
	s := openSet(t, r.write(t))
	in := map[string]Split{}
	check := func(subject string, split Split) {
		if old, met := in[subject]; met && old != split {
			t.Errorf("subject %s is in %s and %s", subject, old, split)
		}
		in[subject] = split
	}
	for _, m := range s.Images {
		check(m.Subject, m.Split)
		check(m.Subject, m.RegionSplit)
	}
	for _, p := range append(s.Pairs, s.Questions...) {
		check(s.Images[p.Main].Subject, p.Split)
		check(s.Images[p.Ref].Subject, p.Split)
	}
	if len(in) != 3 || len(s.Pairs) != 3 {
		t.Errorf("%d subjects, %d pairs", len(in), len(s.Pairs))
	}
}

func TestOptions(t *testing.T) {
	r := newTestRoot()
	r.files[reportPath(2, 1)] = "\n FINDINGS:  Effusion has increased since yesterday.\n"
	scene(r, 2, 1, []string{object("left lung", 2, 3, 18, 25), object("carina", 5, 5, 9, 9), object("trachea", 9, 5, 5, 9)},
		[]string{attribute("left lung", "Unchanged opacity.")})
	dir := r.write(t)
	for _, c := range []struct {
		name    string
		o       Options
		caption string
		regions string
	}{
		{"default", Options{}, "", ""},
		{"earlier studies", Options{KeepPriorSentences: true}, "Effusion has increased since yesterday.", "left lung=Unchanged opacity."},
		{"all boxes", Options{AllBoxes: true}, "", "left lung= carina="},
	} {
		s, err := Open(t.Context(), dir, c.o)
		if err != nil {
			t.Fatal(err)
		}
		var regions []string
		for _, region := range s.Images[2].Regions {
			regions = append(regions, region.Name+"="+region.Phrase)
		}
		if got := strings.Join(regions, " "); got != c.regions || s.Images[2].Caption != c.caption {
			t.Errorf("%s: caption %q, regions %q; want %q, %q", c.name, s.Images[2].Caption, got, c.caption, c.regions)
		}
	}
}

func TestSubstituteImage(t *testing.T) {
	r := newTestRoot()
	r.addImage(2, 3, "PA", "val") // becomes a second image of study(2, 2)
	replaceRow(r.metadata, dicom(2, 3)+","+subject(2)+","+study(2, 3), dicom(2, 3)+","+subject(2)+","+study(2, 2))
	r.files[strings.Replace(jpgPath(2, 2), dicom(2, 2), dicom(2, 3), 1)] = grayJPEG(40, 30)
	for _, c := range []struct {
		name   string
		change func(r *testRoot)
		want   string
	}{
		{"the image of mimic_all", func(*testRoot) {}, dicom(2, 2)},
		{"another image of mimic_all", func(r *testRoot) { replaceRow(r.studies, study(2, 2)+","+dicom(2, 2), study(2, 2)+","+dicom(2, 3)) }, dicom(2, 3)},
		{"that one is missing", func(r *testRoot) { delete(r.files, strings.Replace(jpgPath(2, 2), dicom(2, 2), dicom(2, 3), 1)) }, dicom(2, 2)},
	} {
		c.change(r)
		s := openSet(t, r.write(t))
		if got := s.Images[s.Pairs[1].Main].ID; got != c.want {
			t.Errorf("%s: shown by %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAreaQuestion(t *testing.T) {
	for question, want := range map[string]bool{
		"what has changed in the left lung area?":            true,
		"What has changed in the lower lung area ?":          true,
		"what has changed compared to the reference image?":  false,
		"what has changed in the left lung area and others?": false,
	} {
		if got := isAreaQuestion(question); got != want {
			t.Errorf("isAreaQuestion(%q) = %v", question, got)
		}
	}
}
