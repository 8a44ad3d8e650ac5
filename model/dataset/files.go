package dataset

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	reportsZip  = "mimic-cxr-reports.zip"
	sceneSuffix = "_SceneGraph.json"
)

// openReports sets p.reports to the first folder or mimic-cxr-reports.zip that holds reports. The folder of the images is
// asked last, because its files/ usually holds none.
func (p *parts) openReports(candidates []folder) error {
	var last []folder
	for _, f := range candidates {
		if f.path == p.images {
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
	if dir := os.DirFS(f.path); f.has("files") && holdsReports(dir) {
		p.reports, p.reportsDir = dir, f.path
		return true, nil
	}
	if !f.has(reportsZip) {
		return false, nil
	}
	z, err := zip.OpenReader(filepath.Join(f.path, reportsZip))
	if err != nil {
		return false, fmt.Errorf("read %s: %w", filepath.Join(f.path, reportsZip), err)
	}
	p.closers = append(p.closers, z.Close)
	p.reports, p.archives = z, append(p.archives, filepath.Join(f.path, reportsZip))
	return true, nil
}

// holdsReports reports whether files/p1x/pSUBJECT/sSTUDY.txt exists for one of the first subjects.
func holdsReports(dir fs.FS) bool {
	const subjects = 1000
	looked := 0
	shards, _ := fs.ReadDir(dir, "files")
	for _, shard := range shards {
		if !shardFolder.MatchString(shard.Name()) {
			continue
		}
		people, _ := fs.ReadDir(dir, "files/"+shard.Name())
		for _, subject := range people {
			texts, _ := fs.Glob(dir, "files/"+shard.Name()+"/"+subject.Name()+"/s*.txt")
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

// sceneFiles finds the scene graph of an image in the unpacked folders or in scene_graph.zip. It may be used concurrently.
type sceneFiles struct {
	folders []string             // looked at in order
	zipped  map[string]*zip.File // by image id
}

// openScenes finds the scene graphs under p.silver: scene_graph/scene_graph/, scene_graph/, else scene_graph.zip.
func (p *parts) openScenes() error {
	outer := filepath.Join(p.silver, "scene_graph")
	for _, dir := range []string{filepath.Join(outer, "scene_graph"), outer} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			p.scenes.folders = append(p.scenes.folders, dir)
		}
	}
	if len(p.scenes.folders) > 0 {
		return nil
	}
	z, err := zip.OpenReader(outer + ".zip")
	if err != nil {
		return fmt.Errorf("read %s.zip: %w", outer, err)
	}
	p.closers = append(p.closers, z.Close)
	p.archives = append(p.archives, outer+".zip")
	p.scenes.zipped = make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		name := f.Name[strings.LastIndexByte(f.Name, '/')+1:]
		if id, ok := strings.CutSuffix(name, sceneSuffix); ok && !strings.HasPrefix(name, "._") {
			p.scenes.zipped[id] = f
		}
	}
	return nil
}

// paths lists where the scene graph of an image may lie, outside an archive.
func (s *sceneFiles) paths(image string) []string {
	paths := make([]string, len(s.folders))
	for i, dir := range s.folders {
		paths[i] = filepath.Join(dir, image+sceneSuffix)
	}
	return paths
}

// open returns the scene graph of an image, or fs.ErrNotExist.
func (s *sceneFiles) open(image string) (io.ReadCloser, error) {
	if f := s.zipped[image]; f != nil {
		return f.Open()
	}
	for _, path := range s.paths(image) {
		f, err := os.Open(path)
		if !os.IsNotExist(err) {
			return f, err
		}
	}
	return nil, fs.ErrNotExist
}
