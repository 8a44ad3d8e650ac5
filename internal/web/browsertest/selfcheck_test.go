package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// broken are pages that break one rule each; found must name it.
var broken = []struct {
	name, page string
	look       func(p *tab) []string
	want       string
}{
	{"exception", `<script src="/throws.js"></script>`, (*tab).found, "exception"},
	{"console", `<script src="/warns.js"></script>`, (*tab).found, "console"},
	{"missing file", `<img src="/missing.png" alt="x">`, (*tab).found, "status 404"},
	{"another server", `<img src="http://example.com/x.png" alt="x">`, (*tab).found, "asks http://example.com"},
	{"inline script", `<script>document.title = 'x'</script>`, (*tab).found, "content security policy"},
	{"inline style", `<p style="color: red">x`, (*tab).found, "content security policy"},
	{"dialog", `<script src="/alert.js"></script>`, (*tab).found, "dialog"},
	{"element of a text", `<img src=x onerror="alert(1)">`, (*tab).strange, "element <img"},
	{"control character", "<p>\x1b[31mred", (*tab).strange, "control character U+1b"},
	{"text from right to left", "<p>\u202eabc", (*tab).strange, "control character U+202e"},
	{"too wide", `<pre>` + strings.Repeat("w", 1000) + `</pre>`, (*tab).overflow, "wide in a window of"},
	{"focus unseen", `<link rel="stylesheet" href="/unseen.css"><button>x</button>`, (*tab).keyboard, "focus cannot be seen"},
	{"focus trapped", `<button id="a">a</button><button>b</button><script src="/trap.js"></script>`, (*tab).keyboard, "not reached with Tab"},
	{"moving", `<link rel="stylesheet" href="/moves.css"><p class="moves">x`, (*tab).moving, "moves: P"},
	{"no name", `<button></button>`, (*tab).barriers, "button-name"},
	{"no contrast", `<link rel="stylesheet" href="/pale.css"><p class="pale">hard to read</p>`, (*tab).barriers, "color-contrast"},
}

var files = map[string]string{
	"/throws.js": `throw new Error('thrown')`, "/warns.js": `console.warn('careful')`, "/alert.js": `alert(1)`,
	"/trap.js":    `document.getElementById('a').addEventListener('keydown', e => e.preventDefault())`,
	"/unseen.css": `button:focus { outline: none }`, "/pale.css": `.pale { color: #ccc; background: #fff }`,
	"/moves.css": `@keyframes m { to { opacity: 0 } } .moves { animation: m 5s infinite }`, "/favicon.ico": ``,
}

// TestChecksFind holds that a page which breaks a rule is found, and one which breaks none is not.
func TestChecksFind(t *testing.T) {
	pages := map[string]string{"/sound": `<h1>Sound</h1><main><p>Nothing is wrong here.</p><a href="/sound">again</a></main>`}
	for i, b := range broken {
		pages[fmt.Sprint("/", i)] = b.page
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' http://example.com")
		if body, ok := pages[r.URL.Path]; ok {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>Page</title><body>%s", body)
			return
		}
		body, ok := files[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
			return
		case strings.HasSuffix(r.URL.Path, ".js"):
			w.Header().Set("Content-Type", "text/javascript")
		case strings.HasSuffix(r.URL.Path, ".css"):
			w.Header().Set("Content-Type", "text/css")
		}
		fmt.Fprint(w, body)
	}))
	defer server.Close()
	for i, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			p := open(t, server.URL)
			p.look(1280, "reduce")
			p.visit(fmt.Sprint("/", i))
			if got := strings.Join(b.look(p), "\n"); !strings.Contains(got, b.want) {
				t.Errorf("found %q, want %q in it", got, b.want)
			}
		})
	}
	t.Run("sound", func(t *testing.T) {
		p := open(t, server.URL)
		p.look(1280, "reduce")
		p.visit("/sound")
		for _, look := range []func(*tab) []string{(*tab).strange, (*tab).overflow, (*tab).moving, (*tab).barriers, (*tab).keyboard, (*tab).found} {
			p.expect("a sound page", look(p))
		}
	})
}
