package web

import "sync"

// behind is the work that goes on behind answers. None of it outlives the server: it would find a registry that is closed, or open one.
type behind struct {
	mu    sync.Mutex
	ended bool
	work  sync.WaitGroup
}

// start begins a piece of work; not once the server ends.
func (b *behind) start(work func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.work.Go(work)
	}
}

// wait returns when all work has ended.
func (b *behind) wait() {
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
	b.work.Wait()
}
