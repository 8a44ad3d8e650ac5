package dataset

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The digest is the hash of the opened set; it is made once, and again after any change.
func TestDigest(t *testing.T) {
	r := newTestRoot()
	r.files["medical-diff-vqa/"+keyInfoName] = "[]"
	missing := r.files[jpgPath(3, 1)]
	delete(r.files, jpgPath(3, 1))
	root, cache := r.write(t), t.TempDir()
	age := func() { older(t, root) }
	digestOf := func() (sum string, read bool) {
		t.Helper()
		sum, err := Digest(t.Context(), root, cache, func(int, int) { read = true })
		if err != nil {
			t.Fatal(err)
		}
		if hash := openSet(t, root).Hash(); sum != hash {
			t.Errorf("digest %s, hash %s", sum, hash)
		}
		return sum, read
	}
	age()
	first, read := digestOf()
	if again, reread := digestOf(); again != first || !read || reread {
		t.Errorf("the second call read everything again, or the first did not: %v %v", reread, read)
	}
	known := map[string]bool{first: true}
	for _, change := range []struct{ path, text string }{
		{jpgPath(2, 1), colourJPEG(40, 30)},
		{reportPath(2, 1), "FINDINGS: Other."},
		{scenePath(2, 1), sceneJSON(nil, nil)},
		{jpgPath(3, 1), missing},
		{"mimic-cxr-jpg/mimic-cxr-2.0.0-split.csv", "dicom_id,subject_id,split\n"},
		{"medical-diff-vqa/" + keyInfoName, "[ ]"},
	} {
		write(t, makeFolder(t, filepath.Join(root, change.path)), change.text)
		sum, read := digestOf()
		if known[sum] || !read {
			t.Errorf("%s changed: known digest %v, read %v", change.path, known[sum], read)
		}
		known[sum] = true
		age()
		digestOf()
	}
	// Another layout or spelling of what was missing is found, too.
	for _, path := range []string{jpgPath(1, 1), scenePath(1, 2)} {
		if err := os.Remove(filepath.Join(root, path)); err != nil {
			t.Fatal(err)
		}
	}
	sum, _ := digestOf()
	known[sum] = true
	for _, change := range []struct{ path, text string }{
		{strings.ToUpper(dicom(1, 1)) + ".png", grayPNG(40, 30)},
		{"images/files/" + strings.TrimPrefix(jpgPath(1, 1), "mimic-cxr-jpg/files/"), grayJPEG(20, 15)},
		{strings.Replace(jpgPath(1, 1), ".jpg", ".png", 1), grayPNG(20, 15)},
		{jpgPath(1, 1), colourJPEG(40, 30)},
		{filepath.Dir(scenePath(1, 2)) + "/" + strings.ToUpper(dicom(1, 2)) + sceneSuffix, sceneJSON(nil, nil)},
	} {
		age()
		digestOf()
		write(t, makeFolder(t, filepath.Join(root, change.path)), change.text)
		sum, read := digestOf()
		if known[sum] || !read {
			t.Errorf("%s added: known digest %v, read %v", change.path, known[sum], read)
		}
		known[sum] = true
	}
	age()
	digestOf()
	last, _ := digestOf()
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(root, moved); err != nil {
		t.Fatal(err)
	}
	root = moved
	if sum, _ := digestOf(); sum != last {
		t.Error("the digest depends on the place of the root")
	}
}

// older gives new files an old time: what has just been written is not remembered.
func older(t *testing.T, root string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := os.Stat(path); err != nil || time.Since(info.ModTime()) > time.Minute {
			return err
		}
		return os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// makeFolder makes the folder of a file and returns the file's path.
func makeFolder(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}
