package logfile

import (
	"bytes"
	"fmt"
	"io"
)

const blockSize = 32 << 10

// Tail returns where the last lines of a file of that size begin, at most limit bytes before its end. Where the line there is longer than
// that, it begins in the midst of it.
func Tail(file io.ReaderAt, size int64, lines int, limit int64) (int64, error) {
	if lines < 1 || limit < 1 || size < 1 {
		return max(size, 0), nil
	}
	first := max(size-limit, 0)
	block := make([]byte, blockSize)
	newest := int64(-1) // the first line end behind first, but the file's last byte
	ends := 0
	for end := size; end > first; {
		start := max(end-blockSize, first)
		data := block[:end-start]
		if n, err := file.ReadAt(data, start); n < len(data) {
			return 0, fmt.Errorf("read the end of a log: %w", err) // it was cut meanwhile, or cannot be read
		}
		for at := len(data); ; {
			if at = bytes.LastIndexByte(data[:at], '\n'); at < 0 {
				break
			}
			if start+int64(at) == size-1 {
				continue
			}
			newest = start + int64(at) + 1
			if ends++; ends == lines {
				return newest, nil
			}
		}
		end = start
	}
	if first > 0 && newest >= 0 {
		return newest, nil
	}
	return first, nil
}
