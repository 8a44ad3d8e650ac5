package meteor

import (
	"bytes"
	"fmt"
	"strconv"
)

// maxLine is the longest line of a table.
const maxLine = 1 << 16

// entryReader finds the entries in a text that comes in blocks.
type entryReader struct {
	table  *tableBuilder
	rest   []byte // of a line that began in the block before
	number int    // of lines read
	seen   int    // lines of the entry that is being read
	first  []byte // the first phrase of the entry before
	from   uint32 // and its number
}

// take reads the lines that end in a block.
func (e *entryReader) take(text []byte) error {
	for {
		end := bytes.IndexByte(text, '\n')
		if len(e.rest)+max(end, 0) > maxLine || end < 0 && len(text) > maxLine {
			return fmt.Errorf("line %d: longer than %d bytes", e.number+1, maxLine)
		}
		if end < 0 {
			e.rest = append(e.rest, text...)
			return nil
		}
		line := text[:end]
		if len(e.rest) > 0 {
			e.rest = append(e.rest, line...)
			line = e.rest
		}
		if err := e.line(line); err != nil {
			return err
		}
		if e.rest, text = e.rest[:0], text[end+1:]; e.table.full() {
			return fmt.Errorf("line %d: the table is too large", e.number)
		}
	}
}

// end reads what stands behind the last line feed and gives the last entries to the table.
func (e *entryReader) end() error {
	if len(e.rest) > 0 {
		if err := e.line(e.rest); err != nil {
			return err
		}
	}
	if e.seen > 0 {
		return fmt.Errorf("line %d: the last entry has %d of 3 lines", e.number, e.seen)
	}
	e.table.flush()
	return nil
}

// line reads one line. Between entries there may be empty ones.
func (e *entryReader) line(line []byte) error {
	e.number++
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	switch e.seen {
	case 0:
		if line = bytes.TrimSpace(line); len(line) == 0 {
			return nil
		}
		if !isWeight(line) {
			return fmt.Errorf("line %d: weight %q is not a number", e.number, line)
		}
	case 1:
		if e.first != nil && bytes.Equal(line, e.first) {
			break
		}
		e.first = append(e.first[:0], line...)
		var ok bool
		if e.from, ok = e.table.first(line); !ok {
			return fmt.Errorf("line %d: a phrase is empty", e.number)
		}
	case 2:
		if !e.table.add(e.from, line) {
			return fmt.Errorf("line %d: a phrase is empty", e.number)
		}
	}
	e.seen = (e.seen + 1) % 3
	return nil
}

// isWeight reports whether a text is a number.
func isWeight(text []byte) bool {
	if plainDecimal(text) {
		return true
	}
	_, err := strconv.ParseFloat(string(text), 64)
	return err == nil
}

// plainDecimal reports whether a text is digits, a point and digits, as nearly all weights are.
func plainDecimal(text []byte) bool {
	point := bytes.IndexByte(text, '.')
	if point < 1 || point == len(text)-1 {
		return false
	}
	for i, c := range text {
		if (c < '0' || c > '9') && i != point {
			return false
		}
	}
	return true
}
