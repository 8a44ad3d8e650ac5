package xla

import (
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"github.com/gomlx/compute"

	"harness/model/engine"
)

// preloaded are inputs that wait on the device for the call that they were copied for.
type preloaded struct {
	mutex   sync.Mutex
	waiting map[unsafe.Pointer]waitingInput // by the address of the host's data, which they keep
}

type waitingInput struct {
	shape  []int
	buffer compute.Buffer
}

// Preload copies inputs to the device; the call that is given the same tensors takes them. Small ones are left to the call: a step is one
// CUDA graph of all its kernels, and where memory is taken while one step runs, the next finds its own elsewhere, so that XLA writes the
// graph anew, about 8 µs a kernel. On an H200, 302 MB copied ahead made a step 8% shorter, 77 MB one 10% longer.
func (s *session) Preload(in engine.Inputs) error {
	size := 0
	for _, t := range in {
		size += 4 * t.Size()
	}
	if size < s.sizes().Preload {
		return nil
	}
	for name, t := range in {
		if t.Size() == 0 {
			continue
		}
		buffer, err := s.upload(t)
		if err != nil {
			return fmt.Errorf("input %s: %w", name, err)
		}
		s.preloaded.put(t, buffer)
	}
	return nil
}

// input is an input of a call on the device: as it waits there, or copied now.
func (s *session) input(t engine.Tensor) (compute.Buffer, error) {
	if b := s.preloaded.take(t); b != nil {
		return b, nil
	}
	return s.upload(t)
}

// address is where the data of a tensor lies.
func address(t engine.Tensor) unsafe.Pointer {
	if t.I32 != nil {
		return unsafe.Pointer(unsafe.SliceData(t.I32))
	}
	return unsafe.Pointer(unsafe.SliceData(t.F32))
}

func (p *preloaded) put(t engine.Tensor, buffer compute.Buffer) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.waiting == nil {
		p.waiting = map[unsafe.Pointer]waitingInput{}
	}
	free(p.waiting[address(t)].buffer)
	p.waiting[address(t)] = waitingInput{slices.Clone(t.Shape), buffer}
}

// take is the buffer of a tensor, which waits no longer; nil if there is none.
func (p *preloaded) take(t engine.Tensor) compute.Buffer {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	w, ok := p.waiting[address(t)]
	if !ok || !slices.Equal(w.shape, t.Shape) {
		return nil
	}
	delete(p.waiting, address(t))
	return w.buffer
}

// rest are the buffers of inputs that the program did not ask for; they wait no longer.
func (p *preloaded) rest(in engine.Inputs) []compute.Buffer {
	var list []compute.Buffer
	for _, t := range in {
		if b := p.take(t); b != nil {
			list = append(list, b)
		}
	}
	return list
}

// close frees what no call has taken.
func (p *preloaded) close() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, w := range p.waiting {
		free(w.buffer)
	}
	p.waiting = nil
}
