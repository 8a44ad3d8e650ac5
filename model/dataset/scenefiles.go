package dataset

import (
	"archive/zip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"harness/model/dataset/sniff"
)

const sceneSuffix = "_SceneGraph.json"

// sceneFiles finds the scene graph of an image in the unpacked folders or in scene_graph.zip. It may be used concurrently.
type sceneFiles struct {
	folders []string             // looked at in order
	zipped  map[string]*zip.File // by image id
	archive string               // path of scene_graph.zip, where it is read

	list    sync.Once
	spelled map[string]string // paths in folders by id, for names in another case; made when one is missing
}

// openScenes finds the scene graphs under p.silver: scene_graph/scene_graph/, scene_graph/, else scene_graph.zip. Folders
// without a scene graph give way to the archive.
func (p *parts) openScenes() error {
	outer := filepath.Join(p.silver, "scene_graph")
	holds := false
	for _, dir := range []string{filepath.Join(outer, "scene_graph"), outer} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			p.scenes.folders = append(p.scenes.folders, dir)
			holds = holds || holdsScenes(dir)
		}
	}
	path := outer + ".zip"
	if _, err := os.Stat(path); holds || err != nil && len(p.scenes.folders) > 0 {
		return nil
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return badZip(path, err)
	}
	p.closers = append(p.closers, z.Close)
	p.archives = append(p.archives, path)
	p.scenes.archive = path
	p.scenes.zipped = make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		name := f.Name[strings.LastIndexByte(f.Name, '/')+1:]
		if id, ok := strings.CutSuffix(name, sceneSuffix); ok && !strings.HasPrefix(name, "._") {
			p.scenes.zipped[imageID(id)] = f
		}
	}
	return nil
}

// badZip words the error of an archive: one whose download broke off lacks the list of its files, which is at its end.
func badZip(path string, err error) error {
	f, openErr := os.Open(path)
	if openErr == nil {
		defer f.Close()
		head := make([]byte, sniff.HeadSize)
		n, _ := io.ReadFull(f, head)
		switch kind := sniff.Of(head[:n]); kind {
		case sniff.Zip:
			err = fmt.Errorf("%w: cut short or damaged", err)
		case sniff.Unknown:
		default:
			err = fmt.Errorf("%w: this file is %s", err, kind)
		}
	}
	return fmt.Errorf("read %s: %w", path, err)
}

// holdsScenes reports whether a folder holds a scene graph. It reads no further than the first.
func holdsScenes(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer f.Close()
	for {
		names, err := f.Readdirnames(1000)
		for _, name := range names {
			if strings.HasSuffix(name, sceneSuffix) && name[0] != '.' {
				return true
			}
		}
		if err != nil {
			return false
		}
	}
}

// open returns the scene graph of an image and where it lies, or fs.ErrNotExist and where it was looked for first. look is told
// every file and folder that the result depends on.
func (s *sceneFiles) open(image string, look func(paths ...string)) (f io.ReadCloser, place string, err error) {
	if zipped := s.zipped[image]; zipped != nil {
		f, err = zipped.Open()
		return f, filepath.Join(s.archive, zipped.Name), err
	}
	for _, dir := range s.folders {
		path := filepath.Join(dir, image+sceneSuffix)
		look(path)
		if f, err := os.Open(path); !os.IsNotExist(err) {
			return f, path, err
		}
	}
	if path, ok := s.spelling(look)[image]; ok {
		look(path)
		f, err := os.Open(path)
		return f, path, err
	}
	first := s.archive
	if len(s.folders) > 0 {
		first = s.folders[len(s.folders)-1]
	}
	return nil, filepath.Join(first, image+sceneSuffix), fs.ErrNotExist
}

// spelling returns the paths of the scene graphs by id, in whatever case they are written.
func (s *sceneFiles) spelling(look func(paths ...string)) map[string]string {
	s.list.Do(func() {
		look(s.folders...)
		s.spelled = map[string]string{}
		for _, dir := range s.folders {
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				name := strings.ToLower(e.Name())
				id, ok := strings.CutSuffix(name, strings.ToLower(sceneSuffix))
				if _, known := s.spelled[id]; ok && !known && id != "" && id[0] != '.' {
					s.spelled[id] = filepath.Join(dir, e.Name())
				}
			}
		}
	})
	return s.spelled
}
