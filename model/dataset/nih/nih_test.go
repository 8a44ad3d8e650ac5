package nih

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
	"harness/model/dataset/csvfile"
)

// The headers as they are published: 2017 ends its lines in a comma.
const (
	header2017 = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n"
	header2020 = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]\n"
	boxHeader  = "Image Index,Finding Label,Bbox [x,y,w,h],,,\n"
)

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// lines are those of rejected rows.
func lines(bad []csvfile.Rejected) (at []int) {
	for _, row := range bad {
		at = append(at, row.Line)
	}
	return at
}

func TestEntries(t *testing.T) {
	rows := "00000001_000.png,Cardiomegaly,0,1,058Y,M,PA,2682,2749,0.143,0.143"
	want := []Entry{{2, "00000001_000.png", "1", 0, "PA", []string{"cardiomegaly"}}}
	for name, text := range map[string]string{"Data_Entry_2017.csv": header2017 + rows + ",\n", "Data_Entry_2017_v2020.csv": header2020 + rows + "\n"} {
		e, err := ReadEntries(write(t, name, text))
		if diff := cmp.Diff(want, e.Rows); err != nil || diff != "" || e.Bad != nil || len(e.Digest) != 32 {
			t.Errorf("%s: %v, bad %v, rows (-want +got):\n%s", name, err, e.Bad, diff)
		}
	}
	if id := want[0].ID(); id != "00000001_000" {
		t.Errorf("ID %s", id)
	}
}

func TestBadEntries(t *testing.T) {
	text := header2020
	for _, row := range []string{
		"00000002_000.png,No Finding,0,2,58,M,PA,1,1,1,1", // line 2: none
		"00000002_001.png,Foo|Mass,1,2,58,M,PA,1,1,1,1",   // no label
		"00000002_002.png,,1,2,58,M,PA,1,1,1,1",           // says nothing
		"00000002_003.png,No Finding|Mass,1,2,58,M,PA,1,1,1,1",
		"00000002_004.png,Mass,x,2,58,M,PA,1,1,1,1",  // no follow-up
		"00000002_005.png,Mass,1,-2,58,M,PA,1,1,1,1", // no patient
		"../passwd.png,Mass,1,2,58,M,PA,1,1,1,1",
		"00000002_006.jpg,Mass,1,2,58,M,PA,1,1,1,1",
		"00000002_007.png,Mass,1,2", // line 10: too few cells
		"00000002_000.png,Mass,0,2,58,M,PA,1,1,1,1",
		"00000002_008.png,Effusion|Effusion|Pleural_Thickening,8.0,0002,58,M,AP,1,1,1,1",
	} {
		text += row + "\n"
	}
	e, err := ReadEntries(write(t, "d.csv", text))
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{2, "00000002_000.png", "2", 0, "PA", nil},
		{12, "00000002_008.png", "2", 8, "AP", []string{"pleural effusion", "pleural thickening"}},
	}
	if diff := cmp.Diff(want, e.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	bad := []csvfile.Rejected{
		{Line: 3, Cause: "a label that is none of the 14"}, {Line: 4, Cause: "labels that say nothing, or that there is a finding and none"},
		{Line: 5, Cause: "labels that say nothing, or that there is a finding and none"}, {Line: 6, Cause: "Follow-up # is not a number"},
		{Line: 7, Cause: "Patient ID is not a number"}, {Line: 8, Cause: badImage}, {Line: 9, Cause: badImage},
		{Line: 10, Cause: "another number of cells than the header"},
	}
	if diff := cmp.Diff(bad, e.Bad); diff != "" || !slices.Equal(e.Unknown, []string{"Foo"}) {
		t.Errorf("unknown %v, bad (-want +got):\n%s", e.Unknown, diff)
	}
	if _, err := ReadEntries(write(t, "d.csv", "Image,Label\n")); err == nil || !strings.Contains(err.Error(), `d.csv: line 1: no column "Image Index"`) {
		t.Errorf("another header: %v", err)
	}
}

func TestBoxes(t *testing.T) {
	b, err := ReadBoxes(write(t, "b.csv", boxHeader+
		"00013118_008.png,Atelectasis,225.5,547,86.5,79,,,\n"+
		"00014716_007.png,Infiltrate,686,131,185,313\n"+
		"00014716_007.png,Mass,686,x,185,313,,,\n"+
		"00014716_007.png,Mass,NaN,1,185,313,,,\n"+
		"00014716_007.png,Mass,1,2,3,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Box{
		{2, "00013118_008.png", "Atelectasis", metrics.Box{225.5, 547, 312, 626}},
		{3, "00014716_007.png", "Infiltrate", metrics.Box{686, 131, 871, 444}},
	}
	if diff := cmp.Diff(want, b.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 5, 6}, lines(b.Bad)); diff != "" {
		t.Errorf("bad (-want +got):\n%s", diff)
	}
	if _, err := ReadBoxes(write(t, "b.csv", "Image Index,Finding Label,x,y,w,h\n")); err == nil || !strings.Contains(err.Error(), `no column "Bbox [x"`) {
		t.Errorf("another header: %v", err)
	}
}

