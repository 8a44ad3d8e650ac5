package web

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"harness/internal/view"
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

// What changes while a page is read is told to it: the page carries how the home stood before.
func TestChangeWhileAPageIsRead(t *testing.T) {
	s, writer := served(t)
	before, err := s.live.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	page := s.live.seen(func(w http.ResponseWriter, r *http.Request) {
		if err := writer.Plan(t.Context(), registry.Sweep{Handle: "new", Name: "new", Plan: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		s.sweepsPage(w, r)
	})
	w := httptest.NewRecorder()
	page(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if want := `data-version="` + before + `"`; !strings.Contains(w.Body.String(), want) {
		t.Errorf("no %s in\n%s", want, w.Body)
	}
}

// A trial whose process was killed does not run, also in a list that was kept from before; the kept list stays as it is.
func TestKilledTrialInAKeptList(t *testing.T) {
	s, _ := served(t)
	kept := []view.Listed{{ID: "a", State: registry.Done}, {ID: "b", State: registry.Running}}
	list := s.asTheyStand(kept)
	if list[0].State != registry.Done || list[1].State != registry.Interrupted || kept[1].State != registry.Running {
		t.Errorf("%v of %v", list, kept)
	}
}
