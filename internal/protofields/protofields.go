// Package protofields walks through the fields of a protobuf message without generated code, and has what files of such messages, one behind
// the other, have in common.
package protofields

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// Each calls fn with every field of a message; it reports whether the message is sound and fn took all. Of varints and fixed numbers
// value is the bits, of the rest data.
func Each(message []byte, fn func(number protowire.Number, value uint64, data []byte) bool) bool {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return false
		}
		message = message[n:]
		var value uint64
		var data []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(message)
			value = uint64(v)
		case protowire.Fixed64Type:
			value, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(message)
		default: // groups, which none of the messages has
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 || !fn(number, value, data) {
			return false
		}
		message = message[n:]
	}
	return true
}

// CorruptError is a record of a file that cannot be what was written. What stands behind it cannot be found.
type CorruptError struct {
	Path   string
	Offset int64 // where the record begins
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s: byte %d: %s", e.Path, e.Offset, e.Reason)
}

// Ended is nil where a file that is still being written ends before a record does, and else the error.
func Ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
