// Package patch reads and writes differences of texts in the unified format.
//
//	Of          the difference of two texts
//	Split       the files of what git diff printed
//	File.Apply  the text after a difference, from the text before it
//	Between     the difference of two texts of which only their patches against one text are known
//
// All is exact: a line that is not where a patch has it is an error, never a guess.
package patch

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/diff"
)

// DevNull stands for the side on which there is no file.
const DevNull = "/dev/null"

// ErrMismatch says that a patch is not of the text that it was to be applied to.
var ErrMismatch = errors.New("the patch is of another text")

// Of is the difference of two texts, empty where they are equal. The names stand in its header.
func Of(oldName string, old []byte, newName string, new []byte) string {
	_, unified, _ := bytes.Cut(diff.Diff(oldName, old, newName, new), []byte("\n")) // the first line has no place in the format
	return string(unified)
}

// IsText reports whether a difference of the contents by lines tells something.
func IsText(data []byte) bool { return utf8.Valid(data) && bytes.IndexByte(data, 0) < 0 }

// Count returns how many lines a unified difference adds and removes.
func Count(unified string) (added, removed int) {
	for line := range strings.Lines(body(unified)) {
		switch line[0] {
		case '+':
			added++
		case '-':
			removed++
		}
	}
	return added, removed
}

// body is what follows the header of a unified difference of one file.
func body(unified string) string {
	if strings.HasPrefix(unified, "@@") {
		return unified
	}
	if at := strings.Index(unified, "\n@@"); at >= 0 {
		return unified[at+1:]
	}
	return ""
}

// File is the difference of one file.
type File struct {
	Old, New string // names without git's prefixes; DevNull where there is no file
	Binary   bool   // git's own format of bytes, which is not read
	hunks    []hunk
}

// hunk replaces lines from a place on. Lines have their sign in front and their line end.
type hunk struct {
	oldStart, oldLines, newStart, newLines int
	lines                                  []string
}

// Split reads what git diff printed. What cannot be read is an error: half a patch is none.
func Split(text string) ([]File, error) {
	var files []File
	var header []string
	finish := func() error {
		if header == nil {
			return nil
		}
		file, err := parse(header)
		if err != nil {
			return fmt.Errorf("read patch of file %d: %w", len(files)+1, err)
		}
		files, header = append(files, file), nil
		return nil
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "diff --git ") { // lines of files have a sign in front
			if err := finish(); err != nil {
				return nil, err
			}
			header = []string{}
		}
		if header != nil {
			header = append(header, line)
		}
	}
	return files, finish()
}

// parse reads the part of one file.
func parse(lines []string) (File, error) {
	file := File{}
	at := 0
	for ; at < len(lines) && !strings.HasPrefix(lines[at], "@@"); at++ {
		line := strings.TrimSuffix(lines[at], "\n")
		switch {
		case strings.HasPrefix(line, "--- "):
			file.Old = unquote(line[4:])
		case strings.HasPrefix(line, "+++ "):
			file.New = unquote(line[4:])
		case strings.HasPrefix(line, "GIT binary patch"), strings.HasPrefix(line, "Binary files "):
			file.Binary = true
			file.Old, file.New = halves(lines[0])
			return file, nil
		}
	}
	if file.Old == "" && file.New == "" { // only the mode changed, or an empty file came or went
		file.Old, file.New = halves(lines[0])
		for _, line := range lines {
			switch {
			case strings.HasPrefix(line, "new file mode "):
				file.Old = DevNull
			case strings.HasPrefix(line, "deleted file mode "):
				file.New = DevNull
			}
		}
		return file, nil
	}
	file.Old, file.New = withoutPrefixes(file.Old, file.New)
	for at < len(lines) {
		h, n, err := parseHunk(lines[at:])
		if err != nil {
			return file, err
		}
		file.hunks = append(file.hunks, h)
		at += n
	}
	return file, nil
}

// parseHunk reads a hunk and says how many lines it took.
func parseHunk(lines []string) (h hunk, n int, err error) {
	if h, err = parsePlace(lines[0]); err != nil {
		return h, 0, err
	}
	old, new := 0, 0
	for n = 1; n < len(lines) && !strings.HasPrefix(lines[n], "@@"); n++ {
		line := lines[n]
		switch line[0] {
		case ' ':
			old++
			new++
		case '-':
			old++
		case '+':
			new++
		case '\\': // "\ No newline at end of file"
			if len(h.lines) == 0 {
				return h, 0, errors.New("no line before the note on its end")
			}
			last := &h.lines[len(h.lines)-1]
			*last = strings.TrimSuffix(*last, "\n")
			continue
		default:
			return h, 0, fmt.Errorf("line without a sign: %.40q", line)
		}
		h.lines = append(h.lines, line)
	}
	if old != h.oldLines || new != h.newLines {
		return h, 0, fmt.Errorf("hunk of %d and %d lines, where its header says %d and %d", old, new, h.oldLines, h.newLines)
	}
	return h, n, nil
}

// parsePlace reads "@@ -3,7 +3,8 @@ words".
func parsePlace(line string) (h hunk, err error) {
	words := strings.Fields(line)
	if len(words) < 4 || words[0] != "@@" || words[3] != "@@" {
		return h, fmt.Errorf("header of a hunk: %.40q", line)
	}
	if h.oldStart, h.oldLines, err = parseRange(words[1], "-"); err != nil {
		return h, err
	}
	h.newStart, h.newLines, err = parseRange(words[2], "+")
	return h, err
}

func parseRange(word, sign string) (start, lines int, err error) {
	first, count, counted := strings.Cut(strings.TrimPrefix(word, sign), ",")
	if !counted {
		count = "1"
	}
	start, err = strconv.Atoi(first)
	if err == nil {
		lines, err = strconv.Atoi(count)
	}
	if err != nil || !strings.HasPrefix(word, sign) || start < 0 || lines < 0 {
		return 0, 0, fmt.Errorf("range of a hunk: %.40q", word)
	}
	return start, lines, nil
}

// Apply returns the text after the difference. A text that is not the one before it is ErrMismatch.
func (f File) Apply(old []byte) ([]byte, error) {
	if f.Binary {
		return nil, fmt.Errorf("%w: it is of bytes, not of lines", ErrMismatch)
	}
	lines := bytes.SplitAfter(old, []byte("\n"))
	if len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	var out bytes.Buffer
	done := 0
	for _, h := range f.hunks {
		from := h.oldStart - 1
		if h.oldLines == 0 { // an insertion stands after that line
			from = h.oldStart
		}
		if from < done || from+h.oldLines > len(lines) {
			return nil, fmt.Errorf("%w: it has no line %d", ErrMismatch, h.oldStart)
		}
		for ; done < from; done++ {
			out.Write(lines[done])
		}
		for _, line := range h.lines {
			if line[0] != '+' {
				if string(lines[done]) != line[1:] {
					return nil, fmt.Errorf("%w: line %d differs", ErrMismatch, done+1)
				}
				done++
			}
			if line[0] != '-' {
				out.WriteString(line[1:])
			}
		}
	}
	for ; done < len(lines); done++ {
		out.Write(lines[done])
	}
	return out.Bytes(), nil
}
