package dataset

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/metrics"
	"harness/model/dataset/nih"
)

func newIUXRay() *testRoot {
	r := &testRoot{files: map[string]string{"iu_xray/annotation.json": `{
"train": [{"id": "CXR1_IM-0001", "report": "The XXXX is normal. Unchanged from the prior. The lungs are  clear.",
  "image_path": ["CXR1_IM-0001/0.png", "CXR1_IM-0001/1.png"], "split": "train"}],
"val": [{"id": "CXR2_IM-0652", "report": "Clear.", "image_path": ["CXR2_IM-0652/0.png", "CXR2_IM-0652/1.png"], "split": "val"}],
"test": [{"id": "CXR3_IM-1384", "report": "No pleural effusion.", "image_path": ["CXR3_IM-1384/0.png"], "split": "test"}]}`}}
	for _, name := range []string{"CXR1_IM-0001/0", "CXR1_IM-0001/1", "CXR2_IM-0652/0", "CXR2_IM-0652/1", "CXR3_IM-1384/0"} {
		r.files["iu_xray/images/"+name+".png"] = grayPNG(40, 30)
	}
	return r
}

// openIReport is a report of OpenI with the given images.
func openIReport(findings, impression string, images ...string) string {
	text := `<?xml version="1.0" encoding="utf-8"?><eCitation><MedlineCitation><Article><Abstract>` +
		`<AbstractText Label="FINDINGS">` + findings + `</AbstractText><AbstractText Label="IMPRESSION">` + impression + `</AbstractText>` +
		`</Abstract></Article></MedlineCitation>`
	for _, id := range images {
		text += `<parentImage id="` + id + `"/>`
	}
	return text + `</eCitation>`
}

// newOpenI is a root of 12 reports, 36.xml to 47.xml, with two images each.
func newOpenI() *testRoot {
	r := &testRoot{files: map[string]string{}}
	for n := 36; n < 48; n++ {
		front, side := fmt.Sprintf("CXR%d_1_IM-0001-3001", n), fmt.Sprintf("CXR%d_1_IM-0001-4001", n)
		r.files[fmt.Sprintf("ecgen-radiology/%d.xml", n)] = openIReport("The heart is normal.", "No acute XXXX.", front, side)
		r.files["NLMCXR_png/"+front+".png"], r.files["NLMCXR_png/"+side+".png"] = grayPNG(40, 30), grayPNG(40, 30)
	}
	return r
}

const nihHeader = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n"

// newNIH is a root of 12 patients with three images each; patient 12 is tested on. Images lie in two folders.
func newNIH() *testRoot {
	r := &testRoot{files: map[string]string{"CXR8/BBox_List_2017.csv": "Image Index,Finding Label,Bbox [x,y,w,h],,,\n" +
		"00000001_000.png,Effusion,256,512,128,64,,,\n00000012_001.png,Infiltrate,0,0,1024,512,,,\n"}}
	table, train, test := nihHeader, "", ""
	for n := 1; n <= 12; n++ {
		for k, labels := range []string{"Effusion|Mass", "Effusion|Infiltration", "No Finding"} {
			name := fmt.Sprintf("%08d_%03d.png", n, k)
			table += fmt.Sprintf("%s,%s,%d,%d,058Y,M,PA,2682,2749,0.143,0.143,\n", name, labels, k, n)
			if n == 12 {
				test += name + "\n"
			} else {
				train += name + "\n"
			}
			r.files[fmt.Sprintf("CXR8/images_%03d/images/%s", 1+n/7, name)] = grayPNG(64, 64)
		}
	}
	r.files["CXR8/Data_Entry_2017.csv"], r.files["CXR8/train_val_list.txt"], r.files["CXR8/test_list.txt"] = table, train, test
	return r
}

// ignored are the fields of an image that do not come from the layout.
var ignored = []cmp.Option{cmpopts.IgnoreUnexported(Image{}), cmpopts.IgnoreFields(Image{}, "Path")}

