package xla

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"harness/internal/nvml"
	"harness/model/engine/xla/pjrt"
)

// client is a plugin at work, with the executables that it has compiled: one a process, plugin and settings. All sessions
// of the process share both.
type client struct {
	*pjrt.Client
	path string

	compiling   sync.Mutex // holds what follows, also while a program is compiled
	executables map[programKey]*executable
	idle        []*executable // used by no session, the longest unused first
}

// programKey names a program by its text and the options of the compiler.
type programKey [sha256.Size]byte

// executable is a compiled program, and what is known of it.
type executable struct {
	client *client
	key    programKey
	code   *pjrt.Executable
	facts  Compiled
	uses   int
}

// maxIdle is the number of executables that are kept though no session uses them: the next stage of a trial may.
const maxIdle = 64

var (
	starting sync.Mutex
	clients  = map[string]*client{} // clients cannot be ended
)

// startClient finds or starts the client of a plugin.
func startClient(path string, gpu GPU) (*client, error) {
	starting.Lock()
	defer starting.Unlock()
	name := fmt.Sprintf("%s %+v", path, gpu)
	if c := clients[name]; c != nil {
		return c, nil
	}
	plugin, err := pjrt.Open(path)
	if err != nil {
		return nil, err
	}
	var options []pjrt.Option
	if plugin.GPU {
		options = gpu.options()
	}
	started, err := plugin.NewClient(options...)
	switch {
	case err != nil && plugin.GPU:
		return nil, fullGPU(err, nvml.Open)
	case err != nil:
		return nil, err
	}
	c := &client{Client: started, path: path, executables: map[programKey]*executable{}}
	clients[name] = c
	return c, nil
}

// description says what programs run on: of a GPU what it is, since which of the machine's it is changes no number.
func (c *client) description() string {
	device := c.Client.Description
	if c.GPU && c.Kind != "" {
		device = c.Kind
	}
	return fmt.Sprintf("%s, %s (PJRT %d.%d)", c.Platform, device, c.Major, c.Minor)
}

// use finds, loads or compiles the executable of a program, and says what is known of it; flops are those of its text. Who
// gets it gives it back by leave.
func (c *client) use(program, options []byte, flops float64, kept *cache) (*executable, Compiled, error) {
	c.compiling.Lock()
	defer c.compiling.Unlock()
	hash := sha256.New()
	fmt.Fprintf(hash, "%d %d\n", len(program), len(options))
	hash.Write(program)
	hash.Write(options)
	key := programKey(hash.Sum(nil))
	if e := c.executables[key]; e != nil {
		e.uses++
		c.idle = slices.DeleteFunc(c.idle, func(other *executable) bool { return other == e })
		facts := e.facts
		facts.Source, facts.Compile = FromMemory, 0
		return e, facts, nil
	}
	start := time.Now()
	code, source, err := c.obtain(key, program, options, kept)
	if err != nil {
		return nil, Compiled{}, err
	}
	e := &executable{client: c, key: key, code: code, uses: 1}
	e.facts = Compiled{ID: fmt.Sprintf("%x", key[:8]), Source: source, Compile: time.Since(start), FLOPs: flops}
	if sizes, err := code.Sizes(); err == nil { // a compiler may not say
		e.facts.Memory = &Memory{Arguments: sizes.Arguments, Outputs: sizes.Outputs, Aliased: sizes.Aliased,
			Temporary: sizes.Temporary, Code: sizes.Code}
	}
	if cost, err := code.Cost(); err == nil && cost.FLOPs >= 0 {
		e.facts.Cost = &Cost{FLOPs: cost.FLOPs, Bytes: cost.Bytes}
	}
	c.executables[key] = e
	return e, e.facts, nil
}

// obtain loads the executable that another process has kept, or compiles the program and keeps it. What is kept and cannot
// be loaded is replaced. Of processes that want the same program at a time, one compiles.
func (c *client) obtain(key programKey, program, options []byte, kept *cache) (*pjrt.Executable, Source, error) {
	if kept == nil {
		code, err := c.Compile(program, options)
		return code, FromCompiler, err
	}
	if code := c.load(key, kept); code != nil {
		return code, FromDisk, nil
	}
	defer kept.reserve(key)()
	if code := c.load(key, kept); code != nil {
		return code, FromDisk, nil
	}
	code, err := c.Compile(program, options)
	if err != nil {
		return nil, FromCompiler, err
	}
	if data, err := code.Serialise(); err == nil { // not all compilers can
		kept.put(key, data)
	}
	return code, FromCompiler, nil
}

// load is the executable that is kept, nil where there is none that can be loaded.
func (c *client) load(key programKey, kept *cache) *pjrt.Executable {
	data, ok := kept.get(key)
	if !ok {
		return nil
	}
	code, err := c.Load(data)
	if err != nil { // written by a plugin that is the same and is not
		return nil
	}
	return code
}

// leave gives an executable back. It stays for a while, since the next session may want it.
func (c *client) leave(e *executable) {
	c.compiling.Lock()
	defer c.compiling.Unlock()
	if e.uses--; e.uses > 0 {
		return
	}
	c.idle = append(c.idle, e)
	for len(c.idle) > maxIdle {
		delete(c.executables, c.idle[0].key)
		c.idle[0].code.Free()
		c.idle = c.idle[1:]
	}
}

// identity is what an executable on disk depends on besides the program and the compiler's options.
func (c *client) identity(pluginDigest string) string {
	parts := []string{pluginDigest, c.Platform, c.Version, fmt.Sprintf("%d.%d", c.Major, c.Minor), c.Kind, c.Flags}
	if c.GPU {
		parts = append(parts, gpuSoftware(c.Libraries))
	} else {
		parts = append(parts, processor())
	}
	return strings.Join(parts, "\n")
}
