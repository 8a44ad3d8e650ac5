package fileformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rows is what is known of the entries of one JSON file: the first object decides on the keys of all.
type rows struct {
	coco   bool // an id beside an image_id is that of an annotation
	again  bool // an id may come again
	chosen bool
	layout layout
	kind   string // of the first entry: an object or a text
}

// item adds one entry: an object, a text or a list of texts.
func (p *parser) item(r *rows, place string, raw json.RawMessage, unit string) error {
	kind := "a text"
	if raw[0] == '{' {
		kind = "an object"
	}
	if r.kind == "" {
		r.kind = kind
	}
	switch {
	case raw[0] != '{' && raw[0] != '[' && raw[0] != '"':
		return p.errorAt(place, "%s is neither a text nor a list of texts nor an object", kindOf(raw))
	case r.kind != kind:
		return p.errorAt(place, "%s, where the first entry is %s", kindOf(raw), r.kind)
	case raw[0] != '{':
		texts, err := textsOf(raw)
		if err != nil {
			return p.errorAt(place, "%v", err)
		}
		return p.addNext(unit, texts)
	}
	members, err := membersOf(raw)
	if err != nil {
		return p.errorAt(place, "%v", err)
	}
	return p.row(r, place, members, unit)
}

// row adds one object.
func (p *parser) row(r *rows, place string, members []member, unit string) error {
	names := names(members)
	if name, again := repeated(names); again {
		return p.errorAt(place, "the key %q comes twice", name)
	}
	if !r.chosen {
		var err error
		if r.layout, err = p.choose(names, r.coco); err != nil {
			return p.errorAt(place, "%v", err)
		}
		r.chosen = true
	}
	var texts []string
	for _, name := range r.layout.texts {
		i := slices.Index(names, name)
		if i < 0 {
			return p.errorAt(place, "no %q, which the first entry has, among %s", name, quoted(names))
		}
		some, err := textsOf(members[i].value)
		if err != nil {
			return p.errorAt(place, "%q: %v", name, err)
		}
		texts = append(texts, some...)
	}
	id := ""
	if r.layout.id == "" {
		if err := p.addNext(unit, texts); err != nil {
			return err
		}
		id = p.file.IDs[len(p.file.IDs)-1]
	} else {
		i := slices.Index(names, r.layout.id)
		if i < 0 {
			return p.errorAt(place, "no %q, which the first entry has, among %s", r.layout.id, quoted(names))
		}
		var err error
		if id, err = idOf(members[i].value); err != nil {
			return p.errorAt(place, "%q: %v", r.layout.id, err)
		}
		if err := p.add(place, id, texts, r.again || r.layout.more); err != nil {
			return err
		}
	}
	for i, name := range names {
		if plainName(name) == regionName && members[i].value[0] == '"' {
			region, err := textOf(members[i].value)
			if err != nil {
				return p.errorAt(place, "%q: %v", name, err)
			}
			p.file.Regions[id] = region
		}
	}
	return nil
}

// idOf returns an id that is written as a string or as a number; 7, 7.0 and "7" are one.
func idOf(raw json.RawMessage) (string, error) {
	if raw[0] == '"' {
		return textOf(raw)
	}
	if c := raw[0]; c != '-' && (c < '0' || c > '9') {
		return "", fmt.Errorf("%s is neither a string nor a number", kindOf(raw))
	}
	if !bytes.ContainsAny(raw, ".eE") {
		return string(raw), nil
	}
	const longest, farthest = 60, 30 // a number of more characters, or with another exponent, stays as it is written
	if at := bytes.IndexAny(raw, "eE"); at >= 0 {
		if e, err := strconv.Atoi(string(raw[at+1:])); err != nil || e < -farthest || e > farthest {
			return string(raw), nil
		}
	}
	if len(raw) > longest {
		return string(raw), nil
	}
	if value, ok := new(big.Rat).SetString(string(raw)); ok && value.IsInt() {
		return value.Num().String(), nil
	}
	return string(raw), nil
}

// textsOf reads a list of texts, a list of objects with a caption, or one text.
func textsOf(raw json.RawMessage) ([]string, error) {
	if raw[0] == '"' {
		one, err := textOf(raw)
		return []string{one}, err
	}
	if raw[0] != '[' {
		return nil, fmt.Errorf("%s is neither a text nor a list of texts", kindOf(raw))
	}
	list := elementsOf(raw)
	if len(list) == 0 {
		return nil, errors.New("the list of texts is empty")
	}
	texts := make([]string, len(list))
	for i, element := range list {
		item := element.value
		var object struct {
			Caption json.RawMessage `json:"caption"`
		}
		if item[0] == '{' && json.Unmarshal(item, &object) == nil && len(object.Caption) > 0 {
			item = object.Caption
		}
		if item[0] != '"' {
			return nil, fmt.Errorf("text %d is %s, not a string", i+1, kindOf(item))
		}
		var err error
		if texts[i], err = textOf(item); err != nil {
			return nil, fmt.Errorf("text %d: %w", i+1, err)
		}
	}
	return texts, nil
}

// textOf reads one JSON string. Half of a pair of surrogates is no character and is refused, where decoders put a sign in its place.
func textOf(raw json.RawMessage) (string, error) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", errors.New(jsonReason(err))
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		meant := bytes.Count(raw, []byte(string(utf8.RuneError))) + bytes.Count(bytes.ToLower(raw), []byte(`\ufffd`))
		if strings.Count(text, string(utf8.RuneError)) > meant {
			return "", errors.New("half of a pair of surrogates in the text")
		}
	}
	return text, nil
}

// kindOf says what a JSON value is.
func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "a text"
	case '{':
		return "an object"
	case '[':
		return "a list"
	case 't', 'f':
		return string(raw)
	case 'n':
		return "null"
	}
	return "a number"
}
