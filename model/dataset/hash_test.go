package dataset

import (
	"strings"
	"testing"
)

// TestHash changes one thing at a time: the data hash follows what the numbers depend on.
func TestHash(t *testing.T) {
	hashOf := func(change func(r *testRoot), o Options) string {
		t.Helper()
		r := newTestRoot()
		r.files["medical-diff-vqa/"+keyInfoName] = "[]"
		change(r)
		s, err := Open(t.Context(), r.write(t), o)
		if err != nil {
			t.Fatal(err)
		}
		return s.Hash()
	}
	plain := hashOf(func(*testRoot) {}, Options{})
	if len(plain) != 64 {
		t.Errorf("hash %q", plain)
	}
	if got := hashOf(func(*testRoot) {}, Options{Splits: Official, AllBoxes: true}); got != plain {
		t.Error("the hash depends on the options")
	}
	for name, change := range map[string]func(r *testRoot){
		"metadata":  func(r *testRoot) { r.metadata = append(r.metadata, "x") },
		"answer":    func(r *testRoot) { setAnswer(r, 2, "nothing has changed.") },
		"split":     func(r *testRoot) { r.split = r.split[:4] },
		"report":    func(r *testRoot) { r.files[reportPath(2, 1)] += " " },
		"no report": func(r *testRoot) { delete(r.files, reportPath(2, 1)) },
		"scene graph": func(r *testRoot) {
			r.files[scenePath(2, 1)] = strings.Replace(r.files[scenePath(2, 1)], "clear", "dark", 1)
		},
		"image": func(r *testRoot) { r.files[jpgPath(2, 1)] = grayJPEG(40, 32) },
		"image of the same size": func(r *testRoot) {
			b := []byte(r.files[jpgPath(2, 1)])
			b[len(b)-8] ^= 1
			r.files[jpgPath(2, 1)] = string(b)
		},
		"no image": func(r *testRoot) { delete(r.files, jpgPath(2, 1)) },
		"findings": func(r *testRoot) { r.files["medical-diff-vqa/"+keyInfoName] = "[ ]" },
	} {
		if hashOf(change, Options{}) == plain {
			t.Errorf("%s: the hash is the same", name)
		}
	}
}

// TestHashOfReading holds that a synthetic set keeps its hash, and that results of another reading of the same files are not taken for
// those of this one.
func TestHashOfReading(t *testing.T) {
	for _, c := range []struct {
		name      string
		synthetic string
		change    func(r *testRoot)
		want      bool
	}{
		{"synthetic, as written", "SynCXR", func(*testRoot) {}, false},
		{"real", "", func(*testRoot) {}, true},
		{"synthetic, with a missing image", "SynCXR", func(r *testRoot) { delete(r.files, jpgPath(2, 1)) }, false},
		{"synthetic, resized", "SynCXR", func(r *testRoot) { r.files[jpgPath(2, 1)] = grayJPEG(20, 15) }, true},
		{"synthetic, padded", "SynCXR", func(r *testRoot) { r.files[jpgPath(2, 1)] = grayJPEG(40, 40) }, true},
		{"synthetic, with rows that contradict one another", "SynCXR", func(r *testRoot) {
			r.questions = append(r.questions, strings.Replace(r.questions[3], "edema", "hernia", 1))
		}, true},
	} {
		r := newTestRoot()
		c.change(r)
		dir := r.write(t)
		p, err := locate(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		if c.synthetic != "" {
			write(t, dir+"/SYNTHETIC.txt", c.synthetic)
		}
		l := &loader{parts: p}
		if _, err := load(t.Context(), dir, l); err != nil {
			t.Fatal(err)
		}
		if got := l.needsReadingRule(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestHashOfTheMiddle changes a byte far from both ends of an image.
func TestHashOfTheMiddle(t *testing.T) {
	hashOf := func(size, at int) string {
		t.Helper()
		r := newTestRoot()
		image := append([]byte(r.files[jpgPath(2, 1)]), make([]byte, size)...)
		if at > 0 {
			image[at] ^= 1
		}
		r.files[jpgPath(2, 1)] = string(image)
		s, err := Open(t.Context(), r.write(t), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return s.Hash()
	}
	if hashOf(100_000, 0) == hashOf(100_000, 50_000) {
		t.Error("a change in the middle of a small image goes unnoticed")
	}
	if hashOf(1_000_000, 0) == hashOf(1_000_000, 1_000_000/15*7+2000) {
		t.Error("a change in a sampled block of a large image goes unnoticed")
	}
}
