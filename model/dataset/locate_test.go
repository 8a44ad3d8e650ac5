package dataset

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"maps"
	"os"
	"strings"
	"testing"
)

// TestOpenLayouts reads the same data in the layouts in which people have them.
func TestOpenLayouts(t *testing.T) {
	move := func(r *testRoot, from, to string) {
		for path, text := range maps.Clone(r.files) {
			if rest, ok := strings.CutPrefix(path, from); ok {
				delete(r.files, path)
				r.files[to+rest] = text
			}
		}
	}
	var wantHash string
	for _, c := range []struct {
		name   string
		change func(r *testRoot)
	}{
		{"plain", func(r *testRoot) {}},
		{"versions, as PhysioNet's wget leaves them", func(r *testRoot) {
			move(r, "mimic-cxr-jpg/", "physionet.org/files/mimic-cxr-jpg/2.0.0/")
			move(r, "mimic-cxr/", "physionet.org/files/mimic-cxr/2.0.0/")
			move(r, "chest-imagenome/", "physionet.org/files/chest-imagenome/1.0.0/")
			move(r, "medical-diff-vqa/", "physionet.org/files/medical-diff-vqa/1.0.1/")
		}},
		{"compressed tables", func(r *testRoot) {
			for path, text := range maps.Clone(r.files) {
				if strings.HasSuffix(path, ".csv") {
					delete(r.files, path)
					r.files[path+".gz"] = gzipped(text)
				}
			}
		}},
		{"zips", func(r *testRoot) {
			scenes, reports := map[string]string{}, map[string]string{}
			for path, text := range r.files {
				if rest, ok := strings.CutPrefix(path, "chest-imagenome/silver_dataset/scene_graph/"); ok {
					scenes["scene_graph/"+rest] = text
					scenes["__MACOSX/scene_graph/._"+rest] = "x"
					delete(r.files, path)
				}
				if rest, ok := strings.CutPrefix(path, "mimic-cxr/"); ok {
					reports[rest] = text
					delete(r.files, path)
				}
			}
			r.files["chest-imagenome/silver_dataset/scene_graph.zip"] = zipped(t, scenes)
			r.files["mimic-cxr/"+reportsZip] = zipped(t, reports)
		}},
		{"scene_graph in scene_graph", func(r *testRoot) {
			move(r, "chest-imagenome/silver_dataset/scene_graph/", "chest-imagenome/silver_dataset/scene_graph/scene_graph/")
		}},
		{"reports beside the images", func(r *testRoot) { move(r, "mimic-cxr/", "mimic-cxr-jpg/") }},
		{"everything in one folder", func(r *testRoot) {
			move(r, "mimic-cxr-jpg/", "")
			move(r, "mimic-cxr/", "")
			move(r, "medical-diff-vqa/", "")
			move(r, "chest-imagenome/", "")
		}},
		{"byte order mark and CRLF", func(r *testRoot) {
			for path, text := range r.files {
				if strings.HasSuffix(path, ".csv") {
					r.files[path] = "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n")
				}
			}
		}},
	} {
		r := newTestRoot()
		r.addTables()
		c.change(r)
		s, err := Open(t.Context(), r.writeFiles(t), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := changes(s.Faults); got != "" {
			t.Errorf("%s: counts changed: %s", c.name, got)
		}
		if wantHash == "" {
			wantHash = s.Hash()
		} else if s.Hash() != wantHash && c.name != "byte order mark and CRLF" {
			t.Errorf("%s: the data hash changed", c.name)
		}
	}
}

// TestOpenRefuses lists what ends reading, with the line that tells the user.
func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
		want   []string
	}{
		{"no folder", func(t *testing.T, dir string) { remove(t, dir) }, []string{"no such folder"}},
		{"a file", func(t *testing.T, dir string) { remove(t, dir); write(t, dir, "x") }, []string{"not a folder"}},
		{"no images", func(t *testing.T, dir string) { remove(t, dir+"/mimic-cxr-jpg") }, []string{"no MIMIC-CXR-JPG", "metadata.csv"}},
		{"no reports", func(t *testing.T, dir string) { remove(t, dir+"/mimic-cxr") }, []string{"no MIMIC-CXR reports", "mimic-cxr/files"}},
		{"no regions", func(t *testing.T, dir string) { remove(t, dir+"/chest-imagenome") }, []string{"no Chest ImaGenome", "silver_dataset"}},
		{"no questions", func(t *testing.T, dir string) { remove(t, dir+"/medical-diff-vqa") },
			[]string{"no Medical-Diff-VQA", "mimic_pair_questions.csv"}},
		{"no split of ImaGenome", func(t *testing.T, dir string) { remove(t, dir+"/chest-imagenome/silver_dataset/splits/valid.csv") },
			[]string{"valid.csv", "no such file"}},
		{"no column", func(t *testing.T, dir string) {
			write(t, dir+"/medical-diff-vqa/mimic_pair_questions.csv", "study_id,answer\n1,2\n")
		},
			[]string{"mimic_pair_questions.csv", "line 1", `no column "subject_id"`}},
		{"empty CSV file", func(t *testing.T, dir string) { write(t, dir+"/mimic-cxr-jpg/mimic-cxr-2.0.0-metadata.csv", "") },
			[]string{"metadata.csv", "empty"}},
		{"truncated gzip", func(t *testing.T, dir string) {
			path := dir + "/medical-diff-vqa/mimic_all.csv"
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			remove(t, path)
			zip := gzipped(string(text))
			write(t, path+".gz", zip[:len(zip)-9])
		}, []string{"mimic_all.csv.gz", "unexpected EOF"}},
		{"no zip", func(t *testing.T, dir string) {
			remove(t, dir+"/chest-imagenome/silver_dataset/scene_graph")
			write(t, dir+"/chest-imagenome/silver_dataset/scene_graph.zip", "x")
		}, []string{"scene_graph.zip", "not a valid zip"}},
	} {
		dir := newTestRoot().write(t)
		c.change(t, dir)
		_, err := Open(t.Context(), dir, Options{})
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range append(c.want, dir) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q lacks %q", c.name, err, want)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error has several lines: %q", c.name, err)
		}
	}
	if _, err := Open(t.Context(), newTestRoot().write(t), Options{Splits: "none"}); err == nil || !strings.Contains(err.Error(), `splits "none"`) {
		t.Errorf("unknown splits: %v", err)
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

func zipped(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
