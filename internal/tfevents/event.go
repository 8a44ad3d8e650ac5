package tfevents

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"harness/internal/protofields"
)

// Event is a record of an event file.
type Event struct {
	Wall    float64 // seconds since 1970
	Step    int64
	Scalars []Scalar
	Start   *SessionStart // of the plugin hparams
	End     *SessionEnd
}

// Scalar is the value of a tag at the step of its event. Values that were written as float32 are those exactly.
type Scalar struct {
	Tag   string
	Value float64
}

const scalarsPlugin, hparamsPlugin = "scalars", "hparams"

func (e *Event) reset() { *e = Event{Scalars: e.Scalars[:0]} }

// decode reads tensorflow.Event.
func (e *Event) decode(message []byte, plugins map[string]string) bool {
	return protofields.Each(message, func(number protowire.Number, value uint64, data []byte) bool {
		switch number {
		case 1:
			e.Wall = math.Float64frombits(value)
		case 2:
			e.Step = int64(value)
		case 5:
			return protofields.Each(data, func(number protowire.Number, _ uint64, one []byte) bool {
				return number != 1 || e.value(one, plugins)
			})
		}
		return true
	})
}

// value reads tensorflow.Summary.Value.
func (e *Event) value(message []byte, plugins map[string]string) bool {
	var tag, tensor, content []byte
	var plugin string
	var scalar float64
	simple := false
	ok := protofields.Each(message, func(number protowire.Number, value uint64, data []byte) bool {
		switch number {
		case 1:
			tag = data
		case 2:
			scalar, simple = float64(math.Float32frombits(uint32(value))), true
		case 8:
			tensor = data
		case 9:
			var ok bool
			plugin, content, ok = metadata(data)
			return ok
		}
		return true
	})
	if !ok {
		return false
	}
	if simple {
		e.Scalars = append(e.Scalars, Scalar{e.name(tag), scalar})
		return true
	}
	if plugin == "" {
		plugin = plugins[string(tag)]
	} else if plugins[string(tag)] == "" {
		plugins[string(tag)] = plugin
	}
	switch plugin {
	case scalarsPlugin:
		scalar, is, sound := tensorScalar(tensor)
		if is {
			e.Scalars = append(e.Scalars, Scalar{e.name(tag), scalar})
		}
		return sound
	case hparamsPlugin:
		return e.hparams(content)
	}
	return true
}

// name keeps the text of a tag from one event to the next, which mostly has the same tags in the same order.
func (e *Event) name(tag []byte) string {
	if n := len(e.Scalars); n < cap(e.Scalars) {
		if last := e.Scalars[:n+1][n].Tag; last == string(tag) {
			return last
		}
	}
	return string(tag)
}

// metadata reads the plugin's name and data of tensorflow.SummaryMetadata.
func metadata(message []byte) (plugin string, content []byte, ok bool) {
	ok = protofields.Each(message, func(number protowire.Number, _ uint64, data []byte) bool {
		return number != 1 || protofields.Each(data, func(number protowire.Number, _ uint64, data []byte) bool {
			switch number {
			case 1:
				plugin = string(data)
			case 2:
				content = data
			}
			return true
		})
	})
	return plugin, content, ok
}

// Types of tensorflow.TensorProto.
const (
	typeFloat    = 1
	typeDouble   = 2
	typeInt32    = 3
	typeInt64    = 9
	typeBool     = 10
	typeBfloat16 = 14
	typeHalf     = 19
)

// tensorScalar reads tensorflow.TensorProto where it holds one number. It is none where it holds several or a text.
func tensorScalar(message []byte) (value float64, is, sound bool) {
	var kind uint64
	var numbers []uint64
	var content []byte
	elements := int64(1)
	sound = protofields.Each(message, func(number protowire.Number, value uint64, data []byte) bool {
		switch number {
		case 1:
			kind = value
		case 2:
			return shape(data, &elements)
		case 4:
			content = data
		case 5:
			return packed(value, data, 4, &numbers)
		case 6:
			return packed(value, data, 8, &numbers)
		case 7, 10, 11, 13:
			return packed(value, data, 0, &numbers)
		}
		return true
	})
	if !sound || elements != 1 {
		return 0, false, sound
	}
	if len(numbers) != 1 {
		bits, ok := fromContent(kind, content)
		if !ok || len(numbers) > 1 {
			return 0, false, true
		}
		numbers = []uint64{bits}
	}
	value, is = number(kind, numbers[0])
	return value, is, true
}

// shape multiplies the sizes of tensorflow.TensorShapeProto into elements.
func shape(message []byte, elements *int64) bool {
	return protofields.Each(message, func(number protowire.Number, _ uint64, data []byte) bool {
		return number != 2 || protofields.Each(data, func(number protowire.Number, value uint64, _ []byte) bool {
			if number == 1 {
				*elements *= int64(value)
			}
			return true
		})
	})
}

// packed appends the numbers of a repeated field: of width bytes, 0 for varints. There may be one by itself.
func packed(value uint64, data []byte, width int, numbers *[]uint64) bool {
	const enough = 2 // to see that it is no scalar
	if data == nil {
		*numbers = append(*numbers, value)
		return true
	}
	for len(data) > 0 && len(*numbers) < enough {
		n := width
		switch {
		case len(data) < width:
			return false
		case width == 4:
			value = uint64(binary.LittleEndian.Uint32(data))
		case width == 8:
			value = binary.LittleEndian.Uint64(data)
		default:
			if value, n = protowire.ConsumeVarint(data); n < 0 {
				return false
			}
		}
		*numbers, data = append(*numbers, value), data[n:]
	}
	return true
}

// fromContent reads the one number of tensor_content.
func fromContent(kind uint64, content []byte) (bits uint64, ok bool) {
	switch {
	case len(content) == 2 && (kind == typeHalf || kind == typeBfloat16):
		return uint64(binary.LittleEndian.Uint16(content)), true
	case len(content) == 4 && (kind == typeFloat || kind == typeInt32):
		return uint64(binary.LittleEndian.Uint32(content)), true
	case len(content) == 8 && (kind == typeDouble || kind == typeInt64):
		return binary.LittleEndian.Uint64(content), true
	case len(content) == 1 && kind == typeBool:
		return uint64(content[0]), true
	}
	return 0, false
}

func number(kind, bits uint64) (float64, bool) {
	switch kind {
	case typeFloat:
		return float64(math.Float32frombits(uint32(bits))), true
	case typeDouble:
		return math.Float64frombits(bits), true
	case typeInt32:
		return float64(int32(bits)), true
	case typeInt64, typeBool:
		return float64(int64(bits)), true
	case typeBfloat16:
		return float64(math.Float32frombits(uint32(bits) << 16)), true
	case typeHalf:
		return half(uint16(bits)), true
	}
	return 0, false
}

// half is the value of an IEEE 754 half-precision number.
func half(bits uint16) float64 {
	sign, exponent, fraction := 1.0, int(bits>>10&31), float64(bits&1023)
	if bits>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction == 0 {
			return math.Inf(int(sign))
		}
		return math.NaN()
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}
