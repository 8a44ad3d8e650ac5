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
	w := newBitWriter((width + 7) / 8)
	last := int32(0)
	var b block
	var symbols [mostSymbols]symbol
	for y := 0; y < height; y += 8 {
		for x := 0; x < width; x += 8 {
			load(&b, img, x, y)
			forward(&b)
			n := e.code(&symbols, &b, last)
			last = b[0]
			w.write(symbols[:n])
		}
		dst = w.flush(dst)
	}
	w.write([]symbol{{0x7f, 7}}) // ones fill the last byte
	return append(w.flush(dst), 0xff, endOfImage)
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

// mostSymbols is how many symbols a block has at most: one for each coefficient and the end.
const mostSymbols = 65

// code lists the symbols of a block, of which b holds 8 times the coefficients (ITU T.81, F.1.2), and returns how many they are. It leaves the
// first coefficient, divided, in b[0]; last is that of the block before.
func (e *Encoder) code(to *[mostSymbols]symbol, b *block, last int32) (n int) {
	var levels [64]int32
	present := uint64(0) // the places that are not 0
	for i := range 64 {
		v := b[zigzag[i]]
		sign := v >> 31
		magnitude := uint32((v ^ sign) - sign)
		d := &e.steps[i]
		level := int32(uint64(magnitude+d.half) * uint64(d.inverse) >> 32)
		levels[i] = (level ^ sign) - sign
		present = present>>1 | uint64(uint32(-level)>>31)<<63
	}
	b[0] = levels[0]
	to[0] = valued(&e.dc, 0, levels[0]-last)
	n = 1
	at := 0
	for rest := present &^ 1; rest != 0; rest &= rest - 1 {
		next := bits.TrailingZeros64(rest)
		run := next - at - 1
		for ; run > 15; run -= 16 {
			to[n] = e.ac[0xf0]
			n++
		}
		to[n] = valued(&e.ac, run, levels[next])
		n++
		at = next
	}
	if at < 63 {
		to[n] = e.ac[0]
		n++
	}
	return n
}

// valued is a run of zeros and the value behind it as one symbol: the code of both sizes, then the value's own bits.
func valued(codes *[256]symbol, run int, value int32) symbol {
	sign := value >> 31
	size := uint8(bits.Len32(uint32((value ^ sign) - sign)))
	s := &codes[(run<<4|int(size))&255]
	own := uint32(value+sign) & (1<<(size&31) - 1)
	return symbol{s.bits<<(size&31) | own, s.length + size}
}

// bitWriter collects bits, the first in the highest place, a row of blocks at a time.
type bitWriter struct {
	row  []byte // the whole bytes, and 8 more
	at   int    // how many they are
	bits uint64 // those behind
	used uint   // how many, below 8
}

// newBitWriter makes a writer with room for so many blocks. A symbol has 26 bits at most: a code of 16 and a value of 10.
func newBitWriter(blocks int) *bitWriter {
	return &bitWriter{row: make([]byte, blocks*(mostSymbols*26+7)/8+16)}
}

// write adds symbols. All eight bytes of bits are written each time: to ask whether they are full would cost more.
func (w *bitWriter) write(symbols []symbol) {
	row, at, held, used := w.row, w.at, w.bits, w.used
	for _, s := range symbols {
		used += uint(s.length)
		held |= uint64(s.bits) << ((64 - used) & 63)
		binary.BigEndian.PutUint64(row[at:], held)
		at += int(used / 8)
		held <<= used & 56
		used &= 7
	}
	w.at, w.bits, w.used = at, held, used
}

// flush appends the whole bytes to dst, with a 0 behind 0xff, which would begin a marker.
func (w *bitWriter) flush(dst []byte) []byte {
	rest := w.row[:w.at]
	w.at = 0
	for {
		i := bytes.IndexByte(rest, 0xff)
		if i < 0 {
			return append(dst, rest...)
		}
		dst = append(append(dst, rest[:i+1]...), 0)
		rest = rest[i+1:]
	}
}
