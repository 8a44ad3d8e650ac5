package dataset

import (
	"strings"
	"testing"
)

// TestUnusable names the sets of which nothing can be used.
func TestUnusable(t *testing.T) {
	names := func(change func(r *testRoot)) string {
		r := newTestRoot()
		change(r)
		var list []string
		report, err := Check(t.Context(), r.write(t), Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range report.Unusable() {
			if u.Why == "" {
				t.Errorf("%s: no reason", u.Set)
			}
			list = append(list, u.Set)
		}
		return strings.Join(list, ", ")
	}
	deleteAll := func(part string) func(r *testRoot) {
		return func(r *testRoot) {
			for path := range r.files {
				if strings.Contains(path, part) {
					r.files[path] = ""
				}
			}
		}
	}
	for want, change := range map[string]func(r *testRoot){
		"": func(r *testRoot) {},
		"MIMIC-CXR-JPG, Chest ImaGenome, Medical-Diff-VQA": deleteAll(".jpg"),
		"MIMIC-CXR reports": deleteAll(".txt"),
		"Chest ImaGenome":   deleteAll(sceneSuffix),
		"Medical-Diff-VQA":  func(r *testRoot) { r.questions = r.questions[:1] },
	} {
		if got := names(change); got != want {
			t.Errorf("unusable: %q, want %q", got, want)
		}
	}
}

func TestWriteRepairs(t *testing.T) {
	report := checked(t)
	var b strings.Builder
	if err := report.WriteRepairs(&b); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(b.String()) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		got = append(got, strings.Join(cells[1:], "|"))
		if len(cells) != 4 || !strings.Contains(cells[0], "/") {
			t.Errorf("line %q", line)
		}
	}
	want := "not an image|images.unreadable|" + dicom(2, 1) + "\n" +
		"no usable image of the reference|pairs.no_image|50000022_50000021_4\n" +
		"another number of cells than the header|pairs.bad_rows|mimic_pair_questions.csv:8"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}
