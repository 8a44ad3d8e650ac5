package grayjpeg

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"math/bits"
)

// Encoder writes images of one quality. It may be used concurrently.
type Encoder struct {
	head   []byte // of a file, up to the pixels
	size   int    // where in head height and width stand
	dc, ac [256]symbol
	steps  [64]divisor // of coefficients, in the order of the file
}

// symbol is a Huffman code and its length; of a length 0 there is none.
type symbol struct {
	bits   uint32
	length uint8
}

// divisor divides by n, rounded to the nearest, halves away from 0, as a product.
type divisor struct{ half, inverse uint32 }

// NewEncoder makes an encoder of a quality from 1 to 100.
func NewEncoder(quality int) (*Encoder, error) {
	// The tables are those that image/jpeg writes.
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 1, 1)), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("tables of a JPEG: %w", err)
	}
	e := &Encoder{}
	whole := file.Bytes()
	for rest := whole[2:]; ; {
		at := len(whole) - len(rest)
		marker, contents, behind, ok := segment(rest)
		if !ok {
			return nil, fmt.Errorf("tables of a JPEG: no segment at byte %d", at)
		}
		switch marker {
		case quantisation:
			for i, step := range contents[1:65] { // the first table is that of gray
				n := 8 * uint32(step)
				e.steps[i] = divisor{n / 2, (1<<32-1)/n + 1}
			}
		case baselineFrame:
			e.size = at + 5
		case huffmanTables:
			e.addCodes(contents)
		case startOfScan:
			e.head = whole[:len(whole)-len(behind)]
			return e, nil
		}
		rest = behind
	}
}

// addCodes takes the codes of a DHT segment that holds the tables 0 of DC and AC.
func (e *Encoder) addCodes(tables []byte) {
	for len(tables) > 0 {
		to := &e.dc
		if tables[0] == 0x10 {
			to = &e.ac
		}
		codes, rest, ok := codesOf(tables[1:])
		if !ok {
			return
		}
		for _, c := range codes {
			to[c.symbol] = symbol{c.bits, uint8(c.length)}
		}
		tables = rest
	}
}

// Append writes the file of an image behind dst: what jpeg.Encode writes. The sides must be below 65536.
func (e *Encoder) Append(dst []byte, img *image.Gray) []byte {
	start := len(dst)
	dst = append(dst, e.head...)
	width, height := img.Rect.Dx(), img.Rect.Dy()
	binary.BigEndian.PutUint16(dst[start+e.size:], uint16(height))
	binary.BigEndian.PutUint16(dst[start+e.size+2:], uint16(width))
	w := bitWriter{out: dst}
	last := int32(0)
	var b block
	for y := 0; y < height; y += 8 {
		for x := 0; x < width; x += 8 {
			load(&b, img, x, y)
			forward(&b)
			last = e.write(&w, &b, last)
		}
	}
	w.pad()
	return append(w.out, 0xff, endOfImage)
}

// load reads the block at (x, y). Behind the image its last column and row go on.
func load(b *block, img *image.Gray, x, y int) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	for row := range 8 {
		line := img.Pix[min(y+row, height-1)*img.Stride:][:width]
		to := (*[8]int32)(b[8*row:])
		if x+8 <= width {
			for i, v := range (*[8]byte)(line[x:]) {
				to[i] = int32(v)
			}
			continue
		}
		for i := range to {
			to[i] = int32(line[min(x+i, width-1)])
		}
	}
}

// write codes 8 times the coefficients of a block (ITU T.81, F.1.2) and returns the first one, of which the next block's is told
// as a difference.
func (e *Encoder) write(w *bitWriter, b *block, last int32) int32 {
	var levels [64]int32
	present := uint64(0) // the places that are not 0
	for i := range 64 {
		v := b[zigzag[i]]
		sign := v >> 31
		magnitude := uint32((v ^ sign) - sign)
		d := e.steps[i]
		level := int32(uint64(magnitude+d.half) * uint64(d.inverse) >> 32)
		levels[i] = (level ^ sign) - sign
		present |= uint64(uint32(-level)>>31) << i
	}
	w.put(&e.dc, 0, levels[0]-last)
	at := 0
	for rest := present &^ 1; rest != 0; rest &= rest - 1 {
		next := bits.TrailingZeros64(rest)
		run := next - at - 1
		for ; run > 15; run -= 16 {
			w.add(e.ac[0xf0].bits, e.ac[0xf0].length)
		}
		w.put(&e.ac, run, levels[next])
		at = next
	}
	if at < 63 {
		w.add(e.ac[0].bits, e.ac[0].length)
	}
	return levels[0]
}

// bitWriter collects bits, the first in the highest place.
type bitWriter struct {
	out  []byte
	bits uint64
	free int // places of bits that are free, less 64: from -63 to 0
}

// put writes a run of zeros and the value behind it: the code of both sizes, then the value's own bits.
func (w *bitWriter) put(codes *[256]symbol, run int, value int32) {
	sign := value >> 31
	size := uint8(bits.Len32(uint32((value ^ sign) - sign)))
	s := codes[run<<4|int(size)]
	own := uint32(value+sign) & (1<<size - 1)
	w.add(s.bits<<size|own, s.length+size)
}

// add writes the last count bits of value, at most 32.
func (w *bitWriter) add(value uint32, count uint8) {
	w.free -= int(count)
	w.bits |= uint64(value) << uint(w.free+64)
	if w.free > -32 {
		return
	}
	four := uint32(w.bits >> 32)
	if inverted := ^four; (inverted-0x01010101)&^inverted&0x80808080 == 0 { // no byte is 0xff
		w.out = binary.BigEndian.AppendUint32(w.out, four)
	} else {
		for shift := 24; shift >= 0; shift -= 8 {
			w.stuffed(byte(four >> shift))
		}
	}
	w.bits <<= 32
	w.free += 32
}

// stuffed writes a byte, and a 0 behind 0xff, which would begin a marker.
func (w *bitWriter) stuffed(b byte) {
	w.out = append(w.out, b)
	if b == 0xff {
		w.out = append(w.out, 0)
	}
}

// pad fills the last byte with ones and writes what is left.
func (w *bitWriter) pad() {
	w.add(0x7f, 7)
	for left := -w.free / 8; left > 0; left-- {
		w.stuffed(byte(w.bits >> 56))
		w.bits <<= 8
	}
}
