package search

import "math/bits"

// MaxSobol is how many parameters a Sobol sequence may have.
const MaxSobol = 1 + len(joeKuo)

// sobolBits is the number of binary digits of a coordinate.
const sobolBits = 32

// sobol is the sequence in Gray code order (Antonov and Saleev, 1979). Each coordinate is moved by a random digital shift, an
// exclusive or with digits that seed and name decide: every first 2^k points still have one in each of 2^k equal parts, and the
// corner 0 loses its special place.
func sobol(seed uint64, names []string) func(int) []float64 {
	directions := make([][sobolBits]uint32, len(names))
	state := make([]uint32, len(names))
	for i, name := range names {
		directions[i] = direction(i)
		state[i] = uint32(stream(seed, name).Uint64() >> 32)
	}
	return func(n int) []float64 {
		if n > 0 { // the one digit in which the Gray codes of n-1 and n differ
			digit := bits.TrailingZeros32(uint32(n))
			for i := range state {
				state[i] ^= directions[i][digit]
			}
		}
		point := make([]float64, len(state))
		for i, x := range state {
			point[i] = float64(x) / (1 << sobolBits)
		}
		return point
	}
}

// direction computes the direction numbers of a dimension, counted from 0 (Joe and Kuo 2003, equations 2 and 3): the first is van
// der Corput's sequence.
func direction(dimension int) [sobolBits]uint32 {
	var v [sobolBits]uint32
	if dimension == 0 {
		for k := range v {
			v[k] = 1 << (sobolBits - 1 - k)
		}
		return v
	}
	p := joeKuo[dimension-1]
	s := len(p.m)
	for k := range v {
		if k < s {
			v[k] = p.m[k] << (sobolBits - 1 - k)
			continue
		}
		v[k] = v[k-s] ^ v[k-s]>>s
		for j := 1; j < s; j++ {
			if p.a>>(s-1-j)&1 == 1 {
				v[k] ^= v[k-j]
			}
		}
	}
	return v
}

// polynomial is a primitive polynomial over the field of two elements, of degree len(m): a holds its inner coefficients, m the
// first direction numbers.
type polynomial struct {
	a uint32
	m []uint32
}

// joeKuo begins the list new-joe-kuo-6 for dimensions from 2 on: S. Joe and F. Y. Kuo, Constructing Sobol sequences with better
// two-dimensional projections, SIAM J. Sci. Comput. 30 (2008), https://web.maths.unsw.edu.au/~fkuo/sobol/ (see NOTICE).
var joeKuo = [...]polynomial{
	{0, []uint32{1}},                             // 2
	{1, []uint32{1, 3}},                          // 3
	{1, []uint32{1, 3, 1}},                       // 4
	{2, []uint32{1, 1, 1}},                       // 5
	{1, []uint32{1, 1, 3, 3}},                    // 6
	{4, []uint32{1, 3, 5, 13}},                   // 7
	{2, []uint32{1, 1, 5, 5, 17}},                // 8
	{4, []uint32{1, 1, 5, 5, 5}},                 // 9
	{7, []uint32{1, 1, 7, 11, 19}},               // 10
	{11, []uint32{1, 1, 5, 1, 1}},                // 11
	{13, []uint32{1, 1, 1, 3, 11}},               // 12
	{14, []uint32{1, 3, 5, 5, 31}},               // 13
	{1, []uint32{1, 3, 3, 9, 7, 49}},             // 14
	{13, []uint32{1, 1, 1, 15, 21, 21}},          // 15
	{16, []uint32{1, 3, 1, 13, 27, 49}},          // 16
	{19, []uint32{1, 1, 1, 15, 7, 5}},            // 17
	{22, []uint32{1, 3, 1, 15, 13, 25}},          // 18
	{25, []uint32{1, 1, 5, 5, 19, 61}},           // 19
	{1, []uint32{1, 3, 7, 11, 23, 15, 103}},      // 20
	{4, []uint32{1, 3, 7, 13, 13, 15, 69}},       // 21
	{7, []uint32{1, 1, 3, 13, 7, 35, 63}},        // 22
	{8, []uint32{1, 3, 5, 9, 1, 25, 53}},         // 23
	{14, []uint32{1, 3, 1, 13, 9, 35, 107}},      // 24
	{19, []uint32{1, 3, 1, 5, 27, 61, 31}},       // 25
	{21, []uint32{1, 1, 5, 11, 19, 41, 61}},      // 26
	{28, []uint32{1, 3, 5, 3, 3, 13, 69}},        // 27
	{31, []uint32{1, 1, 7, 13, 1, 19, 1}},        // 28
	{32, []uint32{1, 3, 7, 5, 13, 19, 59}},       // 29
	{37, []uint32{1, 1, 3, 9, 25, 29, 41}},       // 30
	{41, []uint32{1, 3, 5, 13, 23, 1, 55}},       // 31
	{42, []uint32{1, 3, 7, 3, 13, 59, 17}},       // 32
	{50, []uint32{1, 3, 1, 3, 5, 53, 69}},        // 33
	{55, []uint32{1, 1, 5, 5, 23, 33, 13}},       // 34
	{56, []uint32{1, 1, 7, 7, 1, 61, 123}},       // 35
	{59, []uint32{1, 1, 7, 9, 13, 61, 49}},       // 36
	{62, []uint32{1, 3, 3, 5, 3, 55, 33}},        // 37
	{14, []uint32{1, 3, 1, 15, 31, 13, 49, 245}}, // 38
	{21, []uint32{1, 3, 5, 15, 31, 59, 63, 97}},  // 39
	{22, []uint32{1, 3, 1, 11, 11, 11, 77, 249}}, // 40
	{38, []uint32{1, 3, 1, 11, 27, 43, 71, 9}},   // 41
	{47, []uint32{1, 1, 7, 15, 21, 11, 81, 45}},  // 42
	{49, []uint32{1, 3, 7, 3, 25, 31, 65, 79}},   // 43
	{50, []uint32{1, 3, 1, 1, 19, 11, 3, 205}},   // 44
	{52, []uint32{1, 1, 5, 9, 19, 21, 29, 157}},  // 45
	{56, []uint32{1, 3, 7, 11, 1, 33, 89, 185}},  // 46
	{67, []uint32{1, 3, 3, 3, 15, 9, 79, 71}},    // 47
	{70, []uint32{1, 3, 7, 11, 15, 39, 119, 27}}, // 48
	{84, []uint32{1, 1, 3, 1, 11, 31, 97, 225}},  // 49
	{97, []uint32{1, 1, 1, 3, 23, 43, 57, 177}},  // 50
}
