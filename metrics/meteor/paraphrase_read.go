package meteor

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
)

const (
	blockSize = 1 << 20 // bytes that are unpacked at a time
	blocks    = 4       // that are under way
)

// ReadParaphrases reads a table in the reference's layout: three lines an entry, its weight, a phrase, a phrase. It may be packed with
// gzip. The weights are checked and not used, as in the reference. Where ctx ends, its cause is returned.
func ReadParaphrases(ctx context.Context, r io.Reader) (*Paraphrases, error) {
	sum := sha256.New()
	table, err := readEntries(ctx, io.TeeReader(r, sum), 0, func() {})
	if err != nil {
		return nil, err
	}
	return openImage(table.image([digestSize]byte(sum.Sum(nil))))
}

// block is a piece of the unpacked text, or the error that ends it.
type block struct {
	text []byte
	err  error
}

// readEntries reads the text of a table of about so many bytes; it is unpacked and read side by side. report is called after each block.
func readEntries(ctx context.Context, r io.Reader, size int, report func()) (*tableBuilder, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	full, free := make(chan block, blocks+1), make(chan []byte, blocks)
	for range blocks {
		free <- make([]byte, blockSize)
	}
	go unpack(ctx, r, full, free)
	lines := entryReader{table: newTableBuilder(size)}
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case piece := <-full:
			if ctx.Err() != nil { // both were ready
				return nil, context.Cause(ctx)
			}
			if piece.err == io.EOF {
				if err := lines.end(); err != nil {
					return nil, err
				}
				return lines.table, nil
			}
			if piece.err != nil {
				return nil, fmt.Errorf("unpack behind line %d: %w", lines.number, piece.err)
			}
			if err := lines.take(piece.text); err != nil {
				return nil, err
			}
			free <- piece.text[:blockSize]
			report()
		}
	}
}

// unpack sends the text of r in blocks, and then why it ends: io.EOF at its end. full has room for all that is under way.
func unpack(ctx context.Context, r io.Reader, full chan<- block, free <-chan []byte) {
	text, err := plainText(bufio.NewReaderSize(r, 1<<16))
	for err == nil {
		var room []byte
		select {
		case room = <-free:
		case <-ctx.Done():
			return
		}
		n := 0
		for n < len(room) && err == nil {
			var more int
			more, err = text.Read(room[n:])
			n += more
		}
		if n > 0 {
			full <- block{text: room[:n]}
		}
	}
	full <- block{err: err}
}

// plainText returns the text of r, unpacked where it is packed.
func plainText(r *bufio.Reader) (io.Reader, error) {
	if head, err := r.Peek(2); err == nil && isPacked(head) {
		return gzip.NewReader(r)
	}
	return r, nil
}

// isPacked reports whether a file that begins so is packed with gzip.
func isPacked(head []byte) bool { return len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b }
