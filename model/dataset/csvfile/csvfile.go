// Package csvfile streams CSV files, plain or gzipped, as published data sets have them: a bad row is skipped and remembered,
// and reading continues.
//
// Read gives each row to a function and returns what was skipped and what was read. Below it, Open finds the wanted columns in the
// header, Next walks the rows, and Err tells afterwards why reading ended early.
package csvfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"harness/model/dataset/sniff"
)

// maxLine bounds one line of a file; a longer one is a bad row, not memory.
const maxLine = 1 << 20

// A Reader reads a CSV file row by row. It accepts a byte order mark, CRLF and Latin-1, skips empty lines, and skips and remembers rows
// with another number of cells than the header; unnamed columns at the end of the header may be absent. A line is a row: none of the
// data sets has line breaks inside cells, and so an
// unclosed quote costs one row and not the rest of the file.
//
//	t, err := csvfile.Open(path, "dicom_id", "subject_id")
//	defer t.Close()
//	for t.Next() { t.Cell(0) }
//	return t.Err()
type Reader struct {
	path   string // of the file, for errors; its base name while the header is read
	err    error
	bad    []Rejected
	digest hash.Hash

	file    *os.File
	r       *bufio.Reader
	line    int
	named   int   // columns up to the last with a name
	width   int   // columns of the header, unnamed ones at its end included
	columns []int // position of each wanted column, -1 if the file lacks an optional one
	cells   []string
}

// A Source is what reading a table leaves beside its rows.
type Source struct {
	Path   string
	Bad    []Rejected // rows that were left out
	Digest string     // SHA-256 of the contents, after decompression
}

// Read opens a file as Open does and calls row for each row with the right number of cells. row returns why it is rejected, "" for a
// good one; causes are few, without what is particular to one row.
func Read(path string, columns []string, row func(t *Reader) string) (Source, error) {
	t, err := Open(path, columns...)
	if err != nil {
		return Source{}, err
	}
	defer t.Close()
	for t.Next() {
		if cause := row(t); cause != "" {
			t.reject(cause)
		}
	}
	return Source{path, t.bad, t.Digest()}, t.Err()
}

// Open opens a file and finds the wanted columns by the names in its header, in any case. A name that ends in "?" is optional.
func Open(path string, columns ...string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t, err := newReader(f, filepath.Base(path), columns)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	t.file, t.path = f, path
	return t, nil
}

// newReader reads the header of a file, whose first bytes say whether it is gzipped: browsers unpack a .gz and keep its name.
func newReader(src io.Reader, name string, columns []string) (*Reader, error) {
	t := &Reader{path: name, digest: sha256.New()}
	packed := bufio.NewReaderSize(src, 256<<10)
	head, err := packed.Peek(sniff.HeadSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	src = packed
	if sniff.Of(head) == sniff.Gzip {
		z, err := gzip.NewReader(packed)
		if err != nil {
			return nil, err
		}
		src = z
	} else if kind := sniff.NotText(head); kind != sniff.Unknown {
		return nil, fmt.Errorf("this file is %s, not a table", kind)
	}
	t.r = bufio.NewReaderSize(io.TeeReader(src, t.digest), 256<<10)
	header, ok := t.readLine()
	switch {
	case t.err != nil:
		return nil, t.err
	case !ok:
		return nil, errors.New("the file is empty")
	}
	names, ok := splitRow(strings.TrimPrefix(header, "\ufeff"), nil)
	if !ok {
		return nil, errors.New("line 1: the header has an unclosed quote")
	}
	t.width = len(names)
	for t.named = t.width; t.named > 1 && strings.TrimSpace(names[t.named-1]) == ""; t.named-- {
	}
	at := make(map[string]int, 2*len(names)) // as written, and in lower case where that is nobody's name
	for i := len(names) - 1; i >= 0; i-- {
		names[i] = strings.TrimSpace(names[i])
		at[strings.ToLower(names[i])] = i
	}
	for i := len(names) - 1; i >= 0; i-- {
		at[names[i]] = i
	}
	for _, want := range columns {
		name, optional := strings.CutSuffix(want, "?")
		i, found := at[name]
		if !found {
			i, found = at[strings.ToLower(name)]
		}
		if !found {
			if !optional {
				return nil, fmt.Errorf("line 1: no column %q%s", name, inHeader(names))
			}
			i = -1
		}
		t.columns = append(t.columns, i)
	}
	return t, nil
}

// inHeader says what a header holds that lacks a column.
func inHeader(names []string) string {
	if len(names) == 1 && strings.ContainsAny(names[0], ";\t|") {
		return "; cells are separated by commas in a file that can be read"
	}
	shown := names[:min(len(names), 12)]
	more := ""
	if len(shown) < len(names) {
		more = ", ..."
	}
	return fmt.Sprintf("; it has %.300s%s", strings.Join(shown, ", "), more)
}

// Next reads the next row with the right number of cells; it returns false at the end of the file or at an error (Err).
func (t *Reader) Next() bool {
	for {
		line, ok := t.readLine()
		if !ok {
			return false
		}
		if line == "" {
			continue
		}
		cells, closed := splitRow(line, t.cells[:0])
		t.cells = cells
		switch {
		case !closed:
			t.reject("a quote that is not closed")
		case len(cells) < t.named || len(cells) > t.width:
			t.reject("another number of cells than the header")
		default:
			return true
		}
	}
}

// Rejected is a row that was skipped, by line and cause.
type Rejected struct {
	Line  int
	Cause string
}

// reject counts the current row as bad.
func (t *Reader) reject(cause string) { t.bad = append(t.bad, Rejected{t.line, cause}) }

// Cell returns the i-th wanted column of the current row without surrounding white space, "" if the file lacks it.
func (t *Reader) Cell(i int) string {
	if t.columns[i] < 0 {
		return ""
	}
	return strings.TrimSpace(t.cells[t.columns[i]])
}

// ID returns the i-th wanted column as ParseID reads it.
func (t *Reader) ID(i int) (string, bool) { return ParseID(t.Cell(i)) }

// ParseID reads a decimal id; "50414267.0", as pandas may write it, and "s50414267" or "p10000032", as folders are called, are read as
// the number.
func ParseID(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".0")
	if len(s) > 8 && strings.IndexByte("psPS", s[0]) >= 0 {
		s = s[1:]
	}
	if len(s) < 2 || len(s) > 18 {
		return "", false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return "", false
		}
	}
	return s, true
}

