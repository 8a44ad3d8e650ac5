package meteor

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"harness/internal/atomicfile"
)

// keptIn returns the tables in a folder; anything else there is an error.
func keptIn(t *testing.T, dir string) (paths []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "paraphrases-") {
			t.Errorf("%s was left behind", e.Name())
		}
		paths = append(paths, filepath.Join(dir, e.Name()))
	}
	return paths
}

func mustOpen(t *testing.T, path string, how Opening) *Paraphrases {
	t.Helper()
	p, err := OpenParaphrases(t.Context(), path, how)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestKeptTable holds that a table that was kept scores as the file does, whatever happens to it in between.
func TestKeptTable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "user", "harness")
	reports := 0
	how := Opening{Cache: dir, Warn: func(err error) { t.Error(err) }, Progress: func(_, _ int) { reports++ }}
	items, corpus := officialItems(t)
	checkItems(t, mustOpen(t, cutFile, how), items, corpus)
	kept := keptIn(t, dir)
	if len(kept) != 1 {
		t.Fatalf("kept: %v", kept)
	}
	whole, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, wasKept bool) {
		t.Helper()
		reports = 0
		p := mustOpen(t, cutFile, how)
		if p.unmap == nil || (reports == 0) != wasKept {
			t.Errorf("%s: taken as it was kept: %v, want %v", name, !wasKept, wasKept)
		}
		checkItems(t, p, items, corpus)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if again, err := os.ReadFile(kept[0]); err != nil || !bytes.Equal(again, whole) {
			t.Errorf("%s: the kept table is another, %v", name, err)
		}
	}
	check("whole", true)
	for _, at := range []int{0, len(imageMagic) + 1, headerSize - 2, len(whole) / 2, len(whole) - 1} {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x40
		write(t, kept[0], damaged)
		check(fmt.Sprintf("damaged at %d", at), false)
	}
	for _, size := range []int{0, 10, headerSize, len(whole) - 1} {
		write(t, kept[0], whole[:size])
		check(fmt.Sprintf("cut at %d", size), false)
	}
	check("whole again", true)

	other := filepath.Join(t.TempDir(), "other.txt") // a kept table under the name of another is not taken for it
	write(t, other, []byte("1\na\nb\n"))
	mustOpen(t, other, how)
	for _, path := range keptIn(t, dir) {
		if path != kept[0] {
			write(t, path, whole)
		}
	}
	if p := mustOpen(t, other, how); p.Len() != 1 {
		t.Errorf("%d entries of another table", p.Len())
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTableCannotBeKept holds that a cache that cannot be written costs a word and nothing else.
func TestTableCannotBeKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	var said []error
	p := mustOpen(t, cutFile, Opening{Cache: file, Warn: func(err error) { said = append(said, err) }})
	items, corpus := officialItems(t)
	checkItems(t, p, items, corpus)
	if len(said) != 1 || !strings.Contains(said[0].Error(), file) {
		t.Errorf("said %v", said)
	}
}

// TestTwoKeepOneTable opens a table many times at once, with one cache.
func TestTwoKeepOneTable(t *testing.T) {
	dir := t.TempDir()
	unfinished := filepath.Join(dir, atomicfile.Prefix+"paraphrases-0-1")
	write(t, unfinished, []byte("of a process that was killed"))
	if err := os.Chtimes(unfinished, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	items, corpus := officialItems(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			p, err := OpenParaphrases(t.Context(), cutFile, Opening{Cache: dir, Warn: func(err error) { t.Error(err) }})
			if err != nil {
				t.Error(err)
				return
			}
			checkItems(t, p, items, corpus)
		})
	}
	all.Wait()
	if kept := keptIn(t, dir); len(kept) != 1 {
		t.Errorf("kept: %v", kept)
	}
}

