package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Source is a file that goes into a bundle.
type Source struct {
	Path string // in the bundle
	Mode Mode
	Open func() (io.ReadCloser, error) // asked twice; both times the same must come
}

// Bytes is a source of bytes in memory.
func Bytes(path string, data []byte) Source {
	return Source{path, Plain, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
}

// Write writes a bundle of files to w and returns its manifest. Each source is read twice; one that changes in between is an
// error.
func Write(w io.Writer, sources []Source) (*Manifest, error) {
	m := &Manifest{Format: format, Version: Version, Entries: []Entry{}}
	byPath := make(map[string]Source, len(sources))
	for _, s := range sources {
		e := Entry{Path: s.Path, Mode: s.Mode}
		var err error
		if e.Size, e.SHA256, err = measure(s); err != nil {
			return nil, fmt.Errorf("bundle %s: %w", s.Path, err)
		}
		m.Entries = append(m.Entries, e)
		byPath[s.Path] = s
	}
	sortEntries(m.Entries)
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return m, m.write(w, byPath)
}

// measure reads a source for its size and its SHA-256.
func measure(s Source) (size int64, sum string, err error) {
	in, err := s.Open()
	if err != nil {
		return 0, "", err
	}
	defer in.Close()
	h := sha256.New()
	size, err = io.Copy(h, in)
	return size, hex.EncodeToString(h.Sum(nil)), err
}

func (m *Manifest) write(w io.Writer, sources map[string]Source) error {
	h := sha256.New()
	z, err := zstd.NewWriter(io.MultiWriter(w, h), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window),
		zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderCRC(true))
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	t := tar.NewWriter(z)
	encoded := m.encode()
	if err := put(t, Entry{Path: manifestName, Size: int64(len(encoded)), Mode: Plain}, bytes.NewReader(encoded)); err != nil {
		return err
	}
	for _, e := range m.Entries {
		if err := copyEntry(t, e, sources[e.Path]); err != nil {
			return fmt.Errorf("bundle %s: %w", e.Path, err)
		}
	}
	if err := t.Close(); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	_, err = w.Write(seal(h.Sum(nil)))
	return err
}

// copyEntry copies a source that must still be what it was when it was measured.
func copyEntry(t *tar.Writer, e Entry, s Source) error {
	in, err := s.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	h := sha256.New()
	from := io.TeeReader(io.LimitReader(in, e.Size), h)
	if err := put(t, e, from); err != nil {
		return err
	}
	if more, _ := in.Read(make([]byte, 1)); more > 0 || hex.EncodeToString(h.Sum(nil)) != e.SHA256 {
		return ErrChanged
	}
	return nil
}

// ErrChanged is a source that was another when it was read for the second time.
var ErrChanged = errors.New("the file changed while it was read")

// header is the entry's in the tar. It says nothing that depends on who writes it, when, or where.
func (e Entry) header() *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: e.Path, Size: e.Size, Mode: e.Mode.bits()}
}

// put writes an entry.
func put(t *tar.Writer, e Entry, from io.Reader) error {
	if err := t.WriteHeader(e.header()); err != nil {
		return err
	}
	n, err := io.Copy(t, from)
	if err == nil && n < e.Size {
		err = ErrChanged
	}
	return err
}
