// Package fileformat reads files of hypotheses and references: the JSON of pycocoevalcap, COCO annotations and results, lists and the
// predictions and references of Hugging Face, JSON lines, CSV and TSV with a header, and plain text, one text a line.
//
// ParseAs recognises the format by the ending of the name and by the content, and reads a file as plain text only if nothing in it
// looks like another format; columns.go knows the names of columns and keys. Merge joins several files of references, and Pair the two
// sides by id. Errors name the file and the id, the line or the key. Nothing is dropped, repaired or guessed.
package fileformat

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// File holds the texts of one file, by id.
type File struct {
	Name  string
	IDs   []string            // in the order of the file
	Texts map[string][]string // at least one for each id
	Plain bool                // the file has no ids: they count its texts from 1
	Unit  string              // what is counted: lines, rows or entries

	Columns []string // columns or keys of the texts; nil where the format has none

	Regions map[string]string // the "region" that rows may name, by id
}

// Format is how a file is written.
type Format string

// The formats; with Recognise the name and the content decide.
const (
	Recognise Format = ""
	JSON      Format = "json"
	JSONLines Format = "jsonl"
	CSV       Format = "csv" // separated by commas, semicolons or tabs, with a header
	TSV       Format = "tsv"
	Text      Format = "text" // one text a line
)

// Formats are those that can be asked for.
var Formats = []Format{JSON, JSONLines, CSV, TSV, Text}

// Side says which texts are wanted of a file that may hold both.
type Side int

// The sides; Either takes the texts of files that hold one.
const (
	Either Side = iota
	Hypotheses
	References
)

// Options choose how a file is read. The zero value recognises everything.
type Options struct {
	Format     Format
	Side       Side
	Texts      []string // columns or keys of the texts; several only of references
	IDs        []string // columns or keys of the id: the first that a file has
	ByPosition bool     // rows are counted, whatever ids they have
	Both       bool     // the file holds both sides: names that either may have, such as text, say too little
}

// Parse reads the texts of a file of one side. The name is for messages, and its ending is one of the things that decide on the format.
func Parse(name string, data []byte) (*File, error) { return ParseAs(name, data, Options{}) }

// ParseAs reads the texts of one side of a file.
func ParseAs(name string, data []byte, opts Options) (*File, error) {
	p := &parser{file: &File{Name: name, Texts: map[string][]string{}, Regions: map[string]string{}}, opts: opts, bad: -1}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, fmt.Errorf("%s: the file is UTF-16, not UTF-8", name)
	}
	if !utf8.Valid(data) {
		p.bad = firstInvalid(data)
	}
	err := p.parse(data)
	if err == nil && p.bad >= 0 {
		err = p.errorAt("", "the file is not UTF-8 at byte %d", p.bad)
	}
	if err == nil && len(opts.Texts) > 0 && p.file.Columns == nil {
		err = p.errorAt("", "the file has no columns or keys, and so no %s", quoted(opts.Texts))
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
	opts Options
	bad  int
}

func (p *parser) parse(data []byte) error {
	format, err := p.format(data)
	if err != nil {
		return err
	}
	switch format {
	case JSON:
		return p.document(data)
	case JSONLines:
		return p.lines(data)
	case CSV, TSV:
		return p.table(data, format)
	case Text:
		return p.plain(data)
	}
	return fmt.Errorf("unknown format %q; known are %s", format, listed(Formats))
}

// add appends texts to an id; more says whether an id may come again, and place where the texts stand.
func (p *parser) add(place, id string, texts []string, more bool) error {
	have, again := p.file.Texts[id]
	switch {
	case id == "":
		return p.errorAt(place, "the id is empty")
	case again && !more:
		return p.errorAt(place, "id %q: the id comes twice", id)
	case !again:
		p.file.IDs = append(p.file.IDs, id)
	}
	p.file.Texts[id] = append(have, texts...)
	return nil
}

// addNext appends the texts of the next entry of a file without ids.
func (p *parser) addNext(unit string, texts []string) error {
	p.file.Plain, p.file.Unit = true, unit
	return p.add("", strconv.Itoa(len(p.file.IDs)+1), texts, false)
}

// errorAt is an error about a place in the file, or about the file when place is "".
func (p *parser) errorAt(place, format string, args ...any) error {
	if place != "" {
		return fmt.Errorf("%s: %s: %s", p.file.Name, place, fmt.Sprintf(format, args...))
	}
	return fmt.Errorf("%s: %s", p.file.Name, fmt.Sprintf(format, args...))
}

// checkUTF8 reports bytes that are not UTF-8 before offset end, which the entry at place covers.
func (p *parser) checkUTF8(place string, end int) error {
	if p.bad >= 0 && p.bad < end {
		return p.errorAt(place, "the text is not UTF-8 at byte %d of the file", p.bad)
	}
	return nil
}

// plain reads one text a line; the ids are the line numbers.
func (p *parser) plain(data []byte) error {
	at := 0
	for line := range bytes.Lines(data) {
		at += len(line)
		if err := p.checkUTF8(fmt.Sprintf("line %d", len(p.file.IDs)+1), at); err != nil {
			return err
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		if err := p.addNext("lines", []string{string(line)}); err != nil {
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
