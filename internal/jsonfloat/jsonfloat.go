// Package jsonfloat is the one way in which this program writes a float64 as JSON: NaN and the infinities, which JSON
// lacks, are the strings "NaN", "+Inf" and "-Inf". They are values that were measured. What was not measured is no Float
// at all: a nil pointer (null) or a key that is not there.
package jsonfloat

import (
	"fmt"
	"math"
	"strconv"
)

// Float is a float64 that JSON can carry.
type Float float64

// MarshalJSON writes the shortest number that reads back as the same bits.
func (f Float) MarshalJSON() ([]byte, error) { return Append(nil, float64(f)), nil }

// Append appends v as JSON to dst.
func Append(dst []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"+Inf"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Inf"`...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// UnmarshalJSON reads a number, or "NaN", "+Inf" and "-Inf". A number too large for a float64 is an error.
func (f *Float) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"NaN"`:
		*f = Float(math.NaN())
		return nil
	case `"+Inf"`:
		*f = Float(math.Inf(1))
		return nil
	case `"-Inf"`:
		*f = Float(math.Inf(-1))
		return nil
	}
	v, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return fmt.Errorf("want a number: %s is none", data)
	}
	*f = Float(v)
	return nil
}

// Known is v as a value that was measured, or nil where ok is false.
func Known(v float64, ok bool) *Float {
	if !ok {
		return nil
	}
	f := Float(v)
	return &f
}
