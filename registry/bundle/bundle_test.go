package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sources are files of all kinds of names and sizes.
func sources() []Source {
	program := Bytes("home/run.sh", []byte("#!/bin/sh\n"))
	program.Mode = Executable
	return []Source{
		Bytes("home/trials/b/1/events.jsonl", bytes.Repeat([]byte(`{"q":1,"t":0,"k":"point"}`+"\n"), 5000)),
		Bytes("README.md", []byte("# Read me\n")),
		Bytes("home/trials/a/1/spec.json", []byte("{}\n")),
		Bytes("home/empty", nil),
		Bytes("home/"+strings.Repeat("long/", 40)+"é 1", []byte("x")),
		program,
	}
}

func written(t testing.TB, sources []Source) ([]byte, *Manifest) {
	t.Helper()
	var b bytes.Buffer
	m, err := Write(&b, sources)
	must(t, err)
	return b.Bytes(), m
}

// look reads a bundle from memory.
func look(data []byte, l Limits, visit func(Entry, io.Reader) error) (*Manifest, error) {
	r := &reader{path: "x.tar.zst", limits: l, visit: visit}
	return r.read(bytes.NewReader(data), int64(len(data)))
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	data, m := written(t, sources())
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	must(t, os.WriteFile(path, data, 0o644))
	got := map[string]string{}
	read, err := Read(path, Limits{}, func(e Entry, in io.Reader) error {
		content, err := io.ReadAll(in)
		got[e.Path+" "+string(e.Mode)] = string(content)
		return err
	})
	must(t, err)
	if read.Name() != m.Name() || len(read.Name()) != 64 {
		t.Errorf("the name %s was %s", read.Name(), m.Name())
	}
	want := map[string]string{}
	for _, s := range sources() {
		in, _ := s.Open()
		content, _ := io.ReadAll(in)
		want[s.Path+" "+string(s.Mode)] = string(content)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := Read(path, Limits{}, nil); err != nil {
		t.Error("reading without looking:", err)
	}
	if _, err := Read(filepath.Dir(path), Limits{}, nil); err == nil || !strings.HasSuffix(err.Error(), "it is not a file") {
		t.Error(err)
	}
	stop := errors.New("stop")
	if _, err := Read(path, Limits{}, func(Entry, io.Reader) error { return stop }); err != stop {
		t.Error("the error of a visitor:", err)
	}
}

func TestSameContentsSameBytes(t *testing.T) {
	first, _ := written(t, sources())
	list := sources()
	list[0], list[4] = list[4], list[0]
	second, _ := written(t, list)
	if !bytes.Equal(first, second) {
		t.Error("the order of the sources shows")
	}
}

// TestOtherProgramsUnpackIt: a bundle is a tar in zstd, with a frame that decoders skip at its end.
func TestOtherProgramsUnpackIt(t *testing.T) {
	data, m := written(t, sources())
	raw := unpacked(t, data)
	r := tar.NewReader(bytes.NewReader(raw))
	n := 0
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		if !h.ModTime.IsZero() && h.ModTime.Unix() != 0 || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%+v", h)
		}
		n++
	}
	if n != len(m.Entries)+1 {
		t.Errorf("%d entries, want %d", n, len(m.Entries)+1)
	}
}

