package hub

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fakeHub is a server with the hub's paths, and a second one to which it sends for large files, as the hub does.
type fakeHub struct {
	*httptest.Server
	large *httptest.Server

	commit string
	files  map[string]string // of org/tiny
	lfs    map[string]bool   // which lie on the other server

	token     string            // if set, who does not send it is refused
	code      string            // X-Error-Code of the refusal
	revisions map[string]bool   // beside main and the commit
	sends     map[string]string // other contents than were announced
	cut       map[string]int    // bytes after which the connection breaks, the next time
	noRanges  bool
	down      int // answers 503 so many times

	mu       sync.Mutex
	requests []string // METHOD PATH RANGE
	leaked   bool     // the token came to the other server
}

func newFakeHub(t *testing.T) *fakeHub {
	t.Helper()
	h := &fakeHub{commit: strings.Repeat("0123456789", 4), files: map[string]string{}, lfs: map[string]bool{}, sends: map[string]string{},
		cut: map[string]int{}, revisions: map[string]bool{}}
	h.Server = httptest.NewServer(http.HandlerFunc(h.answer))
	h.large = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.log(r)
		h.mu.Lock()
		h.leaked = h.leaked || r.Header.Get("Authorization") != ""
		h.mu.Unlock()
		h.send(w, r, strings.TrimPrefix(r.URL.Path, "/large/"))
	}))
	t.Cleanup(h.Close)
	t.Cleanup(h.large.Close)
	return h
}

func (h *fakeHub) log(r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = append(h.requests, strings.TrimSpace(r.Method+" "+r.URL.EscapedPath()+" "+r.Header.Get("Range")))
}

// asked counts the requests that begin with text.
func (h *fakeHub) asked(text string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.requests {
		if strings.HasPrefix(r, text) {
			n++
		}
	}
	return n
}

func (h *fakeHub) answer(w http.ResponseWriter, r *http.Request) {
	h.log(r)
	refuse := func(status int, code string) {
		w.Header().Set("X-Error-Code", code)
		w.WriteHeader(status)
	}
	if h.down > 0 {
		h.down--
		refuse(http.StatusServiceUnavailable, "")
		return
	}
	if h.token != "" && r.Header.Get("Authorization") != "Bearer "+h.token {
		refuse(http.StatusUnauthorized, h.code)
		return
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	api := parts[0] == "api"
	if api {
		parts = parts[2:]
	}
	if len(parts) < 4 || parts[0] != "org" || parts[1] != "tiny" {
		refuse(http.StatusNotFound, "RepoNotFound")
		return
	}
	if revision := parts[3]; revision != "main" && revision != h.commit && !h.revisions[revision] {
		refuse(http.StatusNotFound, "RevisionNotFound")
		return
	}
	if api {
		type sibling struct {
			Name string `json:"rfilename"`
			Size int    `json:"size"`
		}
		list := []sibling{{".gitattributes", 10}, {"README.md", 10}, {"tf_model.h5", 1 << 30}}
		for name, text := range h.files {
			list = append(list, sibling{name, len(text)})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"sha": h.commit, "siblings": list})
		return
	}
	name := parts[4]
	text, ok := h.files[name]
	if !ok {
		refuse(http.StatusNotFound, "EntryNotFound")
		return
	}
	w.Header().Set("X-Repo-Commit", h.commit)
	if h.lfs[name] {
		sum := sha256.Sum256([]byte(text))
		w.Header().Set("X-Linked-Etag", `"`+hex.EncodeToString(sum[:])+`"`)
		w.Header().Set("X-Linked-Size", fmt.Sprint(len(text)))
		w.Header().Set("Location", h.large.URL+"/large/"+name)
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("ETag", `"`+gitSum(text)+`"`)
	h.send(w, r, name)
}

func gitSum(text string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
	return hex.EncodeToString(sum[:])
}

// send sends a file, or what is sent in its place, from the byte asked for to the end or the cut.
func (h *fakeHub) send(w http.ResponseWriter, r *http.Request, name string) {
	text := h.files[name]
	if other, ok := h.sends[name]; ok {
		text = other
	}
	from := 0
	if span := r.Header.Get("Range"); span != "" && !h.noRanges {
		_, _ = fmt.Sscanf(span, "bytes=%d-", &from)
		if from >= len(text) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(text)-1, len(text)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(text)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	if r.Method == http.MethodHead {
		return
	}
	if n, ok := h.cut[name]; ok && from < n && n < len(text) {
		if !h.noRanges {
			delete(h.cut, name)
		}
		_, _ = w.Write([]byte(text[from:n]))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write([]byte(text[from:]))
}
