package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"harness/internal/escape"
)

const (
	// policy lets a page load what this server has, and nothing else; there is no inline script or style.
	policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// guard lets a request through to next when it may be answered.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		defer s.recovered(w, r)
		switch {
		case !s.called(r.Host):
			http.Error(w, "this server is not known by the name "+escape.Line(r.Host), http.StatusMisdirectedRequest)
			return
		case !s.allowed(r):
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "the page is for reading only", http.StatusMethodNotAllowed)
			return
		case s.o.Token != "" && !s.knows(r):
			s.askToken(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// called reports whether the server may be called by this name. A page of somebody else's that makes a name of its own lead to this
// machine would otherwise read all there is.
func (s *Server) called(host string) bool {
	if len(s.o.Hosts) == 0 {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return slices.Contains(s.o.Hosts, strings.ToLower(strings.Trim(host, "[]")))
}

// allowed reports whether a request reads, or brings the token, or may change notes.
func (s *Server) allowed(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPost:
		return s.o.Token != "" && r.URL.Path == tokenPath || s.o.Edit && isEdit(r.URL.Path)
	}
	return false
}

// recovered answers a request whose handler has panicked: a bug, which ends one answer and not the server.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	fault := recover()
	if fault == nil {
		return
	}
	if fault == http.ErrAbortHandler {
		panic(fault)
	}
	s.say("%s %s: %v\n%s", r.Method, escape.Line(r.URL.Path), fault, debug.Stack())
	http.Error(w, "a fault of the server, which its log tells", http.StatusInternalServerError)
}

// caught is recovered for what goes on behind answers.
func (s *Server) caught(what string) {
	if fault := recover(); fault != nil {
		s.say("%s: %v\n%s", what, fault, debug.Stack())
	}
}

// say writes to the server's log.
func (s *Server) say(format string, args ...any) {
	if s.o.Log == nil {
		return
	}
	s.logMu.Lock()
	defer s.logMu.Unlock()
	fmt.Fprintf(s.o.Log, format+"\n", args...)
}

const tokenPath = "/token"

func (s *Server) cookieName() string { return "harness_token_" + s.o.Port }

// knows reports whether a request brings the token: in the cookie, or as "Authorization: Bearer TOKEN".
func (s *Server) knows(r *http.Request) bool {
	given := ""
	if c, err := r.Cookie(s.cookieName()); err == nil {
		given = c.Value
	} else if word, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		given = word
	}
	return s.isToken(given)
}

// isToken compares in a time that does not depend on where the two differ.
func (s *Server) isToken(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.o.Token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// askToken takes the token from the address (?token=) or from the form, keeps it in a cookie and leads on; else it asks for it.
func (s *Server) askToken(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	given, next := query.Get("token"), "/"
	if r.Method == http.MethodPost && r.URL.Path == tokenPath {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<12)
		given = r.PostFormValue("token")
	} else if r.URL.Path != tokenPath {
		query.Del("token")
		next = r.URL.EscapedPath()
		if len(query) > 0 {
			next += "?" + query.Encode()
		}
	}
	if given != "" && s.isToken(given) {
		http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: given, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		http.Redirect(w, r, "/"+strings.TrimLeft(next, "/"), http.StatusSeeOther) // one slash: never another host
		return
	}
	if asset(w, r) { // the form looks like the other pages
		return
	}
	s.render(w, r, http.StatusUnauthorized, "token.html", frame{Title: "token", Bare: true}, struct{ Wrong bool }{given != ""})
}
