package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"harness/model/digest"
)

// Digest returns the Hash that Open would give the set at root, whatever the options. The first call reads all but the
// pixels, as Open does. The result is remembered below cacheDir with the size and time of every file that was looked at,
// and given again while none of them changes and no other folder or CSV file takes the place of one that was read.
// progress may be nil; it is called only while images are read.
func Digest(ctx context.Context, root, cacheDir string, progress func(done, total int)) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	p, err := locate(root)
	if err != nil {
		return "", err
	}
	defer p.close()
	remembered := filepath.Join(cacheDir, "data-"+p.name()+".digest")
	if sum, ok := digest.Recall(ctx, remembered); ok {
		return sum, nil
	}
	l := &loader{parts: p, progress: progress, looked: &lookedAt{}}
	l.look(p.archives...)
	set, err := load(ctx, root, l)
	if err != nil {
		return "", err
	}
	_ = digest.Remember(remembered, set.Hash(), l.looked.files) // not remembered: it is made again
	return set.Hash(), nil
}

// searchRule is the version of how files are looked for: what one version did not find may be another's data, so that digests
// remembered by one are not another's.
const searchRule = "search 2"

// name identifies one choice of folders and CSV files.
func (p *parts) name() string {
	places := append([]string{DigestRule, searchRule, p.images, p.reports.place}, p.tables()...)
	places = append(append(places, p.scenes.folders...), p.archives...)
	for _, home := range p.files.homes {
		places = append(places, fmt.Sprint(home.form, home.dir))
	}
	places = append(places, p.files.loose...)
	sum := sha256.Sum256([]byte(strings.Join(places, "\n")))
	return hex.EncodeToString(sum[:8])
}

// tables lists the paths of all tables, also where optional ones would lie.
func (p *parts) tables() []string {
	if p.open != nil {
		return p.open.paths()
	}
	paths := []string{p.metadata, p.split, p.questions, p.studies, filepath.Join(filepath.Dir(p.questions), keyInfoName)}
	for _, name := range []string{"train", "valid", "test", "images_to_avoid"} {
		path := filepath.Join(p.silver, "splits", name+".csv")
		paths = append(paths, path, path+".gz")
	}
	return paths
}

// lookedAt collects the files that a loader looks at.
type lookedAt struct {
	mu    sync.Mutex
	files []digest.File
}

// look notes files that are about to be read. It may be called from several goroutines.
func (l *loader) look(paths ...string) {
	if l.looked == nil {
		return
	}
	for _, path := range paths {
		if path == "" {
			continue
		}
		file := digest.Stat(path)
		l.looked.mu.Lock()
		l.looked.files = append(l.looked.files, file)
		l.looked.mu.Unlock()
	}
}
