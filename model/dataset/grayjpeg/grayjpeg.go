// Package grayjpeg reads and writes gray baseline JPEGs, the kind that radiographs are kept in, several times as fast as
// image/jpeg and to the same bytes.
//
//	Encoder.Append  an image as the file that jpeg.Encode writes
//	Decoder.Decode  the pixels that jpeg.Decode reads; false for a file of any other kind, and for one that is not whole
//
// What is refused here is left to image/jpeg, which also words what is wrong with a file. The arithmetic of the two cosine
// transforms (dct.go) is that of image/jpeg in Go 1.26, rounding by rounding.
package grayjpeg

// block is 8 by 8 samples or coefficients, row by row.
type block [64]int32

// zigzag lists the places of coefficients in the order of the file (ITU T.81, figure A.6).
var zigzag = func() (order [64]uint8) {
	at := 0
	for diagonal := range 15 {
		for k := range diagonal + 1 {
			row, column := diagonal-k, k // upwards
			if diagonal%2 == 1 {
				row, column = k, diagonal-k
			}
			if row < 8 && column < 8 {
				order[at] = uint8(row*8 + column)
				at++
			}
		}
	}
	return order
}()

// Markers (ITU T.81, table B.1).
const (
	startOfImage  = 0xd8
	endOfImage    = 0xd9
	startOfScan   = 0xda
	quantisation  = 0xdb
	huffmanTables = 0xc4
	baselineFrame = 0xc0
	firstApp      = 0xe0
	lastApp       = 0xef
	comment       = 0xfe
)

// segment returns the marker at the start of data, the contents of its segment, and what follows; ok is false where no such
// segment is there. Markers without contents are not read.
func segment(data []byte) (marker byte, contents, rest []byte, ok bool) {
	if len(data) < 4 || data[0] != 0xff {
		return 0, nil, nil, false
	}
	size := int(data[2])<<8 | int(data[3])
	if size < 2 || len(data) < 2+size {
		return 0, nil, nil, false
	}
	return data[1], data[4 : 2+size], data[2+size:], true
}

// code is a Huffman code and the symbol that it stands for.
type code struct {
	bits   uint32
	length int
	symbol byte
}

// codesOf lists the codes of a table of a DHT segment in the order of their lengths (ITU T.81, annex C): 16 counts, then the
// symbols. ok is false where they are not what a table has.
func codesOf(table []byte) (codes []code, rest []byte, ok bool) {
	if len(table) < 16 {
		return nil, nil, false
	}
	counts, symbols := table[:16], table[16:]
	next := uint32(0)
	for i, count := range counts {
		next <<= 1
		for range count {
			if len(symbols) == 0 || len(codes) == 256 || next >= 1<<(i+1) {
				return nil, nil, false
			}
			codes = append(codes, code{next, i + 1, symbols[0]})
			symbols = symbols[1:]
			next++
		}
	}
	return codes, symbols, len(codes) > 0
}
