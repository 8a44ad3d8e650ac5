package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"harness/internal/logfile"
	"harness/registry"
	"harness/runner"
)

const (
	logLines    = 200       // of a log, on the page of its trial
	logBytes    = 128 << 10 // the same
	logEvery    = 300 * time.Millisecond
	endAfter    = 3 * time.Second // a log that stays silent so long after its trial has ended has ended, too
	mostStreams = 50              // logs that are followed at once
)

// logData is the end of a log.
type logData struct {
	Attempt int
	logfile.Update
}

// Position is where the log goes on, for those who follow it.
func (l *logData) Position() string { return position{l.Attempt, l.Next}.String() }

// Silent reports whether nothing was printed.
func (l *logData) Silent() bool { return l.Next == 0 && l.Open == "" && len(l.Lines) == 0 }

// position is a place in the logs of a trial.
type position struct {
	attempt int
	offset  int64
}

func (p position) String() string { return fmt.Sprintf("%d:%d", p.attempt, p.offset) }

// parsePosition reads ATTEMPT:OFFSET.
func parsePosition(text string) (p position, err error) {
	attempt, offset, ok := strings.Cut(text, ":")
	if p.attempt, err = strconv.Atoi(attempt); err == nil {
		p.offset, err = strconv.ParseInt(offset, 10, 64)
	}
	if !ok || err != nil || p.attempt < 1 || p.offset < 0 {
		return p, badRequest{fmt.Errorf("position %.40q: want ATTEMPT:OFFSET", text)}
	}
	return p, nil
}

// openLog opens the log of an attempt.
func (f files) openLog(attempt int) (*os.File, error) {
	file, info, err := f.open(path.Join(strconv.Itoa(attempt), runner.LogName))
	if err == nil && info.IsDir() {
		file.Close()
		return nil, fmt.Errorf("the log is a folder")
	}
	return file, err
}

// log is the end of the log of an attempt; nil where there is none.
func (f files) log(attempt int) *logData {
	if attempt == 0 {
		return nil
	}
	u, err := logfile.NewReader(func() (*os.File, error) { return f.openLog(attempt) }, 0).Last(logLines, logBytes)
	if err != nil {
		return nil
	}
	return &logData{attempt, u}
}

// attemptOf is the attempt that a request asks for: attempt=N, else the newest.
func (s *Server) attemptOf(r *http.Request, id string) (int, error) {
	asked := r.URL.Query().Get("attempt")
	if asked == "" {
		return lastAttempt(s.o.Home, id), nil
	}
	n, err := strconv.Atoi(asked)
	if err != nil || n < 1 {
		return 0, badRequest{fmt.Errorf("attempt=%.40q: want a number", asked)}
	}
	return n, nil
}

// logPage serves the whole log of an attempt as it is.
func (s *Server) logPage(w http.ResponseWriter, r *http.Request, id string) {
	attempt, err := s.attemptOf(r, id)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	files, err := openFolder(s.trialDir(id))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	defer files.Close()
	file, err := files.openLog(attempt)
	if err != nil {
		s.notFound(w, r, "there is no such log")
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.serveFile(w, r, file, info)
}

// logEvents tells what is added to the logs of a trial, attempt after attempt, until the trial has ended. It begins at the position of
// Last-Event-ID or of from=, else with the end of the log of an attempt. Each event has as its id the position where the next one goes on.
func (s *Server) logEvents(w http.ResponseWriter, r *http.Request, id string) {
	f := follower{server: s, id: id, out: w, flusher: http.NewResponseController(w)}
	var err error
	if from := lastPosition(r); from != "" {
		f.at, err = parsePosition(from)
	} else {
		f.at.attempt, err = s.attemptOf(r, id)
		f.at.offset = -1
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if s.streams.Add(1) > mostStreams {
		s.streams.Add(-1)
		http.Error(w, "too many logs are followed", http.StatusServiceUnavailable)
		return
	}
	defer s.streams.Add(-1)
	_ = f.flusher.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	fmt.Fprint(w, "retry: 3000\n\n")
	if f.flusher.Flush() != nil {
		return
	}
	if err := f.follow(r.Context()); err != nil && r.Context().Err() == nil {
		s.say("follow the log of trial %s: %v", id, err)
	}
}

// lastPosition is where a browser that was cut off goes on, else where the page asks to begin.
func lastPosition(r *http.Request) string {
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		return last
	}
	return r.URL.Query().Get("from")
}

// follower tells one page of the logs of one trial.
type follower struct {
	server  *Server
	id      string
	out     http.ResponseWriter
	flusher *http.ResponseController
	at      position // offset -1: the end of the log
}

// follow tells what is added until the trial has ended.
func (f *follower) follow(ctx context.Context) error {
	reader := f.reader()
	quiet, said := time.Now(), time.Now()
	for {
		next := f.later() // asked first: what the attempt before it prints last is read, too
		some, err := f.tell(reader)
		if err != nil {
			return err
		}
		if some {
			quiet, said = time.Now(), time.Now()
			continue
		}
		if next > 0 {
			f.at = position{attempt: next}
			reader = f.reader()
			continue
		}
		if !registry.Runs(f.server.o.Home, f.id) && time.Since(quiet) > endAfter {
			return f.send("end", f.at, struct{}{})
		}
		if time.Since(said) > aliveEvery {
			said = time.Now()
			if _, err := fmt.Fprint(f.out, ": alive\n\n"); err != nil {
				return err
			}
			if err := f.flusher.Flush(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.server.background.Done():
			return nil
		case <-time.After(logEvery):
		}
	}
}

// reader reads the log of the attempt that is followed. It opens the folder for each look, so that a trial that is removed ends it.
func (f *follower) reader() *logfile.Reader {
	dir, attempt := f.server.trialDir(f.id), f.at.attempt
	return logfile.NewReader(func() (*os.File, error) {
		files, err := openFolder(dir)
		if err != nil {
			return nil, err
		}
		defer files.Close()
		return files.openLog(attempt)
	}, max(f.at.offset, 0))
}

// later is the attempt after the one that is followed; 0 where there is none yet.
func (f *follower) later() int {
	numbers, err := registry.AttemptNumbers(f.server.o.Home, f.id)
	if err != nil {
		return 0
	}
	for _, n := range numbers {
		if n > f.at.attempt {
			return n
		}
	}
	return 0
}

// tell sends what is new, and reports whether anything was.
func (f *follower) tell(reader *logfile.Reader) (some bool, err error) {
	var u logfile.Update
	if f.at.offset < 0 {
		u, err = reader.Last(logLines, logBytes)
		some, u.Anew = err == nil, true
	} else {
		u, some, err = reader.Next()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // an attempt makes its log a moment after its folder
	}
	if err != nil || !some {
		return false, err
	}
	f.at.offset = u.Next
	lines := u.Lines
	if lines == nil {
		lines = []string{}
	}
	return true, f.send("lines", f.at, struct {
		Attempt int      `json:"attempt"`
		Lines   []string `json:"lines"`
		Open    string   `json:"open"`
		Anew    bool     `json:"anew"`
		Skipped int64    `json:"skipped"`
	}{f.at.attempt, lines, u.Open, u.Anew, u.Skipped})
}

// send sends an event.
func (f *follower) send(name string, at position, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f.out, "event: %s\nid: %s\ndata: %s\n\n", name, at, encoded); err != nil {
		return err
	}
	return f.flusher.Flush()
}