func TestSourcesThatChange(t *testing.T) {
	for name, second := range map[string]string{"longer": "abcd", "shorter": "ab", "another": "abd"} {
		calls := 0
		s := Source{"a", Plain, func() (io.ReadCloser, error) {
			calls++
			if calls == 1 {
				return io.NopCloser(strings.NewReader("abc")), nil
			}
			return io.NopCloser(strings.NewReader(second)), nil
		}}
		if _, err := Write(io.Discard, []Source{s}); err == nil || !strings.Contains(err.Error(), "the file changed while it was read") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPathsThatAreRefused(t *testing.T) {
	for path, want := range map[string]string{
		"../a":                          "leads out of the folder",
		"a/../../b":                     "leads out of the folder",
		"/etc/passwd":                   "absolute",
		"a//b":                          "plainest form",
		"./a":                           "plainest form",
		"a/":                            "plainest form",
		"":                              "no name",
		"MANIFEST.json":                 "only the manifest",
		"a\nb":                          "control characters",
		"a\xff":                         "not UTF-8",
		strings.Repeat("a", 256):        "longer than 255",
		strings.Repeat("a/", 600) + "a": "longer than 1024",
	} {
		_, err := Write(io.Discard, []Source{Bytes(path, nil)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
	for _, pair := range [][2]string{{"a", "A"}, {"dir/x", "DIR/y"}, {"é", "e\u0301"}, {"a", "a/b"}, {"straße", "STRASSE"}, {"x", "x"}} {
		if _, err := Write(io.Discard, []Source{Bytes(pair[0], nil), Bytes(pair[1], nil)}); err == nil {
			t.Errorf("%q and %q in one bundle", pair[0], pair[1])
		}
	}
	if _, err := Write(io.Discard, []Source{Bytes("a/b", nil), Bytes("a/c", nil), Bytes("a.b", nil)}); err != nil {
		t.Error(err)
	}
}

// forged is a bundle with any entries, sealed as a sound one: headers and contents as they are given, in that order.
func forged(t testing.TB, entries ...forgery) []byte {
	t.Helper()
	var raw bytes.Buffer
	w := tar.NewWriter(&raw)
	for _, e := range entries {
		h := e.header
		h.Size = int64(len(e.content))
		if h.Typeflag != tar.TypeReg {
			h.Size = 0
		}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		must(t, w.WriteHeader(&h))
		if h.Typeflag == tar.TypeReg {
			_, err := w.Write(e.content)
			must(t, err)
		}
	}
	must(t, w.Close())
	return packed(t, raw.Bytes())
}

type forgery struct {
	header  tar.Header
	content []byte
}

func file(path, content string) forgery {
	return forgery{tar.Header{Typeflag: tar.TypeReg, Name: path}, []byte(content)}
}

// listing is a manifest of files, unchecked.
func listing(files ...forgery) forgery {
	m := Manifest{Format: format, Version: Version}
	for _, f := range files {
		sum := sha256.Sum256(f.content)
		m.Entries = append(m.Entries, Entry{f.header.Name, int64(len(f.content)), Plain, hex.EncodeToString(sum[:])})
	}
	return forgery{tar.Header{Typeflag: tar.TypeReg, Name: manifestName}, m.encode()}
}

// packed compresses an archive and seals it.
func packed(t testing.TB, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
	must(t, err)
	_, err = z.Write(raw)
	must(t, err)
	must(t, z.Close())
	sum := sha256.Sum256(b.Bytes())
	return append(b.Bytes(), seal(sum[:])...)
}

// unpacked is the archive in a bundle.
func unpacked(t testing.TB, data []byte) []byte {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1))
	must(t, err)
	defer z.Close()
	raw, err := io.ReadAll(z)
	must(t, err)
	return raw
}

// TestForgeries: bundles that were made with care, and whose seal is right, are refused by the entry that is wrong.
func TestForgeries(t *testing.T) {
	a, b := file("a", "one"), file("b", "two")
	kind := func(flag byte, path, link string) forgery {
		return forgery{tar.Header{Typeflag: flag, Name: path, Linkname: link}, nil}
	}
	owned := a
	owned.header.Uname = "root"
	executable := a
	executable.header.Mode = 0o755
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"sound", "", forged(t, listing(a, b), a, b)},
		{"traversal", "entry ../a: its path leads out", forged(t, listing(file("../a", "one")), file("../a", "one"))},
		{"absolute", "entry /a: an absolute path", forged(t, listing(file("/a", "one")), file("/a", "one"))},
		{"unlisted", "entry c: it is not in the manifest", forged(t, listing(a, b), a, b, file("c", "x"))},
		{"unlisted, before", "entry Z: it is not in the manifest", forged(t, listing(a, b), file("Z", "x"), a, b)},
		{"unlisted, out of the folder", "entry ../../c: it is not in the manifest", forged(t, listing(a, b), a, b, file("../../c", "x"))},
		{"dropped", "entry b: it is missing", forged(t, listing(a, b), a)},
		{"dropped, the first", `entry a: it is missing: "b" stands in its place`, forged(t, listing(a, b), b)},
		{"twice", "entry a: it is not in the manifest, or there twice", forged(t, listing(a, b), a, a, b)},
		{"twice in the manifest", "entry a: it is there twice", forged(t, listing(a, a), a, a)},
		{"capitals", `entry a: on some file systems it is the same as "A"`, forged(t, listing(file("A", "x"), a), file("A", "x"), a)},
		{"out of order", "entry a: it is out of order", forged(t, listing(b, a), b, a)},
		{"changed", "entry b: its contents are not those", forged(t, listing(a, b), a, file("b", "twO"))},
		{"longer", "entry b: 4 bytes: the manifest says 3", forged(t, listing(a, b), a, file("b", "two!"))},
		{"symbolic link", "entry a: a link", forged(t, listing(a), kind(tar.TypeSymlink, "a", "/etc/passwd"))},
		{"hard link", "entry b: a link", forged(t, listing(a, b), a, kind(tar.TypeLink, "b", "a"))},
		{"device", "entry a: a device", forged(t, listing(a), kind(tar.TypeChar, "a", ""))},
		{"pipe", "entry a: a device or pipe", forged(t, listing(a), kind(tar.TypeFifo, "a", ""))},
		{"folder", "entry a: a folder", forged(t, listing(a), kind(tar.TypeDir, "a", ""))},
		{"owner", "entry a: it has an owner", forged(t, listing(a), owned)},
		{"mode", "entry a: mode 755", forged(t, listing(a), executable)},
		{"no manifest", "it is no bundle", forged(t, a)},
		{"empty", "it is no bundle", forged(t)},
		{"another form of the manifest", "entry MANIFEST.json: it is not written as bundles are",
			forged(t, forgery{listing(a).header, append(listing(a).content, '\n')}, a)},
		{"a newer version", "this program knows 1: use a newer harness",
			forged(t, forgery{listing(a).header, bytes.Replace(listing(a).content, []byte(`"version":1`), []byte(`"version":2`), 1)}, a)},
		{"no JSON", "it is no manifest of a bundle", forged(t, file(manifestName, "[]"))},
		{"behind the end", "something follows its last entry", packed(t, append(unpacked(t, forged(t, listing(a), a)), "more"...))},
		{"no zstd", "it is not compressed with zstd", []byte("PK\x03\x04 this is something else, and long enough to have a header of any kind")},
		{"nothing", "it is no bundle", nil},
	} {
		_, err := look(c.data, Limits{}, nil)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestBombs(t *testing.T) {
	zeros := forgery{tar.Header{Typeflag: tar.TypeReg, Name: "a"}, make([]byte, 3<<20)}
	data := forged(t, listing(zeros), zeros)
	if _, err := look(data, Limits{Total: 1 << 20}, nil); err == nil || !strings.Contains(err.Error(), "it unpacks to 3145728 bytes: the limit is 1048576 (--max-size)") {
		t.Error(err)
	}
	if _, err := look(data, Limits{}, nil); err != nil {
		t.Error("a small one:", err)
	}
	// What the manifest promises is looked at before it is unpacked.
	m := Manifest{format, Version, []Entry{{"a", 1 << 30, Plain, strings.Repeat("0", 64)}}}
	lie := forged(t, forgery{tar.Header{Typeflag: tar.TypeReg, Name: manifestName}, m.encode()}, file("a", "x"))
	if _, err := look(lie, Limits{}, nil); err == nil || !strings.Contains(err.Error(), "times its size: the limit is 200 (--max-ratio)") {
		t.Error(err)
	}
	if _, err := look(lie, Limits{Ratio: 1 << 40}, nil); err == nil || !strings.Contains(err.Error(), "entry a: 1 bytes: the manifest says 1073741824") {
		t.Error(err)
	}
	// More than the manifest promises is never unpacked: zeros behind the archive.
	raw := append(unpacked(t, forged(t, listing(file("a", "x")), file("a", "x"))), make([]byte, 64<<20)...)
	if _, err := look(packed(t, raw), Limits{}, nil); err == nil {
		t.Error("64 MiB behind the end were accepted")
	}
}
