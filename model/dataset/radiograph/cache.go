package radiograph

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"harness/internal/atomicfile"
	"harness/internal/filelock"
	"harness/model/dataset/parallel"
)

// cacheVersion changes when the pixels of the same image would: decoding, luma, resizing or the layout of the file.
const cacheVersion = 1

// File is an image to be cached, with what shows that it has changed.
type File struct {
	Path string
	Info Info
}

// Pixels are images as squares of gray bytes, mapped from a cache file. Row may be called concurrently.
type Pixels struct {
	N, Size int
	data    []byte // [N][Size*Size], then one byte an image: 1 where it was decoded
	failed  []int
}

// Row returns image i as Size*Size bytes, row by row. It must not be written to, and not be used after Close. An image in Failed is
// all zero.
func (p *Pixels) Row(i int) []byte {
	n := p.Size * p.Size
	return p.data[i*n : (i+1)*n : (i+1)*n]
}

// Failed returns the indices of the images that could not be decoded, in order.
func (p *Pixels) Failed() []int { return p.failed }

// Close unmaps the file.
func (p *Pixels) Close() error {
	data := p.data
	p.data = nil
	if data == nil {
		return nil
	}
	return unix.Munmap(data)
}

// Open maps the cache of images at size by size pixels. The first call decodes and resizes every image, on all cores, into a file
// of dir named by the images' paths, sizes, times and contents; it is written beside its place and renamed, and a second process waits
// for the first. progress may be nil; it is called only while the cache is built. An image that cannot be decoded is in Failed.
func Open(ctx context.Context, images []File, size int, dir string, progress func(done, total int)) (*Pixels, error) {
	if size < 1 || size > 1<<14 {
		return nil, fmt.Errorf("pixel cache: size %d: choose 1 to %d", size, 1<<14)
	}
	if len(images) == 0 {
		return nil, errors.New("pixel cache: no images")
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("pixel cache: %w", err)
	}
	path, err := cachePath(images, size, dir)
	if err != nil {
		return nil, fmt.Errorf("pixel cache: %w", err)
	}
	if p, err := mapPixels(path, len(images), size); err == nil || !errors.Is(err, errNoCache) {
		return p, err
	}
	lock, err := filelock.Wait(ctx, path+".lock")
	switch {
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EOPNOTSUPP):
		// A file system without locks: two builders do the same work, and the last rename wins.
	case err != nil:
		return nil, fmt.Errorf("pixel cache: %w", err)
	default:
		defer lock.Release()
	}
	p, err := mapPixels(path, len(images), size) // built while we waited
	if errors.Is(err, errNoCache) {
		if err := build(ctx, images, path, size, progress); err != nil {
			return nil, fmt.Errorf("build pixel cache %s: %w", path, err)
		}
		p, err = mapPixels(path, len(images), size)
	}
	return p, err
}

// Cached reports whether the cache that Open maps is there, whole.
func Cached(images []File, size int, dir string) (bool, error) {
	path, err := cachePath(images, size, dir)
	if err != nil {
		return false, fmt.Errorf("pixel cache: %w", err)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("pixel cache: %w", err)
	}
	return info.Size() == int64(len(images)*size*size+len(images)), nil
}

// cachePath names the cache file by what its content depends on.
func cachePath(images []File, size int, dir string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, "pixels", cacheVersion, size)
	for _, m := range images {
		path, err := filepath.Abs(m.Path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %d %d %x\n", path, m.Info.Size, m.Info.Modified, m.Info.Sum)
	}
	return filepath.Join(dir, fmt.Sprintf("pixels-%d-%x.u8", size, h.Sum(nil)[:8])), nil
}

// errNoCache says that there is no finished cache file: it has to be built.
var errNoCache = errors.New("no pixel cache")

// mapPixels maps a finished cache file. One that is not there, or was damaged and has another size, is errNoCache.
func mapPixels(path string, n, size int) (*Pixels, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoCache
	} else if err != nil {
		return nil, fmt.Errorf("open pixel cache: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	want := n*size*size + n
	if info.Size() != int64(want) {
		return nil, errNoCache
	}
	data, err := unix.Mmap(int(f.Fd()), 0, want, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map pixel cache %s: %w", path, err)
	}
	p := &Pixels{N: n, Size: size, data: data}
	for i, ok := range data[n*size*size:] {
		if ok == 0 {
			p.failed = append(p.failed, i)
		}
	}
	return p, nil
}

// build writes the cache of all images to path. A full disk or an interruption leaves nothing behind; the folder of a
// builder that was killed is cleared by the next one, since nobody else builds while we hold the lock.
func build(ctx context.Context, images []File, path string, size int, progress func(done, total int)) (err error) {
	stale, _ := filepath.Glob(path + ".*.part") // the pattern is right
	for _, part := range stale {
		os.RemoveAll(part)
	}
	part, err := os.MkdirTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	whole := filepath.Join(part, filepath.Base(path))
	f, err := atomicfile.Create(whole)
	if err != nil {
		return err
	}
	defer f.Abort()
	n := len(images)
	decoded := make([]byte, n)
	workers := sync.Pool{New: func() any { return &worker{newResizer(size), make([]byte, size*size)} }}
	err = parallel.Each(ctx, parallel.Cores(), n, progress, func(i int) error {
		w := workers.Get().(*worker)
		defer workers.Put(w)
		img, err := Read(images[i].Path)
		if err != nil {
			clear(w.square)
		} else {
			w.resize(w.square, img)
			decoded[i] = 1
		}
		_, err = f.WriteAt(w.square, int64(i)*int64(len(w.square)))
		return err
	})
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(decoded, int64(n)*int64(size)*int64(size)); err != nil {
		return err
	}
	if err := f.Commit(); err != nil {
		return err
	}
	return os.Rename(whole, path)
}

type worker struct {
	*resizer
	square []byte
}
