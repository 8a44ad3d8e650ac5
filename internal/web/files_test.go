package web

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// withFiles is a trial with files of all kinds, in a home with others around it. No file of the trial holds the word secret, all others do.
func withFiles(t testing.TB) (*trials, string) {
	h := newTrials(t, Options{})
	id := h.run(program(0.1), attempt{log: "the log\n"})
	dir := filepath.Join(h.home, "trials", id)
	write := func(path, text string) {
		t.Helper()
		h.must(os.MkdirAll(filepath.Dir(path), 0o755))
		h.must(os.WriteFile(path, []byte(text), 0o644))
	}
	for name, text := range map[string]string{
		"1/page.html": "<script>", "1/pic.svg": "<svg/>", "1/a b#?%.txt": "odd", "1/plot.PNG": "\x89PNG", "1/notes.md": "# notes", "1/weights.bin": "0123456789",
		"1/noname": "x", "1/sub/deep/x.json": "{}", "1/..x/y.txt": "dots", "files/last.pt": "kept", "1/back\\slash.txt": "slash",
	} {
		write(filepath.Join(dir, name), text)
	}
	write(filepath.Join(h.home, "other.txt"), "secret")
	write(filepath.Join(h.home, "trials", "other", "log.txt"), "secret")
	for name, target := range map[string]string{
		"out": filepath.Join(h.home, "other.txt"), "up": "../../../other.txt", "dir": filepath.Join(h.home, "trials"), "self": "self",
		"etc": "/etc/passwd", "in": "weights.bin", "updir": "../../other", "gone": "nothing",
	} {
		h.must(os.Symlink(target, filepath.Join(dir, "1", name)))
	}
	h.must(syscall.Mkfifo(filepath.Join(dir, "1", "pipe"), 0o644))
	return h, id
}

func TestFiles(t *testing.T) {
	h, id := withFiles(t)
	for _, c := range []struct {
		name, media string
		saved       bool
		text        string
	}{
		{"1/log.txt", "text/plain; charset=utf-8", false, "the log\n"},
		{"1/notes.md", "text/plain; charset=utf-8", false, "# notes"},
		{"1/plot.PNG", "image/png", false, "\x89PNG"},
		{"1/page.html", "application/octet-stream", true, "<script>"},
		{"1/pic.svg", "application/octet-stream", true, "<svg/>"},
		{"1/noname", "application/octet-stream", true, "x"},
		{"1/in", "application/octet-stream", true, "0123456789"},
		{"1/a%20b%23%3f%25.txt", "text/plain; charset=utf-8", false, "odd"},
		{"1/sub/deep/x.json", "text/plain; charset=utf-8", false, "{}"},
		{"1/..x/y.txt", "text/plain; charset=utf-8", false, "dots"},
		{"1/back%5cslash.txt", "text/plain; charset=utf-8", false, "slash"},
		{"files/last.pt", "application/octet-stream", true, "kept"},
	} {
		w := h.ask(http.MethodGet, "/trials/"+id+"/files/"+c.name)
		header := w.Header()
		saved := strings.HasPrefix(header.Get("Content-Disposition"), "attachment; filename=")
		if w.Code != 200 || w.Body.String() != c.text || header.Get("Content-Type") != c.media || saved != c.saved || header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(strings.Join(header.Values("Content-Security-Policy"), " "), "sandbox") {
			t.Errorf("%s: %d %q %v", c.name, w.Code, w.Body, header)
		}
	}
	if w := h.ask(http.MethodGet, "/trials/"+id+"/files/1/weights.bin", "Range", "bytes=2-4"); w.Code != http.StatusPartialContent || w.Body.String() != "234" {
		t.Errorf("a part: %d %q", w.Code, w.Body)
	}
	h.page("/trials/"+id+"/files/", "1/", "files/")
	page := h.page("/trials/"+id+"/files/1/", "a%20b%23%3F%25.txt", "sub/", "a link that leads nowhere or out of the trial", "no file", "10 B")
	if strings.Count(page, "a link that leads nowhere") != 7 || strings.Contains(page, `href="/trials/`+id+`/files/1/etc"`) {
		t.Error("links that lead out are links of the page")
	}
	h.page("/trials/"+id, "plot.PNG", "kept beyond attempts", "last.pt")
	if w := h.ask(http.MethodGet, "/trials/"+id+"/log"); w.Body.String() != "the log\n" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%q %v", w.Body, w.Header())
	}
}

