package dataset

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Faults of the open sets are counted and stop nothing.
func TestOpenLayoutFaults(t *testing.T) {
	clean := map[string]map[string]bool{}
	for _, c := range []struct {
		name    string
		set     func() *testRoot
		damage  func(r *testRoot)
		want    string // how the counts change
		notes   []string
		badRows []string
	}{
		{"an entry lacks its report", newIUXRay, func(r *testRoot) {
			r.files["iu_xray/annotation.json"] = strings.Replace(r.files["iu_xray/annotation.json"], `"report": "No pleural effusion.",`, "", 1)
		}, "images.bad_rows=1 images.usable=2 reports.usable=1 -subjects.test=1", nil, []string{"annotation.json:test[0]"}},
		{"an id twice", newIUXRay, func(r *testRoot) {
			r.files["iu_xray/annotation.json"] = strings.Replace(r.files["iu_xray/annotation.json"], `"id": "CXR3_IM-1384"`, `"id": "CXR1_IM-0001"`, 1)
		}, "images.bad_rows=1 images.usable=2 reports.usable=1 -subjects.test=1", nil, []string{"annotation.json:test[0]"}},
		{"a subject in two lists", newIUXRay, func(r *testRoot) {
			r.files["iu_xray/annotation.json"] = strings.Replace(r.files["iu_xray/annotation.json"], `"id": "CXR3_IM-1384"`, `"id": "CXR1_IM-1384"`, 1)
		}, ".leaking_subjects_official=1 other.rows_in_other_split=2 -subjects.train=1", nil, nil},
		{"images missing and damaged", newIUXRay, func(r *testRoot) {
			delete(r.files, "iu_xray/images/CXR1_IM-0001/0.png")
			r.files["iu_xray/images/CXR2_IM-0652/0.png"] = grayPNG(40, 30)[:60]
		}, "images.missing=1 images.unreadable=1 images.usable=1", nil, nil},
		{"a report that is no XML, one image twice", newOpenI, func(r *testRoot) {
			r.files["ecgen-radiology/36.xml"] = "x"
			r.files["ecgen-radiology/37.xml"] = openIReport("The heart is normal.", "", "CXR37_1_IM-0001-3001", "CXR38_1_IM-0001-3001", "../x")
			r.files["ecgen-radiology/38.xml"] = openIReport("", "", "CXR38_1_IM-0001-3001", "CXR38_1_IM-0001-4001")
		}, "images.bad_rows=3 images.usable=21 reports.empty=1 reports.usable=10 subjects.train=7",
			[]string{"3 images in NLMCXR_png are of no report that could be read"}, []string{"36.xml", "37.xml:../x", "38.xml:CXR38_1_IM-0001-3001"}},
		{"rows that say nothing", newNIH, func(r *testRoot) {
			r.files["CXR8/Data_Entry_2017.csv"] = strings.Replace(r.files["CXR8/Data_Entry_2017.csv"], "00000012_002.png,No Finding", "00000012_002.png,Scoliosis", 1) + "a,b\n"
		}, "images.bad_rows=2 images.usable=35 pairs.usable=23 other.unknown_findings=23",
			[]string{"Data_Entry_2017.csv: labels that are none of the 14 (Scoliosis): their rows are bad"}, []string{"Data_Entry_2017.csv:37", "Data_Entry_2017.csv:38"}},
		{"a label that a terminal would obey", newNIH, func(r *testRoot) {
			r.files["CXR8/Data_Entry_2017.csv"] = strings.Replace(r.files["CXR8/Data_Entry_2017.csv"], "00000012_002.png,No Finding", "00000012_002.png,\x1b[31m", 1)
		}, "images.bad_rows=1 images.usable=35 pairs.usable=23 other.unknown_findings=23",
			[]string{`Data_Entry_2017.csv: labels that are none of the 14 ("\x1b[31m"): their rows are bad`}, []string{"Data_Entry_2017.csv:37"}},
		{"an image is missing, one is damaged, one is of the side", newNIH, func(r *testRoot) {
			delete(r.files, "CXR8/images_002/images/00000012_002.png")
			r.files["CXR8/images_001/images/00000002_000.png"] = "x"
			r.files["CXR8/Data_Entry_2017.csv"] = strings.Replace(r.files["CXR8/Data_Entry_2017.csv"], "0,3,058Y,M,PA", "0,3,058Y,M,LL", 1)
		}, "images.missing=1 images.not_frontal=1 images.unreadable=1 images.usable=33 pairs.no_image=3 pairs.usable=21", nil, nil},
		{"a patient in both lists", newNIH, func(r *testRoot) {
			r.files["CXR8/test_list.txt"] = strings.Replace(r.files["CXR8/test_list.txt"], "00000012_000.png\n", "", 1)
			r.files["CXR8/train_val_list.txt"] += "00000012_000.png\n"
		}, "other.rows_in_other_split=1 pairs.usable=23 other.unknown_findings=23 .leaking_subjects_official=1", nil, nil},
		{"an image in no list", newNIH, func(r *testRoot) {
			r.files["CXR8/test_list.txt"] = strings.Replace(r.files["CXR8/test_list.txt"], "00000012_001.png\n", "nonsense\n", 1)
		}, "images.bad_rows=1 pairs.usable=22 other.unknown_findings=22",
			[]string{"1 images are neither in train_val_list.txt nor in test_list.txt: they are in no split"}, []string{"test_list.txt:2"}},
		{"boxes of every kind", newNIH, func(r *testRoot) {
			r.files["CXR8/BBox_List_2017.csv"] += "00000012_001.png,Infiltrate,1,1,100,100,,,\n" + // the second
				"00000012_001.png,Foo,1,1,100,100,,,\n" + "00000012_000.png,Mass,2000,1,100,100,,,\n" + "99999999_000.png,Mass,1,1,9,9,,,\n" + "a\n" +
				"00000003_000.png,Mass,1,1,500,500,,,\n"
			r.files["CXR8/images_001/images/00000003_000.png"] = grayPNG(64, 60)
		}, "images.bad_rows=2 regions.bad_box=2 regions.unknown_name=1",
			[]string{"1 boxes are of a finding that has a box in the same image already: only the first is used",
				"1 images with boxes are not square, as the published ones are: where their boxes lie is not known"},
			[]string{"BBox_List_2017.csv:7", "BBox_List_2017.csv:8"}},
		{"two images of one follow-up, no boxes", newNIH, func(r *testRoot) {
			r.files["CXR8/Data_Entry_2017.csv"] = strings.Replace(r.files["CXR8/Data_Entry_2017.csv"], "No Finding,2,12,", "No Finding,1,12,", 1)
			delete(r.files, "CXR8/BBox_List_2017.csv")
		}, "pairs.usable=23 other.unknown_findings=23 -regions.usable=2", []string{"no BBox_List_2017.csv: no regions"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := fmt.Sprintf("%p", c.set)
			if clean[key] == nil {
				clean[key] = map[string]bool{}
				for _, count := range countsOf(openSet(t, c.set().writeFiles(t)).Faults) {
					clean[key][count] = true
				}
			}
			r := c.set()
			c.damage(r)
			report, err := Check(t.Context(), r.writeFiles(t), Options{ListIDs: true}, nil)
			if err != nil {
				t.Fatal(err)
			}
			expectChanges(t, c.want, clean[key], countsOf(report.Faults))
			if c.badRows != nil {
				got := slices.Sorted(slices.Values(report.Images.BadRows.IDs))
				if diff := cmp.Diff(slices.Sorted(slices.Values(c.badRows)), got); diff != "" {
					t.Errorf("bad rows (-want +got):\n%s", diff)
				}
			}
			for _, note := range c.notes {
				if !slices.Contains(report.Notes, note) {
					t.Errorf("no note %q among %q", note, report.Notes)
				}
			}
		})
	}
}

