package dataset

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
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
	got.size, got.modified = 0, 0
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
