package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"harness/model/dataset/sniff"
)

// lengthSize is the number of bytes before the header, which hold its length.
const lengthSize = 8

// maxHeader is the limit of the safetensors format itself.
const maxHeader = 100 << 20

var errPointer = errors.New("a pointer of Git LFS, not the file itself: fetch it with git lfs pull")

// metadataKey is the header entry that holds strings instead of a tensor.
const metadataKey = "__metadata__"

// Load opens a safetensors file: eight bytes with the header's length, a JSON header, then the data, all little-endian.
// The header must describe the data exactly, without gaps or overlaps, as the format demands; tensors of a type that is
// not read (8-bit floats, say) are left out of the File.
func Load(path string) (*File, error) { return open(path, parseSafetensors) }

// open opens a file in the format that parse reads; the File keeps it open for its tensors.
func open(path string, parse func(src io.ReaderAt, size int64) (*File, error)) (*File, error) {
	src, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := src.Stat()
	if err != nil {
		src.Close()
		return nil, err
	}
	if err := checkStart(src); err != nil {
		src.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f, err := parse(src, info.Size())
	if err != nil {
		src.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.path, f.closers = path, []io.Closer{src}
	return f, nil
}

// checkStart refuses what a download leaves in the place of a file.
func checkStart(src io.ReaderAt) error {
	start := make([]byte, sniff.HeadSize)
	n, _ := src.ReadAt(start, 0)
	switch sniff.Of(start[:n]) {
	case sniff.LFSPointer:
		return errPointer
	case sniff.HTML:
		return errors.New("a web page, not the file itself: fetch it again")
	}
	return nil
}

// header is one tensor of the JSON header.
type header struct {
	DType   DType     `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets *[2]int64 `json:"data_offsets"`
}

// parseSafetensors indexes src, which holds size bytes.
func parseSafetensors(src io.ReaderAt, size int64) (*File, error) {
	var length [lengthSize]byte
	if size < int64(len(length)) {
		return nil, fmt.Errorf("not a safetensors file: %d bytes", size)
	}
	if _, err := src.ReadAt(length[:], 0); err != nil {
		return nil, fmt.Errorf("read the header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("not a safetensors file, or truncated: a header of %d bytes in a file of %d", n, size)
	}
	text := make([]byte, n)
	if _, err := src.ReadAt(text, 8); err != nil {
		return nil, fmt.Errorf("read the header: %w", err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}

	f := &File{entries: make(map[string]entry, len(raw)), unread: map[string]DType{}}
	start, length64 := int64(8+n), size-8-int64(n)
	type span struct {
		begin, end int64
		name       string
	}
	spans := make([]span, 0, len(raw))
	for name, value := range raw {
		if name == metadataKey {
			if err := json.Unmarshal(value, &f.meta); err != nil {
				return nil, fmt.Errorf("header: %s: %w", metadataKey, err)
			}
			continue
		}
		var h header
		if err := json.Unmarshal(value, &h); err != nil {
			return nil, fmt.Errorf("header: tensor %q: %w", name, err)
		}
		if h.Offsets == nil || h.Offsets[0] < 0 || h.Offsets[1] < h.Offsets[0] {
			return nil, fmt.Errorf("header: tensor %q: bad data_offsets", name)
		}
		begin, end := h.Offsets[0], h.Offsets[1]
		if end > length64 {
			return nil, fmt.Errorf("truncated: tensor %q ends at byte %d of %d", name, end, length64)
		}
		spans = append(spans, span{begin, end, name})
		if h.DType.size() == 0 {
			f.unread[name] = h.DType
			continue
		}
		count, ok := elements(h.Shape)
		if !ok || count*h.DType.size() != end-begin {
			return nil, fmt.Errorf("header: tensor %q: %s%v does not fill %d bytes", name, h.DType, h.Shape, end-begin)
		}
		f.entries[name] = entry{dtype: h.DType, shape: h.Shape, offset: start + begin, bytes: end - begin, src: src}
	}

	slices.SortFunc(spans, func(a, b span) int {
		if a.begin != b.begin {
			return int(min(max(a.begin-b.begin, -1), 1))
		}
		if a.end != b.end {
			return int(min(max(a.end-b.end, -1), 1))
		}
		return strings.Compare(a.name, b.name)
	})
	at := int64(0)
	for _, s := range spans {
		if s.begin != at {
			return nil, fmt.Errorf("header: tensor %q begins at byte %d, the one before ends at %d", s.name, s.begin, at)
		}
		at = s.end
	}
	if at != length64 {
		return nil, fmt.Errorf("%d bytes of data, but the tensors fill %d", length64, at)
	}
	return f, nil
}
