package meteor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"harness/internal/atomicfile"
)

// Opening says how OpenParaphrases works. The zero value keeps nothing and says nothing.
type Opening struct {
	// Cache is the folder where a table is kept as it was read, so that the next time takes a tenth of the time; it is made where it is
	// missing. Empty keeps nothing. What is kept is found by the contents of the file, never by its name.
	Cache string
	// Progress is called now and then with the bytes of the file that are read, or nil.
	Progress func(done, total int)
	// Warn is called where the table could not be kept, or nil.
	Warn func(error)
}

// maxFile is the size beyond which a file is no paraphrase table: the official one has 59 MiB.
const maxFile = 1 << 30

// OpenParaphrases reads the table in a file, in the form that ReadParaphrases reads, or what is kept of it. Where ctx ends, its cause is
// returned at once and nothing half-written is left. An error names the file.
func OpenParaphrases(ctx context.Context, path string, how Opening) (*Paraphrases, error) {
	data, err := readFile(ctx, path)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(data)
	kept := ""
	if how.Cache != "" {
		kept = filepath.Join(how.Cache, fmt.Sprintf("paraphrases-%x.table", digest[:8]))
		if p, err := mapImage(kept, digest); err == nil {
			return p, nil
		}
	}
	image, err := buildImage(ctx, data, digest, how.Progress)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if kept == "" {
		return openImage(image)
	}
	err = keepImage(ctx, kept, image)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil { // from here on the table is memory that the system can take back, and what it was made of is gone
		debug.FreeOSMemory()
		if p, err := mapImage(kept, digest); err == nil {
			return p, nil
		}
	} else if how.Warn != nil {
		how.Warn(err)
	}
	return openImage(image)
}

// readFile reads a whole file piece by piece.
func readFile(ctx context.Context, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: unix.EISDIR}
	}
	data := make([]byte, 0, min(info.Size(), maxFile)+bytes.MinRead)
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := f.Read(data[len(data):min(cap(data), len(data)+blockSize)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		case len(data) > maxFile:
			return nil, fmt.Errorf("%s: no paraphrase table has more than %d MiB", path, maxFile>>20)
		}
	}
}

// buildImage reads the entries of a table.
func buildImage(ctx context.Context, data []byte, digest [digestSize]byte, progress func(done, total int)) ([]byte, error) {
	read := &progressReader{r: bytes.NewReader(data)}
	report := func() {
		if progress != nil {
			progress(int(read.done.Load()), len(data))
		}
	}
	table, err := readEntries(ctx, read, unpackedSize(data), report)
	if err != nil {
		return nil, err
	}
	return table.image(digest), nil
}

// unpackedSize guesses the size of the text: a packed file says it in its last four bytes.
func unpackedSize(data []byte) int {
	if !isPacked(data) || len(data) < 18 {
		return len(data)
	}
	const mostPacked = 1032 // bytes of text in a byte
	said := int64(binary.LittleEndian.Uint32(data[len(data)-4:]))
	return int(min(said, mostPacked*int64(len(data)), maxFile))
}

// progressReader counts the bytes that were read.
type progressReader struct {
	r    io.Reader
	done atomic.Int64
}

func (p *progressReader) Read(buf []byte) (int, error) {
	n, err := p.r.Read(buf)
	p.done.Add(int64(n))
	return n, err
}

// mapImage maps a kept table; one that is damaged, or is another's, is removed.
func mapImage(path string, digest [digestSize]byte) (*Paraphrases, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var image []byte
	if info.Size() > 0 {
		if image, err = unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED); err != nil {
			return nil, err
		}
	}
	p, err := openImage(image)
	if err == nil && p.digest != fmt.Sprintf("%x", digest) {
		err = errDamaged
	}
	if err != nil {
		if image != nil {
			_ = unix.Munmap(image)
		}
		return nil, errors.Join(err, os.Remove(path))
	}
	p.unmap = func() error { return unix.Munmap(image) }
	return p, nil
}

// keepImage writes an image beside its place and renames it. It is not synced: what a crash leaves of it fails its checksum. Two
// processes that do the same at once both write all of it, and the later one stays.
func keepImage(ctx context.Context, path string, image []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	removeUnfinished(dir)
	f, err := os.CreateTemp(dir, atomicfile.Prefix+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // renamed, there is nothing of this name
	defer f.Close()
	for rest := image; len(rest) > 0; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n, err := f.Write(rest[:min(len(rest), blockSize)])
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	if err := errors.Join(f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// removeUnfinished removes the tables that killed processes left unfinished: all that are older than an hour.
func removeUnfinished(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), atomicfile.Prefix+"paraphrases-") {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}
