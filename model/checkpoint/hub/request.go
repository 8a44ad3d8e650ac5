package hub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	mostRedirects = 10
	mostTries     = 4 // of a request that brings nothing new
)

// transient is an error that may be gone a moment later.
type transient struct{ err error }

func (e transient) Error() string { return e.err.Error() }
func (e transient) Unwrap() error { return e.err }

// again calls try until it ends in something else than a transient error, or brought nothing new for too long.
func (h *Hub) again(ctx context.Context, try func() (progressed bool, err error)) error {
	pause := h.pause
	for tries := 1; ; tries++ {
		progressed, err := try()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if progressed {
			tries, pause = 1, h.pause
		}
		if _, again := errors.AsType[transient](err); !again || tries == mostTries || h.options.Access == Ask {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
		pause *= 2
	}
}

// get sends a request and follows where it is sent on. The token goes to the hub's own host only. What the hub itself said of
// a file on the way is kept in the answer's header. A HEAD ends at the border of the host: what lies behind is signed for a GET.
func (h *Hub) get(ctx context.Context, method, address, span string) (*http.Response, error) {
	said := http.Header{}
	for range mostRedirects {
		request, err := http.NewRequestWithContext(ctx, method, address, nil)
		if err != nil {
			return nil, err
		}
		request.Header.Set("User-Agent", "harness")
		request.Header.Set("Accept-Encoding", "identity") // lengths are those of the files
		if span != "" {
			request.Header.Set("Range", span)
		}
		own := h.own(request.URL)
		if own && h.options.Token != "" {
			request.Header.Set("Authorization", "Bearer "+h.options.Token)
		}
		answer, err := h.client.Do(request)
		if err != nil {
			return nil, h.unreachable(err)
		}
		for _, key := range []string{"X-Repo-Commit", "X-Linked-Etag", "X-Linked-Size"} {
			if v := answer.Header.Get(key); v != "" && own && said.Get(key) == "" {
				said.Set(key, v)
			}
		}
		next, err := answer.Location()
		if answer.StatusCode/100 != 3 || err != nil || method == http.MethodHead && !h.own(next) {
			for key := range said {
				answer.Header.Set(key, said.Get(key))
			}
			return answer, nil
		}
		answer.Body.Close()
		address = next.String()
	}
	return nil, fmt.Errorf("%s sends in a circle", h.options.Endpoint)
}

// own reports whether an address is the hub's.
func (h *Hub) own(address *url.URL) bool {
	hub, err := url.Parse(h.options.Endpoint)
	return err == nil && hub.Scheme == address.Scheme && strings.EqualFold(hub.Host, address.Host)
}

// unreachable words what kept a request from being answered.
func (h *Hub) unreachable(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok && name.IsNotFound {
		return transient{fmt.Errorf("%s cannot be reached: no such host %s", h.options.Endpoint, name.Name)}
	}
	return transient{fmt.Errorf("%s cannot be reached: %w", h.options.Endpoint, err)}
}

// refusal words an answer that is none of a file or a listing; file is "" for the latter.
func (h *Hub) refusal(answer *http.Response, ref Reference, revision, file string) error {
	code := answer.Header.Get("X-Error-Code")
	page := h.options.Endpoint + "/" + ref.Repository
	switch status := answer.StatusCode; {
	case status == http.StatusOK || status == http.StatusPartialContent || file != "" && status/100 == 3:
		return nil
	case code == "RevisionNotFound":
		return fmt.Errorf("%s has no revision %s at %s", ref.Repository, revision, h.options.Endpoint)
	case code == "EntryNotFound" || status == http.StatusNotFound && file != "":
		return fmt.Errorf("%s has no %s at revision %s", ref.Repository, file, revision)
	case code == "GatedRepo" || status == http.StatusForbidden:
		return fmt.Errorf("%s is gated: accept its terms at %s, and set HF_TOKEN to a token that may read it", ref.Repository, page)
	case status == http.StatusUnauthorized && h.options.Token != "" && code != "RepoNotFound":
		return fmt.Errorf("%s does not accept the token in HF_TOKEN for %s", h.options.Endpoint, ref.Repository)
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%s shows no %s: it is private or does not exist: check the name, or set HF_TOKEN to a token that may read it",
			h.options.Endpoint, ref.Repository)
	case status == http.StatusNotFound:
		return fmt.Errorf("there is no %s with a revision %s at %s", ref.Repository, revision, h.options.Endpoint)
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return transient{fmt.Errorf("%s answers %s", h.options.Endpoint, answer.Status)}
	default:
		return fmt.Errorf("%s answers %s", h.options.Endpoint, answer.Status)
	}
}

// about is what the hub says of a file before it is fetched.
type about struct {
	etag string // the SHA-256 of a large file, Git's SHA-1 of a small one
	size int64  // -1 where it is not stated
}

// ask asks about a file.
func (h *Hub) ask(ctx context.Context, ref Reference, commit, file string) (about, error) {
	var a about
	err := h.again(ctx, func() (bool, error) {
		answer, err := h.get(ctx, http.MethodHead, h.addressOf(ref, commit, file), "")
		if err != nil {
			return false, err
		}
		answer.Body.Close()
		if err := h.refusal(answer, ref, commit, file); err != nil {
			return false, err
		}
		a, err = aboutOf(answer)
		if err != nil {
			return false, fmt.Errorf("%s: %s of %s: %w", h.options.Endpoint, file, ref.Repository, err)
		}
		if given := answer.Header.Get("X-Repo-Commit"); given != "" && given != commit {
			return false, fmt.Errorf("%s answers with commit %.12s of %s where %.12s was asked for", h.options.Endpoint, given, ref.Repository, commit)
		}
		return false, nil
	})
	return a, err
}

func (h *Hub) addressOf(ref Reference, commit, file string) string {
	return fmt.Sprintf("%s/%s/resolve/%s/%s", h.options.Endpoint, ref.Repository, url.PathEscape(commit), url.PathEscape(file))
}

func aboutOf(answer *http.Response) (about, error) {
	a := about{size: -1}
	etag, length := answer.Header.Get("X-Linked-Etag"), answer.Header.Get("X-Linked-Size")
	if etag == "" {
		etag = answer.Header.Get("Etag")
	}
	if length == "" && answer.StatusCode/100 == 2 {
		length = answer.Header.Get("Content-Length")
	}
	a.etag = strings.Trim(strings.TrimPrefix(etag, "W/"), `"`)
	if length != "" {
		n, err := strconv.ParseInt(length, 10, 64)
		if err != nil || n < 0 {
			return a, fmt.Errorf("the size %q", length)
		}
		a.size = n
	}
	if newSum(a.etag, 0) == nil {
		return a, fmt.Errorf("the ETag %q is no hash of the contents, which could not be checked", etag)
	}
	return a, nil
}