// Each fault of an open set has its cause, the file and row where it lies and a line in the list of repairs.
func TestOpenLayoutPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		set    func() *testRoot
		damage func(r *testRoot)
		want   []string // lines of the list of repairs below the root, without the id
	}{
		"R2Gen": {newIUXRay, func(r *testRoot) {
			r.files["iu_xray/annotation.json"] = strings.NewReplacer(`"id": "CXR3_IM-1384"`, `"id": 3`,
				`"CXR1_IM-0001/1.png"`, `"x/0.png"`).Replace(r.files["iu_xray/annotation.json"])
			delete(r.files, "iu_xray/images/CXR2_IM-0652/0.png")
		}, []string{
			"iu_xray/images/CXR2_IM-0652/0.png|no such file|images.missing",
			"iu_xray/annotation.json:test[0]|a field that is not of its form|images.bad_rows",
			"iu_xray/annotation.json:train[0].image_path[1]|an id that was there before|images.bad_rows",
			"iu_xray/annotation.json:val[0]|fewer than 3 words are left|reports.empty",
		}},
		"OpenI": {newOpenI, func(r *testRoot) {
			r.files["ecgen-radiology/36.xml"] = "<html></html>"
			r.files["ecgen-radiology/37.xml"] = openIReport("", "", "../x", "CXR38_1_IM-0001-3001")
			r.files["NLMCXR_png/CXR39_1_IM-0001-3001.png"] = deepPNG(40, 30)
		}, []string{
			"NLMCXR_png/CXR39_1_IM-0001-3001.png|16 bits a pixel: convert it to 8|images.unreadable",
			"ecgen-radiology/36.xml|not a report of OpenI as XML (expected element type <eCitation> but have <html>)|images.bad_rows",
			"ecgen-radiology/37.xml|an image's id that is not the name of a file (../x)|images.bad_rows",
			"ecgen-radiology/38.xml|an image that was named before (CXR38_1_IM-0001-3001)|images.bad_rows",
			"ecgen-radiology/37.xml|fewer than 3 words are left|reports.empty",
		}},
		"NIH": {newNIH, func(r *testRoot) {
			r.files["CXR8/images_001/images/00000003_000.png"] = deepPNG(64, 64)
			r.files["CXR8/images_001/images/00000001_000.png"] = grayPNG(64, 60)
			r.files["CXR8/test_list.txt"] += "x\n"
			r.files["CXR8/BBox_List_2017.csv"] += "00000012_000.png,Mass,2000,1,100,100,,,\n" + "99999999_000.png,Mass,1,1,9,9,,,\n"
		}, []string{
			"CXR8/images_001/images/00000003_000.png|16 bits a pixel: convert it to 8|images.unreadable",
			"CXR8/test_list.txt:4|not the name of an image, such as 00000013_004.png|images.bad_rows",
			"CXR8/BBox_List_2017.csv:5|an image that the table of images does not list|images.bad_rows",
			"CXR8/BBox_List_2017.csv:2|a box of an image that is not square (CXR8/images_001/images/00000001_000.png has 64 by 60 pixels)|regions.bad_box",
			"CXR8/BBox_List_2017.csv:4|a box without area or outside the image (mass)|regions.bad_box",
			"CXR8/Data_Entry_2017.csv:9|no usable image of the reference|pairs.no_image",
		}},
	} {
		r := c.set()
		c.damage(r)
		root := r.writeFiles(t)
		report, err := Check(t.Context(), root, Options{ListIDs: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := report.WriteRepairs(&b); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(strings.ReplaceAll(b.String(), root+"/", "")) {
			got = append(got, strings.Join(strings.Split(line, "\t")[:3], "|"))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: repairs (-want +got):\n%s", name, diff)
		}
	}
}

// An open set need not have reports, regions or pairs; what it has and cannot be used is named.
func TestOpenLayoutUnusable(t *testing.T) {
	for _, c := range []struct {
		set    func() *testRoot
		damage func(r *testRoot)
		want   []string
	}{
		{newIUXRay, func(*testRoot) {}, nil},
		{newOpenI, func(*testRoot) {}, nil},
		{newNIH, func(*testRoot) {}, nil},
		{newIUXRay, func(r *testRoot) {
			r.files["iu_xray/annotation.json"] = regexp.MustCompile(`"report": "[^"]*"`).ReplaceAllString(r.files["iu_xray/annotation.json"], `"report": ""`)
		}, []string{"reports of IU X-Ray in R2Gen's layout"}},
		{newNIH, func(r *testRoot) {
			for path := range r.files {
				if strings.HasSuffix(path, ".png") {
					r.files[path] = ""
				}
			}
		}, []string{"NIH ChestX-ray14", "pairs of NIH ChestX-ray14"}},
	} {
		r := c.set()
		c.damage(r)
		report, err := Check(t.Context(), r.writeFiles(t), Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, u := range report.Unusable() {
			got = append(got, u.Set)
			if u.Why == "" {
				t.Errorf("%s: no reason", u.Set)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("unusable (-want +got):\n%s", diff)
		}
	}
}

// expectChanges compares counts with those of a clean root: want lists the ones that differ, with - those that are gone.
func expectChanges(t *testing.T, want string, clean map[string]bool, got []string) {
	t.Helper()
	var changed []string
	names := map[string]bool{}
	for _, count := range got {
		name, _, _ := strings.Cut(count, "=")
		names[name] = true
		if !clean[count] {
			changed = append(changed, count)
		}
	}
	for count := range clean {
		if name, _, _ := strings.Cut(count, "="); !names[name] {
			changed = append(changed, "-"+count)
		}
	}
	wanted := strings.Fields(want)
	slices.Sort(wanted)
	slices.Sort(changed)
	if diff := cmp.Diff(wanted, changed); diff != "" {
		t.Errorf("changed counts (-want +got):\n%s", diff)
	}
}

// What a layout lacks is named with the file beside which it was looked for; two layouts under one root are refused.
func TestOpenLayoutMissing(t *testing.T) {
	without := func(r *testRoot, prefixes ...string) *testRoot {
		for path := range r.files {
			if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(path, p) }) {
				delete(r.files, path)
			}
		}
		return r
	}
	both := newNIH()
	for path, text := range newIUXRay().files {
		both.files[path] = text
	}
	broken := newIUXRay()
	broken.files["iu_xray/annotation.json"] = `{"train": [}`
	header := newNIH()
	header.files["CXR8/Data_Entry_2017.csv"] = "Image,Label\n"
	for _, c := range []struct {
		set     *testRoot
		want    string
		missing bool
	}{
		{without(newIUXRay(), "iu_xray/images/"), "data set ROOT: no folder images beside ROOT/iu_xray/annotation.json: file does not exist", true},
		{without(newOpenI(), "NLMCXR_png/"), "data set ROOT: no folder NLMCXR_png with the images of the reports in ROOT/ecgen-radiology: file does not exist", true},
		{without(newOpenI(), "ecgen-radiology/"), "data set ROOT: no folder ecgen-radiology with the reports of the images in ROOT/NLMCXR_png: file does not exist", true},
		{without(newNIH(), "CXR8/test_list.txt"), "data set ROOT: no test_list.txt beside ROOT/CXR8/Data_Entry_2017.csv: file does not exist", true},
		{without(newNIH(), "CXR8/images_"), "data set ROOT: no folder images or images_001 beside ROOT/CXR8/Data_Entry_2017.csv: file does not exist", true},
		{both, "data set ROOT: both NIH ChestX-ray14 (ROOT/CXR8/Data_Entry_2017.csv) and IU X-Ray in R2Gen's layout (ROOT/iu_xray/annotation.json): name the folder of one", false},
		{broken, `data set ROOT: read ROOT/iu_xray/annotation.json: line 1, column 12: invalid character '}' looking for beginning of value: want {"train": [...], "val": [...], "test": [...]}`, false},
		{header, `data set ROOT: read ROOT/CXR8/Data_Entry_2017.csv: line 1: no column "Image Index"`, false},
	} {
		root := c.set.writeFiles(t)
		_, err := Open(t.Context(), root, Options{})
		if err == nil {
			t.Errorf("no error, want %s", c.want)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), root, "ROOT"); !strings.HasPrefix(got, c.want) || strings.Contains(got, "\n") {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if found := Find(root); c.missing && (found == nil || found.Error() != err.Error()) {
			t.Errorf("Find: %v, want %v", found, err)
		}
	}
}
