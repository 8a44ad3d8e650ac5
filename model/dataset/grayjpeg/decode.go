package grayjpeg

import (
	"bytes"
	"encoding/binary"
	"image"
)

// Decoder reads files. It keeps its tables and buffers; it may be used by one goroutine at a time.
type Decoder struct {
	steps  [64]int32 // in the order of the file
	tables []byte    // the DHT segments of which dc and ac are made
	dc, ac lookup
	coded  []byte // the bits of the pixels without what was stuffed between them
}

// Decode returns the pixels of a file: those that jpeg.Decode returns. ok is false where the file is not a gray baseline JPEG in one
// scan without restarts, or where anything is wrong with it.
func (d *Decoder) Decode(file []byte) (img *image.Gray, ok bool) {
	scan, size, ok := d.head(file)
	if !ok || !d.unstuff(scan) {
		return nil, false
	}
	across, down := (size.X+7)/8, (size.Y+7)/8
	whole := image.NewGray(image.Rect(0, 0, 8*across, 8*down))
	r := bitReader{in: d.coded}
	last := int32(0)
	for y := range down {
		for x := range across {
			var b block
			if last, ok = d.read(&r, &b, last); !ok {
				return nil, false
			}
			inverse(&b, whole.Pix[y*8*whole.Stride+x*8:], whole.Stride)
		}
	}
	if !r.atEnd() {
		return nil, false
	}
	return whole.SubImage(image.Rectangle{Max: size}).(*image.Gray), true
}

// mostPixels bounds the images that are read: what a false header states is not to be allocated.
const mostPixels = 1 << 27

// head reads all that stands before the coded pixels: the tables, and the size. It returns what follows.
func (d *Decoder) head(file []byte) (scan []byte, size image.Point, ok bool) {
	if len(file) < 2 || file[0] != 0xff || file[1] != startOfImage {
		return nil, size, false
	}
	stepsOf, tables, component := [2]*[64]int32{}, []byte(nil), byte(0)
	choice := 0
	for rest := file[2:]; ; {
		marker, contents, behind, ok := segment(rest)
		if !ok {
			return nil, size, false
		}
		switch {
		case marker == quantisation:
			for ; len(contents) >= 65 && contents[0] < 2; contents = contents[65:] {
				steps := new([64]int32)
				for i, v := range contents[1:65] {
					steps[i] = int32(v)
				}
				stepsOf[contents[0]] = steps
			}
			ok = len(contents) == 0
		case marker == huffmanTables:
			tables = append(tables, contents...)
		case marker == baselineFrame: // precision, height, width, one component: its name, factors and table
			ok = size == image.Point{} && len(contents) == 9 && contents[0] == 8 && contents[5] == 1 && contents[7] == 0x11 && contents[8] < 2
			if ok {
				size = image.Pt(int(binary.BigEndian.Uint16(contents[3:])), int(binary.BigEndian.Uint16(contents[1:])))
				component, choice = contents[6], int(contents[8])
			}
		case marker == startOfScan:
			want := []byte{1, component, 0, 0, 63, 0}
			if !bytes.Equal(contents, want) || size.X < 1 || size.Y < 1 || size.X > mostPixels/size.Y || stepsOf[choice] == nil {
				return nil, size, false
			}
			d.steps = *stepsOf[choice]
			return behind, size, d.setTables(tables)
		default:
			ok = marker >= firstApp && marker <= lastApp || marker == comment
		}
		if !ok {
			return nil, size, false
		}
		rest = behind
	}
}

// setTables makes the lookups of DHT segments, which must hold the tables 0 and no others; those of the last file are kept.
func (d *Decoder) setTables(tables []byte) bool {
	if len(tables) > 0 && bytes.Equal(tables, d.tables) {
		return true
	}
	d.tables = d.tables[:0]
	var dc, ac bool
	for rest := tables; len(rest) > 0; {
		codes, behind, ok := codesOf(rest[1:])
		if !ok {
			return false
		}
		switch rest[0] {
		case 0x00:
			d.dc, dc = newLookup(codes, 0), true
		case 0x10:
			d.ac, ac = newLookup(codes, 4), true
		default:
			return false
		}
		rest = behind
	}
	if !dc || !ac {
		return false
	}
	d.tables = append(d.tables, tables...)
	return true
}

// unstuff copies the coded pixels, without the 0 behind each 0xff, to coded. Behind them must stand the end of the image.
func (d *Decoder) unstuff(scan []byte) bool {
	d.coded = d.coded[:0]
	for {
		i := bytes.IndexByte(scan, 0xff)
		if i < 0 || i+1 >= len(scan) {
			return false
		}
		switch scan[i+1] {
		case 0:
			d.coded = append(d.coded, scan[:i+1]...)
			scan = scan[i+2:]
		case endOfImage:
			d.coded = append(d.coded, scan[:i]...)
			return true
		default:
			return false
		}
	}
}

