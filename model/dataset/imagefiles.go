package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// imageFiles finds radiographs in the layouts in which copies keep them. It may be used concurrently.
type imageFiles struct {
	homes []imageHome       // looked at in order; the first is files/ beside the metadata
	flat  map[string]string // paths of images in one folder, by id
	loose []string          // the folders of flat
}

// imageHome is a folder of radiographs, and how deep they lie in it.
type imageHome struct {
	dir  string
	form imageForm
}

// imageForm says which folders stand between a home and an image.
type imageForm int

const (
	byShard   imageForm = iota // p10/p10000032/s50414267/ID.jpg
	bySubject                  // p10000032/s50414267/ID.jpg
	byStudy                    // s50414267/ID.jpg
)

// forms are what the folders of a home are called.
var forms = []struct {
	form    imageForm
	folders *regexp.Regexp
}{
	{byShard, shardFolder},
	{bySubject, regexp.MustCompile(`^p1\d{7}$`)},
	{byStudy, regexp.MustCompile(`^s\d{8}$`)},
}

// imageSuffixes are those that are read, in the order of preference.
var imageSuffixes = []string{".jpg", ".jpeg", ".png"}

// dicomName is the form of an image's id, which a flat folder is known by.
var dicomName = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4,8}){4}$`)

// folder returns the folder of a study.
func (h imageHome) folder(subject, study string) string {
	switch h.form {
	case byShard:
		return filepath.Join(h.dir, "p"+subject[:2], "p"+subject, "s"+study)
	case bySubject:
		return filepath.Join(h.dir, "p"+subject, "s"+study)
	default:
		return filepath.Join(h.dir, "s"+study)
	}
}

// findHomes sets the places of images: files/ beside the metadata, then every folder that holds some, in the order of the survey.
func (p *parts) findHomes(folders []folder) {
	f := &p.files
	f.homes = []imageHome{{filepath.Join(p.images, "files"), byShard}}
	f.flat = map[string]string{}
	for _, folder := range folders {
		for _, form := range forms {
			home := imageHome{folder.path, form.form}
			if folder.match(form.folders) != "" && home != f.homes[0] && home.holdsImages() {
				f.homes = append(f.homes, home)
			}
		}
		loose := false
		for _, name := range folder.names {
			id, ok := imageStem(name)
			if !ok || !dicomName.MatchString(id) {
				continue
			}
			id = strings.ToLower(id)
			if _, known := f.flat[id]; !known {
				f.flat[id] = filepath.Join(folder.path, name)
				loose = true
			}
		}
		if loose {
			f.loose = append(f.loose, folder.path)
		}
	}
}

// imageStem returns the name of an image without its suffix, false for other files.
func imageStem(name string) (string, bool) {
	suffix := filepath.Ext(name)
	ok := slices.Contains(imageSuffixes, strings.ToLower(suffix)) && name[0] != '.'
	return strings.TrimSuffix(name, suffix), ok
}

// holdsImages reports whether an image lies in a folder of one of the first subjects.
func (h imageHome) holdsImages() bool {
	looked := 0
	var holds func(dir string, depth int) bool
	holds = func(dir string, depth int) bool {
		if looked++; looked > maxProbed {
			return false
		}
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if depth == 0 {
				if _, ok := imageStem(e.Name()); ok {
					return true
				}
				continue
			}
			if e.IsDir() || e.Type()&fs.ModeSymlink != 0 {
				if holds(filepath.Join(dir, e.Name()), depth-1) {
					return true
				}
			}
		}
		return false
	}
	return holds(h.dir, int(byStudy-h.form)+1)
}

// maxProbed bounds the folders that are read to learn whether one holds images.
const maxProbed = 300

// An imageFile is where an image lies, or was looked for first.
type imageFile struct {
	path  string
	home  int    // index of the home; -1 for a flat folder
	found bool   // something lies at path, or may
	other string // a file of the image's name in a format that is not read
}

// find returns the file of an image. look is told every file and folder that the result depends on.
func (f *imageFiles) find(row imageRow, look func(paths ...string)) imageFile {
	var other string
	for i, home := range f.homes {
		dir := home.folder(row.subject, row.study)
		path := filepath.Join(dir, row.id+imageSuffixes[0])
		look(path)
		if _, err := os.Lstat(path); err == nil || errors.Is(err, fs.ErrPermission) {
			return imageFile{path: path, home: i, found: true} // a closed folder is said when the file is opened
		}
		look(dir)
		name, otherName := pickImage(dir, row.id)
		if name != "" {
			path = filepath.Join(dir, name)
			look(path)
			return imageFile{path: path, home: i, found: true}
		}
		if other == "" {
			other = otherName
		}
	}
	if path, ok := f.flat[row.id]; ok {
		look(path)
		return imageFile{path: path, home: -1, found: true}
	}
	first := filepath.Join(f.homes[0].folder(row.subject, row.study), row.id+imageSuffixes[0])
	return imageFile{path: first, other: other}
}

// pickImage returns the name in a folder that an image of this id has, in any spelling and suffix that is read; else one
// with another suffix.
func pickImage(dir, id string) (name, other string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", ""
	}
	best := len(imageSuffixes)
	for _, e := range entries {
		suffix := filepath.Ext(e.Name())
		if !strings.EqualFold(strings.TrimSuffix(e.Name(), suffix), id) || suffix == "" {
			continue
		}
		rank := slices.Index(imageSuffixes, strings.ToLower(suffix))
		switch {
		case rank < 0:
			other = e.Name()
		case rank < best:
			best, name = rank, e.Name()
		}
	}
	return name, other
}
