package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Limits bound what a bundle may unpack to; 0 is the default.
type Limits struct {
	Total int64 // bytes of all entries
	Ratio int64 // bytes of all entries to a byte of the file
}

// The default limits. Up to freeRatio bytes the ratio does not count: a short text that is the same all over packs well.
const (
	DefaultTotal = 64 << 30
	DefaultRatio = 200
	freeRatio    = 256 << 20
)

// Read reads the whole bundle at path and returns its manifest. Every entry is handed to visit, in the order of the manifest,
// which reads as much of it as it likes; nil visits nothing. What visit has seen can be trusted only when Read returns no error: a
// file that is not exactly as it was written is refused with a *Damage.
func Read(path string, l Limits, visit func(Entry, io.Reader) error) (*Manifest, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Damage{path, "", "it is not a file"}
	}
	r := &reader{path: path, limits: l, visit: visit}
	return r.read(file, info.Size())
}

// Looks reports whether the file at path may be a bundle: it is called as one, or begins as zstd does.
func Looks(path string) bool {
	if strings.HasSuffix(path, ".tar.zst") {
		return true
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	start := make([]byte, 4)
	_, err = io.ReadFull(file, start)
	return err == nil && string(start) == "\x28\xb5\x2f\xfd"
}

// reader reads one bundle.
type reader struct {
	path   string
	limits Limits
	visit  func(Entry, io.Reader) error
	size   int64 // of the file
	at     string
	twin   *twin
}

// damage is a refusal at the entry that is being read.
func (r *reader) damage(format string, args ...any) error {
	return &Damage{r.path, r.at, fmt.Sprintf(format, args...)}
}

// read checks what is inside first, since that names the entry, and then the seal, since no change at all passes it.
func (r *reader) read(file io.ReaderAt, size int64) (*Manifest, error) {
	r.size = size
	body, want := splitSeal(file, size)
	h := sha256.New()
	packed := io.TeeReader(io.NewSectionReader(file, 0, body), h)
	z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	m, err := r.tar(z)
	if err != nil {
		return nil, err
	}
	r.at = ""
	if want == "" {
		return nil, r.damage("it does not end as a bundle does: it was cut off, or something was added")
	}
	if _, err := io.Copy(io.Discard, packed); err != nil {
		return nil, err
	}
	if hex.EncodeToString(h.Sum(nil)) != want {
		return nil, r.damage("it is not as it was written, though every entry is")
	}
	return m, nil
}

// tar reads the unpacked archive.
func (r *reader) tar(unpacked io.Reader) (*Manifest, error) {
	z := &metered{unpacked, mostManifest + overhead}
	r.twin = newTwin()
	t := tar.NewReader(io.TeeReader(z, &r.twin.read))
	r.at = manifestName
	m, err := r.manifest(t)
	if err != nil {
		return nil, err
	}
	z.left = m.Total() + overhead*int64(len(m.Entries)+1)
	for _, e := range m.Entries {
		r.at = e.Path
		if err := r.entry(t, e); err != nil {
			return nil, err
		}
	}
	r.at = ""
	h, err := t.Next()
	switch {
	case err == nil:
		r.at = h.Name
		return nil, r.damage("it is not in the manifest")
	case !errors.Is(err, io.EOF):
		return nil, r.damage("what follows the last entry is damaged: %v", plainly(err))
	case !r.twin.ends():
		return nil, r.damage("its end is not written as bundles are")
	}
	if n, err := io.ReadFull(z, make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		return nil, r.damage("something follows its last entry")
	}
	return m, nil
}

func (r *reader) manifest(t *tar.Reader) (*Manifest, error) {
	h, err := t.Next()
	if err != nil {
		r.at = ""
		return nil, r.damage("it is no bundle, or its beginning is damaged: %v", plainly(err))
	}
	if h.Name != manifestName {
		r.at = ""
		return nil, r.damage("it is no bundle: it begins with %q, not with %s", h.Name, manifestName)
	}
	if err := r.header(h, Entry{manifestName, h.Size, Plain, ""}); err != nil {
		return nil, err
	}
	if h.Size > mostManifest {
		return nil, r.damage("it is larger than %d MiB", mostManifest>>20)
	}
	var data bytes.Buffer
	r.twin.begin(Entry{manifestName, h.Size, Plain, ""})
	if _, err := io.Copy(io.MultiWriter(&data, r.twin), t); err != nil {
		return nil, r.damage("%v", plainly(err))
	}
	m, err := parseManifest(data.Bytes())
	if wrong := (*entryError)(nil); errors.As(err, &wrong) {
		r.at = wrong.path
		return nil, r.damage("%s", wrong.reason)
	}
	if err != nil {
		return nil, r.damage("%v", err)
	}
	return m, r.bounded(m)
}

// bounded refuses what would unpack to too much, before any of it is unpacked.
func (r *reader) bounded(m *Manifest) error {
	most, ratio := r.limits.Total, r.limits.Ratio
	if most == 0 {
		most = DefaultTotal
	}
	if ratio == 0 {
		ratio = DefaultRatio
	}
	total := m.Total()
	r.at = ""
	switch {
	case total > most:
		return r.damage("it unpacks to %d bytes: the limit is %d (--max-size)", total, most)
	case total > freeRatio && total/max(r.size, 1) >= ratio:
		return r.damage("it unpacks to %d times its size: the limit is %d (--max-ratio)", total/max(r.size, 1), ratio)
	}
	return nil
}

// entry reads one entry that the manifest has.
func (r *reader) entry(t *tar.Reader, e Entry) error {
	h, err := t.Next()
	if errors.Is(err, io.EOF) {
		return r.damage("it is missing")
	}
	if err != nil {
		return r.damage("%v", plainly(err))
	}
	if h.Name != e.Path {
		found := h.Name
		if h.Name < e.Path { // else the one that is wanted is missing
			r.at = found
			return r.damage("it is not in the manifest, or there twice, or out of order")
		}
		return r.damage("it is missing: %q stands in its place", found)
	}
	if err := r.header(h, e); err != nil {
		return err
	}
	sum := sha256.New()
	r.twin.begin(e)
	content := &watched{from: io.TeeReader(t, io.MultiWriter(sum, r.twin))}
	if r.visit != nil {
		if err := r.visit(e, content); err != nil && content.err == nil {
			return err // its own
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return r.damage("%v", plainly(err))
	}
	if hex.EncodeToString(sum.Sum(nil)) != e.SHA256 {
		return r.damage("its contents are not those that the manifest names")
	}
	if !r.twin.agrees() {
		return r.damage("it or the entry before it is not written as bundles are")
	}
	return nil
}

// watched remembers the error that its reader has met.
type watched struct {
	from io.Reader
	err  error
}

func (w *watched) Read(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// metered reads no more than is left, whatever a file that is packed well pretends to be.
type metered struct {
	from io.Reader
	left int64
}

// overhead bounds what a tar needs for an entry beside its contents: the header, that of a long path, and padding.
const overhead = 4 << 10

var errMore = errors.New("there is more in it than its manifest says")

func (m *metered) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errMore
	}
	n, err := m.from.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, err
}

// header refuses all but plain files as the manifest describes them.
func (r *reader) header(h *tar.Header, e Entry) error {
	switch h.Typeflag {
	case tar.TypeReg:
	case tar.TypeSymlink, tar.TypeLink:
		return r.damage("a link: there are only files in a bundle")
	case tar.TypeDir:
		return r.damage("a folder: there are only files in a bundle")
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return r.damage("a device or pipe: there are only files in a bundle")
	default:
		return r.damage("of an unknown kind %q", string(h.Typeflag))
	}
	for key := range h.PAXRecords {
		if key != "path" && key != "size" {
			return r.damage("its header says %q, which bundles do not have", key)
		}
	}
	switch {
	case h.Size != e.Size:
		return r.damage("%d bytes: the manifest says %d", h.Size, e.Size)
	case h.Mode != e.Mode.bits():
		return r.damage("mode %o: the manifest says %s", h.Mode, string(e.Mode))
	case h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.ModTime.Unix() > 0:
		return r.damage("it has an owner or a time, which bundles do not have")
	}
	return nil
}

// plainly is an error of a decoder in words.
func plainly(err error) string {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the file ends in the middle"
	case errors.Is(err, zstd.ErrMagicMismatch):
		return "it is not compressed with zstd, or damaged"
	case errors.Is(err, errMore):
		return err.Error()
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return "it wants more memory to be unpacked than bundles do"
	}
	return "it is damaged (" + err.Error() + ")"
}
