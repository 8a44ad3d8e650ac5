package pjrt

// #include <stdlib.h>
// #include "plugin.h"
import "C"

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// CompileOptions encodes XLA's CompileOptionsProto for a program of one device, which any device of the kind may run.
// flags override debug options by name, as XLA_FLAGS does without the dashes.
func CompileOptions(flags map[string]string) []byte {
	// ExecutableBuildOptionsProto
	build := protowire.AppendTag(nil, 1, protowire.VarintType) // device_ordinal: none
	build = protowire.AppendVarint(build, ^uint64(0))
	build = protowire.AppendTag(build, 4, protowire.VarintType) // num_replicas
	build = protowire.AppendVarint(build, 1)
	build = protowire.AppendTag(build, 5, protowire.VarintType) // num_partitions
	build = protowire.AppendVarint(build, 1)

	// CompileOptionsProto
	options := protowire.AppendTag(nil, 3, protowire.BytesType) // executable_build_options
	options = protowire.AppendBytes(options, build)
	options = protowire.AppendTag(options, 4, protowire.VarintType) // compile_portable_executable
	options = protowire.AppendVarint(options, 1)
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		entry := protowire.AppendTag(nil, 1, protowire.BytesType) // key
		entry = protowire.AppendString(entry, name)
		entry = protowire.AppendTag(entry, 2, protowire.BytesType) // value
		entry = protowire.AppendBytes(entry, override(flags[name]))
		options = protowire.AppendTag(options, 7, protowire.BytesType) // env_option_overrides
		options = protowire.AppendBytes(options, entry)
	}
	return options
}

// override encodes XLA's OptionOverrideProto: a string, which XLA reads as the option's type, but for a bool.
func override(value string) []byte {
	if on, err := strconv.ParseBool(value); err == nil && len(value) > 1 { // 0 and 1 are numbers
		return protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), protowire.EncodeBool(on))
	}
	return protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), value)
}

// Executable is a compiled program on its device.
type Executable struct {
	client  *Client
	handle  executableHandle
	outputs int
	cleanup runtime.Cleanup
}

type executableHandle struct {
	api        *C.PJRT_Api
	loaded     *C.PJRT_LoadedExecutable
	executable *C.PJRT_Executable
}

func (h executableHandle) free() { C.plugin_free_executable(h.api, h.loaded, h.executable) }

// Compile compiles StableHLO text; options are those of [CompileOptions].
func (c *Client) Compile(program, options []byte) (*Executable, error) {
	var loaded *C.PJRT_LoadedExecutable
	err := c.failure(C.plugin_compile(c.api, c.client, bytesOf(program), C.size_t(len(program)), bytesOf(options),
		C.size_t(len(options)), &loaded))
	if err != nil {
		return nil, err
	}
	return c.executable(loaded)
}

// CompileFor compiles StableHLO text for a device that need not be there, as target describes it: for GPUs a GpuTargetConfigProto of XLA in
// its text form. What comes of it cannot run, but says what it would need.
func (p *Plugin) CompileFor(target string, program, options []byte) (*Executable, error) {
	described := C.CString(target)
	defer C.free(unsafe.Pointer(described))
	e := &Executable{client: &Client{Plugin: p}, handle: executableHandle{api: p.api}}
	err := p.failure(C.plugin_compile_for(p.api, described, bytesOf(program), C.size_t(len(program)), bytesOf(options),
		C.size_t(len(options)), &e.handle.executable))
	if err != nil {
		return nil, err
	}
	e.cleanup = runtime.AddCleanup(e, executableHandle.free, e.handle)
	return e, nil
}

// Load makes an executable of what [Executable.Serialise] returned, on the same kind of device and by the same plugin. Other
// data may be refused, or crash the process: the caller vouches for it.
func (c *Client) Load(data []byte) (*Executable, error) {
	var loaded *C.PJRT_LoadedExecutable
	if err := c.failure(C.plugin_load(c.api, c.client, bytesOf(data), C.size_t(len(data)), &loaded)); err != nil {
		return nil, err
	}
	return c.executable(loaded)
}

