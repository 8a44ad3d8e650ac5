package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// numberLike is what JSON takes for a number.
var numberLike = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// numberOf reads a number, also one in quotes, and the ways in which NaN and the infinities are written. The error
// completes "the value is".
func numberOf(raw []byte) (float64, error) {
	text, err := scalar(raw)
	if err != nil {
		return 0, err
	}
	switch strings.ToLower(strings.TrimPrefix(text, "+")) {
	case "nan":
		return math.NaN(), nil
	case "inf", "infinity":
		return math.Inf(1), nil
	case "-inf", "-infinity":
		return math.Inf(-1), nil
	}
	if !numberLike.MatchString(text) {
		return 0, fmt.Errorf("no number: %s", oneLine(shorten(string(raw), 40)))
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("out of range: %s", shorten(text, 40))
	}
	return v, nil
}

// stepOf reads a whole number, also 10.0 and "10"; nil or null is no step.
func stepOf(raw []byte) (*int64, error) {
	if raw == nil || string(raw) == "null" {
		return nil, nil
	}
	text, err := scalar(raw)
	if err != nil {
		return nil, err
	}
	if !numberLike.MatchString(text) {
		return nil, fmt.Errorf("no number: %s", oneLine(shorten(string(raw), 40)))
	}
	if step, err := strconv.ParseInt(text, 10, 64); err == nil {
		return &step, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.Abs(v) >= 1<<63:
		return nil, fmt.Errorf("out of range: %s", shorten(text, 40))
	case v != math.Trunc(v):
		return nil, fmt.Errorf("no whole number: %s", shorten(text, 40))
	}
	step := int64(v)
	return &step, nil
}

// scalar is the text of a number or of a string.
func scalar(raw []byte) (string, error) {
	switch raw[0] {
	case 'n':
		return "", errors.New("null")
	case 't', 'f':
		return "", fmt.Errorf("%s, no number", raw)
	case '{', '[':
		return "", errors.New("no number")
	case '"':
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return "", err
		}
		return strings.TrimSpace(text), nil
	}
	return string(raw), nil
}

// object is a JSON object with its keys in order. Keys are what they are: "Metric" is not "metric".
type object struct {
	fields []field
	twice  string // a key that is there twice
}

type field struct {
	key string
	raw json.RawMessage
}

func (o object) raw(key string) json.RawMessage {
	for _, f := range o.fields {
		if f.key == key {
			return f.raw
		}
	}
	return nil
}

func (o object) has(key string) bool { return o.raw(key) != nil }

// bareNumber finds strings, and NaN and Infinity as Python's json writes them.
var bareNumber = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b`)

// readObject reads a line that is one JSON object, as Python writes them.
func readObject(line []byte) (object, error) {
	if bytes.Contains(line, []byte("NaN")) || bytes.Contains(line, []byte("Infinity")) {
		line = bareNumber.ReplaceAllFunc(line, func(text []byte) []byte {
			if text[0] == '"' {
				return text
			}
			return fmt.Appendf(nil, "%q", text)
		})
	}
	var o object
	d := json.NewDecoder(bytes.NewReader(line))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return o, errors.New("it is no JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return o, errors.New("it is not valid JSON")
		}
		f := field{key: key}
		if err := d.Decode(&f.raw); err != nil {
			return o, errors.New("it is not valid JSON")
		}
		if seen[key] {
			o.twice = key
		}
		seen[key] = true
		o.fields = append(o.fields, f)
	}
	if _, err := d.Token(); err != nil {
		return o, errors.New("it is not valid JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return o, errors.New("text follows the JSON object")
	}
	return o, nil
}