func TestFilesLeadNowhereElse(t *testing.T) {
	h, id := withFiles(t)
	for _, name := range []string{
		"1/out", "1/up", "1/dir", "1/dir/other/log.txt", "1/self", "1/etc", "1/updir/log.txt", "1/gone", "1/pipe", "1/nothing", "1/log.txt/x",
		"%2e%2e/other/log.txt", "1/%2e%2e/%2e%2e/other/log.txt", "..%2f..%2fother.txt", "1/..%2f..%2fother/log.txt", "%2fetc%2fpasswd", "1//log.txt", "1/%00", "1/log.txt%00.png", "1/log.txt%2f",
		"./1/log.txt", "1/./log.txt", strings.Repeat("a/", 3000),
	} {
		w := h.ask(http.MethodGet, "/trials/"+id+"/files/"+name)
		if w.Code == http.StatusOK && !strings.Contains(w.Body.String(), "the log") || strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "root:") || w.Code >= 500 {
			t.Errorf("%s: %d %.200q", name, w.Code, w.Body)
		}
	}
	if w := h.ask(http.MethodGet, "/trials/"+id+"/log?attempt=..%2f..%2fother"); w.Code != http.StatusBadRequest {
		t.Errorf("attempt=../../other: %d", w.Code)
	}
	if w := h.ask(http.MethodGet, "/trials/"+id+"/log?attempt=7"); w.Code != http.StatusNotFound {
		t.Errorf("attempt=7: %d", w.Code)
	}
}

// A folder of many files is listed as far as a page goes, and says so.
func TestFilesAreMany(t *testing.T) {
	h, id := withFiles(t)
	dir := filepath.Join(h.home, "trials", id, "files", "many")
	h.must(os.MkdirAll(dir, 0o755))
	for i := range filesAtOnce + 50 {
		h.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%05d", i)), nil, 0o644))
	}
	if page := h.page("/trials/"+id+"/files/files/many/", "has more than 2000 files"); strings.Count(page, "<tr>") != filesAtOnce+1 {
		t.Errorf("%d rows", strings.Count(page, "<tr>"))
	}
	for i := range filesOnPage + 1 {
		h.must(os.WriteFile(filepath.Join(dir, "..", fmt.Sprintf("g%05d", i)), nil, 0o644))
	}
	h.page("/trials/"+id, "More than 20 files", `href="/trials/`+id+`/files/files/"`)
}

// Whatever path is asked for, no answer has what lies outside of the trial, and none is a fault.
func FuzzFilePath(f *testing.F) {
	for _, seed := range []string{"1/log.txt", "../other.txt", "1/../../other/log.txt", "/etc/passwd", "1/dir/other/log.txt", "1/\x00", "1/up", "\\..\\x", "....//", "%2e%2e/", "1/updir/../../other.txt"} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	h, id := withFiles(f)
	f.Fuzz(func(t *testing.T, path string, raw bool) {
		address := &url.URL{Path: "/trials/" + id + "/files/" + path}
		if raw {
			parsed, err := url.ParseRequestURI("/trials/" + id + "/files/" + path)
			if err != nil {
				return
			}
			address = parsed
		}
		request, err := http.NewRequest(http.MethodGet, "http://localhost/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL = address
		w := record(h.server, request)
		if body := w.Body.String(); w.Code >= 500 || strings.Contains(body, "secret") || strings.Contains(body, "root:") {
			t.Fatalf("%q: %d %.300q", path, w.Code, body)
		}
	})
}

// Too many files at once are refused.
func TestFilesAtOnce(t *testing.T) {
	h, id := withFiles(t)
	h.server.sending.Add(mostFiles)
	if w := h.ask(http.MethodGet, "/trials/"+id+"/files/1/log.txt"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", w.Code)
	}
	h.server.sending.Add(-mostFiles)
	h.page("/trials/" + id + "/files/1/log.txt")
	if n := h.server.sending.Load(); n != 0 {
		t.Errorf("%d files are still being sent", n)
	}
}
