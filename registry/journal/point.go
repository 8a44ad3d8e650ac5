package journal

import (
	"bytes"
	"strconv"
)

// decodePoint reads a point as Writer.Point writes it, several times faster than encoding/json; all that looks
// different is left to encoding/json. Points are nearly all lines of a journal. names keeps one string a metric.
func decodePoint(body []byte, e *Event, names map[string]string) bool {
	s := scanner{rest: body, ok: true}
	s.expect(`{"q":`)
	e.Seq = s.integer()
	s.expect(`,"t":`)
	e.Time = s.integer()
	s.expect(`,"k":"point","m":"`)
	name := s.until('"')
	s.expect(`,"s":`)
	e.Step = s.integer()
	s.expect(`,"v":`)
	value := s.until('}')
	if !s.ok || len(s.rest) != 0 || bytes.IndexByte(name, '\\') >= 0 {
		return false
	}
	if e.Value.UnmarshalJSON(value) != nil {
		return false
	}
	metric, ok := names[string(name)]
	if !ok {
		metric = string(name)
		names[metric] = metric
	}
	e.Kind, e.Metric = KindPoint, metric
	return true
}

// scanner takes a text apart from the left; ok turns false at the first surprise.
type scanner struct {
	rest []byte
	ok   bool
}

func (s *scanner) expect(text string) {
	if !s.ok || len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		s.ok = false
		return
	}
	s.rest = s.rest[len(text):]
}

func (s *scanner) until(end byte) []byte {
	i := bytes.IndexByte(s.rest, end)
	if !s.ok || i < 0 {
		s.ok = false
		return nil
	}
	text := s.rest[:i]
	s.rest = s.rest[i+1:]
	return text
}

func (s *scanner) integer() int64 {
	n := 0
	for n < len(s.rest) && (s.rest[n] == '-' || '0' <= s.rest[n] && s.rest[n] <= '9') {
		n++
	}
	v, err := strconv.ParseInt(string(s.rest[:n]), 10, 64)
	if err != nil {
		s.ok = false
		return 0
	}
	s.rest = s.rest[n:]
	return v
}
