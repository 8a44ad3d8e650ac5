package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/internal/filelock"
	"harness/registry"
	"harness/runner"
)

// stream is a reader of the events of a log.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	leave func()
}

// said is an event.
type said struct {
	Event, ID string
	Attempt   int      `json:"attempt"`
	Lines     []string `json:"lines"`
	Open      string   `json:"open"`
	Anew      bool     `json:"anew"`
	Skipped   int64    `json:"skipped"`
}

// listen opens a stream; header are names and values.
func listen(t *testing.T, server, address string, header ...string) *stream {
	t.Helper()
	ctx, leave := context.WithCancel(context.Background())
	t.Cleanup(leave)
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, server+address, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s: %d", address, answer.StatusCode)
	}
	return &stream{t, bufio.NewScanner(answer.Body), leave}
}

// next is the next event; its fields are empty where the stream has ended.
func (s *stream) next() (e said) {
	s.t.Helper()
	for s.lines.Scan() {
		line := s.lines.Text()
		switch name, value, _ := strings.Cut(line, ": "); name {
		case "event":
			e.Event = value
		case "id":
			e.ID = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				s.t.Fatal(err)
			}
		}
		if line == "" && e.Event != "" {
			return e
		}
	}
	return e
}

func (s *stream) want(want said) {
	s.t.Helper()
	if d := cmp.Diff(want, s.next()); d != "" {
		s.t.Error(d)
	}
}

// logOf is the log of an attempt, and a function that adds to it.
func (h *trials) logOf(id string, attempt string) (path string, add func(string)) {
	path = filepath.Join(h.home, "trials", id, attempt, runner.LogName)
	return path, func(text string) {
		h.t.Helper()
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
		h.must(err)
		_, err = file.WriteString(text)
		h.must(err)
		h.must(file.Close())
	}
}

// A log is followed through progress bars, a cut, and a second attempt, until the trial has ended; who was cut off goes on where it was.
func TestLogEvents(t *testing.T) {
	h := newTrials(t, Options{})
	trial := program(0.1)
	id := h.run(trial, attempt{log: "one\n 10%"})
	h.plan("grid", trial)
	running, err := filelock.Try(filepath.Join(h.home, "trials", id, "lock"))
	h.must(err)
	server := httptest.NewServer(h.server)
	defer server.Close()
	path, add := h.logOf(id, "1")
	address := "/trials/" + id + "/log/events"

	s := listen(t, server.URL, address)
	s.want(said{Event: "lines", ID: "1:4", Attempt: 1, Lines: []string{"one"}, Open: " 10%", Anew: true})
	add("\r 20%\r\n\x1b[1mtwo\x1b[0m\n")
	s.want(said{Event: "lines", ID: "1:27", Attempt: 1, Lines: []string{" 20%", "two"}})
	s.leave()
	add("three\n")
	s = listen(t, server.URL, address+"?from=1:0", "Last-Event-ID", "1:27") // a browser brings both
	s.want(said{Event: "lines", ID: "1:33", Attempt: 1, Lines: []string{"three"}})
	h.must(os.WriteFile(path, []byte("cut\n"), 0o644))
	s.want(said{Event: "lines", ID: "1:4", Attempt: 1, Lines: []string{"cut"}, Anew: true})

	_, dir, err := registry.NewAttempt(h.home, id, trial, 0)
	h.must(err)
	h.must(os.WriteFile(filepath.Join(dir, runner.LogName), []byte("again\n"), 0o644))
	s.want(said{Event: "lines", ID: "2:6", Attempt: 2, Lines: []string{"again"}})
	running.Release()
	_, add = h.logOf(id, "2")
	add("last words")
	s.want(said{Event: "lines", ID: "2:6", Attempt: 2, Lines: []string{}, Open: "last words"})
	s.want(said{Event: "end", ID: "2:6"})
	s.want(said{})
}

// A server that ends, ends the streams; too many are refused.
func TestLogEventsEnd(t *testing.T) {
	h := newTrials(t, Options{})
	id := h.run(program(0.1), attempt{log: "one\n"})
	lock, err := filelock.Try(filepath.Join(h.home, "trials", id, "lock"))
	h.must(err)
	defer lock.Release()
	server := httptest.NewServer(h.server)
	defer server.Close()
	s := listen(t, server.URL, "/trials/"+id+"/log/events?from=1:4")
	h.server.streams.Add(mostStreams)
	if w := h.ask(http.MethodGet, "/trials/"+id+"/log/events"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", w.Code)
	}
	h.server.streams.Add(-mostStreams)
	h.must(h.server.Close())
	s.want(said{})
}

func TestLogEventsRefuse(t *testing.T) {
	h := newTrials(t, Options{})
	id := h.run(program(0.1), attempt{log: "one\n"})
	for _, from := range []string{"x", "1", "1:", ":1", "0:0", "1:-1", "1:1:1", "99999999999999999999:1"} {
		if w := h.ask(http.MethodGet, "/trials/"+id+"/log/events", "Last-Event-ID", from); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", from, w.Code)
		}
	}
	if w := h.ask(http.MethodGet, "/trials/"+id+"/log/events?attempt=two"); w.Code != http.StatusBadRequest {
		t.Errorf("attempt=two: %d", w.Code)
	}
}
