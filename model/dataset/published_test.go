package dataset

import (
	"fmt"
	"strings"
	"testing"
)

// TestPublishedCounts compares a root that is no synthetic one with the releases, and one that is with nothing.
func TestPublishedCounts(t *testing.T) {
	r := newTestRoot()
	for n := range published[[2]string{regionSet, "images to avoid"}] { // the one published count that a test can write
		r.avoid = append(r.avoid, fmt.Sprintf("%d,1,1,%s,x.dcm,AP", n, dicom(9, n)))
	}
	report, err := Check(t.Context(), r.write(t), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\ncontents  images                            6  MIMIC-CXR-JPG; differs: 6, published 377110\n          studies                           6\n",
		"\n          images to avoid                3821  as published\n",
		"\n          difference test                   1  differs: 1, published 16389\n",
		"\n1 of 13 published counts are as published\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	r.files["SYNTHETIC.txt"] = "made up"
	report, err = Check(t.Context(), r.write(t), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Contents {
		if c.Verdict != "" || c.Published != 0 {
			t.Errorf("synthetic data are compared with a release: %+v", c)
		}
	}
}

// TestPublishedCountsAgree holds that every published count is one that is made, and that the splits add up.
func TestPublishedCountsAgree(t *testing.T) {
	report, err := Check(t.Context(), newTestRoot().write(t), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	made := map[[2]string]bool{}
	for _, c := range report.Contents {
		made[[2]string{c.Set, c.Name}] = true
	}
	for key := range published {
		if !made[key] {
			t.Errorf("nothing counts %s", key)
		}
	}
	sum := func(set, name string) int {
		return published[[2]string{set, name + " train"}] + published[[2]string{set, name + " val"}] + published[[2]string{set, name + " test"}]
	}
	if got, want := sum(imageSet, "images"), published[[2]string{imageSet, "images"}]; got != want {
		t.Errorf("the splits of MIMIC-CXR have %d images, not %d", got, want)
	}
	if got := sum(questionSet, "difference"); got != 164_223 {
		t.Errorf("%d difference questions", got)
	}
}
