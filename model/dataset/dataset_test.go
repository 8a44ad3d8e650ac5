package dataset

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
	"harness/model/dataset/radiograph"
)

// cleanCounts are the tallies of newTestRoot.
var cleanCounts = []string{
	"images.usable=6", "other.questions=3", "other.scene_graphs=6", "pairs.usable=3", "regions.usable=12", "reports.usable=6",
	"subjects.test=1", "subjects.train=1", "subjects.val=1",
}

func TestOpen(t *testing.T) {
	r := newTestRoot()
	r.files["SYNTHETIC.txt"] = "SynCXR version 1, seed 7\nmore\n"
	dir := r.write(t)
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cleanCounts, countsOf(s.Faults)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if s.Synthetic != "SynCXR version 1, seed 7" {
		t.Errorf("Synthetic = %q", s.Synthetic)
	}
	got := s.Images[2]
	got.Path = strings.TrimPrefix(got.Path, dir+"/")
	got.file = radiograph.Info{}
	want := Image{
		ID: dicom(2, 1), Subject: subject(2), Study: study(2, 1), Path: jpgPath(2, 1), Width: 40, Height: 30, View: "AP",
		Split: Val, RegionSplit: Val, Date: 21110101, Caption: "The lungs are clear. No acute process.",
		Regions: []Region{
			{"right lung", metrics.Box{2, 3, 18, 25}, "Right lung is clear."},
			{"left lung", metrics.Box{22, 3, 38, 25}, "There is a small opacity."},
		},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Image{})); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	wantPair := Pair{
		ID: study(3, 2) + "_" + study(3, 1) + "_6", Ref: 4, Main: 5, Type: "difference",
		Question: "what has changed compared to the reference image?",
		Answer:   "the main image has an additional finding of edema than the reference image.", Split: Test,
	}
	if diff := cmp.Diff(wantPair, s.Pairs[2]); diff != "" {
		t.Errorf("pair (-want +got):\n%s", diff)
	}
	if s.Questions[0].Type != "presence" || s.Questions[0].Main != 1 {
		t.Errorf("question = %+v", s.Questions[0])
	}
}

func openSet(t testing.TB, dir string) *Set {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWithout(t *testing.T) {
	r := newTestRoot()
	r.addImage(1, 3, "PA", "train")
	second := dicom(1, 9) // another frontal image of study(1, 2)
	r.metadata = append(r.metadata, second+","+subject(1)+","+study(1, 2)+",CHEST,PA,20,20,21120101,,,,")
	r.files[jpgPath(1, 2)[:len(jpgPath(1, 2))-len(dicom(1, 2)+".jpg")]+second+".jpg"] = grayJPEG(20, 20)
	s := openSet(t, r.write(t))
	if len(s.Images) != 8 || s.Images[7].ID != second {
		t.Fatalf("%d images, last %s", len(s.Images), s.Images[len(s.Images)-1].ID)
	}
	out := s.Without([]int{1, 4}) // the main image of pair 0, which has a substitute; the reference of pair 2, which has none
	if len(out.Images) != 8 || out.Images[1].Split != None || out.Images[1].Regions != nil || s.Images[1].Regions == nil {
		t.Error("images were not blanked in the copy alone")
	}
	if len(out.Pairs) != 2 || out.Pairs[0].Main != 7 || out.Pairs[1].Ref != 2 {
		t.Errorf("pairs = %+v", out.Pairs)
	}
	if len(out.Questions) != 3 || out.Questions[2].Ref != -1 {
		t.Errorf("questions = %+v", out.Questions)
	}
}
