package logfile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
		open     string
	}{
		{"plain", "one\n\ntwo\nthr", []string{"one", "", "two"}, "thr"},
		{"of windows", "one\r\ntwo\r\n", []string{"one", "two"}, ""},
		{"progress", "\r 1%\r 2%\r100%\ndone\n", []string{"100%", "done"}, ""},
		{"progress that goes on", "x\r 1%\r 2%\r", nil, " 2%"},
		{"progress with its line end later", " 1%\r 2%\r\r\n", []string{" 2%"}, ""},
		{"colours", "\x1b[31;1mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07\x1b[K\n", []string{"red link"}, ""},
		{"backspaces", "30/30\b\b\b\b\b\n", []string{"30/30"}, ""},
		{"others", "a\tb\x00\x1bZ\u202e\xff\n", []string{"a\tb\\x00\\x1bZ\\u202e\\xff"}, ""},
		{"half a character", "é\xc3", nil, "é"},
		{"half a character that stays so", "é\xc3\n", []string{"é\\xc3"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 2, len(c.in)} { // however it arrives
				l := Lines{}
				var got []string
				for chunk := range slices.Chunk([]byte(c.in), step) {
					l.Add(chunk, func(line string) { got = append(got, line) })
				}
				if d := cmp.Diff(c.want, got); d != "" || l.Open() != c.open {
					t.Errorf("open %q, want %q; %s", l.Open(), c.open, d)
				}
			}
		})
	}
}

