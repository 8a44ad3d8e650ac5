package synthetic_test

import (
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"harness/metrics"
	"harness/model/dataset"
	"harness/model/dataset/synthetic"
)

func isFilm(path string) bool { return strings.HasSuffix(path, ".jpg") }

func notFilm(path string) bool { return !isFilm(path) }

// What texts leave out changes texts alone: films, boxes of regions, labels and questions stay byte for byte.
func TestPlaceFilmsDoNotDependOnTexts(t *testing.T) {
	isTable := func(path string) bool { return strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, ".gz") }
	var films, tables, boxes, texts []string
	for _, set := range []func(*synthetic.Params){
		func(*synthetic.Params) {},
		func(p *synthetic.Params) { p.ReportDropout = .9 },
		func(p *synthetic.Params) { p.PhraseDropout = 1 },
		func(p *synthetic.Params) { p.ReportDropout, p.SameReport = .5, true },
	} {
		p := smallPlace()
		set(&p)
		root := write(t, p)
		films, tables, texts = append(films, hashTree(t, root, isFilm)), append(tables, hashTree(t, root, isTable)), append(texts, hashTree(t, root, notFilm))
		boxes = append(boxes, boxesBelow(t, root))
		if !synthetic.UpToDate(root, p) {
			t.Errorf("%+v: a set just written is not up to date", p)
		}
		if p != smallPlace() && synthetic.UpToDate(root, smallPlace()) {
			t.Errorf("%+v counts as the set of other texts", p)
		}
	}
	if len(slices.Compact(films)) != 1 || len(slices.Compact(tables)) != 1 || len(slices.Compact(boxes)) != 1 {
		t.Errorf("films %q, tables %q or boxes depend on the texts", films, tables)
	}
	if slices.Sort(texts); len(slices.Compact(texts)) != 4 {
		t.Errorf("other settings give the same texts: %q", texts)
	}
}

// boxesBelow are the objects of all scene graphs.
func boxesBelow(t *testing.T, root string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "chest-imagenome", "silver_dataset", "scene_graph", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d scene graphs, %v", len(paths), err)
	}
	var all strings.Builder
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var scene struct{ Objects json.RawMessage }
		if err := json.Unmarshal(data, &scene); err != nil || len(scene.Objects) == 0 {
			t.Fatalf("%s: no objects, %v", path, err)
		}
		all.Write(scene.Objects)
	}
	return all.String()
}

// A set of texts alone has the texts, tables and names of the whole set, and films that state the sizes of its.
func TestWriteTexts(t *testing.T) {
	for _, p := range []synthetic.Params{small(), smallPlace()} {
		whole, texts := write(t, p), filepath.Join(t.TempDir(), "set")
		if err := synthetic.WriteTexts(t.Context(), texts, p); err != nil {
			t.Fatal(err)
		}
		if hashTree(t, whole, notFilm) != hashTree(t, texts, notFilm) {
			t.Errorf("design %q: WriteTexts writes other texts than Write", p.Design)
		}
		sizes := func(root string) (list []string) {
			paths, err := filepath.Glob(filepath.Join(root, "mimic-cxr-jpg", "files", "*", "*", "*", "*.jpg"))
			if err != nil || len(paths) < p.Patients*p.Studies {
				t.Fatalf("design %q: %d films, %v", p.Design, len(paths), err)
			}
			for _, path := range paths {
				list = append(list, strings.TrimPrefix(path, root)+" "+sizeOf(t, path))
			}
			return list
		}
		if !slices.Equal(sizes(whole), sizes(texts)) {
			t.Errorf("design %q: WriteTexts writes films of other names or sizes", p.Design)
		}
	}
}

// sizeOf is the size that a JPEG states.
func sizeOf(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return fmt.Sprintf("%dx%d", c.Width, c.Height)
}

// The loader of the real data reads a set of the design place: a caption and six regions with phrases an image, pairs whose answers parse, questions,
// and no fault.
func TestLoaderReadsPlace(t *testing.T) {
	p := smallPlace()
	p.Patients = 30
	set, err := dataset.Open(t.Context(), write(t, p), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := p.Patients * p.Studies; !strings.HasPrefix(set.Synthetic, "SynCXR:") || len(set.Images) != n {
		t.Fatalf("%q, %d usable images: want a set marked as synthetic and %d", set.Synthetic, len(set.Images), n)
	}
	clear := 0
	for _, img := range set.Images {
		if !strings.HasPrefix(img.Caption, "This film ") || strings.Contains(img.Caption, "\n") {
			t.Errorf("image %s has the caption %q", img.ID, img.Caption)
		}
		if len(img.Regions) != 6 {
			t.Errorf("image %s has %d regions with phrases, want 6", img.ID, len(img.Regions))
		}
		for _, region := range img.Regions {
			if region.Phrase == "Clear." {
				clear++
			}
		}
	}
	// A phrase names a finding that is there, at .3, and not left out, at .9.
	if share := float64(clear) / float64(6*len(set.Images)); share < .63 || share > .83 {
		t.Errorf("%.2f of the phrases are \"Clear.\", want about .73", share)
	}
	if len(set.Pairs) == 0 {
		t.Error("no pairs")
	}
	for _, pair := range set.Pairs {
		if _, err := metrics.ParseAnswer(pair.Answer); err != nil {
			t.Errorf("%s: %v", pair.ID, err)
		}
	}
	kinds := map[string]int{}
	for _, q := range set.Questions {
		kinds[q.Type]++
	}
	for _, kind := range []string{"abnormality", "presence", "view", "location"} {
		if kinds[kind] == 0 {
			t.Errorf("no question of type %s", kind)
		}
	}
	if kinds["level"]+kinds["type"] > 0 {
		t.Errorf("questions of levels and types, which these findings do not have: %v", kinds)
	}
	f := set.Faults
	if f.Images.Missing.N+f.Images.Unreadable.N+f.Images.OtherAspect.N+f.Images.NotFrontal.N+f.Images.BadRows.N != 0 ||
		f.Reports.Empty.N+f.Reports.Missing.N+f.Reports.Unreadable.N != 0 || f.Regions.BadBox.N+f.Regions.NoBox.N+f.Regions.UnknownName.N != 0 ||
		f.Pairs.NoImage.N+f.Pairs.BadAnswer.N+f.Pairs.BadRows.N+f.Pairs.ReferenceLater.N != 0 ||
		f.Other.MissingScenes.N+f.Other.UnreadableScenes.N+f.Other.OffImageScenes.N+f.Other.BadQuestions.N+f.Other.UnknownFindings.N+f.Other.Resized.N != 0 {
		t.Errorf("faults that were not meant: %+v", f)
	}
}
