package model

import (
	"harness/model/engine"
	"harness/model/method"
)

// batches makes the batches of a stage from one step on, in order. Where the stage allows it ([method.Training.Ahead]), the next
// one is made while the present step computes: drawn, read, collated and copied to the device, but never counted, so that a
// checkpoint knows nothing of it.
type batches struct {
	make  func(step int) (method.Batch, error)
	ready chan made     // nil where none is made ahead
	stop  chan struct{} // closed when no more are wanted
	ended chan struct{} // closed when none is being made any more
}

// made is what making one batch came to.
type made struct {
	batch method.Batch
	err   error
	panic any
}

// newBatches begins with the batch of step first; the last is that of s.Steps. Call close when done with them.
func newBatches(s training, session engine.Session, first int) *batches {
	b := &batches{make: func(step int) (method.Batch, error) { return s.Batch(session, step) }}
	if !s.Ahead {
		return b
	}
	if device, ok := session.(engine.Preloader); ok {
		b.make = func(step int) (method.Batch, error) {
			batch, err := s.Batch(session, step)
			for _, part := range batch.Parts {
				if err == nil {
					err = device.Preload(part.Inputs)
				}
			}
			return batch, err
		}
	}
	b.ready, b.stop, b.ended = make(chan made), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(b.ended)
		for step := first; step <= s.Steps; step++ {
			one := b.attempt(step)
			select {
			case b.ready <- one:
			case <-b.stop:
				return
			}
			if one.err != nil || one.panic != nil {
				return
			}
		}
	}()
	return b
}

// attempt makes a batch; a panic is kept for the goroutine that asks for it.
func (b *batches) attempt(step int) (one made) {
	defer func() { one.panic = recover() }()
	one.batch, one.err = b.make(step)
	return one
}

// next returns the batch of a step. Steps are asked for one after the other.
func (b *batches) next(step int) (method.Batch, error) {
	if b.ready == nil {
		return b.make(step)
	}
	one := <-b.ready
	if one.panic != nil {
		panic(one.panic)
	}
	return one.batch, one.err
}

// close waits until no batch is being made.
func (b *batches) close() {
	if b.ready == nil {
		return
	}
	close(b.stop)
	<-b.ended
}
