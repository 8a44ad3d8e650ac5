package dataset

import (
	"archive/zip"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

const reportsZip = "mimic-cxr-reports.zip"

var (
	flatReport   = regexp.MustCompile(`^s\d{8}\.txt$`)
	zippedReport = regexp.MustCompile(`^(?:(.+)/)?p1\d/p1\d{7}/s\d+\.txt$`)
)

// reportFiles are the reports: p10/p10000032/s50414267.txt in a folder or an archive, or all in one folder.
type reportFiles struct {
	files  fs.FS
	place  string // of files, for messages
	flat   bool
	zipped bool
}

// name returns the name of a study's report in files.
func (r *reportFiles) name(subject, study string) string {
	if r.flat {
		return "s" + study + ".txt"
	}
	return fmt.Sprintf("p%s/p%s/s%s.txt", subject[:2], subject, study)
}

// openReports sets p.reports to the first folder or mimic-cxr-reports.zip that holds reports. The folder of the images is
// asked last, because its files/ usually holds none.
func (p *parts) openReports(folders []folder) error {
	var last []folder
	for _, f := range folders {
		if f.path == p.images || f.path == filepath.Join(p.images, "files") {
			last = append(last, f)
			continue
		}
		if done, err := p.openReportsIn(f); done || err != nil {
			return err
		}
	}
	for _, f := range last {
		if done, err := p.openReportsIn(f); done || err != nil {
			return err
		}
	}
	return nil
}

func (p *parts) openReportsIn(f folder) (bool, error) {
	var dirs []string
	if f.match(shardFolder) != "" {
		dirs = append(dirs, f.path)
	}
	if f.has("files") {
		dirs = append(dirs, filepath.Join(f.path, "files"))
	}
	for _, dir := range dirs {
		if holdsReports(os.DirFS(dir)) {
			p.reports = reportFiles{files: os.DirFS(dir), place: dir}
			return true, nil
		}
	}
	if f.match(flatReport) != "" {
		p.reports = reportFiles{files: os.DirFS(f.path), place: f.path, flat: true}
		return true, nil
	}
	if !f.has(reportsZip) {
		return false, nil
	}
	path := filepath.Join(f.path, reportsZip)
	z, err := zip.OpenReader(path)
	if err != nil {
		return false, badZip(path, err)
	}
	p.closers = append(p.closers, z.Close)
	p.archives = append(p.archives, path)
	for _, file := range z.File {
		m := zippedReport.FindStringSubmatch(file.Name)
		if m == nil {
			continue
		}
		files := fs.FS(z)
		if m[1] != "" {
			if files, err = fs.Sub(z, m[1]); err != nil {
				return false, badZip(path, err)
			}
		}
		p.reports = reportFiles{files: files, place: filepath.Join(path, m[1]), zipped: true}
		return true, nil
	}
	return false, nil
}

// holdsReports reports whether p1x/pSUBJECT/sSTUDY.txt exists for one of the first subjects.
func holdsReports(dir fs.FS) bool {
	const subjects = 1000
	looked := 0
	shards, _ := fs.ReadDir(dir, ".")
	for _, shard := range shards {
		if !shardFolder.MatchString(shard.Name()) {
			continue
		}
		people, _ := fs.ReadDir(dir, shard.Name())
		for _, subject := range people {
			texts, _ := fs.Glob(dir, shard.Name()+"/"+subject.Name()+"/s*.txt")
			if len(texts) > 0 {
				return true
			}
			if looked++; looked == subjects {
				return false
			}
		}
	}
	return false
}
