package checkpoint

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"harness/internal/atomicfile"
)

// Save writes tensors and string metadata as a safetensors file. Equal input gives equal bytes: tensors are laid out by
// element size (so that each is aligned), then by name. The file is written under a temporary name, synced and renamed, so
// that path holds the old content or the new one, complete in every case.
func Save(path string, tensors []Named, meta map[string]string) error {
	head, order, err := encodeHeader(tensors, meta)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	err = replaceFile(path, func(w io.Writer) error { return writeFile(w, head, tensors, order) }, nil)
	if err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return nil
}

// writeFile writes a whole safetensors file.
func writeFile(w io.Writer, head []byte, tensors []Named, order []int) error {
	if err := binary.Write(w, binary.LittleEndian, uint64(len(head))); err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, i := range order {
		if err := writeValues(w, &tensors[i]); err != nil {
			return err
		}
	}
	return nil
}

// kind returns the element type and the number of elements of n, which must hold exactly one kind of values (none at
// all is an empty F32 tensor).
func (n *Named) kind() (DType, int, error) {
	kinds := [...]struct {
		t   DType
		set bool
		n   int
	}{{F32, n.F32 != nil, len(n.F32)}, {I32, n.I32 != nil, len(n.I32)}, {I64, n.I64 != nil, len(n.I64)}, {U8, n.U8 != nil, len(n.U8)}}
	t, count, found := F32, 0, 0
	for _, k := range kinds {
		if k.set {
			t, count = k.t, k.n
			found++
		}
	}
	if found > 1 {
		return "", 0, fmt.Errorf("tensor %q holds values of %d types", n.Name, found)
	}
	want, ok := elements(n.Shape)
	if !ok || want != int64(count) {
		return "", 0, fmt.Errorf("tensor %q: shape %v does not hold %d values", n.Name, n.Shape, count)
	}
	return t, count, nil
}

// encodeHeader returns the JSON header, padded with spaces to a multiple of 8, and the order of the data.
func encodeHeader(tensors []Named, meta map[string]string) ([]byte, []int, error) {
	kinds := make([]DType, len(tensors))
	bytesOf := make([]int64, len(tensors))
	order := make([]int, len(tensors))
	seen := make(map[string]bool, len(tensors))
	for i := range tensors {
		t, count, err := tensors[i].kind()
		if err != nil {
			return nil, nil, err
		}
		if name := tensors[i].Name; seen[name] || name == metadataKey || !utf8.ValidString(name) {
			return nil, nil, fmt.Errorf("tensor name %q is taken or not UTF-8", name)
		}
		seen[tensors[i].Name] = true
		kinds[i], bytesOf[i], order[i] = t, int64(count)*t.size(), i
	}
	slices.SortFunc(order, func(a, b int) int {
		if d := kinds[b].size() - kinds[a].size(); d != 0 {
			return int(d)
		}
		return strings.Compare(tensors[a].Name, tensors[b].Name)
	})

	var out bytes.Buffer
	out.WriteByte('{')
	if len(meta) > 0 {
		for key, value := range meta {
			if !utf8.ValidString(key) || !utf8.ValidString(value) {
				return nil, nil, fmt.Errorf("metadata %q is not UTF-8", key)
			}
		}
		text, err := json.Marshal(meta) // sorted by key
		if err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(&out, "%q:%s", metadataKey, text)
	}
	at := int64(0)
	for _, i := range order {
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(tensors[i].Name)
		if err != nil {
			return nil, nil, err
		}
		shape, err := json.Marshal(append([]int{}, tensors[i].Shape...)) // a scalar is [], not null
		if err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(&out, `%s:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, kinds[i], shape, at, at+bytesOf[i])
		at += bytesOf[i]
	}
	out.WriteByte('}')
	for out.Len()%8 != 0 {
		out.WriteByte(' ')
	}
	if out.Len() > maxHeader {
		return nil, nil, fmt.Errorf("header of %d bytes, the format allows %d", out.Len(), maxHeader)
	}
	return out.Bytes(), order, nil
}

// writeValues writes the values of n, little-endian.
func writeValues(w io.Writer, n *Named) error {
	err := writeChunks(w, n.F32, func(b []byte, v float32) []byte {
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	})
	if err != nil {
		return err
	}
	err = writeChunks(w, n.I32, func(b []byte, v int32) []byte { return binary.LittleEndian.AppendUint32(b, uint32(v)) })
	if err != nil {
		return err
	}
	err = writeChunks(w, n.I64, func(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) })
	if err != nil {
		return err
	}
	_, err = w.Write(n.U8)
	return err
}

// writeChunks writes values through a buffer.
func writeChunks[T any](w io.Writer, values []T, encode func([]byte, T) []byte) error {
	var buffer []byte
	for part := range slices.Chunk(values, 1<<16) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = encode(buffer, v)
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}

// replaceFile writes a file beside path, syncs it and renames it to path; on an error nothing is left behind. patch, if
// not nil, may change what was written.
func replaceFile(path string, write func(io.Writer) error, patch func(io.WriterAt) error) error {
	file, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer file.Abort()
	w := bufio.NewWriterSize(file, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if patch != nil {
		if err := patch(file); err != nil {
			return err
		}
	}
	if err := file.Commit(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