func TestIUXRay(t *testing.T) {
	s := openSet(t, newIUXRay().writeFiles(t))
	want := []string{"images.not_frontal=2", "images.usable=3", "reports.empty=1", "reports.usable=2",
		"subjects.test=1", "subjects.train=1", "subjects.val=1"}
	if diff := cmp.Diff(want, countsOf(s.Faults)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	images := []Image{
		{ID: "CXR1_IM-0001_0", Subject: "CXR1", Study: "CXR1_IM-0001", Width: 40, Height: 30, View: "frontal", Split: Train, RegionSplit: Train,
			Caption: "The XXXX is normal. The lungs are clear."},
		{ID: "CXR2_IM-0652_0", Subject: "CXR2", Study: "CXR2_IM-0652", Width: 40, Height: 30, View: "frontal", Split: Val, RegionSplit: Val},
		{ID: "CXR3_IM-1384_0", Subject: "CXR3", Study: "CXR3_IM-1384", Width: 40, Height: 30, View: "frontal", Split: Test, RegionSplit: Test,
			Caption: "No pleural effusion."},
	}
	if diff := cmp.Diff(images, s.Images, ignored...); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if findings, err := s.Findings(); err != nil || findings != nil || s.Pairs != nil {
		t.Errorf("findings %v, %v; pairs %v", findings, err, s.Pairs)
	}
	if len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "the first image of each report is taken as the frontal one") {
		t.Errorf("notes %q", s.Notes)
	}
}

func TestOpenI(t *testing.T) {
	r := newOpenI()
	r.files["ecgen-radiology/50.xml"] = openIReport("Of no image.", "")
	s := openSet(t, r.writeFiles(t))
	splits := map[Split]int{}
	for i, m := range s.Images {
		splits[m.Split]++
		want := Image{ID: fmt.Sprintf("CXR%d_1_IM-0001-%d001", 36+i/2, 3+i%2), Subject: fmt.Sprintf("CXR%d", 36+i/2), Study: fmt.Sprintf("CXR%d", 36+i/2),
			Width: 40, Height: 30, View: "unknown", Split: m.Split, RegionSplit: m.Split, Caption: "The heart is normal. No acute XXXX."}
		if diff := cmp.Diff(want, m, ignored...); diff != "" || s.Images[i/2*2].Split != m.Split {
			t.Errorf("image (-want +got):\n%s", diff)
		}
	}
	if len(s.Images) != 24 || splits[Train] == 0 || splits[Val] == 0 || splits[Test] == 0 || splits[None] != 0 {
		t.Errorf("%d images, splits %v", len(s.Images), splits)
	}
	if len(s.Notes) != 2 || !strings.Contains(s.Notes[0], "which images are frontal") || s.Notes[1] != "1 reports name no image" {
		t.Errorf("notes %q", s.Notes)
	}
	if _, err := Open(t.Context(), s.Root, Options{Splits: Official}); err == nil || !strings.Contains(err.Error(), "OpenI publishes none") {
		t.Errorf("official splits: %v", err)
	}
}

