// Package xla runs programs of package engine as compiled GoMLX graphs: the second engine.
//
//	Open(name) --> engine.Engine --New(params)--> session
//	                               Probe(params) --> what a program needs, without running
//	session.Run | Gradients | Step | Accumulate, Apply
//	  program.go   finds or compiles the executable of (what is asked, key, input shapes)
//	  tracer       walks the engine.Program, recording GoMLX nodes: ops.go norm.go products.go losses.go regions.go dropout.go decode.go,
//	               attention.go with its forms for large programs queryblocks.go and flash.go
//	  recompute.go traces blocks twice, so that their activations need not be kept; gradient.go gives several nodes a gradient of our own
//	  remember.go  says whether the device has room for what blocks compute; sizes.go from which sizes on a program is large
//	  step.go      appends GoMLX's gradients, the clipping and AdamW, so that a whole training step is one executable
//	  accumulate.go  the same in two: sums of gradients that stay on the device, then the optimiser alone
//	  session.go   keeps parameters, moments and decoding states as buffers of the device; preload.go copies inputs to it ahead
//	session.Compiled  what the compiler says of each executable: memory, operations, seconds; profile.go what kernels took, cuda_test.go what comes of the paper's steps on a GPU
//	backend.go   the plugin as GoMLX sees it: lower.go makes StableHLO text, client.go compiles it once a process, cache.go
//	             keeps what was compiled for later ones, package pjrt talks to the plugin; gpu.go and fullgpu.go are about a GPU's memory
//
// What a program replaces (parameters and moments in a step, sums of gradients, decoding states) is given away with the call
// and written in its own place, so that a step needs its state once.
//
// Two backends are reachable. "go" is GoMLX's own, in Go: slow, but it runs everywhere, so the parity tests do. "xla:PATH"
// loads the PJRT plugin at that absolute path, for instance the CUDA plugin of JAX. A missing or broken plugin is an
// error; nothing is searched for, downloaded or replaced by something slower.
//
// Numbers: everything is float32, except that losses and the norm of the gradients are summed in float64. On NVIDIA
// GPUs products are computed in full float32, not TF32; [Options.BF16] trades that for speed. An executable gives the
// same bits each time it runs, and when it is compiled anew, on a GPU too: see compilerFlags.
package xla

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"

	"harness/model/engine"
)

// Options change how programs are compiled.
type Options struct {
	// BF16 keeps activations and multiplies matrices in bfloat16, with float32 sums. Parameters, their gradients and moments, what
	// norms, softmax and GELU compute inside, comparisons of embeddings, logits and losses stay float32, as does what goes in and
	// comes out.
	BF16 bool
	// Cache is a folder in which compiled programs are kept for later processes, up to CacheBytes (0 = 4 GiB); "" keeps none.
	// It can be shared and deleted at any time.
	Cache      string
	CacheBytes int64
	// GPU says how memory of a GPU is taken.
	GPU GPU
	// Flags override debug options of the compiler, by their names in XLA_FLAGS without the dashes.
	Flags map[string]string
	// Sizes say from which sizes on a program is compiled in another way; the zero value means the usual ones.
	Sizes Sizes
}

// Open makes the engine of that name: "go" or "xla:/absolute/path/of/plugin.so", with ",bf16" behind it for
// [Options.BF16]. A CUDA plugin finds CUDA's libraries and ptxas where pip puts them beside it; elsewhere $XLA_FLAGS names
// the folder that has bin/ptxas and nvvm/libdevice: --xla_gpu_cuda_data_dir=DIR.
func Open(name string) (engine.Engine, error) { return OpenWith(name, Options{}) }

// OpenWith is [Open] with options.
func OpenWith(name string, options Options) (engine.Engine, error) {
	name, err := cutBF16(name, &options)
	if err != nil {
		return nil, err
	}
	if name == "go" {
		// Sequential, since the default deadlocks on few cores (v0.1.2, six runs of six on two cores).
		backend, err := gobackend.New("ops_sequential")
		if err != nil {
			return nil, fmt.Errorf("engine go: %s", oneLine(err))
		}
		return &device{name: options.name(name), description: "cpu, GoMLX's Go backend", backend: backend, options: options}, nil
	}
	path, err := pluginOf(name)
	if err != nil {
		return nil, err
	}
	plugin, err := startPlugin(path, options)
	if err != nil {
		return nil, fmt.Errorf("engine %s: %w", name, line(err))
	}
	return &device{name: options.name(name), description: plugin.client.description(), backend: plugin, options: options}, nil
}

