package fileformat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// otherEndings are of formats that are not read: their lines are no texts.
var otherEndings = []string{
	".yaml", ".yml", ".toml", ".xml", ".sgm", ".html", ".ipynb", ".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".ods", ".pkl",
	".pickle", ".npy", ".npz", ".pt", ".pth", ".safetensors", ".db", ".sqlite", ".zip", ".tar", ".bz2", ".xz", ".zst",
}

// format decides how a file is read.
func (p *parser) format(data []byte) (Format, error) {
	if p.opts.Format != Recognise {
		return p.opts.Format, nil
	}
	head := bytes.TrimLeft(data, " \t\r\n")
	ending := strings.ToLower(filepath.Ext(strings.TrimSuffix(p.file.Name, ".gz")))
	switch {
	case ending == ".jsonl" || ending == ".ndjson":
		return JSONLines, nil
	case ending == ".csv":
		return CSV, nil
	case ending == ".tsv" || ending == ".tab":
		return TSV, nil
	case slices.Contains(otherEndings, ending):
		return "", fmt.Errorf("%s: %s is not read; known are %s: name one with --format", p.file.Name, ending, listed(Formats))
	case ending == ".json":
		if len(head) == 0 || head[0] != '{' && head[0] != '[' && head[0] != '"' {
			return "", fmt.Errorf("%s: neither a JSON object nor a list", p.file.Name)
		}
		if looksLikeLines(head) {
			return JSONLines, nil
		}
		return JSON, nil
	}
	found, why := resembles(head)
	switch {
	case found == "":
		return Text, nil
	case ending == ".txt" || why != "":
		if why == "" {
			why = "it looks like " + strings.ToUpper(string(found))
		}
		return "", fmt.Errorf("%s: %s: say --format %s or --format text", p.file.Name, why, found)
	}
	return found, nil
}

// resembles returns the format that data without an ending has, "" for plain text. why is not empty if that is doubtful.
func resembles(head []byte) (found Format, why string) {
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	line = bytes.TrimRight(line, "\r")
	more := len(bytes.TrimSpace(rest)) > 0
	switch {
	case len(head) == 0:
		return "", ""
	case head[0] == '{' && looksLikeLines(head):
		return JSONLines, ""
	case head[0] == '{':
		return JSON, ""
	case head[0] == '[' && more && holdsTexts(line):
		return JSONLines, ""
	case head[0] == '[' && holdsTexts(head):
		return JSON, ""
	}
	if more && (isID(string(line)) || isTexts(string(line))) {
		return CSV, fmt.Sprintf("its first line, %q, looks like the header of a table", line)
	}
	for _, separator := range []string{",", ";", "\t"} {
		cells := strings.Split(string(line), separator)
		if known := filter(cells, func(name string) bool { return isKnown(strings.Trim(name, `" `)) }); len(known) > 1 {
			if separator == "\t" {
				return TSV, ""
			}
			return CSV, ""
		}
	}
	switch {
	case every(head, func(line []byte) bool { return bytes.IndexByte(line, '\t') >= 0 }):
		return TSV, "every line has a tab, and the first is no known header"
	case more && every(head, numberedLine().Match):
		return CSV, "every line begins with a number and a separator, and the first is no header"
	}
	return "", ""
}

// numberedLine is a line of a table without a header: an id, a separator, words.
var numberedLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*"?[0-9]+"?\s*[,;|][^A-Za-z]*[A-Za-z]`)
})

// every reports whether all lines that are not empty are like that.
func every(data []byte, like func(line []byte) bool) bool {
	for line := range bytes.Lines(data) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 && !like(line) {
			return false
		}
	}
	return true
}

// looksLikeLines reports whether the first line is a whole object and the next that is not empty begins another one.
func looksLikeLines(head []byte) bool {
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return bytes.HasPrefix(line, []byte("{")) && bytes.HasPrefix(rest, []byte("{")) && json.Valid(line)
}

// holdsTexts reports whether a JSON list holds texts, lists of texts or objects: a box in a text is a list of numbers.
func holdsTexts(data []byte) bool {
	var list []json.RawMessage
	if json.Unmarshal(data, &list) != nil || len(list) == 0 {
		return false
	}
	first := list[0]
	return first[0] == '"' || first[0] == '{' || first[0] == '[' && holdsTexts(first)
}