// readLine returns the next physical line without its end; a line beyond maxLine comes back as one that no file accepts.
func (t *Reader) readLine() (string, bool) {
	if t.err != nil {
		return "", false
	}
	var long []byte
	for {
		part, err := t.r.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			if len(long) <= maxLine {
				long = append(long, part...)
			}
			continue
		}
		if err != nil && err != io.EOF {
			if err == io.ErrUnexpectedEOF {
				err = fmt.Errorf("cut short: %w", err)
			}
			t.err = fmt.Errorf("%s, after line %d: %w", t.path, t.line, err)
			return "", false
		}
		if long != nil {
			part = append(long, part...)
		}
		if err == io.EOF && len(part) == 0 {
			return "", false
		}
		t.line++
		if len(part) > maxLine {
			return `"`, true
		}
		return sniff.Text(bytes.TrimRight(part, "\r\n")), true
	}
}

// Close closes the file.
func (t *Reader) Close() error { return t.file.Close() }

// Line returns the number of the current row's line, from 1.
func (t *Reader) Line() int { return t.line }

// Err returns why reading ended early; nil at the end of the file.
func (t *Reader) Err() error { return t.err }

// Digest returns the SHA-256 of what was read, after decompression; call it at the end of the file.
func (t *Reader) Digest() string { return string(t.digest.Sum(nil)) }

// splitRow appends the cells of one line to cells. It returns false when a quoted cell is not closed or is followed by
// something else than a comma. Quotes inside an unquoted cell are ordinary characters.
func splitRow(line string, cells []string) ([]string, bool) {
	if !strings.Contains(line, `"`) {
		for {
			cell, rest, more := strings.Cut(line, ",")
			cells = append(cells, cell)
			if !more {
				return cells, true
			}
			line = rest
		}
	}
	for {
		if !strings.HasPrefix(line, `"`) {
			cell, rest, more := strings.Cut(line, ",")
			cells = append(cells, cell)
			if !more {
				return cells, true
			}
			line = rest
			continue
		}
		cell, rest, closed := unquote(line[1:])
		if !closed || rest != "" && rest[0] != ',' {
			return cells, false
		}
		cells = append(cells, cell)
		if rest == "" {
			return cells, true
		}
		line = rest[1:]
	}
}

// unquote reads a quoted cell whose opening quote is already gone and returns what follows its closing quote.
func unquote(s string) (cell, rest string, closed bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return "", "", false
		}
		if i+1 < len(s) && s[i+1] == '"' {
			b.WriteString(s[:i+1])
			s = s[i+2:]
			continue
		}
		if b.Len() == 0 {
			return s[:i], s[i+1:], true
		}
		b.WriteString(s[:i])
		return b.String(), s[i+1:], true
	}
}
