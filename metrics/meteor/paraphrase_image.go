package meteor

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"runtime"
)

// An image is a table as one piece of memory, which is also the file that keeps it: imageMagic, the SHA-256 of what it was read from,
// the length of each section in bytes, the sections, and a checksum of all that. Numbers are little-endian.
const (
	imageMagic   = "harness paraphrases 1\n" // with the version of the layout and of the hashes in it
	digestSize   = 32
	sectionCount = 9
	headerSize   = len(imageMagic) + digestSize + 8*sectionCount
	checksumSize = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// image returns the table that was collected, read from what has this SHA-256.
func (b *tableBuilder) image(digest [digestSize]byte) []byte {
	partnersOf, partners := b.partners()
	b.from, b.to = nil, nil
	runtime.GC() // a table is large: its parts are to be gone when it is put together
	sections := [sectionCount]any{b.wordStarts, b.wordText, b.wordSlots, b.wordsOf, b.phraseWords, b.phraseSlots, b.beginnings(), partnersOf, partners}
	header := append([]byte(imageMagic), digest[:]...)
	size := headerSize + checksumSize
	for _, section := range sections {
		header = binary.LittleEndian.AppendUint64(header, uint64(binary.Size(section)))
		size += binary.Size(section)
	}
	image := append(make([]byte, 0, size), header...)
	for i, section := range sections {
		sections[i] = nil // the memory of one is free while the next is written
		switch section := section.(type) {
		case []byte:
			image = append(image, section...)
		case []uint32:
			for _, v := range section {
				image = binary.LittleEndian.AppendUint32(image, v)
			}
		case []uint64:
			for _, v := range section {
				image = binary.LittleEndian.AppendUint64(image, v)
			}
		}
	}
	return binary.LittleEndian.AppendUint32(image, crc32.Checksum(image, castagnoli))
}

var errDamaged = errors.New("damaged")

// openImage returns the table in an image. Any image that was cut, changed or made by another version is errDamaged.
func openImage(image []byte) (*Paraphrases, error) {
	if len(image) < headerSize+checksumSize || string(image[:len(imageMagic)]) != imageMagic {
		return nil, errDamaged
	}
	body := image[:len(image)-checksumSize]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(image[len(body):]) {
		return nil, errDamaged
	}
	p := &Paraphrases{digest: hex.EncodeToString(body[len(imageMagic):][:digestSize])}
	sizes, rest := body[headerSize-8*sectionCount:headerSize], body[headerSize:]
	for _, section := range [sectionCount]*[]byte{
		(*[]byte)(&p.wordStarts), &p.wordText, (*[]byte)(&p.wordSlots), (*[]byte)(&p.wordsOf), (*[]byte)(&p.phraseWords), &p.phraseSlots,
		&p.beginnings, (*[]byte)(&p.partnersOf), (*[]byte)(&p.partners),
	} {
		size := binary.LittleEndian.Uint64(sizes)
		if size > uint64(len(rest)) {
			return nil, errDamaged
		}
		*section, rest, sizes = rest[:size:size], rest[size:], sizes[8:]
	}
	return p, nil
}
