package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// parts says where the four data sets lie under a root.
type parts struct {
	root      string
	images    string // folder with the metadata of MIMIC-CXR-JPG, and usually files/p1x/...
	files     imageFiles
	metadata  string // mimic-cxr-2.x.y-metadata.csv[.gz]
	split     string // mimic-cxr-2.x.y-split.csv[.gz], "" if absent
	reports   reportFiles
	silver    string // .../silver_dataset of Chest ImaGenome
	scenes    sceneFiles
	questions string // mimic_pair_questions.csv[.gz]
	studies   string // mimic_all.csv[.gz], "" if absent
	closers   []func() error

	archives []string // zip files that are read

	open openLayout // another set in place of the four, nil for none
}

// How deep below the root a data set may lie (physionet.org/files/mimic-cxr-jpg/2.1.0) and how many folders are read.
const (
	maxDepth   = 5
	maxFolders = 4000
)

var (
	metadataName = regexp.MustCompile(`^mimic-cxr-\d+\.\d+\.\d+-metadata\.csv(\.gz)?$`)
	dataFolder   = regexp.MustCompile(`^(p1\d|p1\d{7}|s\d+|CXR\d+_.*|scene_graph|\..*)$`)
	shardFolder  = regexp.MustCompile(`^p1\d$`)
)

// locate finds the four data sets under root by their files, whatever the names of the folders; the folder nearest to the
// root wins, then the one whose name sorts last (the newest version). Where none of them is there, an open set may be (openlayout.go).
// A set that is not there is an error that names it.
func locate(root string) (*parts, error) {
	info, err := os.Stat(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &MissingError{Root: root}
	} else if err != nil {
		return nil, fmt.Errorf("data set %s: %w", root, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("data set %s: not a folder", root)
	}
	p := &parts{root: root}
	folders, closed, err := survey(root)
	if err != nil {
		return nil, fmt.Errorf("data set %s: %w", root, err)
	}
	for _, f := range folders {
		if meta := f.match(metadataName); meta != "" && p.metadata == "" {
			version := strings.TrimSuffix(strings.TrimSuffix(meta, ".gz"), "-metadata.csv")
			p.images = f.path
			p.metadata, p.split = f.csvFile(version+"-metadata.csv"), f.csvFile(version+"-split.csv")
		}
		if q := f.csvFile("mimic_pair_questions.csv"); q != "" && p.questions == "" {
			p.questions, p.studies = q, f.csvFile("mimic_all.csv")
		}
		if p.silver == "" && f.has("splits") && (f.has("scene_graph") || f.has("scene_graph.zip")) {
			p.silver = f.path
		}
	}
	missing := func(set, looked string) error {
		return &MissingError{root, set, looked, around(root, looked, closed)}
	}
	if p.metadata == "" && p.silver == "" && p.questions == "" {
		if p.open, err = findOpenLayout(root, folders); err != nil {
			return nil, err
		}
		if p.open != nil {
			return p, nil
		}
	}
	switch {
	case p.metadata == "":
		return nil, missing("MIMIC-CXR-JPG", "mimic-cxr-jpg/mimic-cxr-2.0.0-metadata.csv[.gz]")
	case p.silver == "":
		return nil, missing("Chest ImaGenome", "chest-imagenome/silver_dataset/{splits,scene_graph or scene_graph.zip}")
	case p.questions == "":
		return nil, missing("Medical-Diff-VQA", "medical-diff-vqa/mimic_pair_questions.csv[.gz]")
	}
	p.findHomes(folders)
	if err := p.openReports(folders); err != nil {
		p.close()
		return nil, err
	}
	if p.reports.files == nil {
		p.close()
		return nil, missing("MIMIC-CXR reports", "mimic-cxr/files/p10/p10000032/s50414267.txt or mimic-cxr-reports.zip")
	}
	if err := p.openScenes(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// Find reports whether the four data sets or an open one lie under root, without reading them: a *MissingError names what is not there.
func Find(root string) error {
	p, err := locate(root)
	if err != nil {
		return err
	}
	p.close()
	return nil
}

// MissingError says that a root, or one of the four data sets under it, is not there.
type MissingError struct {
	Root   string
	Set    string // "" when the root itself is missing
	looked string // where the set usually lies, under the root
	there  string // what lies there instead
}

// around says what lies where a set was looked for: the names in its usual folder, else in the root, and the folders that could
// not be read.
func around(root, looked string, closed []string) string {
	top, _, _ := strings.Cut(looked, "/")
	dir := filepath.Join(root, top)
	names, err := firstNames(dir)
	if err != nil {
		dir = root
		names, err = firstNames(dir)
	}
	var there []string
	if err == nil {
		there = append(there, fmt.Sprintf("%s holds %s", dir, names))
	}
	if len(closed) > 0 {
		there = append(there, fmt.Sprintf("%d folders cannot be read, first %s", len(closed), closed[0]))
	}
	return strings.Join(there, "; ")
}

func (e *MissingError) Error() string {
	if e.Set == "" {
		return fmt.Sprintf("data set %s: no such folder", e.Root)
	}
	message := fmt.Sprintf("data set %s: no %s (looked for %s, also in subfolders and version folders)", e.Root, e.Set, filepath.Join(e.Root, e.looked))
	if e.there != "" {
		message += "; " + e.there
	}
	return message
}

func (p *parts) close() {
	for _, c := range p.closers {
		c()
	}
}

// A folder is one that the search has read, with the names in it.
type folder struct {
	path  string
	names []string // sorted
}

func (f folder) has(name string) bool { _, ok := slices.BinarySearch(f.names, name); return ok }

// csvFile returns the path of NAME, else of NAME.gz, in the folder; "" if it holds neither.
func (f folder) csvFile(name string) string {
	for _, n := range []string{name, name + ".gz"} {
		if f.has(n) {
			return filepath.Join(f.path, n)
		}
	}
	return ""
}

// match returns the last name in the folder that the pattern takes, else "".
func (f folder) match(pattern *regexp.Regexp) string {
	for _, n := range slices.Backward(f.names) {
		if pattern.MatchString(n) {
			return n
		}
	}
	return ""
}

// survey lists the folders under root breadth first, following links, without entering those that hold the data itself.
// Folders that cannot be read are skipped, except the root, and returned in closed.
func survey(root string) (found []folder, closed []string, err error) {
	level := []string{root}
	for depth := 0; depth <= maxDepth && len(level) > 0; depth++ {
		var next []string
		for _, path := range level {
			entries, err := os.ReadDir(path)
			if err != nil {
				if path == root {
					return nil, nil, err
				}
				if errors.Is(err, fs.ErrPermission) {
					closed = append(closed, path)
				}
				continue
			}
			if len(found) == maxFolders {
				return found, closed, nil
			}
			f := folder{path: path}
			for _, e := range entries {
				f.names = append(f.names, e.Name())
			}
			found = append(found, f)
			for _, e := range slices.Backward(entries) {
				if dataFolder.MatchString(e.Name()) || !(e.IsDir() || e.Type()&fs.ModeSymlink != 0) {
					continue
				}
				next = append(next, filepath.Join(path, e.Name()))
			}
		}
		level = next
	}
	return found, closed, nil
}
