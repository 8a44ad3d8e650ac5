// Package wandbfile reads the files in which W&B keeps a run: wandb/offline-run-*/run-ID.wandb, and those of runs that were synced.
//
//	Reader   the records of a file that may still grow, from a byte offset on
//	Record   what one says: history, summary, configuration, the run, how it ended
//
// A file is a header of seven bytes and blocks of 32 KiB, as LevelDB's log has them but with the plain CRC-32: a record is whole or in
// parts (first, middle, last), each with checksum, length and type. Inside is a protocol buffer wandb_internal.Record. Sources:
// wandb/sdk/internal/datastore.py, wandb/proto/wandb_internal.proto.
package wandbfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"

	"harness/internal/protofields"
)

const (
	blockSize  = 32 << 10
	headerSize = 7
	largest    = 64 << 20 // of a record
)

// fileHeader begins a file: ":W&B", 0xBEE1, version 0.
var fileHeader = []byte(":W&B\xe1\xbe\x00")

// The parts of a record.
const (
	partFull   = 1
	partFirst  = 2
	partMiddle = 3
	partLast   = 4
)

// CorruptError is a record that cannot be what was written. What stands behind it is not read.
type CorruptError = protofields.CorruptError

// Reader reads a file. Its zero value with a Path begins at the start.
type Reader struct {
	Path   string
	Offset int64 // behind the last whole record
}

// Read calls fn with every whole record behind Offset. One that is not yet whole, or nothing but zeros, is left for the next call; a damaged one is a
// *CorruptError. The record is valid during the call only.
func (r *Reader) Read(fn func(*Record) error) error {
	file, err := os.Open(r.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(r.Offset, io.SeekStart); err != nil {
		return err
	}
	in := bufio.NewReaderSize(file, 2*blockSize)
	if r.Offset == 0 {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(in, header); err != nil {
			return protofields.Ended(err)
		}
		if !bytes.Equal(header, fileHeader) {
			return &CorruptError{Path: r.Path, Offset: 0, Reason: "not a file of W&B, or of a version that is not known"}
		}
		r.Offset = headerSize
	}
	return r.records(in, fn)
}

func (r *Reader) records(in *bufio.Reader, fn func(*Record) error) error {
	p := parts{in: in, path: r.Path, at: r.Offset}
	for {
		message, err := p.record()
		if err != nil {
			return protofields.Ended(err)
		}
		var record Record
		if !record.decode(message) {
			return &CorruptError{Path: r.Path, Offset: r.Offset, Reason: "the record is none of W&B's"}
		}
		if err := fn(&record); err != nil {
			return err
		}
		r.Offset = p.at
	}
}

// parts puts records together.
type parts struct {
	in    *bufio.Reader
	path  string
	at    int64 // in the file
	whole []byte
}

// record reads a record; io.EOF where it is not whole yet.
func (p *parts) record() ([]byte, error) {
	p.whole = p.whole[:0]
	for first := true; ; first = false {
		begun := p.at
		kind, data, err := p.part()
		if err != nil {
			return nil, err
		}
		p.whole = append(p.whole, data...)
		switch {
		case first && kind == partFull, !first && kind == partLast:
			return p.whole, nil
		case first && kind == partFirst, !first && kind == partMiddle:
		default:
			return nil, &CorruptError{Path: p.path, Offset: begun, Reason: "a part of a record without its beginning or end"}
		}
		if len(p.whole) > largest {
			return nil, &CorruptError{Path: p.path, Offset: begun, Reason: "a record of more than 64 MiB"}
		}
	}
}

// part reads a part of a record, which never crosses the end of a block.
func (p *parts) part() (kind byte, data []byte, err error) {
	if left := blockSize - p.at%blockSize; left < headerSize {
		if n, err := p.in.Discard(int(left)); err != nil {
			return 0, nil, err
		} else {
			p.at += int64(n)
		}
	}
	header, err := p.in.Peek(headerSize)
	if err != nil {
		return 0, nil, err
	}
	if bytes.Count(header, []byte{0}) == headerSize { // a hole, as network file systems show for a moment
		return 0, nil, io.EOF
	}
	sum, length, kind := binary.LittleEndian.Uint32(header), int64(binary.LittleEndian.Uint16(header[4:])), header[6]
	if left := blockSize - p.at%blockSize; headerSize+length > left {
		return 0, nil, &CorruptError{Path: p.path, Offset: p.at, Reason: "a record that crosses the end of its block"}
	}
	whole, err := p.in.Peek(headerSize + int(length))
	if err != nil {
		return 0, nil, err
	}
	if crc32.ChecksumIEEE(whole[6:]) != sum { // of the type and the data
		return 0, nil, &CorruptError{Path: p.path, Offset: p.at, Reason: "the checksum is wrong"}
	}
	_, _ = p.in.Discard(len(whole))
	p.at += int64(len(whole))
	return kind, whole[headerSize:], nil
}
