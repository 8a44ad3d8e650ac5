package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// format is what every manifest begins with.
const format = "harness-bundle"

// Manifest lists what is in a bundle.
type Manifest struct {
	Format  string  `json:"format"`
	Version int     `json:"version"`
	Entries []Entry `json:"entries"` // sorted by path
}

// Entry is a file of a bundle.
type Entry struct {
	Path   string `json:"path"` // with slashes, relative
	Size   int64  `json:"size"`
	Mode   Mode   `json:"mode"`
	SHA256 string `json:"sha256"`
}

// Mode says whether a file is a program.
type Mode string

const (
	Plain      Mode = "0644"
	Executable Mode = "0755"
)

func (m Mode) bits() int64 {
	if m == Executable {
		return 0o755
	}
	return 0o644
}

// most are limits of the format, not of a machine.
const (
	mostEntries  = 1 << 20
	mostManifest = 256 << 20 // bytes
)

// Name is the bundle's own name: the SHA-256 of its manifest, and with that of all that is in it.
func (m *Manifest) Name() string {
	sum := sha256.Sum256(m.encode())
	return hex.EncodeToString(sum[:])
}

// Total is the size of all entries.
func (m *Manifest) Total() int64 {
	var total int64
	for _, e := range m.Entries {
		total += e.Size
	}
	return total
}

// encode is the one form of a manifest: an entry a line, without other blanks.
func (m *Manifest) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"format":%s,"version":%d,"entries":[`, quoted(m.Format), m.Version)
	for i, e := range m.Entries {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n"+`{"path":%s,"size":%d,"mode":%s,"sha256":%s}`, quoted(e.Path), e.Size, quoted(string(e.Mode)), quoted(e.SHA256))
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

func quoted(text string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic("bundle: " + err.Error()) // texts can be encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// parseManifest reads a manifest and refuses what Write would not have written: another spelling would be another name for the
// same contents.
func parseManifest(data []byte) (*Manifest, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil || head.Format != format {
		return nil, errors.New("it is no manifest of a bundle")
	}
	if head.Version > Version {
		return nil, fmt.Errorf("the bundle has version %d, this program knows %d: use a newer harness", head.Version, Version)
	}
	var m Manifest
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("it cannot be read: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows it")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if !bytes.Equal(m.encode(), data) {
		return nil, errors.New("it is not written as bundles are")
	}
	return &m, nil
}

// entryError is a mistake in one entry of a manifest.
type entryError struct{ path, reason string }

func (e *entryError) Error() string { return fmt.Sprintf("entry %q: %s", e.path, e.reason) }

func (m *Manifest) check() error {
	if m.Version < 1 {
		return fmt.Errorf("the bundle has version %d", m.Version)
	}
	if len(m.Entries) > mostEntries {
		return fmt.Errorf("%d entries: the most is %d", len(m.Entries), mostEntries)
	}
	seen := newNames()
	var total int64
	for i, e := range m.Entries {
		if reason := checkPath(e.Path); reason != "" {
			return &entryError{e.Path, reason}
		}
		if i > 0 && e.Path <= m.Entries[i-1].Path {
			if e.Path == m.Entries[i-1].Path {
				return &entryError{e.Path, "it is there twice"}
			}
			return &entryError{e.Path, "it is out of order"}
		}
		if other := seen.add(e.Path); other != "" {
			return &entryError{e.Path, fmt.Sprintf("on some file systems it is the same as %q", other)}
		}
		if e.Mode != Plain && e.Mode != Executable {
			return &entryError{e.Path, fmt.Sprintf("mode %q: want %s or %s", string(e.Mode), Plain, Executable)}
		}
		if sum, err := hex.DecodeString(e.SHA256); err != nil || len(sum) != sha256.Size || strings.ToLower(e.SHA256) != e.SHA256 {
			return &entryError{e.Path, "its sha256 is none"}
		}
		if e.Size < 0 || total+e.Size < total {
			return &entryError{e.Path, fmt.Sprintf("a size of %d", e.Size)}
		}
		total += e.Size
	}
	return nil
}

// sortEntries puts entries into the order of the format.
func sortEntries(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
}
