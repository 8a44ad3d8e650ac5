package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// CheckFinite reads a floating-point tensor and refuses one with a value that is NaN or infinite. It keeps no values.
func (f *File) CheckFinite(name string) error {
	e, err := f.lookup(name, floats...)
	if err != nil {
		return err
	}
	if e.dtype == F64 || e.strides != nil { // 64 bits may not fit into 32; the numbers of a view lie apart
		values, err := f.F32(name)
		if err != nil {
			return err
		}
		return finite(f.path, name, values)
	}
	done := 0
	for chunk, err := range f.chunks(name, e) {
		if err != nil {
			return err
		}
		if at := firstNotFinite(e.dtype, chunk); at >= 0 {
			return notFinite(f.path, name, (done+at)/int(e.dtype.size()), floatDecoder(e.dtype)(chunk[at:]))
		}
		done += len(chunk)
	}
	return nil
}

// firstNotFinite returns where the first little-endian element lies whose exponent is that of NaN and infinity, or -1.
func firstNotFinite(t DType, data []byte) int {
	if t == F32 {
		const exponent = 0x7f800000
		for i := 0; i+4 <= len(data); i += 4 {
			if binary.LittleEndian.Uint32(data[i:])&exponent == exponent {
				return i
			}
		}
		return -1
	}
	exponent := uint16(0x7f80) // BF16
	if t == F16 {
		exponent = 0x7c00
	}
	for i := 0; i+2 <= len(data); i += 2 {
		if binary.LittleEndian.Uint16(data[i:])&exponent == exponent {
			return i
		}
	}
	return -1
}

// finite refuses weights that can only give NaN.
func finite(path, name string, values []float32) error {
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return notFinite(path, name, i, v)
		}
	}
	return nil
}

func notFinite(path, name string, at int, v float32) error {
	return fmt.Errorf("%s: tensor %q: value %d is %v", path, name, at, v)
}

// same tells whether two floating-point tensors have the same shape and values.
func (f *File) same(a, b string) bool {
	x, y := f.entries[a], f.entries[b]
	if x.src == y.src && x.offset == y.offset && x.bytes == y.bytes && x.dtype == y.dtype && x.strides == nil && y.strides == nil {
		return slices.Equal(x.shape, y.shape)
	}
	left, errA := f.F32(a)
	right, errB := f.F32(b)
	return errA == nil && errB == nil && slices.Equal(x.shape, y.shape) && slices.Equal(left, right)
}