// read decodes a block (ITU T.81, F.2.2); last is the first coefficient of the one before.
func (d *Decoder) read(r *bitReader, b *block, last int32) (int32, bool) {
	r.fill()
	size, ok := d.dc.next(r)
	if !ok || size > 16 {
		return 0, false
	}
	r.fill()
	last += r.value(uint(size))
	b[0] = last * d.steps[0]
	at := 1
	for at < 64 {
		if at = d.readShort(r, b, at); at > 63 {
			break
		}
		pair, ok := d.ac.next(r)
		run, size := int(pair>>4), uint(pair&15)
		switch {
		case !ok:
			return 0, false
		case pair == 0: // the rest is 0
			return last, true
		case size == 0 && run < 15:
			return 0, false
		}
		if at += run; at > 63 {
			return 0, false
		}
		b[zigzag[at]] = r.value(size) * d.steps[at]
		at++
	}
	return last, at == 64
}

// readShort reads coefficients from the place at on as long as the code and the value behind it are short enough to be looked up together,
// and returns the next place, which is above 64 where a run leads out of the block. At a place within it, at least 32 bits are valid.
func (d *Decoder) readShort(r *bitReader, b *block, at int) int {
	in, next, held, count := r.in, r.at, r.bits, r.count
	for at < 64 {
		if count < 32 {
			held |= uint64(fourBytes(in, next)) << ((32 - count) & 63)
			count += 32
			next += 4
		}
		e := &d.ac.short[held>>(64-shortBits)]
		if !e.whole {
			break
		}
		held <<= e.length & 63
		count -= uint(e.length)
		if at += int(e.run); at > 63 {
			at = 65
			break
		}
		b[zigzag[at]&63] = int32(e.value) * d.steps[at]
		at++
	}
	r.at, r.bits, r.count = next, held, count
	return at
}

// shortBits is the length of the codes that are found at once.
const shortBits = 10

// lookup finds the symbol of the next bits.
type lookup struct {
	short [1 << shortBits]entry // by the next shortBits
	long  []code                // those that are longer, in order
}

// entry is what the next bits begin with: the code of a symbol, or, where whole, the code with the value behind it.
type entry struct {
	value  int16 // where whole
	length uint8 // of all; 0 where the code is longer than shortBits
	symbol uint8
	run    uint8
	whole  bool
}

// newLookup makes a lookup. Values behind a code are looked up with it where runBits, those of the run in a symbol, is not 0.
func newLookup(codes []code, runBits int) lookup {
	var l lookup
	for _, c := range codes {
		if c.length > shortBits {
			l.long = append(l.long, c)
			continue
		}
		for i := range 1 << (shortBits - c.length) {
			e := entry{length: uint8(c.length), symbol: c.symbol}
			size := int(c.symbol & 15)
			if left := shortBits - c.length - size; runBits > 0 && size > 0 && left >= 0 {
				e.value, e.run, e.whole = int16(extended(int32(i>>left)&(1<<size-1), uint(size))), c.symbol>>4, true
				e.length += uint8(size)
			}
			l.short[int(c.bits)<<(shortBits-c.length)|i] = e
		}
	}
	return l
}

// next reads a symbol.
func (l *lookup) next(r *bitReader) (symbol uint8, ok bool) {
	e := &l.short[r.bits>>(64-shortBits)]
	if e.length > 0 {
		length := uint(e.length)
		if e.whole {
			length -= uint(e.symbol & 15)
		}
		r.skip(length)
		return e.symbol, true
	}
	for _, c := range l.long {
		if uint32(r.bits>>(64-c.length)) == c.bits {
			r.skip(uint(c.length))
			return c.symbol, true
		}
	}
	return 0, false
}

// bitReader reads bits, the first in the highest place; behind the last byte there are zeros.
type bitReader struct {
	in    []byte
	at    int // of the next byte
	bits  uint64
	count uint // of bits that are valid
}

// fill makes at least 32 bits valid.
func (r *bitReader) fill() {
	if r.count >= 32 {
		return
	}
	r.bits |= uint64(fourBytes(r.in, r.at)) << (32 - r.count)
	r.count += 32
	r.at += 4
}

// fourBytes are those of in from a place on; behind its end there are zeros.
func fourBytes(in []byte, at int) uint32 {
	if at+4 <= len(in) {
		return binary.BigEndian.Uint32(in[at:])
	}
	var four uint32
	for i := range 4 {
		four <<= 8
		if at+i < len(in) {
			four |= uint32(in[at+i])
		}
	}
	return four
}

func (r *bitReader) skip(n uint) {
	r.bits <<= n
	r.count -= n
}

// value reads a value of a size from 0 to 16 bits.
func (r *bitReader) value(size uint) int32 {
	v := int32(r.bits >> 1 >> (63 - size))
	r.skip(size)
	return extended(v, size)
}

// extended is the value that size bits stand for (ITU T.81, F.12): those of the lower half are negative.
func extended(v int32, size uint) int32 {
	if size > 0 && v < 1<<(size-1) {
		v += -1<<size + 1
	}
	return v
}

// atEnd reports whether all bytes were read, and no more.
func (r *bitReader) atEnd() bool {
	read := r.at*8 - int(r.count) // bits
	return (read+7)/8 == len(r.in)
}
