package fileformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// member is an element of a JSON list or, with a key, of an object; the value ends at byte end of it.
type member struct {
	key   string
	value json.RawMessage
	end   int
}

// lines reads JSON lines: objects as rows, or texts and lists of texts in their order.
func (p *parser) lines(data []byte) error {
	var r rows
	n, at := 0, 0
	for line := range bytes.Lines(data) {
		n++
		at += len(line)
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		place := fmt.Sprintf("line %d", n)
		if err := p.checkUTF8(place, at); err != nil {
			return err
		}
		if !json.Valid(line) {
			var any json.RawMessage
			return p.errorAt(place, "%s", jsonReason(json.Unmarshal(line, &any)))
		}
		if err := p.item(&r, place, line, "lines"); err != nil {
			return err
		}
	}
	return nil
}

// document reads a file that is one JSON value.
func (p *parser) document(data []byte) error {
	if !json.Valid(data) {
		return p.invalid(data)
	}
	data = data[:len(bytes.TrimRight(data, " \t\r\n"))]
	switch at := skipSpace(data, 0); data[at] {
	case '{':
		return p.object(data[at:], at)
	case '[':
		return p.list(data[at:], at, rows{coco: true})
	}
	return p.errorAt("", "neither a JSON object nor a list")
}

// list reads the items of a list that begins at byte offset of the file.
func (p *parser) list(data []byte, offset int, r rows) error {
	for n, item := range elementsOf(data) {
		place := fmt.Sprintf("entry %d", n+1)
		if err := p.checkUTF8(place, offset+item.end); err != nil {
			return err
		}
		if err := p.item(&r, place, item.value, "entries"); err != nil {
			return err
		}
	}
	return nil
}

// object reads COCO annotations, an object of columns, one entry, or the map from id to texts of pycocoevalcap.
func (p *parser) object(data []byte, offset int) error {
	members, err := membersOf(data)
	if err != nil {
		return p.errorAt("", "%v", err)
	}
	for _, m := range members {
		if m.key == "annotations" && m.value[0] == '[' && (opening(m.value) == ']' || opening(m.value) == '{') {
			return p.list(m.value, offset+m.end-len(m.value), rows{coco: true, again: true})
		}
	}
	if p.areFields(names(members)) {
		if err := p.checkUTF8("", offset+len(data)); err != nil {
			return err
		}
		return p.fields(members)
	}
	if len(members) == 1 && otherID(members[0].key, members[0].value) != "" { // such as {"data": [...]}
		m := members[0]
		return p.list(m.value, offset+m.end-len(m.value), rows{coco: true})
	}
	if p.opts.ByPosition {
		return p.errorAt("", "the file is a map from ids to texts: its ids cannot be left aside")
	}
	for _, m := range members {
		place := fmt.Sprintf("id %q", m.key)
		if err := p.checkUTF8(place, offset+m.end); err != nil {
			return err
		}
		texts, err := textsOf(m.value)
		if err != nil {
			return p.errorAt(place, "%v", err)
		}
		if other := otherID(m.key, m.value); other != "" {
			return p.errorAt(place, "a text of it has the id %q", other)
		}
		if err := p.add("", m.key, texts, false); err != nil {
			return err
		}
	}
	return nil
}

// otherID returns an id that the objects of a list have and that is not the key of the list, "" for none. Objects of COCO name their
// image, and have an id of their own.
func otherID(key string, value json.RawMessage) string {
	if value[0] != '[' || opening(value) != '{' {
		return ""
	}
	for _, item := range elementsOf(value) {
		if item.value[0] != '{' {
			return ""
		}
		members, err := membersOf(item.value)
		if err != nil {
			return ""
		}
		found := filter(names(members), isID)
		if i := slices.IndexFunc(found, func(name string) bool { return plainName(name) == "image_id" }); i >= 0 {
			found = found[i : i+1]
		}
		for _, m := range members {
			if id, err := idOf(m.value); slices.Contains(found, m.key) && err == nil && id != key {
				return id
			}
		}
	}
	return ""
}

// areFields reports whether the keys of an object are those of an entry or of columns, and no ids.
func (p *parser) areFields(names []string) bool {
	const most = 1000 // no entry has more keys
	if len(names) > most {
		return false
	}
	if slices.ContainsFunc(p.opts.Texts, func(name string) bool { return slices.Contains(names, name) }) {
		return true
	}
	ids, texts := filter(names, isID), filter(names, isTexts)
	known := filter(names, isKnown)
	many := filter(names, func(name string) bool {
		return slices.Contains([]string{"predictions", "hypotheses", "references"}, plainName(name))
	})
	return len(texts) > 0 && (len(ids) > 0 || len(many) > 0 || len(known) == len(names))
}

// fields reads an object of columns, as Hugging Face's predictions and references, or one that is an entry by itself.
func (p *parser) fields(members []member) error {
	keys := names(members)
	if name, again := repeated(keys); again {
		return p.errorAt("", "the key %q comes twice", name)
	}
	l, err := p.choose(p.columnNames(members), true)
	if err != nil {
		return p.errorAt("", "%v", err)
	}
	chosen := l.texts
	if l.id != "" {
		chosen = append([]string{l.id}, l.texts...)
	}
	columns := map[string][]member{}
	for _, name := range chosen {
		if value := members[slices.Index(keys, name)].value; value[0] == '[' {
			columns[name] = append([]member{}, elementsOf(value)...) // not nil
		}
	}
	if l.id == "" && len(columns) < len(l.texts) || l.id != "" && columns[l.id] == nil {
		return p.row(&rows{layout: l, chosen: true}, "", members, "entries")
	}
	n := len(columns[chosen[0]])
	for _, name := range chosen {
		if columns[name] == nil {
			return p.errorAt("", "%q is no list, where %q is one", name, chosen[0])
		}
		if len(columns[name]) != n {
			return p.errorAt("", "%q has %d entries, %q has %d", chosen[0], n, name, len(columns[name]))
		}
	}
	r := rows{layout: l, chosen: true}
	for i := range n {
		var row []member
		for _, name := range chosen {
			row = append(row, member{key: name, value: columns[name][i].value})
		}
		if err := p.row(&r, fmt.Sprintf("entry %d", i+1), row, "entries"); err != nil {
			return err
		}
	}
	return nil
}

// columnNames returns the names among which the columns are chosen: where texts are in lists and no single id stands beside them, what
// is no list says something about the whole file.
func (p *parser) columnNames(members []member) []string {
	var lists []string
	texts := false
	for _, m := range members {
		switch {
		case m.value[0] == '[':
			lists = append(lists, m.key)
			texts = texts || isTexts(m.key) || slices.Contains(p.opts.Texts, m.key)
		case isID(m.key) || slices.Contains(p.opts.IDs, m.key):
			return names(members)
		}
	}
	if texts {
		return lists
	}
	return names(members)
}

func names(members []member) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.key
	}
	return out
}

// invalid says where a file stops being JSON.
func (p *parser) invalid(data []byte) error {
	if p.bad >= 0 {
		return p.errorAt("", "the file is not UTF-8 at byte %d", p.bad)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var whole json.RawMessage
	err := d.Decode(&whole)
	if err == nil {
		return p.errorAt("", "text after the end of the JSON document at byte %d", skipSpace(data, int(d.InputOffset()))+1)
	}
	at := int64(len(data))
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		at = syntax.Offset
	}
	return p.errorAt("", "byte %d: %s", at, jsonReason(err))
}

// jsonReason says in the terms of the file what is wrong.
func jsonReason(err error) string {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF),
		errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input":
		return "the JSON document ends too early"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
