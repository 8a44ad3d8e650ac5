package web

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"harness/internal/escape"
	"harness/model/dataset/radiograph"
	"harness/registry"
	"harness/reports/examples"
)

const (
	pictureSide    = 640      // the longest side of an image on the page
	pictureQuality = 85       // of JPEG
	mostPixels     = 64 << 20 // of an image of a program
)

// samplesImage answers with one image of a sample, scaled, as JPEG.
func (s *Server) samplesImage(w http.ResponseWriter, r *http.Request) {
	handle := r.PathValue("handle")
	q, err := parseSamples(r.URL.Query())
	if err == nil {
		var data []byte
		if data, err = s.picture(r, handle, q); err == nil {
			w.Header().Set("Content-Type", "image/jpeg")
			w.Header().Set("Cache-Control", "private, max-age=3600")
			if q.values.Has("file") { // another attempt may have another image of that name
				w.Header().Set("Cache-Control", "private, no-cache")
			}
			w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(data)))
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
			return
		}
	}
	if errors.Is(err, errOpening) {
		w.Header().Set("Retry-After", "2")
		http.Error(w, errOpening.Error(), http.StatusServiceUnavailable)
		return
	}
	if bad := (badRequest{}); !errors.Is(err, errNoPicture) && !errors.Is(err, registry.ErrNoSweep) && !errors.As(misusedAddress(err), &bad) {
		s.say("%s: %s", escape.Line(r.URL.Path), escape.Line(err.Error()))
	}
	http.Error(w, errNoPicture.Error(), http.StatusNotFound)
}

var (
	errNoPicture = errors.New("there is no such image")
	errOpening   = errors.New("the data set is being opened")
)

// picture is an image as JPEG, from memory where it was asked for before.
func (s *Server) picture(r *http.Request, handle string, q samplesQuery) ([]byte, error) {
	key := fmt.Sprintf("%q %s", handle, r.URL.RawQuery)
	if data, ok := s.pictures.get(key); ok && !q.values.Has("file") {
		return data, nil
	}
	of, err := s.samples(r, handle, q)
	if err != nil {
		return nil, err
	}
	a, opening := s.atlas(r.Context(), handle, of)
	switch {
	case opening:
		return nil, errOpening
	case a.err != nil:
		return nil, fmt.Errorf("%w: %w", errNoPicture, a.err)
	}
	var pixels image.Image
	if a.files {
		var dir, name string
		if dir, name, err = fileOf(of, q); err != nil {
			return nil, err
		}
		key = fmt.Sprintf("%q %q", dir, name) // the folder is that of an attempt
		if data, ok := s.pictures.get(key); ok {
			return data, nil
		}
		pixels, err = readFile(dir, name)
	} else {
		pixels, err = a.read(q.values.Get("image"))
	}
	if err != nil {
		return nil, err
	}
	data, err := examples.JPEG(pixels, pictureSide, pictureQuality)
	if err == nil {
		s.pictures.put(key, data)
	}
	return data, err
}

// read decodes an image of the data set.
func (a *atlas) read(id string) (image.Image, error) {
	for _, one := range a.images {
		if one.id == id {
			pixels, err := radiograph.Read(one.path)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errNoPicture, err)
			}
			return pixels, nil
		}
	}
	return nil, errNoPicture
}

// fileOf is the image that a program's answer names: the folder of the attempt, and the name of the file below it.
func fileOf(of *sampled, q samplesQuery) (dir, name string, err error) {
	at, ok := of.samples.Place(q.id)
	if !ok {
		return "", "", errNoPicture
	}
	chosen, err := of.samples.Show([]int{at}, "")
	if err != nil {
		return "", "", err
	}
	files, trial := chosen.Pairs[0].Files()
	k, err := strconv.Atoi(q.values.Get("file"))
	if err != nil || k < 0 || k >= len(files) {
		return "", "", errNoPicture
	}
	return filepath.Dir(of.results[trial].Predictions), files[k], nil
}

// readFile decodes an image below a folder. Links that lead out of it are refused.
func readFile(dir, name string) (image.Image, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPicture, err)
	}
	defer root.Close()
	data, err := readBounded(root, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPicture, err)
	}
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err == nil && config.Width*config.Height > mostPixels {
		err = fmt.Errorf("%s: %d × %d pixels are too many", escape.Line(name), config.Width, config.Height)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPicture, err)
	}
	pixels, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPicture, err)
	}
	return pixels, nil
}

// mostFileBytes bounds the file of an image.
const mostFileBytes = 64 << 20

func readBounded(root *os.Root, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > mostFileBytes {
		return nil, fmt.Errorf("%s is no image file", escape.Line(name))
	}
	return io.ReadAll(io.LimitReader(file, mostFileBytes))
}

// pictures are encoded images; those that were made longest ago go first.
type pictures struct {
	mu    sync.Mutex
	of    map[string][]byte
	order []string // oldest first
	bytes int
}

// pictureBytes bounds all of them.
const pictureBytes = 12 << 20

func (p *pictures) get(key string) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	data, ok := p.of[key]
	return data, ok
}

func (p *pictures) put(key string, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[string][]byte{}
	}
	if _, known := p.of[key]; known {
		return
	}
	p.of[key], p.order, p.bytes = data, append(p.order, key), p.bytes+len(data)
	for p.bytes > pictureBytes && len(p.order) > 1 {
		p.bytes -= len(p.of[p.order[0]])
		delete(p.of, p.order[0])
		p.order = p.order[1:]
	}
}
