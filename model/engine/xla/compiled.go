package xla

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"harness/model/engine"
)

// Purpose is what a program is compiled for.
type Purpose string

const (
	ForRun        Purpose = "run"
	ForGradients  Purpose = "gradients"
	ForStep       Purpose = "step"
	ForAccumulate Purpose = "accumulate"
	ForApply      Purpose = "apply" // of no program: the optimiser alone
)

// Compiled is what the compiler says of one executable.
type Compiled struct {
	Key     string // of the call that needed it
	Purpose Purpose
	Memory  *Memory       // nil where the compiler does not say: GoMLX's Go backend
	Compile time.Duration // of tracing and compiling
}

// Memory is what an executable needs on its device, in bytes.
type Memory struct {
	Arguments, Outputs int64
	Aliased            int64 // of the outputs: those that take the place of arguments
	Temporary          int64
	Code               int64
}

// Total is what must fit on the device for one execution.
func (m Memory) Total() int64 { return m.Arguments + m.Outputs - m.Aliased + m.Temporary + m.Code }

// Probe compiles a program for parameters and inputs of which the shapes alone are read: nothing is copied to the device
// and nothing runs, so that a model larger than the machine can be measured. An int32 input is one whose I32 is not nil,
// even if it is empty.
func Probe(e engine.Engine, params []engine.Param, purpose Purpose, build engine.Program, in engine.Inputs) (compiled Compiled, err error) {
	defer recovered(&err, "probe "+string(purpose))
	d, ok := e.(*device)
	if !ok {
		return compiled, fmt.Errorf("probe: engine %s compiles nothing", e.Name())
	}
	s := &session{device: d, byName: map[string]*param{}, programs: map[string][]*program{}}
	defer s.Close()
	for _, given := range params {
		if s.byName[given.Name] != nil {
			return compiled, fmt.Errorf("probe: parameter %s: given twice", given.Name)
		}
		p := &param{name: given.Name, shape: slices.Clone(given.Tensor.Shape), frozen: given.Frozen, decay: given.Decay}
		s.params = append(s.params, p)
		s.byName[p.name] = p
	}
	start := time.Now()
	p := s.prepare(purpose, "probe", build, in)
	return Compiled{Key: "probe", Purpose: purpose, Memory: memoryOf(p), Compile: time.Since(start)}, nil
}

// memoryOf reads the statistics that the loader keeps, which has no door to them.
func memoryOf(p *program) *Memory {
	executable := reflect.Indirect(reflect.ValueOf(p.graph.Executable()))
	if executable.Kind() != reflect.Struct || !executable.FieldByName("exec").IsValid() {
		return nil
	}
	stats := executable.FieldByName("exec").Elem().FieldByName("OnDeviceMemoryUsageStats")
	if !stats.IsValid() {
		return nil
	}
	number := func(name string) int64 { return stats.FieldByName(name).Int() }
	return &Memory{
		Arguments: number("Inputs"), Outputs: number("Outputs"), Aliased: number("Aliases"),
		Temporary: number("Temporary"), Code: number("GeneratedCode"),
	}
}