func (c *Client) executable(loaded *C.PJRT_LoadedExecutable) (*Executable, error) {
	e := &Executable{client: c, handle: executableHandle{api: c.api, loaded: loaded}}
	var outputs C.size_t
	if err := c.failure(C.plugin_executable(c.api, loaded, &e.handle.executable, &outputs)); err != nil {
		e.handle.free()
		return nil, err
	}
	e.outputs = int(outputs)
	e.cleanup = runtime.AddCleanup(e, executableHandle.free, e.handle)
	return e, nil
}

func bytesOf(data []byte) *C.char { return (*C.char)(unsafe.Pointer(unsafe.SliceData(data))) }

// Free gives back the executable's code and constants. It is dead then; freeing it again does nothing.
func (e *Executable) Free() {
	if e.handle.executable != nil {
		e.cleanup.Stop()
		e.handle.free()
		e.handle = executableHandle{}
	}
}

// Sizes is what an executable needs on its device, in bytes.
type Sizes struct {
	Arguments, Outputs int64
	Aliased            int64 // of the outputs: written in the place of arguments
	Temporary, Code    int64
}

// Sizes asks the compiler.
func (e *Executable) Sizes() (Sizes, error) {
	defer runtime.KeepAlive(e)
	var out [5]int64
	if err := e.client.failure(C.plugin_sizes(e.client.api, e.handle.executable, (*C.int64_t)(unsafe.Pointer(&out)))); err != nil {
		return Sizes{}, err
	}
	return Sizes{Arguments: out[0], Outputs: out[1], Aliased: out[2], Temporary: out[3], Code: out[4]}, nil
}

// Cost is the compiler's own estimate: floating-point operations, and bytes read and written; -1 where it does not say.
type Cost struct {
	FLOPs, Bytes float64
}

// Cost asks the compiler; plugins that do not estimate give an error with the code [Unimplemented].
func (e *Executable) Cost() (Cost, error) {
	defer runtime.KeepAlive(e)
	var out [2]float64
	if err := e.client.failure(C.plugin_cost(e.client.api, e.handle.executable, (*C.double)(unsafe.Pointer(&out)))); err != nil {
		return Cost{}, err
	}
	return Cost{FLOPs: out[0], Bytes: out[1]}, nil
}

// Serialise is the executable as bytes for [Client.Load].
func (e *Executable) Serialise() ([]byte, error) {
	defer runtime.KeepAlive(e)
	var out C.PJRT_Executable_Serialize_Args
	if err := e.client.failure(C.plugin_serialise(e.client.api, e.handle.executable, &out)); err != nil {
		return nil, err
	}
	defer C.plugin_free_serialised(&out)
	return slices.Clone(unsafe.Slice((*byte)(unsafe.Pointer(out.serialized_bytes)), int(out.serialized_bytes_size))), nil
}

// Execute enqueues the program. shapes are those of its outputs. Arguments with give set are given away: an output may be
// written in their place, and they are dead after the call, also where no output was. A failure of the device may show
// only when an output is downloaded.
func (e *Executable) Execute(arguments []*Buffer, give []bool, shapes []Shape) ([]*Buffer, error) {
	if e.handle.loaded == nil {
		return nil, fmt.Errorf("the executable was freed")
	}
	if len(shapes) != e.outputs {
		return nil, fmt.Errorf("%d shapes for %d outputs", len(shapes), e.outputs)
	}
	args, kept := make([]*C.PJRT_Buffer, len(arguments)), make([]C.int64_t, 0, len(arguments))
	for i, b := range arguments {
		if b.c == nil {
			return nil, fmt.Errorf("argument %d was freed or given away", i)
		}
		args[i] = b.c
		if !give[i] {
			kept = append(kept, C.int64_t(i))
		}
	}
	outputs := make([]*C.PJRT_Buffer, e.outputs)
	err := e.client.failure(C.plugin_execute(e.client.api, e.handle.loaded, e.client.device, unsafe.SliceData(args),
		C.size_t(len(args)), unsafe.SliceData(kept), C.size_t(len(kept)), unsafe.SliceData(outputs)))
	runtime.KeepAlive(e)
	runtime.KeepAlive(arguments)
	if err != nil {
		return nil, err
	}
	for i, b := range arguments {
		if give[i] {
			b.Free()
		}
	}
	results := make([]*Buffer, len(outputs))
	for i, c := range outputs {
		results[i] = e.client.buffer(c, shapes[i])
	}
	return results, nil
}
