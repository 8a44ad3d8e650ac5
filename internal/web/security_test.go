package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"harness/internal/view"
	"harness/internal/web/fixture"
	"harness/model/checkpoint/hub"
	"harness/registry"
	"harness/registry/journal"
)

// secret stands in files that no answer may contain.
const secret = "not to be served"

// attacked is a server of a home with a sweep, a trial with files and links of all kinds, and secrets all around.
type attacked struct {
	*Server
	url   string
	trial string
	log   bytes.Buffer
}

func attack(t *testing.T, o Options) *attacked {
	t.Helper()
	dir := t.TempDir()
	home := filepath.Join(dir, "home")
	size := fixture.Size{Handle: "large", Rows: 2, Seeds: 2, Metrics: 2, Points: 5}
	must(t, size.Make(context.Background(), home))
	db, err := registry.OpenReadOnly(context.Background(), home)
	must(t, err)
	trials, err := db.Trials(context.Background(), registry.Query{})
	must(t, err)
	must(t, db.Close())
	a := &attacked{trial: trials[0].ID}
	attempt := filepath.Join(home, "trials", a.trial, "1")
	for path, text := range map[string]string{
		filepath.Join(dir, "outside.txt"):           secret,
		filepath.Join(home, "secret.txt"):           secret,
		filepath.Join(home, "trials", "secret.txt"): secret,
		filepath.Join(attempt, "log.txt"):           "the log\n",
		filepath.Join(attempt, "page.html"):         "<script>alert(1)</script>",
		filepath.Join(attempt, "sub", "note.txt"):   "a note\n",
	} {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	for name, target := range map[string]string{"link.txt": filepath.Join(dir, "outside.txt"), "up.txt": "../../../secret.txt", "out": dir, "loop": "loop",
		"database.txt": "../../../registry.db", "zero": "/dev/zero"} {
		must(t, os.Symlink(target, filepath.Join(attempt, name)))
	}
	must(t, unix.Mkfifo(filepath.Join(attempt, "pipe"), 0o644))
	o.Home, o.Harness, o.Port, o.Log = home, "test", "80", &a.log
	o.Staleness = func(db *registry.DB) *view.Staleness {
		return view.NewStaleness(db, func() journal.Provenance { return journal.Provenance{} }, hub.New(hub.Options{Access: hub.CacheOnly, Cache: t.TempDir()}))
	}
	a.Server = New(o)
	t.Cleanup(func() { a.Close() })
	server := httptest.NewServer(a.Server)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var handled = regexp.MustCompile(`(?:mux\.Handle(?:Func)?\(|handleSheet\(mux, )("(?:[A-Z]+ )?/[^"]*"|\w+)`)

// routesOf are addresses for all patterns of routes.go and edit.go: a new one is tested as soon as it is there.
func (a *attacked) routesOf(t *testing.T) []string {
	t.Helper()
	var list []string
	for _, file := range []string{"routes.go", "edit.go"} {
		source, err := os.ReadFile(file)
		must(t, err)
		for _, m := range handled.FindAllStringSubmatch(string(source), -1) {
			pattern, isConst := map[string]string{"eventsPath": eventsPath, "assetsPath": assetURL("base.css"), "tokenPath": tokenPath}[m[1]]
			if !isConst {
				pattern = strings.Trim(m[1], `"`)
			}
			if _, path, ok := strings.Cut(pattern, " "); ok {
				pattern = path
			}
			if !strings.HasPrefix(pattern, "/") {
				t.Fatalf("%s: %s: what address is it?", file, pattern)
			}
			list = append(list, a.fill(pattern, strings.HasPrefix(m[0], "handleSheet"))...)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	if len(list) < 20 {
		t.Fatalf("only %d routes were found: %q", len(list), list)
	}
	return list
}

var wildcard = regexp.MustCompile(`\{[^}]*\}`)

// fill puts something that is there into the wildcards of a pattern.
func (a *attacked) fill(pattern string, isSheet bool) []string {
	path := wildcard.ReplaceAllStringFunc(pattern, func(name string) string {
		switch strings.Trim(name, "{}.") {
		case "$":
			return ""
		case "handle":
			return "large"
		case "id":
			return a.trial
		case "path":
			return "1/log.txt"
		}
		return name
	})
	variants := func(from string, to ...string) []string {
		var list []string
		for _, one := range to {
			list = append(list, strings.Replace(path, from, one, 1))
		}
		return list
	}
	switch {
	case isSheet:
		return []string{path + ".csv", path + ".md"}
	case strings.HasSuffix(path, "/table."):
		return variants("/table.", "/table.tex", "/table.md", "/table.csv", "/table.json", "/table.html", "/table.txt", "/table.typ")
	case strings.Contains(path, "{file}"):
		return variants("{file}", "curves.json", "curves.svg", "forest.json", "seeds.json", "parallel.json", "system.json", "nothing.json", "log.txt")
	}
	return []string{wildcard.ReplaceAllString(path, "1")}
}

// ask sends a request as it is: path is not cleaned, and there may be any method and header. The body is empty for a stream of events.
func (a *attacked) ask(t *testing.T, method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nConnection: close\r\n", method, path)
	if !slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, "Host:") }) {
		head += "Host: 127.0.0.1\r\n"
	}
	for _, h := range headers {
		head += h + "\r\n"
	}
	_, err = io.WriteString(conn, head+"\r\n")
	must(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %q: %v", method, path, err)
	}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		return answer, ""
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %q: %v", method, path, err)
	}
	return answer, string(body)
}

