// Package fileformat reads files of hypotheses and references: the JSON of pycocoevalcap, COCO annotations and results, JSON lines,
// and plain text, one text a line. Parse recognises the format; Pair joins the two sides by id.
//
// Errors name the file and the id or the line. Nothing is dropped, repaired or guessed.
package fileformat

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"harness/metrics"
)

// File holds the texts of one file, by id.
type File struct {
	Name  string
	IDs   []string            // in the order of the file
	Texts map[string][]string // at least one for each id
	Plain bool                // the ids are line numbers

	Regions map[string]string // the "region" that JSON lines may name, by id
}

// Parse reads the texts of a file. The name is for messages, and its ending decides where the content could be plain text or
// damaged JSON.
func Parse(name string, data []byte) (*File, error) {
	p := &parser{file: &File{Name: name, Texts: map[string][]string{}, Regions: map[string]string{}}, bad: -1}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		p.bad = firstInvalid(data)
	}
	err := p.parse(data)
	if err == nil && p.bad >= 0 {
		err = p.errorAt("", "the file is not UTF-8 at byte %d", p.bad)
	}
	if err == nil && len(p.file.IDs) == 0 {
		err = fmt.Errorf("%s: no texts in the file", name)
	}
	if err != nil {
		return nil, err
	}
	return p.file, nil
}

// parser collects entries. bad is the place of the first byte that is not UTF-8, or -1.
type parser struct {
	file *File
	bad  int
}

func (p *parser) parse(data []byte) error {
	head := bytes.TrimLeft(data, " \t\r\n")
	ending := strings.ToLower(filepath.Ext(p.file.Name))
	text := ending == ".txt"
	switch {
	case ending == ".jsonl" || !text && looksLikeLines(head):
		return p.lines(data)
	case len(head) > 0 && head[0] == '{' && !text:
		return p.object(data)
	case len(head) > 0 && head[0] == '[' && !text && (ending == ".json" || looksLikeResults(head)):
		return p.results(data)
	case ending == ".json":
		return fmt.Errorf("%s: neither a JSON object nor a list", p.file.Name)
	}
	return p.plain(data)
}

// add appends texts to an id; more says whether an id may come again.
func (p *parser) add(id string, texts []string, more bool) error {
	have, again := p.file.Texts[id]
	if again && !more {
		return p.errorAt(id, "the id comes twice")
	}
	if !again {
		p.file.IDs = append(p.file.IDs, id)
	}
	p.file.Texts[id] = append(have, texts...)
	return nil
}

// errorAt is an error about an id, or about the file when id is "".
func (p *parser) errorAt(id, format string, args ...any) error {
	if id != "" {
		return fmt.Errorf("%s: id %q: %s", p.file.Name, id, fmt.Sprintf(format, args...))
	}
	return fmt.Errorf("%s: %s", p.file.Name, fmt.Sprintf(format, args...))
}

// checkUTF8 reports bytes that are not UTF-8 before offset end, which the entry of id covers.
func (p *parser) checkUTF8(id string, end int64) error {
	if p.bad >= 0 && int64(p.bad) < end {
		return p.errorAt(id, "the text is not UTF-8 at byte %d of the file", p.bad)
	}
	return nil
}

// plain reads one text a line; the ids are the line numbers.
func (p *parser) plain(data []byte) error {
	p.file.Plain = true
	at := int64(0)
	for line := range bytes.Lines(data) {
		at += int64(len(line))
		id := strconv.Itoa(len(p.file.IDs) + 1)
		if err := p.checkUTF8(id, at); err != nil {
			return err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if err := p.add(id, []string{string(line)}, false); err != nil {
			return err
		}
	}
	return nil
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

// Pair joins hypotheses and references by id, in the order of the references. Every id must be on both sides, and every id must
// have exactly one hypothesis.
func Pair(hyps, refs *File) ([]metrics.Sample, error) {
	if hyps.Plain && refs.Plain && len(hyps.IDs) != len(refs.IDs) {
		return nil, fmt.Errorf("%s has %d lines, %s has %d", hyps.Name, len(hyps.IDs), refs.Name, len(refs.IDs))
	}
	samples := make([]metrics.Sample, 0, len(refs.IDs))
	for _, id := range refs.IDs {
		texts := refs.Texts[id]
		hyp, ok := hyps.Texts[id]
		switch {
		case len(texts) == 0:
			return nil, fmt.Errorf("%s: id %q has no reference", refs.Name, id)
		case !ok:
			return nil, fmt.Errorf("%s: id %q of %s is missing%s", hyps.Name, id, refs.Name, others(missing(refs, hyps)))
		case len(hyp) != 1:
			return nil, fmt.Errorf("%s: id %q has %d hypotheses, not one", hyps.Name, id, len(hyp))
		}
		samples = append(samples, metrics.Sample{ID: id, Hyp: hyp[0], Refs: texts, Region: refs.Regions[id]})
	}
	if extra := missing(hyps, refs); len(extra) > 0 {
		return nil, fmt.Errorf("%s: id %q is not in %s%s", hyps.Name, extra[0], refs.Name, others(extra))
	}
	return samples, nil
}

// missing returns the ids of a that b lacks.
func missing(a, b *File) []string {
	return slices.DeleteFunc(slices.Clone(a.IDs), func(id string) bool { _, ok := b.Texts[id]; return ok })
}

// others says how many ids there are besides the first.
func others(ids []string) string {
	if len(ids) < 2 {
		return ""
	}
	return fmt.Sprintf(", and %d more", len(ids)-1)
}
