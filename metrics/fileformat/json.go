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

// member is a key of a JSON object and its value.
type member struct {
	key   string
	value json.RawMessage
}

// lines reads JSON lines: objects as rows, or texts and lists of texts in their order.
func (p *parser) lines(data []byte) error {
	var r rows
	n, at := 0, int64(0)
	for line := range bytes.Lines(data) {
		n++
		at += int64(len(line))
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
	d := json.NewDecoder(bytes.NewReader(data))
	token, err := d.Token()
	if err != nil {
		return p.jsonError(d, err)
	}
	switch token {
	case json.Delim('{'):
		err = p.object(d)
	case json.Delim('['):
		err = p.list(d, 0, rows{coco: true})
	default:
		return p.errorAt("", "neither a JSON object nor a list")
	}
	if err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return p.errorAt("", "text after the end of the JSON document at byte %d", d.InputOffset())
	}
	return nil
}

// list reads the items of a list whose bracket has been read. The decoder began at byte offset of the file.
func (p *parser) list(d *json.Decoder, offset int64, r rows) error {
	for n := 1; d.More(); n++ {
		var item json.RawMessage
		if err := d.Decode(&item); err != nil {
			return p.jsonError(d, err)
		}
		place := fmt.Sprintf("entry %d", n)
		if err := p.checkUTF8(place, offset+d.InputOffset()); err != nil {
			return err
		}
		if err := p.item(&r, place, item, "entries"); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return p.jsonError(d, err)
	}
	return nil
}

// object reads COCO annotations, an object of columns, one entry, or the map from id to texts of pycocoevalcap.
func (p *parser) object(d *json.Decoder) error {
	members, ends, err := p.members(d)
	if err != nil {
		return err
	}
	for i, m := range members {
		if m.key == "annotations" && m.value[0] == '[' && (bytes.Equal(m.value, []byte("[]")) || startsWithObject(m.value)) {
			inner := json.NewDecoder(bytes.NewReader(m.value))
			if _, err := inner.Token(); err != nil {
				return p.jsonError(inner, err)
			}
			return p.list(inner, ends[i]-int64(len(m.value)), rows{coco: true, again: true})
		}
	}
	if areFields(names(members)) {
		if err := p.checkUTF8("", ends[len(ends)-1]); err != nil {
			return err
		}
		return p.fields(members)
	}
	if p.opts.ByPosition || p.opts.ID != "" || len(p.opts.Texts) > 0 {
		return p.errorAt("", "the file is a map from ids to texts and has no columns to name")
	}
	for i, m := range members {
		place := fmt.Sprintf("id %q", m.key)
		if err := p.checkUTF8(place, ends[i]); err != nil {
			return err
		}
		texts, err := textsOf(m.value)
		if err != nil {
			return p.errorAt(place, "%v", err)
		}
		if err := p.add("", m.key, texts, false); err != nil {
			return err
		}
	}
	return nil
}

// members reads the object whose bracket has been read, and where each value ends.
func (p *parser) members(d *json.Decoder) (members []member, ends []int64, err error) {
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, nil, p.jsonError(d, err)
		}
		key, ok := token.(string)
		if !ok {
			return nil, nil, p.errorAt("", "%v stands where an id should", token)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, nil, p.jsonError(d, err)
		}
		members, ends = append(members, member{key, raw}), append(ends, d.InputOffset())
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, p.jsonError(d, err)
	}
	return members, ends, nil
}

// startsWithObject reports whether a list begins with an object.
func startsWithObject(list []byte) bool {
	rest := bytes.TrimLeft(list[1:], " \t\r\n")
	return len(rest) > 0 && rest[0] == '{'
}

// areFields reports whether the keys of an object are those of an entry or of columns, and no ids.
func areFields(names []string) bool {
	const most = 1000 // no entry has more keys
	if len(names) > most {
		return false
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
	for i, name := range keys {
		if slices.Contains(keys[:i], name) {
			return p.errorAt("", "the key %q comes twice", name)
		}
	}
	l, err := p.choose(p.columnNames(members), true)
	if err != nil {
		return p.errorAt("", "%v", err)
	}
	chosen := l.texts
	if l.id != "" {
		chosen = append([]string{l.id}, l.texts...)
	}
	columns := map[string][]json.RawMessage{}
	for _, name := range chosen {
		var list []json.RawMessage
		if value := members[slices.Index(keys, name)].value; value[0] == '[' && json.Unmarshal(value, &list) == nil {
			columns[name] = list
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
			row = append(row, member{name, columns[name][i]})
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
		case isID(m.key) || m.key == p.opts.ID:
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

func (p *parser) jsonError(d *json.Decoder, err error) error {
	if p.bad >= 0 {
		return p.errorAt("", "the file is not UTF-8 at byte %d", p.bad)
	}
	return p.errorAt("", "byte %d: %s", d.InputOffset(), jsonReason(err))
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
