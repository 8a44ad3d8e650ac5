package csvfile

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReader(t *testing.T) {
	for _, c := range []struct {
		name, text string
		rows       []string // the wanted cells "id" and "text", joined by |
		bad        []string
	}{
		{"plain", "id,text\n1,a\n2,b\n", []string{"1|a", "2|b"}, nil},
		{"no line break at the end", "id,text\n1,a", []string{"1|a"}, nil},
		{"columns in another order", "x,text,id\n0,a,1\n", []string{"1|a"}, nil},
		{"byte order mark, CRLF, empty lines", "\ufeffid,text\r\n\r\n1,a\r\n", []string{"1|a"}, nil},
		{"quotes", "id,text\n1,\"a, \"\"b\"\"\"\n\"2\",\n", []string{`1|a, "b"`, "2|"}, nil},
		{"quotes inside a plain cell", "id,text\n1,5\" wide\n", []string{`1|5" wide`}, nil},
		{"white space", "id , text\n 1 ,\ta \n", []string{"1|a"}, nil},
		{"wrong numbers of cells", "id,text\n1\n1,a\n1,a,b\n2,b\n", []string{"1|a", "2|b"}, []string{"t.csv:2", "t.csv:4"}},
		{"an unclosed quote costs one row", "id,text\n1,\"a\n2,b\n3,\"c\"d\n4,e\n", []string{"2|b", "4|e"}, []string{"t.csv:2", "t.csv:4"}},
		{"a line without end", "id,text\n1," + strings.Repeat("x", 2*maxLine) + "\n2,b\n", []string{"2|b"}, []string{"t.csv:2"}},
		{"capitals in the header", "ID,Text\n1,a\n", []string{"1|a"}, nil},
		{"a name twice, in two cases", "ID,Text,id,text\n0,b,1,a\n", []string{"1|a"}, nil},
		{"Latin-1", "id,text\n1,na\xefve\n", []string{"1|naïve"}, nil},
		{"unnamed columns at the end", "id,text,,\n1,a\n2,b,\n3,c,,\n4,d,,,\n5\n", []string{"1|a", "2|b", "3|c"}, []string{"t.csv:5", "t.csv:6"}},
		{"header alone", "id,text\n", nil, nil},
	} {
		r, err := newReader(strings.NewReader(c.text), "t.csv", []string{"id", "text"})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var rows []string
		for r.Next() {
			rows = append(rows, r.Cell(0)+"|"+r.Cell(1))
		}
		if diff := cmp.Diff(c.rows, rows); diff != "" || r.Err() != nil {
			t.Errorf("%s: error %v, rows (-want +got):\n%s", c.name, r.Err(), diff)
		}
		if diff := cmp.Diff(c.bad, badRows(r)); diff != "" {
			t.Errorf("%s: bad rows (-want +got):\n%s", c.name, diff)
		}
	}
}

// badRows are the rows that were skipped, as FILE:LINE.
func badRows(r *Reader) (rows []string) {
	for _, row := range r.bad {
		rows = append(rows, fmt.Sprintf("%s:%d", r.path, row.Line))
	}
	return rows
}

func TestID(t *testing.T) {
	for text, want := range map[string]string{
		"10000032": "10000032", "10000032.0": "10000032", "": "", "1": "", "1e7": "", "-5": "", "../..": "", "10.5": "",
		"1234567890123456789": "", "s50414267": "50414267", "P10000032": "10000032", "s50414267.0": "50414267", "ps50414267": "", "x50414267": "",
		"s1": "",
	} {
		r, err := newReader(strings.NewReader("id,x\n"+text+",\n"), "t.csv", []string{"id"})
		if err != nil || !r.Next() {
			t.Fatal(text, err)
		}
		if got, ok := r.ID(0); got != want || ok != (want != "") {
			t.Errorf("ID of %q = %q, %v", text, got, ok)
		}
	}
}

// TestOpen reads the same file plain and gzipped: rows and digest agree, and a cut one is an error, not a short file.
func TestOpen(t *testing.T) {
	text := "a,b\n" + strings.Repeat("1,2\n", 1000)
	var zip bytes.Buffer
	z := gzip.NewWriter(&zip)
	z.Write([]byte(text))
	z.Close()
	dir := t.TempDir()
	read := func(name string, content []byte) (rows int, digest string, err error) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := Open(path, "a")
		if err != nil {
			return 0, "", err
		}
		defer r.Close()
		for r.Next() {
			rows++
		}
		return rows, r.Digest(), r.Err()
	}
	rows, plain, err := read("t.csv", []byte(text))
	if rows != 1000 || err != nil {
		t.Errorf("plain: %d rows, %v", rows, err)
	}
	rows, zipped, err := read("t.csv.gz", zip.Bytes())
	if rows != 1000 || err != nil || zipped != plain {
		t.Errorf("gzipped: %d rows, %v, same digest %v", rows, err, zipped == plain)
	}
	if _, _, err := read("cut.csv.gz", zip.Bytes()[:zip.Len()-5]); err == nil || !strings.Contains(err.Error(), "cut.csv.gz") {
		t.Errorf("cut: %v", err)
	}
	if rows, unpacked, err := read("unpacked.csv.gz", []byte(text)); rows != 1000 || err != nil || unpacked != plain {
		t.Errorf("unpacked under its packed name: %d rows, %v", rows, err)
	}
	if rows, packed, err := read("packed.csv", zip.Bytes()); rows != 1000 || err != nil || packed != plain {
		t.Errorf("packed under its unpacked name: %d rows, %v", rows, err)
	}
	for text, want := range map[string]string{
		"": "empty", "b,c\n1\n": `no column "a"; it has b, c`, "\"a\n": "unclosed quote", "a;b\n1;2\n": "separated by commas",
		"<!DOCTYPE html>\n": "an HTML page", "version https://git-lfs.github.com/spec/v1\n": "a Git LFS pointer", "\xff\xfea\x00\n\x00": "UTF-16",
	} {
		if _, _, err := read("bad.csv", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzReader reads any bytes as a CSV file: it never panics, gives rows of the header's width only, and counts every other line.
func FuzzReader(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("\ufeffa,b\r\n\"x,\"\"y\",2\r\n1\n\n\"open,2\n3,4")
	f.Fuzz(func(t *testing.T, text string) {
		tab, err := newReader(strings.NewReader(text), "t.csv", []string{"a", "missing?"})
		if err != nil {
			return
		}
		rows := 0
		for tab.Next() {
			rows++
			tab.Cell(0)
			if tab.Cell(1) != "" {
				t.Fatal("an absent column has a value")
			}
			tab.ID(0)
		}
		if tab.Err() != nil {
			if strings.HasPrefix(text, "\x1f\x8b") {
				return // a damaged archive
			}
			t.Fatal(tab.Err())
		}
		lines := 0
		for line := range strings.Lines(text) {
			if strings.TrimRight(line, "\r\n") != "" {
				lines++
			}
		}
		if rows+len(tab.bad)+1 != lines {
			t.Fatalf("%d rows and %d bad ones of %d lines", rows, len(tab.bad), lines)
		}
	})
}
