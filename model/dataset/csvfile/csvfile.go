// Package csvfile streams CSV files, plain or gzipped, as published data sets have them: a bad row is skipped and remembered,
// and reading continues.
//
// Open finds the wanted columns in the header, Next walks the rows, and Bad, Err and Digest tell afterwards what was skipped, why
// reading ended early and what was read.
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
)

// maxLine bounds one line of a file; a longer one is a bad row, not memory.
const maxLine = 1 << 20

// A Reader reads a CSV file row by row. It accepts a byte order mark and CRLF, skips empty lines, and skips and remembers rows
// with another number of cells than the header; unnamed columns at the end of the header may be absent. A line is a row: none of the data sets has line breaks inside cells, and so an
// unclosed quote costs one row and not the rest of the file.
//
//	t, err := csvfile.Open(path, "dicom_id", "subject_id")
//	defer t.Close()
//	for t.Next() { t.Cell(0) }
//	return t.Err()
type Reader struct {
	name   string // base name of the file, for messages
	err    error
	bad    []string
	digest hash.Hash

	file    *os.File
	r       *bufio.Reader
	line    int
	named   int   // columns up to the last with a name
	width   int   // columns of the header, unnamed ones at its end included
	columns []int // position of each wanted column, -1 if the file lacks an optional one
	cells   []string
}

// Open opens a file and finds the wanted columns by the names in its header. A name that ends in "?" is optional.
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
	t.file = f
	return t, nil
}

// newReader reads the header of a file; a name that ends in .gz says that src is gzipped.
func newReader(src io.Reader, name string, columns []string) (*Reader, error) {
	t := &Reader{name: name, digest: sha256.New()}
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, err
		}
		src = z
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
	at := make(map[string]int, len(names))
	for i := len(names) - 1; i >= 0; i-- {
		at[strings.TrimSpace(names[i])] = i
	}
	for _, want := range columns {
		name, optional := strings.CutSuffix(want, "?")
		i, found := at[name]
		if !found {
			if !optional {
				return nil, fmt.Errorf("line 1: no column %q", name)
			}
			i = -1
		}
		t.columns = append(t.columns, i)
	}
	return t, nil
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
		if closed && len(cells) >= t.named && len(cells) <= t.width {
			return true
		}
		t.Reject()
	}
}

// Reject counts the current row as bad.
func (t *Reader) Reject() { t.bad = append(t.bad, fmt.Sprintf("%s:%d", t.name, t.line)) }

// Cell returns the i-th wanted column of the current row without surrounding white space, "" if the file lacks it.
func (t *Reader) Cell(i int) string {
	if t.columns[i] < 0 {
		return ""
	}
	return strings.TrimSpace(t.cells[t.columns[i]])
}

// ID returns the i-th wanted column as a decimal id; "50414267.0", as pandas may write it, is read as 50414267.
func (t *Reader) ID(i int) (string, bool) {
	s := strings.TrimSuffix(t.Cell(i), ".0")
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
			t.err = fmt.Errorf("%s, after line %d: %w", t.name, t.line, err)
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
		return string(bytes.TrimRight(part, "\r\n")), true
	}
}

// Close closes the file.
func (t *Reader) Close() error { return t.file.Close() }

// Line returns the number of the current row's line, from 1.
func (t *Reader) Line() int { return t.line }

// Bad returns the rows that were skipped, as FILE:LINE.
func (t *Reader) Bad() []string { return t.bad }

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
