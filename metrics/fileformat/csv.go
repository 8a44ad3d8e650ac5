package fileformat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// table reads CSV or TSV whose first line names the columns.
func (p *parser) table(data []byte, format Format) error {
	r := &tableReader{data: data, line: 1, separator: '\t'}
	if format == CSV {
		r.separator = p.separator(data)
	}
	header, err := r.next()
	if err != nil {
		return p.errorAt("", "%v", err)
	}
	if header == nil {
		return nil
	}
	if err := p.checkUTF8("line 1", r.at); err != nil {
		return err
	}
	if name, again := repeated(header); again {
		return p.errorAt("line 1", "the column %q comes twice", name)
	}
	l, err := p.choose(header, false)
	if err != nil {
		return p.errorAt("line 1", "%v", err)
	}
	idColumn := slices.Index(header, l.id)
	textColumns := make([]int, len(l.texts))
	for k, name := range l.texts {
		textColumns[k] = slices.Index(header, name)
	}
	region := slices.IndexFunc(header, func(name string) bool { return plainName(name) == regionName })
	for {
		place := fmt.Sprintf("line %d", r.line)
		cells, err := r.next()
		switch {
		case err != nil:
			return p.errorAt("", "%v", err)
		case cells == nil:
			return nil
		case len(cells) != len(header):
			return p.errorAt(place, "%d columns, where the header has %d: a text that holds the separator stands in quotes", len(cells), len(header))
		}
		if err := p.checkUTF8(place, r.at); err != nil {
			return err
		}
		texts, err := cellTexts(cells, textColumns, l.texts)
		if err != nil {
			return p.errorAt(place, "%v", err)
		}
		id := ""
		if l.id == "" {
			err = p.addNext("rows", texts)
			id = p.file.IDs[len(p.file.IDs)-1]
		} else {
			id = cells[idColumn]
			err = p.add(place, id, texts, l.more)
		}
		if err != nil {
			return err
		}
		if region >= 0 && cells[region] != "" {
			p.file.Regions[id] = cells[region]
		}
	}
}

// separator returns which of those in use makes the header one that is known.
func (p *parser) separator(data []byte) byte {
	for _, separator := range []byte{',', ';', '\t'} {
		r := &tableReader{data: data, line: 1, separator: separator}
		if header, err := r.next(); err == nil {
			if _, err := p.choose(header, false); err == nil && len(header) > 1 {
				return separator
			}
		}
	}
	return ','
}

// cellTexts returns the texts of a row, which are in columns of these names. Of several columns of references the empty ones hold none.
func cellTexts(cells []string, columns []int, names []string) ([]string, error) {
	var texts []string
	for k, name := range names {
		cell := cells[columns[k]]
		if cell == "" && len(names) > 1 {
			continue
		}
		if !holdsList(cell) {
			texts = append(texts, cell)
			continue
		}
		var list []string
		if !strings.HasSuffix(plainName(name), "s") || json.Unmarshal([]byte(cell), &list) != nil || len(list) == 0 {
			return nil, fmt.Errorf("%q holds a list: give every text a column, or write JSON lines", name)
		}
		texts = append(texts, list...)
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s are all empty", quoted(names))
	}
	return texts, nil
}

// holdsList reports whether a cell is a list of texts as Python or JSON prints it.
func holdsList(cell string) bool {
	cell = strings.TrimSpace(cell)
	return (strings.HasPrefix(cell, "['") || strings.HasPrefix(cell, `["`)) && (strings.HasSuffix(cell, "']") || strings.HasSuffix(cell, `"]`))
}

// tableReader reads rows of cells. A cell that begins with a quote ends at the next single one and may hold separators, line ends and
// doubled quotes; in other cells quotes are letters.
type tableReader struct {
	data      []byte
	at        int
	line      int // of what comes next
	separator byte
}

// next returns the next row, nil at the end.
func (r *tableReader) next() ([]string, error) {
	if r.at == len(r.data) {
		return nil, nil
	}
	if rest := bytes.TrimLeft(r.data[r.at:], "\r\n"); len(rest) < len(r.data)-r.at {
		if len(rest) == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("line %d: the line is empty; an empty text is written \"\"", r.line)
	}
	var cells []string
	for {
		cell, err := r.cell()
		if err != nil {
			return nil, err
		}
		cells = append(cells, cell)
		switch {
		case r.at == len(r.data):
			return cells, nil
		case r.data[r.at] == r.separator:
			r.at++
		default:
			if r.data[r.at] == '\r' {
				r.at++
			}
			r.at++
			r.line++
			return cells, nil
		}
	}
}

// cell reads up to the separator, the end of the line or the end of the data.
func (r *tableReader) cell() (string, error) {
	rest := r.data[r.at:]
	if len(rest) == 0 || rest[0] != '"' {
		end := 0
		for end < len(rest) && rest[end] != r.separator && rest[end] != '\n' && rest[end] != '\r' {
			end++
		}
		r.at += end
		if end < len(rest) && rest[end] == '\r' && !bytes.HasPrefix(rest[end:], []byte("\r\n")) {
			return "", fmt.Errorf("line %d: a carriage return within the line", r.line)
		}
		return string(rest[:end]), nil
	}
	began := r.line
	var cell []byte
	for i := 1; ; {
		end := bytes.IndexByte(rest[i:], '"')
		if end < 0 {
			return "", fmt.Errorf("line %d: a quote is not closed", began)
		}
		cell = append(cell, rest[i:i+end]...)
		i += end + 1
		if i < len(rest) && rest[i] == '"' {
			cell = append(cell, '"')
			i++
			continue
		}
		r.line += bytes.Count(cell, []byte("\n"))
		r.at += i
		if after := rest[i:]; len(after) > 0 && after[0] != r.separator && after[0] != '\n' && !bytes.HasPrefix(after, []byte("\r\n")) {
			return "", fmt.Errorf("line %d: text after a closing quote: quotes inside a quoted text are doubled", r.line)
		}
		return string(cell), nil
	}
}
