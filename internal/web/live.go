package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"harness/runner"
)

const (
	liveEvery   = time.Second      // how often it is looked for changes, while a page is open
	catchEvery  = 20 * time.Second // how often tasks of schedulers are
	aliveEvery  = 15 * time.Second // a line that keeps a connection open
	mostWaiting = 100              // pages that are told of changes
)

// live tells open pages that something has changed. It looks while at least one is open.
type live struct {
	server *Server

	mu      sync.Mutex
	pages   map[chan string]struct{}
	state   string // the last that was seen
	stop    context.CancelFunc
	closing bool
}

// look is how the home stands, as a word that differs after a change.
func (l *live) look(ctx context.Context) (string, error) {
	version, err := l.server.version(ctx)
	if err != nil {
		return "", err
	}
	running, err := runner.ListRunning(l.server.o.Home)
	if err != nil {
		return "", err
	}
	var word strings.Builder
	fmt.Fprintf(&word, "%d.%d", version, l.server.renewed.Load())
	for _, r := range running {
		fmt.Fprintf(&word, "-%d", r.PID)
	}
	return word.String(), nil
}

// seenKey is where a request keeps how the home stood before its page was read.
type seenKey struct{}

// seen notes how the home stands before next reads: what changes meanwhile is told to the page.
func (l *live) seen(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if word, err := l.look(r.Context()); err == nil {
			r = r.WithContext(context.WithValue(r.Context(), seenKey{}, word))
		}
		next(w, r)
	}
}

// events tells one page of changes, until it goes.
func (l *live) events(w http.ResponseWriter, r *http.Request) {
	flusher := http.NewResponseController(w)
	told, ok := l.join()
	if !ok {
		http.Error(w, "too many open pages", http.StatusServiceUnavailable)
		return
	}
	defer l.leave(told)
	_ = flusher.SetWriteDeadline(time.Time{}) // a page stays open as long as its reader likes
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	fmt.Fprint(w, "retry: 3000\n\n")
	if flusher.Flush() != nil {
		return
	}
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for {
		var err error
		select {
		case <-r.Context().Done():
			return
		case word, open := <-told:
			if !open {
				return
			}
			_, err = fmt.Fprintf(w, "event: change\ndata: %s\n\n", word)
		case <-alive.C:
			_, err = fmt.Fprint(w, ": alive\n\n")
		}
		if err != nil || flusher.Flush() != nil {
			return
		}
	}
}

// join adds a page; the first starts the looking.
func (l *live) join() (told chan string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing || len(l.pages) >= mostWaiting {
		return nil, false
	}
	if l.pages == nil {
		l.pages = map[chan string]struct{}{}
	}
	told = make(chan string, 1)
	if l.state != "" {
		told <- l.state // what changed between the page and this connection
	}
	l.pages[told] = struct{}{}
	if l.stop == nil {
		ctx, stop := context.WithCancel(context.Background())
		l.stop = stop
		go l.watch(ctx)
	}
	return told, true
}

// leave removes a page; the last ends the looking.
func (l *live) leave(told chan string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pages, told)
	if len(l.pages) == 0 && l.stop != nil {
		l.stop()
		l.stop, l.state = nil, ""
	}
}

func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closing = true
	for told := range l.pages {
		close(told)
		delete(l.pages, told)
	}
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}

// watch looks for changes until ctx ends.
func (l *live) watch(ctx context.Context) {
	ticker := time.NewTicker(liveEvery)
	defer ticker.Stop()
	var caught time.Time
	for {
		if now := time.Now(); l.server.o.CatchUp != nil && now.Sub(caught) > catchEvery {
			caught = now
			if err := l.server.o.CatchUp(ctx); err != nil && ctx.Err() == nil {
				l.server.say("catch up with a scheduler's tasks: %v", err)
			}
		}
		word, err := l.look(ctx)
		if err != nil && ctx.Err() == nil {
			l.server.say("look for changes: %v", err)
		}
		if err == nil {
			l.tell(word)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// tell passes on how the home stands, if that is new. A page that has not yet heard of the last change is told of the newest only.
func (l *live) tell(word string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if word == l.state {
		return
	}
	l.state = word
	for told := range l.pages {
		select {
		case <-told:
		default:
		}
		told <- word
	}
}
