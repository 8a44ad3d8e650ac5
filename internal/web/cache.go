package web

import (
	"cmp"
	"context"
	"sync"
	"time"

	"harness/registry"
)

const (
	cacheBytes = 64 << 20 // of all values, as those who compute them estimate it
	share      = 10       // a value that took t is computed again after share*t at the earliest: pages take a tenth of one core at most

	patience = 150 * time.Millisecond // a value that takes longer is renewed while the old one is shown
)

// cache keeps values that take long to compute.
type cache struct {
	mu      sync.Mutex
	entries map[string]*entry
	bytes   int64
}

// entry is a value of one key, and who computes it just now.
type entry struct {
	lock    sync.Mutex // held while it is computed
	value   any
	err     error
	version int64     // of the registry, before the value was read
	at      time.Time // when it was computed
	took    time.Duration
	size    int64
	used    time.Time

	renewing bool // a newer value is on its way
	gone     bool // it was forgotten, and counts no more; of the cache's lock
}

// cached is the value of a key, computed inside a snapshot, and when that was. It is computed again when the registry has changed since,
// but not before share times the time that it takes: a sweep that records all the time is not slowed by those who look. Who asks
// meanwhile gets the old value, and so does who would wait for longer than patience; when the new one is there, open pages are told. compute
// gets a context that does not end with the request. The value is shared by all requests: nobody changes it. size estimates its bytes.
func cached[T any](ctx context.Context, s *Server, key string, size func(T) int64, compute func(ctx context.Context, db *registry.DB) (T, error)) (T, time.Time, error) {
	e := s.cache.entry(key)
	e.lock.Lock()
	defer e.lock.Unlock()
	version, err := s.version(ctx)
	if err != nil {
		var none T
		return none, time.Time{}, err
	}
	renew := func(lasting context.Context) (value T, began time.Time, took time.Duration, err error) {
		began = time.Now()
		err = s.read(lasting, func(db *registry.DB) (err error) {
			value, err = compute(lasting, db)
			return err
		})
		return value, began, time.Since(began), err
	}
	keep := func(value T, version int64, began time.Time, took time.Duration, err error) {
		e.value, e.err, e.version, e.at, e.took = value, err, version, began, took
		bytes := int64(0)
		if err == nil && size != nil {
			bytes = size(value)
		}
		s.cache.resize(e, bytes)
	}
	if old, ok := e.value.(T); ok && e.err == nil {
		if e.version == version {
			return old, e.at, nil
		}
		if wait := time.Until(e.at.Add(share * e.took)); wait > 0 || e.took > patience {
			if !e.renewing {
				e.renewing = true
				s.behind.start(func() {
					s.later(wait, func() {
						defer func() { // also where it has panicked
							e.lock.Lock()
							e.renewing = false
							e.lock.Unlock()
						}()
						version, err := s.version(s.background)
						value, began, took, wrong := renew(s.background)
						e.lock.Lock()
						defer e.lock.Unlock()
						keep(value, version, began, took, cmp.Or(err, wrong)) // who asks next finds the error out
					})
				})
			}
			return old, e.at, nil
		}
	}
	value, began, took, err := renew(context.WithoutCancel(ctx)) // others wait for it, too
	keep(value, version, began, took, err)
	return value, began, err
}

// later renews a value after a while, and tells open pages; not once the server ends.
func (s *Server) later(wait time.Duration, renew func()) {
	select {
	case <-time.After(max(0, wait)):
		defer s.caught("renew a value")
		renew()
		s.renewed.Add(1)
	case <-s.background.Done():
	}
}

// entry is that of a key, new or old.
func (c *cache) entry(key string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[string]*entry{}
	}
	e, ok := c.entries[key]
	if !ok {
		e = &entry{}
		c.entries[key] = e
	}
	e.used = time.Now()
	return e
}

const (
	entryBytes = 1 << 10 // of an entry itself
	mostKeys   = 2000
)

// resize notes how large an entry is now, and forgets those that were asked for longest ago while all are too large together.
func (c *cache) resize(e *entry, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.gone {
		return
	}
	bytes += entryBytes
	c.bytes += bytes - e.size
	e.size = bytes
	for c.bytes > cacheBytes || len(c.entries) > mostKeys {
		oldest, key := (*entry)(nil), ""
		for k, other := range c.entries {
			if other != e && (oldest == nil || other.used.Before(oldest.used)) {
				oldest, key = other, k
			}
		}
		if oldest == nil {
			return
		}
		c.bytes -= oldest.size
		oldest.gone = true
		delete(c.entries, key)
	}
}
