package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"harness/registry"
)

// home is the registry of the home, which stays open.
type home struct {
	dir  string
	mu   sync.Mutex
	db   *registry.DB // nil until there is something
	turn int64        // how often it was opened
}

// open is the registry; it is opened when it is asked for the first time, and again when registry.db was replaced.
func (h *home) open(ctx context.Context) (db *registry.DB, turn int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.db == nil {
		if db, err = registry.OpenReadOnly(ctx, h.dir); err != nil {
			return nil, 0, err
		}
		h.db, h.turn = db, h.turn+1
	}
	return h.db, h.turn, nil
}

// forget closes a registry that was replaced. Who still reads from it gets an error, and the page asks again.
func (h *home) forget(old *registry.DB) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.db == old {
		h.db = nil
		old.Close()
	}
}

func (h *home) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.db == nil {
		return nil
	}
	db := h.db
	h.db = nil
	return db.Close()
}

const (
	mostReading = 6                // answers that read at a time; the others wait
	longestWait = 20 * time.Second // and are told to come again after that
)

var errBusy = errors.New("too many are asking at once: try again")

// room waits for a place among those who read; leave gives it back.
func (s *Server) room(ctx context.Context) (leave func(), err error) {
	late := time.NewTimer(longestWait)
	defer late.Stop()
	select {
	case s.reading <- struct{}{}:
		return func() { <-s.reading }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-late.C:
		return nil, errBusy
	}
}

// read calls fn with the registry as it is at one moment. All that one answer shows is read in one call, and
// fn makes no other call of it.
func (s *Server) read(ctx context.Context, fn func(db *registry.DB) error) error {
	leave, err := s.room(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for {
		db, _, err := s.home.open(ctx)
		if err != nil {
			return err
		}
		snapshot, err := db.Snapshot()
		if errors.Is(err, registry.ErrReplaced) {
			s.home.forget(db)
			continue
		}
		if err != nil {
			return err
		}
		return inside(snapshot, fn)
	}
}

// inside closes the snapshot also where fn panics: a fault of one page would otherwise take a connection from all others for good.
func inside(snapshot *registry.DB, fn func(db *registry.DB) error) (err error) {
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	return fn(snapshot)
}

// version is a number that differs after every change of the registry; 0 while there is none.
func (s *Server) version(ctx context.Context) (int64, error) {
	for {
		db, turn, err := s.home.open(ctx)
		if errors.Is(err, registry.ErrNone) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		version, err := db.Version(ctx)
		if errors.Is(err, registry.ErrReplaced) {
			s.home.forget(db)
			continue
		}
		return turn<<32 | version, err
	}
}
