package native

import "unsafe"

// packedRows is the number of rows up to which Run keeps a weight packed: packing it costs as much as multiplying 15 rows by
// it, and a decoding step has tens.
const packedRows = 256

// packKey names a weight by where it lies and how it is read.
type packKey struct {
	data    *float32
	out, in int
	outIn   bool
}

// pack is a weight as the device multiplies by it. It is of no use once the parameters have moved, but its memory is.
type pack struct {
	panels   []float32
	outdated bool
}

// packed is the weight [in, out], which lies in the memory of a parameter, packed.
func (s *Session) packed(weight matrix, out, in int) []float32 {
	key := packKey{unsafe.SliceData(weight.data), out, in, weight.row == 1}
	p := s.packs[key]
	if p == nil {
		if s.packs == nil {
			s.packs = map[packKey]*pack{}
		}
		p = &pack{mapFloats(max(s.engine.device.packedSize(out, in), 1)), true}
		s.packs[key] = p
	}
	if p.outdated {
		s.engine.device.pack(out, in, weight, p.panels)
		p.outdated = false
	}
	return p.panels
}

// packsOutdated says that the parameters have moved.
func (s *Session) packsOutdated() {
	for _, p := range s.packs {
		p.outdated = true
	}
}

func (s *Session) freePacks() {
	for _, p := range s.packs {
		unmapFloats(p.panels)
	}
	s.packs = nil
}
