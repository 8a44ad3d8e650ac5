package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"harness/internal/hostmemory"
	"harness/model/engine"
	"harness/model/engine/xla"
	"harness/model/method"
	"harness/model/spec"
)

// CompiledKey is the beginning of the keys under which a trial notes its compiled programs, one each, as JSON of Compiled.
const CompiledKey = "program/"

// Compiled is what a trial records of a program that an engine has compiled for it. Zero is what the engine does not say.
type Compiled struct {
	Purpose string  `json:"purpose"` // step, accumulate, apply, run, …
	Key     string  `json:"key"`     // the name of the program: that of its stage, for most
	Memory  int64   `json:"memory,omitempty"`
	FLOPs   float64 `json:"flops,omitempty"`   // of the matrix products of one execution
	Compile float64 `json:"compile,omitempty"` // seconds, tracing too
	Source  string  `json:"source,omitempty"`  // compiler, or disk where an earlier process had compiled it
}

// compiledEngine is an engine that compiles; it notes the programs of its sessions.
type compiledEngine struct {
	engine.Engine
	rec  Recorder
	seen map[string]bool // programs that are noted, by their IDs
	err  error           // of the first that could not be noted
}

// watched is an engine whose programs are noted to rec, where it compiles any.
func watched(e engine.Engine, rec Recorder) *compiledEngine {
	return &compiledEngine{Engine: e, rec: rec, seen: map[string]bool{}}
}

func (c *compiledEngine) New(params []engine.Param) (engine.Session, error) {
	s, err := c.Engine.New(params)
	if err != nil {
		return nil, err
	}
	if programs, ok := s.(compiler); ok {
		return &compiledSession{compiler: programs, engine: c}, nil
	}
	return s, nil
}

// compiler is a session of an engine that compiles.
type compiler interface {
	engine.Session
	xla.Programs
}

// compiledSession notes what was compiled when it is closed.
type compiledSession struct {
	compiler
	engine *compiledEngine
}

func (s *compiledSession) Close() {
	s.engine.note(s.Compiled())
	s.compiler.Close()
}

// note records the programs that were not recorded before.
func (c *compiledEngine) note(list []xla.Compiled) {
	for _, p := range list {
		if p.ID == "" || c.seen[p.ID] { // GoMLX's Go backend has none
			continue
		}
		c.seen[p.ID] = true
		text, err := json.Marshal(recordOf(p))
		if err == nil {
			err = c.rec.Note(fmt.Sprintf("%s%02d", CompiledKey, len(c.seen)), string(text))
		}
		c.err = errors.Join(c.err, err)
	}
}

func recordOf(p xla.Compiled) Compiled {
	record := Compiled{Purpose: string(p.Purpose), Key: p.Key, FLOPs: p.FLOPs, Compile: (p.Trace + p.Compile).Seconds(), Source: string(p.Source)}
	if p.Memory != nil {
		record.Memory = p.Memory.Total()
	}
	return record
}

// need is what a step of training asks of a device.
type need struct {
	memory  int64 // bytes; 0 where the compiler does not say
	flops   float64
	compile time.Duration
	cached  bool // nothing was compiled
}

// needOf compiles what a step runs, without running it; nil on an engine without a compiler.
func needOf(session engine.Session, params []engine.Param, batch method.Batch) (*need, error) {
	programs, ok := session.(compiler)
	if !ok {
		return nil, nil
	}
	n, compiled := &need{cached: true}, map[string]bool{}
	compile := func(purpose xla.Purpose, part method.Part, beside int64) error {
		p, err := programs.Prepare(purpose, part.Key, part.Program, part.Inputs)
		if err != nil {
			return err
		}
		if p.ID == "" { // GoMLX's Go backend
			n = nil
			return nil
		}
		n.flops += p.FLOPs
		if !compiled[p.ID] { // parts of a batch may share it
			n.compile += p.Trace + p.Compile
		}
		compiled[p.ID] = true
		n.cached = n.cached && p.Source != xla.FromCompiler
		if p.Memory != nil {
			n.memory = max(n.memory, p.Memory.Total()+beside)
		}
		return nil
	}
	if len(batch.Parts) == 1 {
		return n, compile(xla.ForStep, batch.Parts[0], 0)
	}
	for _, part := range batch.Parts {
		if err := compile(xla.ForAccumulate, part, stateOf(params)); err != nil || n == nil {
			return n, err
		}
	}
	return n, compile(xla.ForApply, method.Part{Key: "optimiser"}, 0)
}