// Check says what keeps Open from opening the engine of that name, as far as it can be known without loading a plugin.
func Check(name string) error {
	name, err := cutBF16(name, new(Options))
	if err != nil || name == "go" {
		return err
	}
	_, err = pluginOf(name)
	return err
}

// cutBF16 takes ",bf16" off the end of a name.
func cutBF16(name string, options *Options) (string, error) {
	base, option, found := strings.Cut(name, ",")
	if found && option != "bf16" {
		return "", fmt.Errorf("engine %s: option %q is not known: there is only bf16", name, option)
	}
	options.BF16 = options.BF16 || found
	return base, nil
}

// pluginOf is the path of the plugin in "xla:PATH", which lies there and is one.
func pluginOf(name string) (string, error) {
	path, ok := strings.CutPrefix(name, "xla:")
	if !ok && name != "xla" {
		return "", fmt.Errorf("engine %q is not known: use go or xla:/path/of/plugin.so", name)
	}
	if !ok || path == "" {
		return "", fmt.Errorf("engine %s: give the plugin's absolute path, as in xla:/path/xla_cuda_plugin.so", name)
	}
	if err := checkPlugin(path); err != nil {
		return "", fmt.Errorf("engine %s: %w", name, err)
	}
	return path, nil
}

// name is what an engine with these options is called.
func (o Options) name(base string) string {
	if o.BF16 {
		return base + ",bf16"
	}
	return base
}

// checkPlugin refuses, in words that help, what the loader would refuse obscurely or take for something else.
func checkPlugin(path string) error {
	switch {
	case !filepath.IsAbs(path):
		return fmt.Errorf("the plugin's path must be absolute")
	case strings.Contains(path, ","): // options of the engine come behind one
		return fmt.Errorf("the plugin's path must not contain a comma")
	}
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return fmt.Errorf("no such plugin file")
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("the plugin is not a file")
	case runtime.GOOS != "linux":
		return nil
	}
	library, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("the plugin is not a shared library: %s", oneLine(err))
	}
	defer library.Close()
	symbols, err := library.DynamicSymbols()
	if err != nil {
		return fmt.Errorf("the plugin's symbols: %s", oneLine(err))
	}
	if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == "GetPjrtApi" }) {
		return fmt.Errorf("not a PJRT plugin: it has no GetPjrtApi")
	}
	return nil
}

// startPlugin loads the plugin at path, or finds it loaded, and opens the folder of compiled programs.
func startPlugin(path string, options Options) (*backend, error) {
	client, err := startClient(path, options.GPU)
	if err != nil {
		return nil, err
	}
	lowering, err := newLowering(client.Platform)
	if err != nil {
		return nil, err
	}
	b := &backend{Backend: lowering, client: client, flags: options.Flags}
	if options.Cache != "" {
		if b.cache, err = openCache(options.Cache, options.CacheBytes, client); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// device is an open backend.
type device struct {
	name, description string
	backend           compute.Backend
	options           Options
}

// client is the plugin at work; nil where programs run without one, or are only lowered.
func (d *device) client() *client {
	if b, ok := d.backend.(*backend); ok {
		return b.client
	}
	return nil
}

func (d *device) Name() string   { return d.name }
func (d *device) Device() string { return d.description }

// recovered turns a panic of graph-building code into an error of one line that begins with what.
func recovered(err *error, what string) {
	switch r := recover().(type) {
	case nil:
	case error:
		*err = fmt.Errorf("%s: %w", what, line(r))
	default:
		*err = fmt.Errorf("%s: %v", what, r)
	}
}

// oneLine is the message of an error of the libraries, which may span lines, as one.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// lined is an error with its message on one line.
type lined struct{ error }

func (l lined) Error() string { return oneLine(l.error) }
func (l lined) Unwrap() error { return l.error }

// line is err with its message on one line.
func line(err error) error { return lined{err} }

// refuse ends a trace with a message; recovered makes it an error.
func refuse(format string, args ...any) { panic(fmt.Errorf(format, args...)) }
