package checkpoint

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// legacyMagic begins a file of torch.save before PyTorch 1.6.
var legacyMagic = []byte{0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19}

// LoadTorch opens what torch.save wrote for a dictionary of tensors (pytorch_model.bin): an uncompressed zip archive of
// a pickle and one file a storage. No code of the pickle is run; anything in it that is not a dictionary of tensors is
// refused by name. Entries of the dictionary that are not tensors are left out. Where it has no tensors itself, as what a training
// program saves, those of the one dictionary under a name of stateNames are taken.
func LoadTorch(path string) (*File, error) { return open(path, parseTorch) }

// parseTorch indexes src, which holds size bytes.
func parseTorch(src io.ReaderAt, size int64) (*File, error) {
	start := make([]byte, len(legacyMagic))
	if n, _ := src.ReadAt(start, 0); bytes.Equal(start[:n], legacyMagic) {
		return nil, errors.New("written by PyTorch before 1.6: load and save it again there, or convert it to safetensors")
	}
	archive, err := zip.NewReader(src, size)
	if err != nil {
		return nil, fmt.Errorf("not a PyTorch archive, or truncated: %w", err)
	}
	files := make(map[string]*zip.File, len(archive.File))
	root, found := "", false
	for _, member := range archive.File {
		files[member.Name] = member
		if dir, ok := strings.CutSuffix(member.Name, "/data.pkl"); ok && !found {
			root, found = dir, true
		}
	}
	if !found {
		return nil, errors.New("not a PyTorch archive: no data.pkl")
	}
	program, err := readMember(src, size, files[root+"/data.pkl"])
	if err != nil {
		return nil, err
	}
	if order := files[root+"/byteorder"]; order != nil {
		text, err := readMember(src, size, order)
		if err != nil {
			return nil, err
		}
		if string(text) != "little" {
			return nil, fmt.Errorf("byte order %.10q, want little", text)
		}
	}
	value, err := unpickle(program)
	if err != nil {
		return nil, err
	}
	dict, ok := value.(*pickleDict)
	if !ok {
		return nil, errors.New("not a dictionary of tensors")
	}

	if dict = dict.state(); dict == nil {
		return nil, fmt.Errorf("no tensors at the top of the dictionary, nor in one of %q", stateNames)
	}
	f := &File{entries: make(map[string]entry, len(dict.keys))}
	for i, key := range dict.keys {
		name, isString := key.(string)
		tensor, isTensor := dict.values[i].(torchTensor)
		if !isString || !isTensor {
			continue
		}
		e, err := tensor.locate(src, size, files[root+"/data/"+tensor.storage.key])
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		f.entries[name] = e
	}
	return f, nil
}

// stateNames are the names under which training programs keep a model's tensors.
var stateNames = []string{"state_dict", "model_state_dict", "model"}

// state is the dictionary that has the tensors: this one, or the only one of stateNames; nil where there is none.
func (d *pickleDict) state() *pickleDict {
	if d.hasTensors() {
		return d
	}
	var found *pickleDict
	for i, key := range d.keys {
		name, _ := key.(string)
		inner, isDict := d.values[i].(*pickleDict)
		if !isDict || !slices.Contains(stateNames, name) || !inner.hasTensors() {
			continue
		}
		if found != nil {
			return nil
		}
		found = inner
	}
	return found
}

func (d *pickleDict) hasTensors() bool {
	for i, key := range d.keys {
		_, isString := key.(string)
		if _, isTensor := d.values[i].(torchTensor); isString && isTensor {
			return true
		}
	}
	return false
}

// readMember reads a whole member of the archive.
func readMember(src io.ReaderAt, size int64, member *zip.File) ([]byte, error) {
	offset, length, err := placeOf(size, member)
	if err != nil {
		return nil, err
	}
	data := make([]byte, length)
	if _, err := src.ReadAt(data, offset); err != nil {
		return nil, fmt.Errorf("read %q: %w", member.Name, err)
	}
	return data, nil
}

// placeOf returns where the bytes of a member lie in the file of size bytes.
func placeOf(size int64, member *zip.File) (offset, length int64, err error) {
	if member.Method != zip.Store {
		return 0, 0, fmt.Errorf("%q is compressed, which torch.save never does", member.Name)
	}
	offset, err = member.DataOffset()
	if err != nil {
		return 0, 0, fmt.Errorf("%q: %w", member.Name, err)
	}
	if offset < 0 || offset > size || member.UncompressedSize64 > uint64(size-offset) {
		return 0, 0, fmt.Errorf("truncated: %q ends beyond the file", member.Name)
	}
	return offset, int64(member.UncompressedSize64), nil
}

// locate checks that the view lies inside its storage, and the storage inside its member of the archive.
func (t torchTensor) locate(src io.ReaderAt, size int64, member *zip.File) (entry, error) {
	if member == nil {
		return entry{}, fmt.Errorf("no storage %q in the archive", t.storage.key)
	}
	start, length, err := placeOf(size, member)
	if err != nil {
		return entry{}, err
	}
	width := t.storage.dtype.size()
	if t.storage.size > length/width {
		return entry{}, fmt.Errorf("storage %q has %d bytes, want %d elements of %s", t.storage.key, length, t.storage.size, t.storage.dtype)
	}
	count, ok := elements(t.shape)
	if !ok || count > t.storage.size { // more elements than the storage: an expanded view, which no state has
		return entry{}, fmt.Errorf("shape %v does not fit a storage of %d elements", t.shape, t.storage.size)
	}
	reach := int64(0) // elements from the first to after the last
	if count > 0 {
		reach = 1
	}
	rowMajor, stride := true, 1
	for d := len(t.shape) - 1; d >= 0; d-- {
		steps := int64(t.shape[d] - 1)
		if count > 0 && steps > 0 {
			if t.strides[d] > 0 && steps > (t.storage.size-reach)/int64(t.strides[d]) {
				return entry{}, fmt.Errorf("strides %v of shape %v leave a storage of %d elements", t.strides, t.shape, t.storage.size)
			}
			reach += steps * int64(t.strides[d])
			rowMajor = rowMajor && t.strides[d] == stride
		}
		stride *= t.shape[d]
	}
	if t.offset > t.storage.size-reach {
		return entry{}, fmt.Errorf("offset %d leaves a storage of %d elements", t.offset, t.storage.size)
	}
	e := entry{dtype: t.storage.dtype, shape: t.shape, src: src, offset: start + t.offset*width, bytes: reach * width}
	if !rowMajor {
		e.strides = t.strides
	}
	return e, nil
}
