package registry

import (
	"encoding/binary"
	"errors"
	"math"
)

// The numbers of an attempt lie in one row: a list of twenty metrics of ten thousand trials is read fifty times faster
// than as a row a metric. What they are made from, the points, are rows of their own.
//
// A summary is: key.id, last step (zigzag), points, NaNs, infinities as varints; last, min, max as little-endian float64.

const summaryFloats = 3 * 8

var errResults = errors.New("the summaries of an attempt cannot be read")

func encodeResults(order []int64, results map[int64]*Summary) []byte {
	b := make([]byte, 0, len(order)*(summaryFloats+12))
	for _, key := range order {
		s := results[key]
		b = binary.AppendUvarint(b, uint64(key))
		b = binary.AppendVarint(b, s.LastStep)
		for _, n := range [...]int{s.N, s.NaN, s.Inf} {
			b = binary.AppendUvarint(b, uint64(n))
		}
		for _, v := range [...]float64{s.Last, s.Min, s.Max} {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	return b
}

// decodeResults calls fn with every summary.
func decodeResults(b []byte, fn func(key int64, s Summary)) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 {
			return errResults
		}
		b = b[n:]
		var s Summary
		if s.LastStep, n = binary.Varint(b); n <= 0 {
			return errResults
		}
		b = b[n:]
		for _, into := range [...]*int{&s.N, &s.NaN, &s.Inf} {
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return errResults
			}
			*into, b = int(v), b[n:]
		}
		if len(b) < summaryFloats {
			return errResults
		}
		for i, into := range [...]*float64{&s.Last, &s.Min, &s.Max} {
			*into = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		b = b[summaryFloats:]
		fn(int64(key), s)
	}
	return nil
}