func TestNIH(t *testing.T) {
	s := openSet(t, newNIH().writeFiles(t))
	val := 0
	for n := 1; n < 12; n++ {
		if nihSplit(fmt.Sprint(n)) == Val {
			val++
		}
	}
	if val == 0 {
		t.Fatal("no patient falls into val: the test shows nothing")
	}
	want := []string{"images.usable=36", "other.unknown_findings=24", "pairs.usable=24", "regions.usable=2", "subjects.test=1",
		fmt.Sprintf("subjects.train=%d", 11-val), fmt.Sprintf("subjects.val=%d", val)}
	if diff := cmp.Diff(want, countsOf(s.Faults)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	image := Image{ID: "00000001_000", Subject: "1", Study: "00000001_000", Width: 64, Height: 64, View: "PA", Split: nihSplit("1"), RegionSplit: nihSplit("1"),
		Regions: []Region{{"pleural effusion", metrics.Box{16, 32, 24, 36}, "Pleural effusion."}}}
	if diff := cmp.Diff(image, s.Images[0], ignored...); diff != "" {
		t.Errorf("image (-want +got):\n%s", diff)
	}
	if got := s.Images[34].Regions; !slices.Equal(got, []Region{{"infiltration", metrics.Box{0, 0, 64, 32}, "Infiltration."}}) {
		t.Errorf("regions of a box on the edge: %v", got)
	}
	pairs := []Pair{
		{ID: "00000012_001_00000012_000_36", Ref: 33, Main: 34, Type: "difference", Question: nih.Question, Split: Test,
			Answer: "the main image has an additional finding of infiltration than the reference image. the main image is missing the finding of mass than the reference image."},
		{ID: "00000012_002_00000012_001_37", Ref: 34, Main: 35, Type: "difference", Question: nih.Question, Split: Test,
			Answer: "the main image is missing the findings of pleural effusion, and infiltration than the reference image."},
	}
	if diff := cmp.Diff(pairs, s.Pairs[22:]); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	for _, p := range s.Pairs {
		if s.Images[p.Main].Split != p.Split || s.Images[p.Ref].Split != p.Split {
			t.Errorf("pair %s of %v: images of %v and %v", p.ID, p.Split, s.Images[p.Ref].Split, s.Images[p.Main].Split)
		}
	}
	findings, err := s.Findings()
	if err != nil || len(findings) != 36 || !slices.Equal(findings["00000001_001"], []string{"infiltration", "pleural effusion"}) || findings["00000001_002"] != nil {
		t.Errorf("%d findings, %v", len(findings), err)
	}
}

// Of the two tables of ChestX-ray14 the revision counts.
func TestNIHRevision(t *testing.T) {
	r := newNIH()
	r.files["CXR8/Data_Entry_2017_v2020.csv"] = strings.Replace(nihHeader, ",\n", "\n", 1) + "00000012_000.png,Hernia,0,12,58,M,PA,2682,2749,0.143,0.143\n"
	s := openSet(t, r.writeFiles(t))
	if findings, err := s.Findings(); err != nil || len(s.Images) != 1 || !slices.Equal(findings["00000012_000"], []string{"hernia"}) {
		t.Errorf("%d images, findings %v, %v", len(s.Images), findings, err)
	}
}

// The four sets win over an open one that lies beside them: R2Gen has an annotation.json of MIMIC-CXR, too.
func TestFourSetsFirst(t *testing.T) {
	r := newTestRoot()
	r.files["r2gen/annotation.json"], r.files["r2gen/images/x"] = "{}", ""
	s := openSet(t, r.write(t))
	if diff := cmp.Diff(cleanCounts, countsOf(s.Faults)); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// The digest covers what was read, also files that are not there yet.
func TestOpenLayoutDigest(t *testing.T) {
	for _, c := range []struct {
		set     func() *testRoot
		changes [][2]string
	}{
		{newIUXRay, [][2]string{
			{"iu_xray/annotation.json", strings.Replace(newIUXRay().files["iu_xray/annotation.json"], "pleural", "large", 1)},
			{"iu_xray/images/CXR2_IM-0652/0.png", grayPNG(40, 31)}}},
		{newOpenI, [][2]string{
			{"ecgen-radiology/37.xml", openIReport("x", "y")}, {"ecgen-radiology/50.xml", openIReport("x", "y")},
			{"NLMCXR_png/CXR36_1_IM-0001-3001.png", grayPNG(40, 31)}}},
		{newNIH, [][2]string{
			{"CXR8/Data_Entry_2017.csv", nihHeader + "00000001_000.png,Mass,0,1,058Y,M,PA,2682,2749,0.143,0.143,\n00000001_009.png,Mass,9,1,058Y,M,PA,2682,2749,0.143,0.143,\n"},
			{"CXR8/images_002/images/00000001_009.png", grayPNG(64, 64)},
			{"CXR8/BBox_List_2017.csv", "Image Index,Finding Label,Bbox [x,y,w,h],,,\n"},
			{"CXR8/test_list.txt", "00000001_000.png\n"}, {"CXR8/train_val_list.txt", "00000001_009.png\n"}}},
	} {
		root, cache := c.set().writeFiles(t), t.TempDir()
		known := map[string]bool{}
		look := func(what string) {
			t.Helper()
			older(t, root)
			for again := range 2 {
				read := false
				sum, err := Digest(t.Context(), root, cache, func(int, int) { read = true })
				if err != nil {
					t.Fatal(err)
				}
				if hash := openSet(t, root).Hash(); hash != sum {
					t.Errorf("%s: digest %s, hash %s", what, sum, hash)
				}
				if known[sum] != (again == 1) || read != (again == 0) {
					t.Errorf("%s, call %d: known digest %v, read %v", what, again+1, known[sum], read)
				}
				known[sum] = true
			}
		}
		look("as written")
		for _, change := range c.changes {
			write(t, makeFolder(t, filepath.Join(root, change[0])), change[1])
			look(change[0])
		}
	}
}

// The rule that splits subjects never changes: trials of another day would be compared with other test subjects.
func TestTenth(t *testing.T) {
	var got []int
	for _, subject := range []string{"1", "2", "3", "13", "30805"} {
		got = append(got, tenth("nih-chestxray14", subject))
	}
	if diff := cmp.Diff([]int{3, 0, 2, 6, 0}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var counts [10]float64
	for i := range 30805 {
		counts[tenth("nih-chestxray14", fmt.Sprint(i+1))]++
	}
	for part, n := range counts {
		if math.Abs(n-3080.5) > 5*math.Sqrt(3080.5) {
			t.Errorf("part %d holds %v of 30805 subjects", part, n)
		}
	}
}
