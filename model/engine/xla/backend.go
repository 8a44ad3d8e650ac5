package xla

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	goxla "github.com/gomlx/go-xla/compute/xla"

	"harness/model/engine/xla/pjrt"
)

// backend is GoMLX's view of a plugin: go-xla lowers graphs to StableHLO, package pjrt does the rest.
type backend struct {
	*goxla.Backend                   // the lowering; it has no plugin
	client         *client           // nil where programs are only lowered
	flags          map[string]string // of the compiler, by the user
	cache          *cache            // nil for none
}

func (b *backend) BufferFromFlatData(_ compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	var uploaded *pjrt.Buffer
	var err error
	switch data := flat.(type) {
	case []float32:
		uploaded, err = pjrt.Upload(b.client.Client, data, shape.Dimensions...)
	case []int32:
		uploaded, err = pjrt.Upload(b.client.Client, data, shape.Dimensions...)
	default:
		return nil, fmt.Errorf("data of type %T is not copied to devices", flat)
	}
	if err != nil {
		return nil, err
	}
	return &buffer{b, uploaded}, nil
}

func (b *backend) HasSharedBuffers() bool { return false }

// compilation is the backend of one graph: what is asked of its compilation, and what came of it.
type compilation struct {
	*backend
	aliases map[int]int // arguments that outputs may replace
	text    []byte      // the program, as StableHLO
	facts   Compiled
}

func (c *compilation) Builder(name string) compute.Builder {
	return &builder{Builder: c.Backend.Builder(name).(*goxla.Builder), compilation: c}
}

// builder is go-xla's, but for the compilation.
type builder struct {
	*goxla.Builder
	compilation *compilation
}

// loweredOnly is the end of a compilation without a plugin.
type loweredOnly struct{ *compilation }

func (loweredOnly) Error() string { return "the program was lowered, and there is no compiler" }

// Compile renders the program with its aliases and finds or compiles its executable.
func (b *builder) Compile() (compute.Executable, error) {
	c := b.compilation
	program, main, err := programOf(b.Builder)
	if err != nil {
		return nil, err
	}
	alias(main, c.aliases)
	if err := inFixedOrder(main); err != nil {
		return nil, err
	}
	if c.text, err = program.Build(); err != nil {
		return nil, err
	}
	flops := matrixFLOPs(main)
	if c.client == nil {
		c.facts = Compiled{FLOPs: flops}
		return nil, loweredOnly{c}
	}
	shared, facts, err := c.client.use(c.text, pjrt.CompileOptions(c.compilerFlags()), flops, c.cache)
	if err != nil {
		return nil, err
	}
	c.facts = facts
	p := &loadedProgram{backend: c.backend, shared: shared}
	for _, in := range main.Inputs {
		p.inputs = append(p.inputs, goxla.ShapeFromXLA(in.Shape()))
	}
	for _, out := range main.Outputs {
		shape := goxla.ShapeFromXLA(out.Shape())
		p.outputs = append(p.outputs, shape)
		p.shapes = append(p.shapes, pjrt.Shape{Type: pjrt.Type(shape.DType), Dims: shape.Dimensions})
	}
	return p, nil
}

// compilerFlags are those of the user, and those that make a trial on a GPU end with the same bits when it is run again:
//
//   - sums that depend on the order in which threads arrive are left out;
//   - kernels are not chosen by how fast they were when the program was compiled, beside whatever else ran then (on an H200, that gained
//     1% of a step of the paper's second stage);
//   - what is rounded to bfloat16 is, also where a compiler could do without. Arrays between layers have half the size for it.
func (c *compilation) compilerFlags() map[string]string {
	flags := map[string]string{}
	if c.IsCUDA() {
		flags["xla_gpu_exclude_nondeterministic_ops"] = "true"
		flags["xla_gpu_enable_triton_gemm"] = "false"
		flags["xla_gpu_autotune_level"] = "0"
		flags["xla_allow_excess_precision"] = "false"
	}
	maps.Copy(flags, c.flags)
	return flags
}

// loadedProgram is a use of a shared executable.
type loadedProgram struct {
	backend         *backend
	shared          *executable // nil when finalised
	inputs, outputs []shapes.Shape
	shapes          []pjrt.Shape // the outputs'
}

func (p *loadedProgram) Finalize() {
	if p.shared != nil {
		p.shared.client.leave(p.shared)
		p.shared = nil
	}
}

func (p *loadedProgram) Inputs() (names []string, inputs []shapes.Shape) {
	return make([]string, len(p.inputs)), p.inputs
}

func (p *loadedProgram) Outputs() []shapes.Shape { return p.outputs }

// Execute enqueues the program. Arguments that donate marks are dead after the call, unless it fails at once.
func (p *loadedProgram) Execute(inputs []compute.Buffer, donate []bool, _ compute.DeviceNum) ([]compute.Buffer, error) {
	arguments := make([]*pjrt.Buffer, len(inputs))
	for i, in := range inputs {
		b, ok := in.(*buffer)
		if !ok {
			return nil, fmt.Errorf("argument %d is of another engine", i)
		}
		if want := p.input(i); b.data.Shape.Type != want.Type || !slices.Equal(b.data.Shape.Dims, want.Dims) {
			return nil, fmt.Errorf("argument %d is %v, not %v", i, b.data.Shape, want)
		}
		arguments[i] = b.data
	}
	if donate == nil {
		donate = make([]bool, len(inputs))
	}
	outputs, err := p.shared.code.Execute(arguments, donate, p.shapes)
	if err != nil {
		return nil, err
	}
	results := make([]compute.Buffer, len(outputs))
	for i, out := range outputs {
		results[i] = &buffer{p.backend, out}
	}
	return results, nil
}

// input is the shape of an argument.
func (p *loadedProgram) input(i int) pjrt.Shape {
	return pjrt.Shape{Type: pjrt.Type(p.inputs[i].DType), Dims: p.inputs[i].Dimensions}
}

// buffer is an array on the device.
type buffer struct {
	backend *backend
	data    *pjrt.Buffer
}

func (b *buffer) Backend() compute.Backend { return b.backend }

func (b *buffer) Finalize() error {
	b.data.Free()
	return nil
}

func (b *buffer) Shape() (shapes.Shape, error) {
	return shapes.Make(dtypes.DType(b.data.Shape.Type), b.data.Shape.Dims...), nil
}

func (b *buffer) DeviceNum() (compute.DeviceNum, error) { return 0, nil }

func (b *buffer) ToFlatData(flat any) error {
	switch data := flat.(type) {
	case []float32:
		return pjrt.Download(b.data, data)
	case []float64:
		return pjrt.Download(b.data, data)
	case []int32:
		return pjrt.Download(b.data, data)
	}
	return fmt.Errorf("data of type %T is not copied from devices", flat)
}

func (b *buffer) Data() (any, error) { return nil, errors.New("the device's memory is its own") }

func (b *buffer) CopyToDevice(compute.DeviceNum) (compute.Buffer, error) {
	return nil, errors.New("there is one device")
}
