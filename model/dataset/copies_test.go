package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func grayPNG(w, h int) string {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	return encodePNG(img)
}

// deepPNG has 16 bits a pixel.
func deepPNG(w, h int) string { return encodePNG(image.NewGray16(image.Rect(0, 0, w, h))) }

func encodePNG(img image.Image) string {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.String()
}

// move renames files of the root by what change makes of their paths.
func move(r *testRoot, change func(path string) string) {
	for path, text := range maps.Clone(r.files) {
		if to := change(path); to != path {
			delete(r.files, path)
			r.files[to] = text
		}
	}
}

// images applies a change to the paths of images alone, the part behind mimic-cxr-jpg/files/.
func images(change func(rest string) string) func(path string) string {
	return func(path string) string {
		rest, ok := strings.CutPrefix(path, "mimic-cxr-jpg/files/")
		if !ok || !strings.HasSuffix(path, ".jpg") {
			return path
		}
		return change(rest)
	}
}

func replaced(old, new string) func(path string) string {
	return func(path string) string { return strings.Replace(path, old, new, 1) }
}

// TestCopies reads the same data in the layouts of people's copies: nothing is lost, and the data hash is that of the contents.
func TestCopies(t *testing.T) {
	plain := openSet(t, newTestRoot().write(t))
	for _, c := range []struct {
		name   string
		change func(r *testRoot)
		other  bool // tables or images have other contents, and so another hash
	}{
		{"images without files/", func(r *testRoot) {
			move(r, images(func(rest string) string { return "mimic-cxr-jpg/" + rest }))
		}, false},
		{"images in a folder of their own", func(r *testRoot) {
			move(r, images(func(rest string) string { return "mimic-cxr-images-512/files/" + rest }))
		}, false},
		{"images by subject", func(r *testRoot) {
			move(r, images(func(rest string) string { return "mimic-cxr-jpg/files/" + rest[4:] }))
		}, false},
		{"images by study", func(r *testRoot) {
			move(r, images(func(rest string) string { return "images/" + rest[strings.Index(rest, "/s5")+1:] }))
		}, false},
		{"images in one folder", func(r *testRoot) {
			move(r, images(func(rest string) string { return "images/" + filepath.Base(rest) }))
		}, false},
		{"images in one folder, in capitals", func(r *testRoot) {
			move(r, images(func(rest string) string { return "mimic-cxr-jpg/" + strings.ToUpper(filepath.Base(rest)) }))
		}, false},
		{"half of the images elsewhere", func(r *testRoot) {
			move(r, images(func(rest string) string {
				if strings.Contains(rest, dicom(2, 1)) {
					return "other/files/" + rest
				}
				return "mimic-cxr-jpg/files/" + rest
			}))
		}, false},
		{"jpeg", func(r *testRoot) { move(r, replaced(".jpg", ".jpeg")) }, false},
		{"JPG", func(r *testRoot) { move(r, replaced(".jpg", ".JPG")) }, false},
		{"PNG", func(r *testRoot) {
			move(r, replaced(".jpg", ".png"))
			for path := range r.files {
				if strings.HasSuffix(path, ".png") {
					r.files[path] = grayPNG(40, 30)
				}
			}
		}, true},
		{"half-size PNG", func(r *testRoot) {
			move(r, replaced(".jpg", ".png"))
			for path := range r.files {
				if strings.HasSuffix(path, ".png") {
					r.files[path] = grayPNG(20, 15)
				}
			}
		}, true},
		{"file names in capitals", func(r *testRoot) {
			move(r, images(func(rest string) string {
				return "mimic-cxr-jpg/files/" + filepath.Dir(rest) + "/" + strings.ToUpper(filepath.Base(rest))
			}))
			move(r, func(path string) string {
				if !strings.HasSuffix(path, sceneSuffix) {
					return path
				}
				return filepath.Dir(path) + "/" + strings.ToUpper(strings.TrimSuffix(filepath.Base(path), sceneSuffix)) + sceneSuffix
			})
		}, false},
		{"ids in capitals", func(r *testRoot) {
			for _, name := range []string{"mimic-cxr-jpg/mimic-cxr-2.0.0-metadata.csv", "medical-diff-vqa/mimic_all.csv"} {
				head, rows, _ := strings.Cut(r.files[name], "\n")
				r.files[name] = head + "\n" + strings.ToUpper(rows)
			}
		}, true},
		{"ids with prefixes", func(r *testRoot) {
			for path := range r.files {
				if strings.HasSuffix(path, ".csv") {
					r.files[path] = strings.NewReplacer(",1000000", ",p1000000", ",500000", ",s500000", "\n500000", "\ns500000").Replace(r.files[path])
				}
			}
		}, true},
		{"reports without files/", func(r *testRoot) { move(r, replaced("mimic-cxr/files/", "mimic-cxr/reports/")) }, false},
		{"reports at the top of their folder", func(r *testRoot) { move(r, replaced("mimic-cxr/files/", "mimic-cxr/")) }, false},
		{"reports in one folder", func(r *testRoot) {
			move(r, func(path string) string {
				if strings.HasSuffix(path, ".txt") {
					return "mimic-cxr-reports/" + filepath.Base(path)
				}
				return path
			})
		}, false},
		{"an archive of reports with a folder around it", func(r *testRoot) {
			texts := map[string]string{}
			for path, text := range maps.Clone(r.files) {
				if strings.HasSuffix(path, ".txt") {
					texts[strings.Replace(path, "mimic-cxr/", "mimic-cxr-reports/", 1)] = text
					delete(r.files, path)
				}
			}
			r.files["mimic-cxr/"+reportsZip] = zipped(t, texts)
		}, false},
		{"an archive of scene graphs beside an empty folder", func(r *testRoot) {
			scenes := map[string]string{}
			for path, text := range maps.Clone(r.files) {
				if name, ok := strings.CutPrefix(path, "chest-imagenome/silver_dataset/"); ok && strings.HasSuffix(path, sceneSuffix) {
					scenes[name] = text
					delete(r.files, path)
				}
			}
			r.files["chest-imagenome/silver_dataset/scene_graph/.DS_Store"] = "x"
			r.files["chest-imagenome/silver_dataset/scene_graph.zip"] = zipped(t, scenes)
		}, false},
		{"what macOS leaves", func(r *testRoot) {
			for path := range maps.Clone(r.files) {
				r.files[filepath.Dir(path)+"/._"+filepath.Base(path)] = "\x00\x05\x16\x07"
				r.files[filepath.Dir(path)+"/.DS_Store"] = "x"
			}
		}, false},
		{"tables unpacked under their packed names", func(r *testRoot) {
			move(r, func(path string) string {
				if strings.HasSuffix(path, ".csv") {
					return path + ".gz"
				}
				return path
			})
		}, false},
		{"ISO dates", func(r *testRoot) {
			name := "mimic-cxr-jpg/mimic-cxr-2.0.0-metadata.csv"
			r.files[name] = strings.NewReplacer("21110101", "2111-01-01", "21120101", "2112-01-01").Replace(r.files[name])
		}, true},
	} {
		r := newTestRoot()
		r.addTables()
		c.change(r)
		s, err := Open(t.Context(), r.writeFiles(t), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := changes(s.Faults); got != "" && got != "other.resized_images+6" {
			t.Errorf("%s: counts changed: %s", c.name, got)
		}
		if (s.Hash() != plain.Hash()) != c.other {
			t.Errorf("%s: another hash %v, want %v", c.name, s.Hash() != plain.Hash(), c.other)
		}
		if len(s.Images) != len(plain.Images) {
			continue
		}
		for i := range s.Images {
			if got, want := binsOf(&s.Images[i]), binsOf(&plain.Images[i]); got != want {
				t.Errorf("%s: image %d: boxes %s, want %s", c.name, i, got, want)
			}
		}
	}
}

// binsOf writes the boxes of an image as the model sees them.
func binsOf(m *Image) string {
	var b strings.Builder
	for _, region := range m.Regions {
		box, ok := Quantise(region.Box, m.Width, m.Height)
		fmt.Fprintln(&b, region.Name, box, ok)
	}
	return b.String()
}

// TestCopyLinks reads images behind links, as on a second disk, and tells a link that leads nowhere from a file that is not there.
func TestCopyLinks(t *testing.T) {
	dir, disk := newTestRoot().write(t), t.TempDir()
	files := filepath.Join(dir, "mimic-cxr-jpg/files")
	if err := os.Rename(files, disk+"/files"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(disk+"/files", files); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, jpgPath(2, 1))
	remove(t, path)
	if err := os.Symlink("gone", path); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := Cause{"a link to nothing", 1, path, "gone"}
	if got := s.Faults.Images.Missing.Causes; s.Faults.Images.Usable.N != 5 || len(got) != 1 || got[0] != want {
		t.Errorf("%+v, want %+v", s.Faults.Images, want)
	}
	remove(t, disk+"/files")
	if s, err = Open(t.Context(), dir, Options{}); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Faults.Images.Missing.Causes[0].Detail, files+" is a link to "+disk+"/files, which is not there"; got != want {
		t.Errorf("detail %q, want %q", got, want)
	}
}

// TestClosedFolder finds a folder that may not be read: that is no missing file.
func TestClosedFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read every folder")
	}
	dir := newTestRoot().write(t)
	closed := filepath.Dir(filepath.Join(dir, jpgPath(2, 1)))
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(closed, 0o777) })
	s := openSet(t, dir)
	if got := s.Faults.Images.Unreadable.Causes; len(got) != 1 || got[0].Cause != "permission denied" {
		t.Errorf("%+v", s.Faults.Images)
	}
}

