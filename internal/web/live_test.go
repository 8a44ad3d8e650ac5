package web

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"harness/registry"
)

// An open page is told how the home stands, and again after a change; when it goes nobody looks any more.
func TestLive(t *testing.T) {
	s, writer := served(t)
	web := httptest.NewServer(s)
	defer web.Close()
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, web.URL+eventsPath, nil)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	next := func() string {
		t.Helper()
		for lines.Scan() {
			if word, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return word
			}
		}
		t.Fatal(lines.Err())
		return ""
	}
	first := next()
	if err := writer.Plan(context.Background(), registry.Sweep{Handle: "new", Name: "new", Plan: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if second := next(); second == first {
		t.Errorf("told %q twice", first)
	}
	leave()
	s.live.close()
	if _, ok := s.live.join(); ok {
		t.Error("a server that has ended takes pages")
	}
}
