package xla

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"harness/model/engine"
	"harness/model/engine/xla/pjrt"
)

// Purpose is what a program is compiled for.
type Purpose string

const (
	ForRun        Purpose = "run"
	ForGradients  Purpose = "gradients"
	ForStep       Purpose = "step"
	ForAccumulate Purpose = "accumulate"
	ForApply      Purpose = "apply"   // of no program: the optimiser alone
	ForReorder    Purpose = "reorder" // of no program: rows of the decoding states
)

// Source is where an executable came from.
type Source string

const (
	FromCompiler Source = "compiler"
	FromDisk     Source = "disk"   // compiled by an earlier process
	FromMemory   Source = "memory" // compiled by this process, for another session or key
)

// Compiled is what is known of one executable.
type Compiled struct {
	Key     string // of the call that needed it
	Purpose Purpose
	ID      string        // names the program and the compiler's options: two with the same ID share an executable
	Source  Source        // "" on GoMLX's Go backend, which has no compiler
	Trace   time.Duration // of recording the program
	Compile time.Duration // of compiling or loading it; 0 from memory
	Memory  *Memory       // nil where the compiler does not say
	FLOPs   float64       // of the matrix products of one execution; 0 on the Go backend
	Cost    *Cost         // nil where the compiler does not estimate
}

// Memory is what an executable needs on its device, in bytes.
type Memory struct {
	Arguments, Outputs int64
	Aliased            int64 // of the outputs: those that are written in the place of arguments
	Temporary          int64
	Code               int64
}

// Total is what must fit on the device for one execution.
func (m Memory) Total() int64 { return m.Arguments + m.Outputs - m.Aliased + m.Temporary + m.Code }

// Cost is the compiler's own estimate of one execution. It counts operations of all kinds, and may miss those in library
// calls, which Compiled.FLOPs has.
type Cost struct {
	FLOPs float64
	Bytes float64 // read and written
}

// Programs is what sessions of this engine offer beyond [engine.Session].
type Programs interface {
	// Compiled lists the executables of the session in the order in which they were first needed.
	Compiled() []Compiled
	// Prepare compiles what a call with the same key, program and shapes of inputs will need, and runs nothing. The inputs may
	// be shapes without data; an int32 input is one whose I32 is not nil.
	Prepare(purpose Purpose, key string, p engine.Program, in engine.Inputs) (Compiled, error)
}

// DeviceMemory is what engines of this package offer beyond [engine.Engine].
type DeviceMemory interface {
	// Memory is what the device says of its memory in bytes: in use, the most that ever was, and the most that may be; ok is
	// false where it does not say, and peak or limit is -1 where it leaves that out.
	Memory() (used, peak, limit int64, ok bool)
}

// Memory asks the device.
func (d *device) Memory() (used, peak, limit int64, ok bool) {
	c := d.client()
	if c == nil {
		return 0, 0, 0, false
	}
	m, err := c.Memory()
	return m.Used, m.Peak, m.Limit, err == nil
}

// OutOfMemory reports whether an error of this engine says that the device has too little memory.
func OutOfMemory(err error) bool { return errors.Is(err, pjrt.ResourceExhausted) }

// Probe compiles a program for parameters and inputs of which the shapes alone are read: nothing is copied to the device
// and nothing runs, so that a model larger than the machine can be measured. An int32 input is one whose I32 is not nil,
// even if it is empty.
func Probe(e engine.Engine, params []engine.Param, purpose Purpose, build engine.Program, in engine.Inputs) (Compiled, error) {
	d, ok := e.(*device)
	if !ok {
		return Compiled{}, fmt.Errorf("probe: engine %s compiles nothing", e.Name())
	}
	s := d.newSession()
	defer s.Close()
	for _, given := range params {
		if s.byName[given.Name] != nil {
			return Compiled{}, fmt.Errorf("probe: parameter %s: given twice", given.Name)
		}
		s.declare(given)
	}
	return s.Prepare(purpose, "probe", build, in)
}

// Prepare compiles a program ahead of its first call.
func (s *session) Prepare(purpose Purpose, key string, build engine.Program, in engine.Inputs) (compiled Compiled, err error) {
	defer recovered(&err, "compile "+key)
	return s.prepare(purpose, key, build, in).facts, nil
}

// Compiled lists the executables of the session.
func (s *session) Compiled() []Compiled { return slices.Clone(s.compiled) }