// TestEveryRouteIsGuarded asks every address for what it must refuse.
func TestEveryRouteIsGuarded(t *testing.T) {
	a := attack(t, Options{Hosts: []string{"127.0.0.1", "localhost", "::1"}})
	for _, path := range append(a.routesOf(t), "/nowhere", "/sweeps/none", "/trials/0123456789abcdef", "/assets/0/base.css") {
		for _, method := range []string{"GET", "HEAD"} {
			answer, body := a.ask(t, method, path)
			if answer.StatusCode >= 500 {
				t.Errorf("%s %s: %s", method, path, answer.Status)
			}
			if method == "HEAD" && body != "" {
				t.Errorf("HEAD %s: a body of %d bytes", path, len(body))
			}
			checkHeaders(t, method+" "+path, answer.Header)
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			answer, _ := a.ask(t, method, path, "Content-Length: 0")
			if answer.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %s", method, path, answer.Status)
			}
			checkHeaders(t, method+" "+path, answer.Header)
		}
		for _, host := range []string{"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.2", "[::2]", "127.0.0.1@evil.example", "127.1", "0x7f.1", "localhost:80:80"} {
			answer, _ := a.ask(t, "GET", path, "Host: "+host)
			if answer.StatusCode != http.StatusMisdirectedRequest && answer.StatusCode != http.StatusBadRequest {
				t.Errorf("%s called as %s: %s", path, host, answer.Status)
			}
		}
		for _, host := range []string{"127.0.0.1", "127.0.0.1:8088", "localhost:1", "LOCALHOST", "[::1]:80", "[::1]"} {
			if answer, _ := a.ask(t, "GET", path, "Host: "+host); answer.StatusCode == http.StatusMisdirectedRequest {
				t.Errorf("%s called as %s: %s", path, host, answer.Status)
			}
		}
	}
	if a.log.Len() > 0 {
		t.Errorf("the log: %s", &a.log)
	}
}

// checkHeaders holds the headers that every answer must have.
func checkHeaders(t *testing.T, what string, h http.Header) {
	t.Helper()
	if got := h.Get("Content-Security-Policy"); got != policy && got != "default-src 'none'; sandbox" { // the second is that of files
		t.Errorf("%s: the policy is %q", what, got)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Resource-Policy": "same-origin"} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %s is %q", what, name, got)
		}
	}
	if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Set-Cookie") != "" {
		t.Errorf("%s: %v", what, h)
	}
}

