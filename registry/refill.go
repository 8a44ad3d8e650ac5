package registry

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"harness/registry/journal"
)

// job is one journal to be read by a goroutine and put into the tables by another.
type job struct {
	id      string
	attempt int
	path    string
	chunks  chan *chunk // closed at the end; what follows is read after that
	at      journal.Position
	err     error
}

// chunk is a part of a journal.
type chunk struct{ events []journal.Event }

const (
	chunkEvents = 2048 // events that are handed over at once
	readAhead   = 32   // journals that are read before their turn
)

// errStopped ends a reader whose journal is not wanted any more.
var errStopped = errors.New("stopped")

// takeJournals puts journals into the tables in their order. Decoding takes most of the time, so that several are read
// at once.
func (db *DB) takeJournals(ctx context.Context, t tx, jobs []*job) error {
	var readers sync.WaitGroup
	var next atomic.Int64
	ahead := make(chan struct{}, readAhead)
	stop := make(chan struct{})
	defer readers.Wait()
	defer close(stop)
	pool := &sync.Pool{New: func() any { return &chunk{make([]journal.Event, 0, chunkEvents)} }}
	for range min(runtime.GOMAXPROCS(0), 4) {
		readers.Go(func() {
			for {
				select {
				case ahead <- struct{}{}:
				case <-stop:
					return
				}
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				jobs[i].read(pool, stop)
			}
		})
	}
	for _, j := range jobs {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := db.takeJournal(t, j, pool); err != nil {
			return err
		}
		<-ahead
	}
	return nil
}

// read decodes the journal.
func (j *job) read(pool *sync.Pool, stop chan struct{}) {
	defer close(j.chunks)
	if info, err := os.Stat(j.path); err != nil || !info.Mode().IsRegular() {
		if j.err = err; err == nil {
			j.err = errors.New("not a file")
		}
		return
	}
	part := pool.Get().(*chunk)
	hand := func() error {
		select {
		case j.chunks <- part:
			return nil
		case <-stop:
			return errStopped
		}
	}
	j.at, j.err = journal.Read(j.path, journal.Position{}, func(e *journal.Event) error {
		part.events = append(part.events, *e)
		if len(part.events) < chunkEvents {
			return nil
		}
		err := hand()
		part = pool.Get().(*chunk)
		return err
	})
	if len(part.events) > 0 {
		_ = hand()
	}
}

// takeJournal puts one journal into the tables. What is wrong with it is noted; an error is one of the database.
func (db *DB) takeJournal(t tx, j *job, pool *sync.Pool) error {
	b := newBatch(db, t, j.id, j.attempt)
	err := b.find()
	for part := range j.chunks {
		for i := range part.events {
			if err == nil {
				err = b.take(&part.events[i])
			}
		}
		clear(part.events)
		part.events = part.events[:0]
		pool.Put(part)
	}
	var odd *skipError
	var misplaced *badEventError
	switch {
	case errors.As(err, &odd):
		db.skip(j.path, odd.reason)
		return db.forget(t, j.id, j.attempt)
	case errors.As(err, &misplaced): // rare: once more, to learn where
		if err := db.forget(t, j.id, j.attempt); err != nil {
			return err
		}
		b = newBatch(db, t, j.id, j.attempt)
		if err = b.run(j.path); err != nil {
			return err
		}
		j.err = b.bad
	case err != nil:
		return err
	}
	var bad *journal.BadLineError
	switch {
	case errors.As(j.err, &bad):
		db.damage(bad)
	case errors.Is(j.err, fs.ErrNotExist): // the attempt was made, but never started
		return nil
	case j.err != nil:
		db.skip(j.path, reasonOf(j.err))
		return db.forget(t, j.id, j.attempt)
	}
	if !b.known {
		if info, err := os.Stat(filepath.Join(filepath.Dir(j.path), "log.txt")); err == nil && info.Size() > 0 {
			db.skip(j.path, "empty, although the attempt ran")
		}
		return nil
	}
	db.Rebuilt++
	if misplaced == nil {
		b.at = j.at
		return b.save()
	}
	return nil
}
