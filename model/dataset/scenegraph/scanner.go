package scenegraph

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"
)

// A scanner walks a JSON text and decodes only what it is asked for, several times faster than decoding all of it. What is
// skipped is only checked for closed strings and brackets. After an error every method returns at once; see end.
type scanner struct {
	src []byte
	at  int
	err error
}

var errJSON = errors.New("not JSON of the expected form")

// fail records the error and moves to the end, so that loops stop.
func (in *scanner) fail() {
	in.err = errJSON
	in.at = len(in.src)
}

// end returns the first error; text after the value is one.
func (in *scanner) end() error {
	if in.err == nil && in.peek() != 0 {
		in.fail()
	}
	return in.err
}

// peek skips white space and returns the next byte, 0 at the end.
func (in *scanner) peek() byte {
	for in.at < len(in.src) {
		switch c := in.src[in.at]; c {
		case ' ', '\n', '\t', '\r':
			in.at++
		case 0:
			in.fail()
		default:
			return c
		}
	}
	return 0
}

// take consumes the next byte if it is c, and fails otherwise.
func (in *scanner) take(c byte) {
	if in.peek() != c || c == 0 {
		in.fail()
		return
	}
	in.at++
}

// list walks the items between two brackets.
func (in *scanner) list(open, close byte, item func()) {
	in.take(open)
	if in.peek() == close {
		in.at++
		return
	}
	for in.err == nil {
		item()
		if in.peek() != ',' {
			in.take(close)
			return
		}
		in.at++
	}
}

// fields calls value for each field of an object; value must consume the field's value.
func (in *scanner) fields(value func(key string)) {
	in.list('{', '}', func() {
		key := in.raw()
		if len(key) == 0 || key[0] != '"' {
			in.fail()
			return
		}
		in.take(':')
		value(string(key[1 : len(key)-1]))
	})
}

// elements calls item for each element of an array; item must consume it.
func (in *scanner) elements(item func()) { in.list('[', ']', item) }

// skip consumes any value.
func (in *scanner) skip() { in.raw() }

// raw consumes any value and returns its bytes, nil after an error.
func (in *scanner) raw() []byte {
	c := in.peek()
	start := in.at
	switch c {
	case '"':
		in.quoted()
	case '{', '[':
		in.nested()
	default:
		for in.at < len(in.src) && bytes.IndexByte([]byte(",:]} \n\t\r\"{["), in.src[in.at]) < 0 {
			in.at++
		}
		if in.at == start {
			in.fail()
		}
	}
	if in.err != nil {
		return nil
	}
	return in.src[start:in.at]
}

// quoted consumes a string.
func (in *scanner) quoted() {
	for i := in.at + 1; ; i++ {
		n := bytes.IndexByte(in.src[min(i, len(in.src)):], '"')
		if n < 0 {
			in.fail()
			return
		}
		i += n
		slashes := 0
		for in.src[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			in.at = i + 1
			return
		}
	}
}

// nested consumes an object or an array.
func (in *scanner) nested() {
	for depth := 0; in.at < len(in.src); {
		switch in.src[in.at] {
		case '"':
			in.quoted()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				in.at++
				return
			}
		}
		in.at++
	}
	in.fail()
}

// text consumes any value and returns it if it is a string, else "".
func (in *scanner) text() string {
	raw := in.raw()
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	if body := raw[1 : len(raw)-1]; bytes.IndexByte(body, '\\') < 0 && utf8.Valid(body) {
		return string(body)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// number consumes any value and returns it if it is a number, else NaN.
func (in *scanner) number() float64 {
	raw := in.raw()
	for _, c := range raw {
		if bytes.IndexByte([]byte("0123456789+-.eE"), c) < 0 {
			return math.NaN()
		}
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}
