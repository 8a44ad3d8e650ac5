package tfevents

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Writer writes an event file. Its first error stays, and Close returns it.
type Writer struct {
	out *bufio.Writer
	err error
}

// NewWriter begins an event file at the time wall, in seconds since 1970.
func NewWriter(w io.Writer, wall float64) *Writer {
	t := &Writer{out: bufio.NewWriter(w)}
	t.record(bytesField(head(wall, 0), 3, []byte("brain.Event:2")))
	return t
}

// Scalar writes the value of a tag at a step, as the float32 that every reader of these files takes: TensorBoard's data server passes over
// tensors of other types.
func (t *Writer) Scalar(tag string, step int64, wall float64, value float32) {
	one := bytesField(nil, 1, []byte(tag))
	one = protowire.AppendFixed32(protowire.AppendTag(one, 2, protowire.Fixed32Type), math.Float32bits(value))
	t.record(bytesField(head(wall, step), 5, bytesField(nil, 1, one)))
}

// Start writes the hyperparameters of a run: numbers, texts, truth values; nil is left out.
func (t *Writer) Start(s SessionStart) error {
	var message []byte
	for _, p := range s.Params {
		value, err := encodeValue(p)
		if err != nil {
			return err
		}
		if value != nil {
			message = bytesField(message, 1, bytesField(bytesField(nil, 1, []byte(p.Name)), 2, value))
		}
	}
	message = bytesField(message, 4, []byte(s.Group))
	message = doubleField(message, 5, s.Time)
	t.session("_hparams_/session_start_info", 3, message, s.Time)
	return t.err
}

// End writes how a run ended.
func (t *Writer) End(s SessionEnd) {
	message := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(s.Status))
	t.session("_hparams_/session_end_info", 4, doubleField(message, 2, s.Time), s.Time)
}

// Close writes what is left; the underlying writer stays open.
func (t *Writer) Close() error {
	if err := t.out.Flush(); t.err == nil {
		t.err = err
	}
	return t.err
}

// session writes one message of the plugin hparams.
func (t *Writer) session(tag string, number protowire.Number, message []byte, wall float64) {
	meta := bytesField(nil, 1, bytesField(bytesField(nil, 1, []byte(hparamsPlugin)), 2, bytesField(nil, number, message)))
	tensor := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), typeFloat) // an empty one has to be there
	tensor = bytesField(tensor, 2, bytesField(nil, 2, nil))
	value := bytesField(bytesField(bytesField(nil, 1, []byte(tag)), 8, tensor), 9, meta)
	t.record(bytesField(head(wall, 0), 5, bytesField(nil, 1, value)))
}

// head begins an event.
func head(wall float64, step int64) []byte {
	event := doubleField(nil, 1, wall)
	if step != 0 {
		event = protowire.AppendVarint(protowire.AppendTag(event, 2, protowire.VarintType), uint64(step))
	}
	return event
}

func (t *Writer) record(event []byte) {
	if t.err != nil {
		return
	}
	frame := binary.LittleEndian.AppendUint64(nil, uint64(len(event)))
	frame = binary.LittleEndian.AppendUint32(frame, masked(frame))
	frame = append(frame, event...)
	frame = binary.LittleEndian.AppendUint32(frame, masked(event))
	_, t.err = t.out.Write(frame)
}

// encodeValue writes google.protobuf.Value; nil for nothing.
func encodeValue(p HParam) ([]byte, error) {
	switch v := p.Value.(type) {
	case nil:
		return nil, nil
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			return nil, fmt.Errorf("hyperparameter %s: %w", p.Name, err)
		}
		return doubleField(nil, 2, f), nil
	case string:
		return bytesField(nil, 3, []byte(v)), nil
	case bool:
		bit := uint64(0)
		if v {
			bit = 1
		}
		return protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), bit), nil
	}
	return nil, fmt.Errorf("hyperparameter %s: neither number, text nor truth value", p.Name)
}

func bytesField(message []byte, number protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(message, number, protowire.BytesType), data)
}

func doubleField(message []byte, number protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(message, number, protowire.Fixed64Type), math.Float64bits(v))
}
