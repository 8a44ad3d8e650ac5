package fileformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// looksLikeLines reports whether the first line is an object with an id: JSON lines.
func looksLikeLines(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	var entry map[string]json.RawMessage
	if json.Unmarshal(line, &entry) != nil {
		return false
	}
	_, id := entry["id"]
	return id
}

// looksLikeResults reports whether a list begins with an object.
func looksLikeResults(head []byte) bool {
	rest := bytes.TrimLeft(head[1:], " \t\r\n")
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == ']')
}

// entry is one object of JSON lines or of COCO.
type entry struct {
	ID      json.RawMessage `json:"id"`
	ImageID json.RawMessage `json:"image_id"`
	Text    *string         `json:"text"`
	Refs    []string        `json:"refs"`
	Ref     *string         `json:"ref"`
	Caption *string         `json:"caption"`
	Region  string          `json:"region"`
}

// idOf returns an id that is written as a string or as a number.
func idOf(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", errors.New("no id")
	}
	if raw[0] == '"' {
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	}
	if c := raw[0]; c == '-' || c >= '0' && c <= '9' {
		return string(raw), nil
	}
	return "", fmt.Errorf("id %s is neither a string nor a number", raw)
}

// lines reads JSON lines: {"id", "text"} or {"id", "refs"}, with a "region" where the text holds its box.
func (p *parser) lines(data []byte) error {
	n, at := 0, int64(0)
	for line := range bytes.Lines(data) {
		n++
		at += int64(len(line))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return p.errorAt("", "line %d: %s", n, jsonReason(err))
		}
		id, err := idOf(e.ID)
		if err != nil {
			return p.errorAt("", "line %d: %v", n, err)
		}
		if err := p.checkUTF8(id, at); err != nil {
			return err
		}
		texts, err := e.texts()
		if err != nil {
			return p.errorAt(id, "line %d: %v", n, err)
		}
		if e.Region != "" {
			p.file.Regions[id] = e.Region
		}
		if err := p.add(id, texts, false); err != nil {
			return err
		}
	}
	return nil
}

// texts returns the one text or the references of an entry.
func (e *entry) texts() ([]string, error) {
	var texts []string
	for _, s := range []*string{e.Text, e.Ref, e.Caption} {
		if s != nil {
			texts = append(texts, *s)
		}
	}
	switch {
	case len(texts)+len(e.Refs) == 0 && e.Refs != nil:
		return nil, errors.New("the list of references is empty")
	case len(texts)+len(e.Refs) == 0:
		return nil, errors.New(`neither "text" nor "refs"`)
	case len(texts) > 1 || len(texts) == 1 && e.Refs != nil:
		return nil, errors.New(`more than one of "text", "ref", "refs", "caption"`)
	}
	return append(texts, e.Refs...), nil
}

// results reads COCO results: a list of {"image_id", "caption"}.
func (p *parser) results(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return p.jsonError(d, err)
	}
	if err := p.captionList(d, 0, false); err != nil {
		return err
	}
	return p.end(d)
}

// captionList reads objects with image_id and caption up to the end of the list whose bracket has been read. The decoder began at byte
// offset of the file; more says whether an id may come again.
func (p *parser) captionList(d *json.Decoder, offset int64, more bool) error {
	for d.More() {
		var e entry
		if err := d.Decode(&e); err != nil {
			return p.jsonError(d, err)
		}
		raw := e.ImageID
		if len(raw) == 0 {
			raw = e.ID
		}
		id, err := idOf(raw)
		if err != nil {
			return p.errorAt("", "entry %d: %v", len(p.file.IDs)+1, err)
		}
		if err := p.checkUTF8(id, offset+d.InputOffset()); err != nil {
			return err
		}
		texts, err := e.texts()
		if err != nil {
			return p.errorAt(id, "%v", strings.ReplaceAll(err.Error(), `"text" nor "refs"`, `"caption" nor "text"`))
		}
		if err := p.add(id, texts, more); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return p.jsonError(d, err)
	}
	return nil
}

// object reads COCO annotations, or the map from id to texts of pycocoevalcap.
func (p *parser) object(data []byte) error {
	if list := annotations(data); list != nil {
		d := json.NewDecoder(bytes.NewReader(list))
		if _, err := d.Token(); err != nil {
			return p.jsonError(d, err)
		}
		return p.captionList(d, int64(bytes.Index(data, list)), true)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return p.jsonError(d, err)
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return p.jsonError(d, err)
		}
		id, ok := token.(string)
		if !ok {
			return p.errorAt("", "%v stands where an id should", token)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return p.jsonError(d, err)
		}
		if err := p.checkUTF8(id, d.InputOffset()); err != nil {
			return err
		}
		texts, err := textsOf(raw)
		if err != nil {
			return p.errorAt(id, "%v", err)
		}
		if err := p.add(id, texts, false); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return p.jsonError(d, err)
	}
	return p.end(d)
}

// annotations returns the list of COCO annotations, or nil: a list of texts may belong to an id that happens to be called so.
func annotations(data []byte) json.RawMessage {
	if !bytes.Contains(data, []byte(`"annotations"`)) {
		return nil
	}
	var top struct {
		Annotations json.RawMessage `json:"annotations"`
	}
	if json.Unmarshal(data, &top) != nil || len(top.Annotations) == 0 || top.Annotations[0] != '[' || !looksLikeResults(top.Annotations) {
		return nil
	}
	return top.Annotations
}

// textsOf reads the texts of one id: a list of strings, a list of {"caption"}, or one string.
func textsOf(raw json.RawMessage) ([]string, error) {
	if len(raw) > 0 && raw[0] == '"' {
		var one string
		err := json.Unmarshal(raw, &one)
		return []string{one}, err
	}
	var texts []string // nearly always
	if err := json.Unmarshal(raw, &texts); err == nil && len(texts) > 0 && !bytes.Contains(raw, []byte("null")) {
		return texts, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		return nil, errors.New("its value is not a list of texts")
	}
	if len(list) == 0 {
		return nil, errors.New("the list of texts is empty")
	}
	texts = make([]string, len(list))
	for i, item := range list {
		var e entry
		switch {
		case len(item) > 0 && item[0] == '"':
			if err := json.Unmarshal(item, &texts[i]); err != nil {
				return nil, fmt.Errorf("text %d: %s", i+1, jsonReason(err))
			}
		case json.Unmarshal(item, &e) == nil && e.Caption != nil:
			texts[i] = *e.Caption
		default:
			return nil, fmt.Errorf("text %d is not a string", i+1)
		}
	}
	return texts, nil
}

// end makes sure that nothing follows the document.
func (p *parser) end(d *json.Decoder) error {
	if _, err := d.Token(); err != io.EOF {
		return p.errorAt("", "text after the end of the JSON document at byte %d", d.InputOffset())
	}
	return nil
}

func (p *parser) jsonError(d *json.Decoder, err error) error {
	if p.bad >= 0 {
		return p.errorAt("", "the file is not UTF-8 at byte %d", p.bad)
	}
	return p.errorAt("", "byte %d: %s", d.InputOffset(), jsonReason(err))
}

// jsonReason says in the terms of the file what is wrong.
func jsonReason(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind):
		return fmt.Sprintf("%q is a %s", kind.Field, kind.Value)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "the JSON document ends too early"
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
