// Package native is the default engine: it computes every operation at once, in C kernels on all cores, and needs nothing
// installed but gcc.
//
//	Engine --New--> Session --Run | Gradients | Step | Accumulate--> run (engine.Ops: computes, and keeps the way back)
//	                                                                   |-- kernels.go --> native.c --> kernels_{avx512,avx2,plain}.c
//	                                                                   '-- arena: the memory of all values, kept from step to step
//
// A run is a tape: each operation appends one closure that turns the gradient of its result into those of its operands,
// and only where a parameter that moves stands behind them. Memory of values and gradients is handed back as soon as the
// way back has passed them. Of a text, padding and what is not read are left out of a value (selection.go). The kernels are written once in C with vector types (gemm.h, attention.h, rows.h, elements.h,
// gather.h, decode.h) and compiled for each kind of vector unit; pool.c holds the threads. Every bit of a result is independent of
// the number of threads. Products in bfloat16 are a matter of instructions, not of vectors: bf16.h, bf16_amx.c, bf16_avx512.c.
//
// Beside all this stands Encoder (encoder.go, encode.go, encoder.h): the forward pass of published encoders, for which a tape and
// padding would be a waste.
//
// The package is large because cgo compiles one folder: half of it is Go (shapes, memory, order), half C (arithmetic).
// What is not here: models, schedules, anything that reads files.
package native

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"harness/model/engine"
)

// Engine computes on the CPU of this machine. Its sessions share its threads and may be used concurrently.
type Engine struct {
	device  *device
	threads atomic.Int64
}

// New is an engine on that many threads, with the fastest kernels of this machine; 0 means all cores. It panics only if
// the system refuses threads.
func New(threads int) *Engine { return newEngine(threads, bestKind(), noBF16) }

// Options change how an engine computes.
type Options struct {
	// BF16 rounds the operands of linear layers and MatMul to bfloat16, on the way back too, and sums in float32. Parameters,
	// moments and all other operations, the inside of attention too, stay float32. The bits are those of one kind of machine:
	// with AMX the sums have another order than without.
	BF16 bool
}

// NewWith is New with options; the error is CheckBF16's.
func NewWith(threads int, o Options) (*Engine, error) {
	if !o.BF16 {
		return New(threads), nil
	}
	if err := CheckBF16(); err != nil {
		return nil, err
	}
	return newEngine(threads, bestKind(), bestBF16()), nil
}

// CheckBF16 says in one line what keeps this machine from [Options.BF16].
func CheckBF16() error {
	if bestBF16() == noBF16 {
		return errors.New("bf16 on the native engine needs a CPU with AMX-BF16 or AVX512-BF16, and this one has neither")
	}
	return nil
}

func newEngine(threads int, k kind, b bf16Kind) *Engine {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	e := &Engine{device: openDevice(threads, k, b)}
	e.threads.Store(int64(threads))
	runtime.AddCleanup(e, (*device).close, e.device)
	return e
}

// Name is "native".
func (e *Engine) Name() string { return "native" }

// Device names the kernels and the threads: "cpu avx512, 2 threads", or "cpu avx512, bf16 by amx, 2 threads".
func (e *Engine) Device() string {
	plural, threads := "s", e.threads.Load()
	if threads == 1 {
		plural = ""
	}
	kernels := e.device.name()
	if name := e.device.bf16Name(); name != "" {
		kernels += ", bf16 by " + name
	}
	return fmt.Sprintf("cpu %s, %d thread%s", kernels, threads, plural)
}

// SetThreads computes on that many threads, at least one, from the next operation on; fewer where the system refuses them. It may be
// called while sessions compute, and changes no bit of what they do.
func (e *Engine) SetThreads(threads int) {
	e.threads.Store(int64(e.device.resize(max(threads, 1))))
	runtime.KeepAlive(e)
}

// New makes a session that holds its own copy of params. Names must be unique and sizes must fit shapes.
func (e *Engine) New(params []engine.Param) (engine.Session, error) { return newSession(e, params) }

// misuse is what operations panic with when their operands do not fit; guarded makes it an error.
type misuse struct{ message string }

func (m misuse) Error() string { return m.message }

func refuse(format string, args ...any) { panic(misuse{fmt.Sprintf(format, args...)}) }

// guarded does what f says and makes a misuse in it an error. The engine's threads stay for its time.
func (e *Engine) guarded(f func()) (err error) {
	defer runtime.KeepAlive(e)
	defer func() {
		switch r := recover().(type) {
		case nil:
		case misuse:
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}