// TestToken asks every address without a token, with wrong ones and with the right one.
func TestToken(t *testing.T) {
	const token = "SECRETTOKEN0123456789"
	a := attack(t, Options{Token: token})
	for _, path := range append(a.routesOf(t), "/nowhere", "/trials/"+a.trial+"/files/1/log.txt") {
		if strings.HasPrefix(path, assetsPath) {
			continue // style sheets are no secret, and the form needs them
		}
		for what, headers := range map[string][]string{
			"nothing": nil, "an empty cookie": {"Cookie: harness_token_80="}, "a wrong cookie": {"Cookie: harness_token_80=" + strings.ToLower(token)},
			"part of it": {"Authorization: Bearer " + token[:len(token)-1]}, "too much": {"Authorization: Bearer " + token + "x"}, "no bearer": {"Authorization: " + token},
			"another port's": {"Cookie: harness_token_81=" + token}, "two": {"Cookie: harness_token_80=x; harness_token_80=" + token}, "basic": {"Authorization: Basic " + token},
		} {
			answer, body := a.ask(t, "GET", path, headers...)
			if answer.StatusCode != http.StatusUnauthorized || strings.Contains(body, "large") || answer.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s with %s: %s", path, what, answer.Status)
			}
			checkHeaders(t, path, answer.Header)
		}
		for _, header := range []string{"Cookie: harness_token_80=" + token, "Authorization: Bearer " + token} {
			if answer, _ := a.ask(t, "GET", path, header); answer.StatusCode == http.StatusUnauthorized {
				t.Errorf("%s with %s: %s", path, header, answer.Status)
			}
		}
		if answer, _ := a.ask(t, "GET", path+"?token=wrong"); answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s with a wrong token in the address: %s", path, answer.Status)
		}
		answer, _ := a.ask(t, "GET", path+"?x=1&token="+token)
		cookies := answer.Cookies()
		if answer.StatusCode != http.StatusSeeOther || len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode ||
			strings.Contains(answer.Header.Get("Location"), token) {
			t.Errorf("%s with the token in the address: %s, %v", path, answer.Status, answer.Header)
		}
	}
	for _, path := range []string{"//evil.example/", "/%2fevil.example/", `/\evil.example/`, "/%5cevil.example/", "///evil.example", "/a/..//evil.example/"} {
		answer, _ := a.ask(t, "GET", path+"?token="+token)
		to := answer.Header.Get("Location")
		if u, err := url.Parse(to); err != nil || u.Host != "" || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
			t.Errorf("%s leads to %q", path, answer.Header.Get("Location"))
		}
	}
	if strings.Contains(a.log.String(), token) {
		t.Errorf("the token is in the log: %s", &a.log)
	}
}

// TestNoTraversal asks for files that are not the trial's, in every way that has worked somewhere.
func TestNoTraversal(t *testing.T) {
	a := attack(t, Options{Hosts: []string{"127.0.0.1"}})
	ups := []string{"..", "%2e%2e", ".%2e", "%252e%252e", "..%00", "..;", "%c0%ae%c0%ae", "..\\", "%2e%2e%5c", "....//", "..%2f.."}
	var paths []string
	for _, under := range []string{"/assets/", "/assets/" + strings.Split(assetURL("base.css"), "/")[2] + "/", "/trials/" + a.trial + "/", "/trials/" + a.trial + "/log/", "/trials/" + a.trial + "/files/",
		"/trials/" + a.trial + "/files/1/", "/trials/" + a.trial + "/files/1/sub/", "/trials/", "/sweeps/", "/sweeps/large/", "/sweeps/large/samples/images/", "/"} {
		for _, up := range ups {
			for n := 1; n <= 5; n += 2 {
				for _, file := range []string{"secret.txt", "registry.db", "outside.txt", "etc/passwd"} {
					paths = append(paths, under+strings.Repeat(up+"/", n)+file, under+strings.Repeat(up+"%2f", n)+file)
				}
			}
		}
		for _, name := range []string{"/etc/passwd", "%2fetc%2fpasswd", "file:///etc/passwd", "C:%5cboot.ini", "link.txt", "up.txt", "out/outside.txt", "database.txt", "loop", "zero", "pipe", "sub", ".", "%00", "log.txt%00.txt",
			"1/link.txt", "1/up.txt", "1/out/outside.txt", "1/database.txt", "1/loop", "1/zero", "1/pipe", "1/log.txt/x", "1//log.txt", strings.Repeat("n", 5000), strings.Repeat("a/", 2000)} {
			paths = append(paths, under+name)
		}
	}
	for _, path := range paths {
		answer, body := a.ask(t, "GET", path)
		if strings.Contains(body, secret) || strings.Contains(body, "SQLite format 3") || strings.Contains(body, "root:x:0") {
			t.Errorf("%.300s: %s: it is served", path, answer.Status)
		}
		if answer.StatusCode >= 500 {
			t.Errorf("%.300s: %s: %.200s", path, answer.Status, body)
		}
		if to := answer.Header.Get("Location"); strings.HasPrefix(to, "//") || strings.Contains(to, "://") {
			t.Errorf("%.300s leads to %q", path, to)
		}
	}
}

