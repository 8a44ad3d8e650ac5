// Package checkpoint reads and writes the files that hold tensors.
//
//	Load       one .safetensors file            Save      writes one, atomically
//	LoadTorch  one pytorch_model.bin             LoadAny   whichever a Hugging Face folder has, shards included
//	SaveSummed as Save, with a checksum inside    CheckSum  says whether such a file is as it was written
//	Digest     names the contents of a Hugging Face folder
//
// All loaders return a *File: an index of names, shapes and places, checked as a whole when it is opened. Values are
// read from disk on demand. The Read*Config functions read a config.json, and GPT2Params, SiglipParams
// and BERTParams rename the tensors of a published model to the parameter names of ours.
//
// A file is untrusted: whatever its bytes, the loaders return a one-line error that names the file, never panic, and
// never allocate more than a small multiple of the file's own size.
package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"sort"
)

// DType is the element type of a tensor on disk, in the spelling of safetensors.
type DType string

// The element types that are read. Save writes F32, I32, I64 and U8.
const (
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	F64  DType = "F64"
	I64  DType = "I64"
	I32  DType = "I32"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// size returns the bytes of one element, or 0 for a type that is not read.
func (t DType) size() int64 {
	switch t {
	case F64, I64:
		return 8
	case F32, I32:
		return 4
	case F16, BF16:
		return 2
	case U8, Bool:
		return 1
	default:
		return 0
	}
}

// Named is a tensor with its name: row-major values in exactly one of the slices, whose length is the product of Shape.
type Named struct {
	Name  string
	Shape []int
	F32   []float32
	I32   []int32
	I64   []int64
	U8    []byte
}

// entry says where a tensor lies. Strides (in elements) are nil for a row-major tensor.
type entry struct {
	dtype   DType
	shape   []int
	strides []int
	offset  int64 // of the first element, in src
	bytes   int64 // from offset to the end of the last element
	src     io.ReaderAt
}

// File is an open file of tensors, or several opened as one. Its methods may be called from several goroutines.
type File struct {
	path    string
	entries map[string]entry
	unread  map[string]DType // tensors of other types, which are left out
	meta    map[string]string
	closers []io.Closer
}

// Path returns what was opened.
func (f *File) Path() string { return f.path }

// Names returns the names of all tensors, sorted.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.entries))
	for name := range f.entries {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Has reports whether the file holds a tensor of that name.
func (f *File) Has(name string) bool { _, ok := f.entries[name]; return ok }

// Shape returns a tensor's dimensions (empty for a scalar), or nil if there is no such tensor.
func (f *File) Shape(name string) []int { return slices.Clone(f.entries[name].shape) }

// DType returns a tensor's element type on disk, or "" if there is no such tensor.
func (f *File) DType(name string) DType { return f.entries[name].dtype }

// Meta returns the file's string metadata; it may be nil and is the caller's to read only.
func (f *File) Meta() map[string]string { return f.meta }

// Close releases the file. Tensors that were read stay valid.
func (f *File) Close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c.Close())
	}
	f.closers = nil
	return errors.Join(errs...)
}

// lookup finds a tensor whose element type is one of want.
func (f *File) lookup(name string, want ...DType) (entry, error) {
	e, ok := f.entries[name]
	if dtype := f.unread[name]; dtype != "" {
		return e, fmt.Errorf("%s: tensor %q holds %s, want one of %v", f.path, name, dtype, want)
	}
	if !ok {
		return e, fmt.Errorf("%s: no tensor %q", f.path, name)
	}
	if !slices.Contains(want, e.dtype) {
		return e, fmt.Errorf("%s: tensor %q holds %s, want one of %v", f.path, name, e.dtype, want)
	}
	return e, nil
}

// floats are the types that F32 reads.
var floats = []DType{F32, F16, BF16, F64}

// F32 reads a floating-point tensor, row-major, converting F64, F16 and BF16.
func (f *File) F32(name string) ([]float32, error) {
	e, err := f.lookup(name, floats...)
	if err != nil {
		return nil, err
	}
	return readTensor(f, name, e, floatDecoder(e.dtype))
}

// I32 reads an integer or boolean tensor; an I64 that does not fit is an error.
func (f *File) I32(name string) ([]int32, error) {
	wide, err := f.I64(name)
	if err != nil {
		return nil, err
	}
	out := make([]int32, len(wide))
	for i, v := range wide {
		if v < math.MinInt32 || v > math.MaxInt32 {
			return nil, fmt.Errorf("%s: tensor %q: element %d is %d, beyond 32 bits", f.path, name, i, v)
		}
		out[i] = int32(v)
	}
	return out, nil
}

// I64 reads an integer or boolean tensor.
func (f *File) I64(name string) ([]int64, error) {
	e, err := f.lookup(name, I64, I32, U8, Bool)
	if err != nil {
		return nil, err
	}
	return readTensor(f, name, e, integerDecoder(e.dtype))
}

// U8 reads a tensor of bytes or booleans.
func (f *File) U8(name string) ([]byte, error) {
	e, err := f.lookup(name, U8, Bool)
	if err != nil {
		return nil, err
	}
	return readTensor(f, name, e, func(b []byte) byte { return b[0] })
}

// readTensor reads the elements of e and lays them out row-major.
func readTensor[T any](f *File, name string, e entry, decode func([]byte) T) ([]T, error) {
	size := int(e.dtype.size())
	values := make([]T, e.bytes/int64(size))
	at := 0
	for chunk, err := range f.chunks(name, e) {
		if err != nil {
			return nil, err
		}
		for i := 0; i < len(chunk); i += size {
			values[at] = decode(chunk[i : i+size])
			at++
		}
	}
	if e.strides == nil {
		return values, nil
	}
	return gather(values, e.shape, e.strides), nil
}

// chunks are the bytes of a tensor as they lie in the file, some whole elements at a time. Each holds until the next.
func (f *File) chunks(name string, e entry) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		buffer := make([]byte, min(e.bytes, 1<<20))
		for done := int64(0); done < e.bytes; {
			chunk := buffer[:min(int64(len(buffer)), e.bytes-done)]
			if _, err := e.src.ReadAt(chunk, e.offset+done); err != nil {
				yield(nil, fmt.Errorf("%s: read tensor %q: %w", f.path, name, err))
				return
			}
			if !yield(chunk, nil) {
				return
			}
			done += int64(len(chunk))
		}
	}
}

// gather copies a strided view into row-major order.
func gather[T any](values []T, shape, strides []int) []T {
	n, _ := elements(shape)
	out := make([]T, 0, n)
	index := make([]int, len(shape))
	for range n {
		at := 0
		for d, i := range index {
			at += i * strides[d]
		}
		out = append(out, values[at])
		for d := len(index) - 1; d >= 0; d-- {
			if index[d]++; index[d] < shape[d] {
				break
			}
			index[d] = 0
		}
	}
	return out
}

// elements returns the product of shape; false if a dimension is negative or the product leaves 2^48.
func elements(shape []int) (int64, bool) {
	const limit = int64(1) << 48
	n := int64(1)
	for _, d := range shape {
		if d < 0 || int64(d) > limit {
			return 0, false
		}
		if d != 0 && n > limit/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}
