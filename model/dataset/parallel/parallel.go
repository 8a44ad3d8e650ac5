// Package parallel runs many small pieces of work on several goroutines, with cancellation and progress.
package parallel

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls do(0..n-1) on workers goroutines and returns the first error, or the context's. After an error no new
// call starts. progress, if any, is called from one goroutine at a time with a growing count.
func Each(ctx context.Context, workers, n int, progress func(done, total int), do func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range min(workers, n) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					cancel(err)
					return
				}
				if progress != nil {
					mu.Lock()
					progress(int(done.Add(1)), n)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// Cores is the number of workers for work that keeps a core busy.
func Cores() int { return runtime.GOMAXPROCS(0) }

// Reads is the number of workers for small reads that wait for the disk or the network.
func Reads() int { return 4 * runtime.GOMAXPROCS(0) }