var filledIn = regexp.MustCompile(` value="[^"]*"`)

// TestParametersDoNoHarm asks every address with parameters that nobody would type.
func TestParametersDoNoHarm(t *testing.T) {
	a := attack(t, Options{Hosts: []string{"127.0.0.1"}})
	values := []string{"-1", "99999999999999999999", "NaN", "1e309", "0x10", "%00", "%ff%fe", "%1b%5b31m", "'%20OR%201=1--", "%22;DROP%20TABLE%20trial;--", "../../secret.txt", "%3Cscript%3Ealert(1)%3C/script%3E",
		"%E2%80%AE", "*", "[", "(((((", strings.Repeat("(", 5000), strings.Repeat("9", 5000)}
	names := []string{"q", "filter", "where", "sort", "group", "rows", "columns", "pivot", "baseline", "metric", "metrics", "a", "b", "attempt", "page", "n", "from", "to", "points", "offset", "tail", "smooth", "kind", "row", "seed", "task",
		"choose", "id", "x", "y", "width", "after", "show", "hide", "xlog", "ylog", "state", "tag"}
	for _, path := range a.routesOf(t) {
		if path == eventsPath {
			continue
		}
		for _, value := range values {
			query := ""
			for _, name := range names {
				query += "&" + name + "=" + value
			}
			queries := []string{query[1:]}
			if slices.Contains([]string{"-1", "((((("}, value) {
				for _, name := range names {
					queries = append(queries, name+"="+value)
				}
			}
			for _, q := range queries {
				if len(q) > 60<<10 {
					continue // the server of the command refuses such a head
				}
				answer, body := a.ask(t, "GET", path+"?"+q)
				if answer.StatusCode >= 500 {
					t.Errorf("%s?%.200s: %s: %.200s", path, q, answer.Status, body)
				}
				isPage := strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html")
				body = filledIn.ReplaceAllString(body, "") // a form keeps what its reader typed
				if strings.Contains(body, secret) || isPage && strings.Contains(body, "<script>alert") || strings.Contains(body, "\x1b[31m") {
					t.Errorf("%s?%.200s: %s: it comes back as it is", path, q, answer.Status)
				}
			}
		}
	}
	if strings.Contains(a.log.String(), "goroutine") {
		t.Errorf("a panic: %s", &a.log)
	}
}

// TestEditing holds that with --edit only forms of this server's own pages change something, and that they change nothing else than notes and tags.
func TestEditing(t *testing.T) {
	a := attack(t, Options{Hosts: []string{"127.0.0.1"}, Edit: true})
	body := func(text string) []string {
		return []string{"Content-Type: application/x-www-form-urlencoded", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(text), text)}
	}
	good := "form=" + url.QueryEscape(a.formSecret) + "&note=kept&add=kept"
	for _, path := range a.routesOf(t) {
		changes := strings.HasSuffix(path, "/note") || strings.HasSuffix(path, "/tags")
		if !changes {
			if answer, _ := a.ask(t, "POST", path, body(good)...); answer.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("POST %s: %s", path, answer.Status)
			}
			continue
		}
		for what, headers := range map[string][]string{
			"another site's": append([]string{"Origin: http://evil.example"}, body(good)...), "a page without name": append([]string{"Origin: null"}, body(good)...),
			"cross-site": append([]string{"Sec-Fetch-Site: cross-site"}, body(good)...), "no secret": body("note=x&add=x"), "a wrong secret": body("form=x&note=x&add=x"),
		} {
			if answer, _ := a.ask(t, "POST", path, headers...); answer.StatusCode != http.StatusForbidden {
				t.Errorf("POST %s, %s: %s", path, what, answer.Status)
			}
		}
		if answer, _ := a.ask(t, "POST", path, body(good)...); answer.StatusCode != http.StatusSeeOther {
			t.Errorf("POST %s: %s", path, answer.Status)
		}
		if answer, _ := a.ask(t, "POST", path, body(good+"&x="+strings.Repeat("x", 1<<20))...); answer.StatusCode < 400 || answer.StatusCode >= 500 {
			t.Errorf("POST of a megabyte to %s: %s", path, answer.Status)
		}
	}
	if _, page := a.ask(t, "GET", "/trials/"+a.trial); strings.Count(page, "kept") < 2 {
		t.Error("neither note nor tag is on the page")
	}
}