// stateOf is what the optimiser keeps of the parameters that are trained, in bytes: it is on the device beside a part of a batch.
func stateOf(params []engine.Param) int64 {
	var bytes int64
	for _, p := range params {
		if !p.Frozen {
			bytes += 2 * 4 * int64(p.Tensor.Size())
		}
	}
	return bytes
}

// MemoryKey is the beginning of the keys under which a trial notes what a step of a stage needs, before the first.
const MemoryKey = "memory/"

// announce says, before the first step of a stage on an engine that compiles, what the step needs, and refuses what the device has no room for.
func (r *trialRun) announce(name spec.Stage, session engine.Session, params []engine.Param, batch method.Batch) error {
	n, err := needOf(session, params, batch)
	if err != nil {
		return err
	}
	if n == nil {
		return nil
	}
	room := r.deviceMemory()
	if room > 0 && n.memory > room {
		return fmt.Errorf("out of memory before the first step: it needs %s, the device has %s: %s", Bytes(n.memory), Bytes(room), r.thrift(name))
	}
	return r.rec.Note(MemoryKey+string(name), n.text(room))
}

// text is the need in words.
func (n need) text(room int64) string {
	memory := "memory not known"
	if n.memory > 0 {
		memory = Bytes(n.memory)
		if room > 0 {
			memory += " of " + Bytes(room)
		}
	}
	compiled := fmt.Sprintf("compiled in %.1f s", n.compile.Seconds())
	if n.cached {
		compiled = fmt.Sprintf("cached, loaded in %.1f s", n.compile.Seconds())
	}
	return fmt.Sprintf("%s, %s a step, %s", memory, Operations(n.flops), compiled)
}

// Bytes is a number of bytes for people.
func Bytes(bytes int64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}

// Operations is a number of floating-point operations for people.
func Operations(flops float64) string {
	switch {
	case flops >= 1e12:
		return fmt.Sprintf("%.1f TFLOP", flops/1e12)
	case flops >= 1e9:
		return fmt.Sprintf("%.1f GFLOP", flops/1e9)
	}
	return fmt.Sprintf("%.1f MFLOP", flops/1e6)
}

// deviceMemory is what programs may take of the device's memory, in bytes; 0 where that is not known.
func (r *trialRun) deviceMemory() int64 {
	e := r.engine
	if c, ok := e.(*compiledEngine); ok {
		e = c.Engine
	}
	if d, ok := e.(xla.DeviceMemory); ok {
		if _, _, limit, ok := d.Memory(); ok && limit > 0 {
			return limit
		}
	}
	if platform, _, _ := strings.Cut(e.Device(), ","); platform == "cpu" {
		return hostmemory.Size()
	}
	return 0
}

// explained is an error of a stage; one that says that the device's memory was too small also says what to change.
func (r *trialRun) explained(name spec.Stage, err error) error {
	if err == nil || !xla.OutOfMemory(err) {
		return err
	}
	return fmt.Errorf("%s: the device has too little memory: %s: %w", name, r.thrift(name), err)
}

// thrift is what makes a step of a stage smaller.
func (r *trialRun) thrift(name spec.Stage) string {
	setting, batch, parts := "pretrain", r.trial.Pretrain.BatchSize, r.trial.Pretrain.Accumulate
	if name == spec.StageDiffVQA || name == spec.StageQuestionOnly {
		setting, batch, parts = "diffvqa", r.trial.DiffVQA.BatchSize, r.trial.DiffVQA.Accumulate
	}
	text := fmt.Sprintf("lower %s.batch (%d)", setting, batch)
	switch {
	case setting == "pretrain" && !r.trial.Accumulates():
		text += fmt.Sprintf(", or set pretrain.chunk (%d)", r.trial.Pretrain.Chunk)
	default:
		text += fmt.Sprintf(", or raise %s.accumulate (%d)", setting, max(parts, 1))
	}
	if r.trial.Precision != spec.BF16 {
		text += ", or set precision to bf16"
	}
	return text
}
