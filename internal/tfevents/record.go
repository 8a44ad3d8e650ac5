// Package tfevents reads and writes TensorBoard's event files: events.out.tfevents.*.
//
//	Reader     the events of a file that may still grow, from a byte offset on
//	Event      one record: its scalars, and what the plugin hparams says
//	Writer     a file of scalars and hyperparameters
//
// A file is a list of TFRecords (length, masked CRC-32C of the length, payload, masked CRC-32C of the payload), each with one
// protocol buffer tensorflow.Event. Sources: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto,
// tensorflow/core/framework/summary.proto, tensorboard/plugins/hparams/plugin_data.proto and api.proto. Only the fields that are named
// here are read; images, histograms, graphs and texts are passed over.
package tfevents

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"harness/internal/protofields"
)

const (
	headerSize = 12       // length and its checksum
	footerSize = 4        // checksum of the payload
	largest    = 64 << 20 // longer payloads are passed over: no scalar is that large
	maskDelta  = 0xa282ead8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum as TFRecord stores it.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + maskDelta
}

// CorruptError is a record that cannot be what was written. What stands behind it is not read.
type CorruptError = protofields.CorruptError

// Reader reads an event file. Its zero value with a Path begins at the start.
type Reader struct {
	Path   string
	Offset int64 // behind the last whole record
	Passed int   // records over 64 MiB, which were not looked into

	plugins map[string]string // of tags: only the first value of a tag has to name its plugin
}

var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 256<<10) }}

// Read calls fn with every whole event behind Offset. A record that is not yet whole, or nothing but zeros, is left for the next call; a damaged one is a
// *CorruptError. The event is valid during the call only.
func (r *Reader) Read(fn func(*Event) error) error {
	file, err := os.Open(r.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(r.Offset, io.SeekStart); err != nil {
		return err
	}
	in := buffers.Get().(*bufio.Reader)
	defer buffers.Put(in)
	in.Reset(file)
	return r.read(in, fn)
}

func (r *Reader) read(in *bufio.Reader, fn func(*Event) error) error {
	if r.plugins == nil {
		r.plugins = map[string]string{}
	}
	var event Event
	var payload []byte
	for {
		header, err := in.Peek(headerSize)
		if err != nil {
			return protofields.Ended(err)
		}
		if bytes.Count(header, []byte{0}) == headerSize { // a hole, as network file systems show for a moment
			return nil
		}
		if masked(header[:8]) != binary.LittleEndian.Uint32(header[8:]) {
			return &CorruptError{Path: r.Path, Offset: r.Offset, Reason: "the checksum of the length is wrong"}
		}
		length := binary.LittleEndian.Uint64(header)
		if length > largest {
			if err := r.pass(in, length); err != nil {
				return protofields.Ended(err)
			}
			continue
		}
		_, _ = in.Discard(headerSize)
		if whole := int(length) + footerSize; cap(payload) < whole {
			payload = make([]byte, whole)
		} else {
			payload = payload[:whole]
		}
		if _, err := io.ReadFull(in, payload); err != nil {
			return protofields.Ended(err)
		}
		body := payload[:length]
		if masked(body) != binary.LittleEndian.Uint32(payload[length:]) {
			return &CorruptError{Path: r.Path, Offset: r.Offset, Reason: "the checksum is wrong"}
		}
		event.reset()
		if !event.decode(body, r.plugins) {
			return &CorruptError{Path: r.Path, Offset: r.Offset, Reason: "the record is no event"}
		}
		if err := fn(&event); err != nil {
			return err
		}
		r.Offset += int64(headerSize + len(payload))
	}
}

// pass steps over a record that is too long to look into.
func (r *Reader) pass(in *bufio.Reader, length uint64) error {
	const sane = 1 << 40
	if length > sane {
		return &CorruptError{Path: r.Path, Offset: r.Offset, Reason: "a record of more than a tebibyte"}
	}
	n, err := io.CopyN(io.Discard, in, int64(length)+headerSize+footerSize)
	if err != nil {
		return err
	}
	r.Offset, r.Passed = r.Offset+n, r.Passed+1
	return nil
}
