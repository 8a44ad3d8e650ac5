package engine

// Keep says whether [Ops.Dropout] keeps the element at index (row-major) of the call-th Dropout of a program (from 0).
// It is a counter, not a stream: every element is decided alone, so any engine, on any number of threads, draws the
// same mask, and the way back can draw it again instead of keeping it. Each of seed, call and index goes through the
// finaliser of MurmurHash3, a bijection of 32 bits in which every input bit flips half of the output bits:
//
//	keep = mix(mix(mix(seed) + call) + index) >= KeepThreshold(rate)
//
// with wrapping uint32 sums. rate is in [0, 1).
func Keep(seed uint32, call, index uint32, rate float64) bool {
	return Mix32(DropoutBase(seed, call)+index) >= KeepThreshold(rate)
}

// DropoutBase is the part of [Keep] that all elements of one call share.
func DropoutBase(seed, call uint32) uint32 { return Mix32(Mix32(seed) + call) }

// KeepThreshold is rate as a part of the 2³² hashes; hashes below it are dropped.
func KeepThreshold(rate float64) uint32 { return uint32(rate * (1 << 32)) }

// Mix32 is the finaliser of MurmurHash3.
func Mix32(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h
}