func TestLinesOfMegabytes(t *testing.T) {
	l := Lines{}
	var got []string
	add := func(text string) { l.Add([]byte(text), func(line string) { got = append(got, line) }) }
	for range 100 {
		add(strings.Repeat("é", 50_000))
	}
	if open := l.Open(); len(open) > maxLine+40 || !strings.HasSuffix(open, fmt.Sprintf(" … (%d more bytes)", 100*100_000-maxLine)) {
		t.Errorf("%d bytes, ending in %q", len(open), open[len(open)-40:])
	}
	add("\rshort\nnext\n")
	if want := []string{"short", "next"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTail(t *testing.T) {
	text := "1\n22\n333\n4444\n"
	for _, c := range []struct {
		text  string
		lines int
		limit int64
		want  string
	}{
		{text, 2, 100, "333\n4444\n"},
		{text, 4, 100, text},
		{text, 100, 100, text},
		{text, 100, 7, "4444\n"},
		{text, 100, 3, "44\n"},
		{text + "5", 1, 100, "5"},
		{text + "5", 2, 100, "4444\n5"},
		{"\n\n\n", 2, 100, "\n\n"},
		{"", 2, 100, ""},
		{text, 0, 100, ""},
		{strings.Repeat("x", 3*blockSize) + "\nlast\n", 1, 1 << 20, "last\n"},
		{strings.Repeat("x\n", 3*blockSize), blockSize, 1 << 20, strings.Repeat("x\n", blockSize)},
	} {
		from, err := Tail(strings.NewReader(c.text), int64(len(c.text)), c.lines, c.limit)
		if err != nil || c.text[from:] != c.want {
			t.Errorf("%d lines, %d bytes of %.20q: %.20q, %v, want %.20q", c.lines, c.limit, c.text, c.text[from:], err, c.want)
		}
	}
	if _, err := Tail(strings.NewReader("cut"), 100, 5, 100); err == nil {
		t.Error("a file that is shorter than its size was read")
	}
}

// logFile is a log in a test.
type logFile struct {
	t    *testing.T
	path string
}

func newLog(t *testing.T, text string) logFile {
	f := logFile{t, filepath.Join(t.TempDir(), "log.txt")}
	f.write(text)
	return f
}

func (f logFile) open() (*os.File, error) { return os.Open(f.path) }

func (f logFile) write(text string) {
	if err := os.WriteFile(f.path, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

func (f logFile) add(text string) {
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(text)
		file.Close()
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func next(t *testing.T, r *Reader, want Update) {
	t.Helper()
	got, some, err := r.Next()
	if err != nil || !some {
		t.Fatalf("%+v, %v, %v", got, some, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if again, some, err := r.Next(); some || err != nil {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

func TestReader(t *testing.T) {
	f := newLog(t, "1\n2\n3\n 10%\r")
	r := NewReader(f.open, 0)
	u, err := r.Last(2, 1<<10)
	if d := cmp.Diff(Update{Lines: []string{"3"}, Open: " 10%", Skipped: 4, Next: 6}, u); d != "" || err != nil {
		t.Error(err, d)
	}
	f.add(" 20%\r")
	next(t, r, Update{Open: " 20%", Next: 11})
	f.add("\n4\nhalf")
	next(t, r, Update{Lines: []string{" 20%", "4"}, Open: "half", Next: 19})

	resumed := NewReader(f.open, 11) // by somebody who has seen " 20%" as the open line
	next(t, resumed, Update{Lines: []string{" 20%", "4"}, Open: "half", Next: 19})

	f.write("new\n") // cut and shorter
	next(t, r, Update{Lines: []string{"new"}, Anew: true, Next: 4})
	if err := os.Rename(newLog(t, "other, and longer\n").path, f.path); err != nil {
		t.Fatal(err)
	}
	next(t, r, Update{Lines: []string{"other, and longer"}, Anew: true, Next: 18})
	f.write("")
	next(t, r, Update{Anew: true})

	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Next(); !os.IsNotExist(err) {
		t.Errorf("a log that is gone: %v", err)
	}
}

// A program that prints faster than anybody reads is not stored up.
func TestReaderPassesOver(t *testing.T) {
	f := newLog(t, "begin\n")
	r := NewReader(f.open, 0)
	next(t, r, Update{Lines: []string{"begin"}, Next: 6})
	line := strings.Repeat("x", 99) + "\n"
	f.add(strings.Repeat(line, 100_000) + "end\n")
	u, some, err := r.Next()
	if err != nil || !some || u.Skipped < 9_000_000 || u.Lines[len(u.Lines)-1] != "end" || len(u.Lines[0]) != 99 {
		t.Errorf("%d lines, %d skipped, %v", len(u.Lines), u.Skipped, err)
	}
	if u.Skipped+6+int64(len(u.Lines)-1)*100+4 != u.Next {
		t.Errorf("%d skipped and %d lines do not lead to %d", u.Skipped, len(u.Lines), u.Next)
	}
}

// However the bytes arrive, and wherever somebody goes on, the lines are those of the whole text; nothing that a terminal acts on is in them.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\r\nb\rc\n\x1b[1mé\n"), uint8(3), uint8(4))
	f.Add([]byte("\r\r\n\n\r"), uint8(1), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, step, cut uint8) {
		var want []string
		all := Lines{}
		all.Add(data, func(line string) { want = append(want, line) })
		want = append(want, all.Open())

		at := min(int(cut), len(data))
		var got []string
		line := func(s string) { got = append(got, s) }
		l := Lines{}
		for chunk := range slices.Chunk(data[:at], int(step)+1) {
			l.Add(chunk, line)
		}
		next := From(l.Begin())
		next.Add(data[l.Begin():], line)
		if got = append(got, next.Open()); !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		for _, s := range want {
			if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == 0x202e }); i >= 0 {
				t.Fatalf("%q", s)
			}
		}
	})
}

// The tail is the end of the text, no more than asked for, and whole lines where there is room.
func FuzzTail(f *testing.F) {
	f.Add([]byte("a\nb\nc"), uint8(2), uint16(100))
	f.Fuzz(func(t *testing.T, data []byte, lines uint8, limit uint16) {
		from, err := Tail(bytes.NewReader(data), int64(len(data)), int(lines), int64(limit))
		if err != nil || from < 0 || from > int64(len(data)) {
			t.Fatal(from, err)
		}
		got := data[from:]
		count := bytes.Count(bytes.TrimSuffix(got, []byte("\n")), []byte("\n")) + 1
		if len(got) > int(limit) || len(got) > 0 && count > int(lines) {
			t.Fatalf("%d lines, %d bytes", count, len(got))
		}
		if int(limit) >= len(data) && lines > 0 && len(data) > 0 && (from > 0 && (data[from-1] != '\n' || count != int(lines))) {
			t.Fatalf("%q of %q", got, data)
		}
	})
}