// TestMissingDetail says where an image was looked for first and what lies there instead.
func TestMissingDetail(t *testing.T) {
	for _, c := range []struct {
		name          string
		change        func(r *testRoot)
		cause, detail string // DIR is the root
	}{
		{"a folder with something else", func(r *testRoot) { r.files[filepath.Dir(jpgPath(2, 1))+"/index.html"] = "x" },
			"no such file", "its folder holds index.html"},
		{"no folder", func(r *testRoot) {}, "no such file",
			"no DIR/mimic-cxr-jpg/files/p10/p10000002/s50000021; DIR/mimic-cxr-jpg/files/p10/p10000002 holds s50000022/"},
		{"the original", func(r *testRoot) { r.files[strings.Replace(jpgPath(2, 1), ".jpg", ".dcm", 1)] = "x" },
			"only a .dcm file", "its folder holds " + dicom(2, 1) + ".dcm"},
		{"a download that broke off", func(r *testRoot) { r.files[jpgPath(2, 1)+".part"] = "x" },
			"no such file", "its folder holds " + dicom(2, 1) + ".jpg.part"},
	} {
		r := newTestRoot()
		delete(r.files, jpgPath(2, 1))
		c.change(r)
		dir := r.write(t)
		s := openSet(t, dir)
		got := s.Faults.Images.Missing.Causes
		want := Cause{c.cause, 1, dir + "/" + jpgPath(2, 1), strings.ReplaceAll(c.detail, "DIR", dir)}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

// TestMissingSetDetail says what lies under the root instead of a set.
func TestMissingSetDetail(t *testing.T) {
	r := newTestRoot()
	r.addTables()
	move(r, replaced("mimic-cxr-2.0.0-metadata", "metadata"))
	dir := r.writeFiles(t)
	_, err := Open(t.Context(), dir, Options{})
	want := dir + "/mimic-cxr-jpg holds files/, metadata.csv, mimic-cxr-2.0.0-split.csv"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
