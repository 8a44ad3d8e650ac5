package tfevents

import (
	"encoding/json"
	"math"
	"sort"

	"google.golang.org/protobuf/encoding/protowire"

	"harness/internal/protofields"
)

// SessionStart is what the plugin hparams says when a run begins.
type SessionStart struct {
	Params []HParam // sorted by name
	Group  string
	Time   float64 // seconds since 1970; 0 = not told
}

// HParam is a hyperparameter. Its value is a json.Number, a string, a bool, nil, a []any or a map[string]any.
type HParam struct {
	Name  string
	Value any
}

// Status is how a session of the plugin hparams ended.
type Status int32

// The states of tensorboard.hparams.Status.
const (
	StatusUnknown Status = 0
	StatusSuccess Status = 1
	StatusFailure Status = 2
	StatusRunning Status = 3
)

// SessionEnd is what the plugin says when it ends.
type SessionEnd struct {
	Status Status
	Time   float64
}

// hparams reads tensorboard.hparams.HParamsPluginData.
func (e *Event) hparams(message []byte) bool {
	return protofields.Each(message, func(number protowire.Number, _ uint64, data []byte) bool {
		switch number {
		case 3:
			start := &SessionStart{}
			e.Start = start
			return start.decode(data)
		case 4:
			end := &SessionEnd{}
			e.End = end
			return protofields.Each(data, func(number protowire.Number, value uint64, _ []byte) bool {
				switch number {
				case 1:
					end.Status = Status(value)
				case 2:
					end.Time = math.Float64frombits(value)
				}
				return true
			})
		}
		return true
	})
}

func (s *SessionStart) decode(message []byte) bool {
	ok := protofields.Each(message, func(number protowire.Number, value uint64, data []byte) bool {
		switch number {
		case 1:
			var p HParam
			ok := p.decode(data, 0)
			s.Params = append(s.Params, p)
			return ok
		case 4:
			s.Group = string(data)
		case 5:
			s.Time = math.Float64frombits(value)
		}
		return true
	})
	sort.SliceStable(s.Params, func(i, j int) bool { return s.Params[i].Name < s.Params[j].Name })
	return ok
}

const deepest = 20 // lists within lists

// decodeValue reads google.protobuf.Value.
func decodeValue(message []byte, depth int) (value any, ok bool) {
	ok = depth < deepest && protofields.Each(message, func(number protowire.Number, bits uint64, data []byte) bool {
		switch number {
		case 2:
			value = numberOf(math.Float64frombits(bits))
		case 3:
			value = string(data)
		case 4:
			value = bits != 0
		case 5:
			var ok bool
			value, ok = decodeObject(data, depth+1)
			return ok
		case 6:
			list := []any{}
			ok := protofields.Each(data, func(_ protowire.Number, _ uint64, data []byte) bool {
				one, ok := decodeValue(data, depth+1)
				list = append(list, one)
				return ok
			})
			value = list
			return ok
		}
		return true
	})
	return value, ok
}

// numberOf is a number as JSON writes it; those that JSON lacks are words.
func numberOf(v float64) any {
	encoded, err := json.Marshal(v)
	switch {
	case err == nil:
		return json.Number(encoded)
	case math.IsNaN(v):
		return "NaN"
	case v > 0:
		return "Infinity"
	}
	return "-Infinity"
}

// decodeObject reads google.protobuf.Struct.
func decodeObject(message []byte, depth int) (object map[string]any, ok bool) {
	object = map[string]any{}
	ok = protofields.Each(message, func(_ protowire.Number, _ uint64, entry []byte) bool {
		var p HParam
		ok := p.decode(entry, depth)
		object[p.Name] = p.Value
		return ok
	})
	return object, ok
}

// decode reads an entry of a map of names to values.
func (p *HParam) decode(entry []byte, depth int) bool {
	return protofields.Each(entry, func(number protowire.Number, _ uint64, data []byte) (ok bool) {
		switch ok = true; number {
		case 1:
			p.Name = string(data)
		case 2:
			p.Value, ok = decodeValue(data, depth)
		}
		return ok
	})
}