// TestOpeningEnds holds that an opening ends where its context does, and leaves nothing behind.
func TestOpeningEnds(t *testing.T) {
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	for i := range 150000 {
		fmt.Fprintf(z, "0.5\nword%d of %d\nother%d\n", i, i, i)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path, dir, stopped := filepath.Join(t.TempDir(), "table.gz"), t.TempDir(), errors.New("stopped")
	write(t, path, text.Bytes())
	last, total, calls := 0, 0, 0
	ctx, stop := context.WithCancelCause(t.Context())
	_, err := OpenParaphrases(ctx, path, Opening{Cache: dir, Progress: func(done, all int) {
		if done < last {
			t.Errorf("%d bytes were read, then %d", last, done)
		}
		if last, total = done, all; calls == 1 {
			stop(stopped)
		}
		calls++
	}})
	if err != stopped || calls != 2 || total != text.Len() {
		t.Errorf("error %v after %d reports of %d bytes", err, calls, total)
	}
	if kept := keptIn(t, dir); kept != nil {
		t.Errorf("kept: %v", kept)
	}
	reader, writer := io.Pipe() // a text that does not come
	defer writer.Close()
	if _, err := ReadParaphrases(ctx, reader); !errors.Is(err, stopped) {
		t.Errorf("error %v", err)
	}
}

func TestOpenParaphrasesRefuses(t *testing.T) {
	dir := t.TempDir()
	odd, cut := filepath.Join(dir, "odd.txt"), filepath.Join(dir, "cut.gz")
	write(t, odd, []byte("0.5\na\nb\nc\n"))
	packed, err := os.ReadFile(cutFile)
	if err != nil {
		t.Fatal(err)
	}
	write(t, cut, packed[:len(packed)/2])
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "open " + filepath.Join(dir, "none") + ": no such file or directory",
		dir:                        "read " + dir + ": is a directory",
		odd:                        odd + `: line 4: weight "c" is not a number`,
		cut:                        "unexpected EOF",
	} {
		if _, err := OpenParaphrases(t.Context(), path, Opening{Cache: dir}); err == nil || !strings.HasSuffix(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %s", path, err, want)
		}
	}
}

// FuzzReadParaphrases compares with a reader that is simple and slow, block ends and all.
func FuzzReadParaphrases(f *testing.F) {
	f.Add([]byte("0.5\nthe image\nimage\n\n1e-3\r\nimage\r\nthe\timage\r\n2\nthe image\npicture"), uint16(3))
	f.Add([]byte("1\na\na\n1\na\na\n1\nb\na\n"), uint16(1))
	f.Add([]byte("1\n\nb\n"), uint16(9))
	f.Fuzz(func(t *testing.T, text []byte, piece uint16) {
		if isPacked(text) {
			return
		}
		want, bad := simpleEntries(text)
		lines := entryReader{table: newTableBuilder(len(text))}
		var err error
		for rest := text; len(rest) > 0 && err == nil; {
			n := min(int(piece)%7+1, len(rest))
			err = lines.take(rest[:n])
			rest = rest[n:]
		}
		if err == nil {
			err = lines.end()
		}
		if (err != nil) != bad {
			t.Fatalf("%q: error %v, want one: %v", text, err, bad)
		}
		if bad {
			return
		}
		p, err := openImage(lines.table.image([digestSize]byte{}))
		if err != nil || p.Len() != len(want) {
			t.Fatalf("%q: %d entries of %d, %v", text, p.Len(), len(want), err)
		}
		got := map[string][]string{}
		for id := range uint32(p.wordsOf.len() - 1) {
			h, words := noWords, []uint32(nil)
			for _, text := range strings.FieldsFunc(p.text(id), isTokenBreak) {
				words = append(words, p.word(text))
				if h = addWord(h, words[len(words)-1]); !p.begins(h) {
					t.Errorf("%q: nothing begins with %v", text, words)
				}
			}
			if found, ok := p.phrase(h, words); !ok || found != id {
				t.Errorf("%q: phrase %d is not found", text, id)
			}
			for partners := p.partnersOfPhrase(id); len(partners) > 0; partners = partners[4:] {
				got[p.text(id)] = append(got[p.text(id)], p.text(partners.at(0)))
			}
		}
		for _, entry := range want {
			if len(got[entry[0]]) == 0 || got[entry[0]][0] != entry[1] {
				t.Fatalf("%q: partners %q, want %q next", text, got[entry[0]], entry)
			}
			got[entry[0]] = got[entry[0]][1:]
		}
	})
}

// simpleEntries reads a table that is not packed; bad is true where it cannot be read. Phrases that hold other white space than the
// reference splits at are left to the reader under test.
func simpleEntries(text []byte) (entries [][2]string, bad bool) {
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if len(lines)%3 == 0 && strings.TrimSpace(line) == "" {
			continue
		}
		lines = append(lines, line)
		switch n := len(lines); n % 3 {
		case 1:
			if _, err := strconv.ParseFloat(strings.TrimSpace(line), 64); err != nil {
				return nil, true
			}
		default:
			words := strings.FieldsFunc(line, isTokenBreak)
			if len(words) == 0 {
				return nil, true
			}
			lines[n-1] = strings.Join(words, " ")
		}
		if len(lines)%3 == 0 {
			entries = append(entries, [2]string(lines[len(lines)-2:]))
		}
	}
	return entries, len(lines)%3 != 0
}