func TestList(t *testing.T) {
	l, err := ReadList(write(t, "l.txt", "\ufeff00000001_000.png\r\n\r\n../x.png\n00000001_001.png"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(l.Images, []string{"00000001_000.png", "00000001_001.png"}) || !slices.Equal(lines(l.Bad), []int{3}) {
		t.Errorf("%+v", l)
	}
	if _, err := ReadList(write(t, "l.txt", "\n")); err == nil || !strings.Contains(err.Error(), "l.txt: it names no image") {
		t.Errorf("empty: %v", err)
	}
	if _, err := ReadList(write(t, "l.txt", strings.Repeat("x", 1<<20))); err == nil {
		t.Error("a line without end: no error")
	}
}

// Every label has a name, ten of them an official one.
func TestFinding(t *testing.T) {
	var unknown []string
	for label := range findingOf {
		name, _ := Finding(label)
		if !metrics.KnownFinding(name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	if want := []string{"fibrosis", "infiltration", "infiltration", "mass", "nodule"}; !slices.Equal(unknown, want) || len(findingOf) != 15 {
		t.Errorf("outside the 30 of %d: %v, want %v", len(findingOf), unknown, want)
	}
	if got := Phrase("pleural effusion"); got != "Pleural effusion." {
		t.Errorf("phrase %q", got)
	}
}

// The grammar takes every answer, and gives back what has changed.
func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		reference, main []string
		want            string
	}{
		{nil, nil, "nothing has changed."},
		{[]string{"mass", "edema"}, []string{"edema", "mass"}, "nothing has changed."},
		{nil, []string{"edema"}, "the main image has an additional finding of edema than the reference image."},
		{[]string{"mass", "edema"}, []string{"edema"}, "the main image is missing the finding of mass than the reference image."},
		{[]string{"hernia"}, []string{"pleural effusion", "mass", "nodule"},
			"the main image has additional findings of pleural effusion, mass, and nodule than the reference image. " +
				"the main image is missing the finding of hernia than the reference image."},
	} {
		got := Answer(c.reference, c.main)
		if got != c.want {
			t.Errorf("%v -> %v: %q, want %q", c.reference, c.main, got, c.want)
		}
		parsed, err := metrics.ParseAnswer(got)
		if err != nil || len(parsed.Added) != len(without(c.main, c.reference)) || len(parsed.Missing) != len(without(c.reference, c.main)) {
			t.Errorf("%q: %v, %+v", got, err, parsed)
		}
	}
}

// FuzzEntries reads any table: rows have known findings and harmless names, each image once; every other line is bad.
func FuzzEntries(f *testing.F) {
	f.Add("00000001_000.png,Cardiomegaly|Effusion,0,1,058Y,M,PA,2682,2749,0.143,0.143,\n")
	f.Add("a.png,No Finding,1.0,000000001,,,AP,,,,\nb.png,|,1,1,,,,,,,\n")
	path := filepath.Join(f.TempDir(), "d.csv")
	f.Fuzz(func(t *testing.T, rows string) {
		if err := os.WriteFile(path, []byte(header2017+rows), 0o666); err != nil {
			t.Fatal(err)
		}
		e, err := ReadEntries(path)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, row := range e.Rows {
			if seen[row.Image] || !isImage(row.Image) || strings.ContainsAny(row.Image, "/\\") || row.Patient == "" || row.FollowUp < 0 {
				t.Fatalf("row %+v", row)
			}
			seen[row.Image] = true
			if answer, err := metrics.ParseAnswer(Answer(nil, row.Findings)); err != nil || len(answer.Added) != len(row.Findings) {
				t.Fatalf("row %+v: %v", row, err)
			}
		}
	})
}

// FuzzBoxes reads any table of boxes: the coordinates are numbers.
func FuzzBoxes(f *testing.F) {
	f.Add("00013118_008.png,Atelectasis,225.0,547.0,86.7,79.1,,,\n")
	f.Add("a.png,Mass,1e308,1,1e308,Inf\n")
	path := filepath.Join(f.TempDir(), "b.csv")
	f.Fuzz(func(t *testing.T, rows string) {
		if err := os.WriteFile(path, []byte(boxHeader+rows), 0o666); err != nil {
			t.Fatal(err)
		}
		b, err := ReadBoxes(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range b.Rows {
			for _, v := range row.Box {
				if v != v {
					t.Fatalf("row %+v", row)
				}
			}
		}
	})
}

// FuzzList reads any list: each name is harmless.
func FuzzList(f *testing.F) {
	f.Add("00000001_000.png\n../x\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseList(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, image := range l.Images {
			if !isImage(image) || strings.ContainsAny(image, "/\\ \n") {
				t.Fatalf("%q", image)
			}
		}
	})
}
