package bundle

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
)

// The seal is the end of the file: a zstd frame that decoders skip (its magic number and its length, little-endian), with a
// word that says what it is and the SHA-256 of all bytes before the frame in hex digits.
const (
	sealMagic = 0x184D2A5B
	sealWord  = "harness-bundle seal sha256 "
	sealText  = len(sealWord) + 2*sha256.Size + 1
	sealSize  = 8 + sealText
)

func seal(sum []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, sealMagic)
	b = binary.LittleEndian.AppendUint32(b, uint32(sealText))
	b = append(b, sealWord...)
	b = hex.AppendEncode(b, sum)
	return append(b, '\n')
}

// splitSeal finds the seal at the end of a file; body is the length of what stands before it. Without a seal, body is the
// whole file.
func splitSeal(file io.ReaderAt, size int64) (body int64, sum string) {
	b := make([]byte, sealSize)
	if size < int64(sealSize) {
		return size, ""
	}
	if _, err := file.ReadAt(b, size-int64(sealSize)); err != nil {
		return size, ""
	}
	text := b[8+len(sealWord) : sealSize-1]
	decoded, err := hex.DecodeString(string(text))
	if err != nil || string(seal(decoded)) != string(b) {
		return size, ""
	}
	return size - int64(sealSize), string(text)
}
