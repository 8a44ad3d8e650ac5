package checkpoint

import (
	"encoding/binary"
	"math"
)

// floatDecoder returns the conversion of one little-endian element to float32.
func floatDecoder(t DType) func([]byte) float32 {
	switch t {
	case F64:
		return func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) }
	case F16:
		return func(b []byte) float32 { return halfToFloat(binary.LittleEndian.Uint16(b)) }
	case BF16:
		return func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) }
	default:
		return func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
	}
}

// integerDecoder returns the conversion of one little-endian element to int64.
func integerDecoder(t DType) func([]byte) int64 {
	switch t {
	case I64:
		return func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }
	case I32:
		return func(b []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(b))) }
	default:
		return func(b []byte) int64 { return int64(b[0]) }
	}
}

// halfToFloat converts an IEEE 754 half to the float32 of the same value.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h>>10) & 0x1f
	fraction := uint32(h) & 0x3ff
	switch exponent {
	case 0: // zero and subnormals: fraction * 2^-24
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	default:
		return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
	}
}
