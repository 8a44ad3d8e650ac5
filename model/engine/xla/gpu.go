package xla

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"strings"

	"harness/model/engine/xla/pjrt"
)

// GPU says how a plugin for GPUs takes memory. The zero value takes it as it is needed, so that trials can share one; but then a large
// program may find only pieces free that smaller ones before it were content with.
type GPU struct {
	Preallocate    bool    // take MemoryFraction at once
	MemoryFraction float64 // of the device's memory, the most that is taken; 0 = 0.9
	Allocator      string  // as the plugin names them: "default", "bfc", "cuda_async", "platform"; "" is the default
}

// GPUOf reads the variables by which users of JAX set this: XLA_PYTHON_CLIENT_PREALLOCATE, XLA_CLIENT_MEM_FRACTION or
// XLA_PYTHON_CLIENT_MEM_FRACTION, and XLA_PYTHON_CLIENT_ALLOCATOR. variable is os.Getenv; preallocate holds where the first is not set.
func GPUOf(variable func(string) string, preallocate bool) (GPU, error) {
	g := GPU{Preallocate: preallocate}
	get := func(names ...string) (name, value string) {
		for _, name := range names {
			if v := strings.TrimSpace(variable(name)); v != "" {
				return name, v
			}
		}
		return "", ""
	}
	if name, v := get("XLA_PYTHON_CLIENT_PREALLOCATE"); v != "" {
		on, err := strconv.ParseBool(strings.ToLower(v))
		if err != nil {
			return g, fmt.Errorf("%s=%s: true or false was expected", name, v)
		}
		g.Preallocate = on
	}
	if name, v := get("XLA_CLIENT_MEM_FRACTION", "XLA_PYTHON_CLIENT_MEM_FRACTION"); v != "" {
		fraction, err := strconv.ParseFloat(v, 64)
		if err != nil || !(fraction > 0 && fraction <= 1) {
			return g, fmt.Errorf("%s=%s: a fraction of the GPU's memory was expected, above 0 and at most 1", name, v)
		}
		g.MemoryFraction = fraction
	}
	_, allocator := get("XLA_PYTHON_CLIENT_ALLOCATOR")
	g.Allocator = strings.ToLower(allocator)
	return g, nil
}

// options are the plugin's names for the settings.
func (g GPU) options() []pjrt.Option {
	fraction := cmp.Or(g.MemoryFraction, 0.9)
	options := []pjrt.Option{{Name: "preallocate", Value: g.Preallocate}, {Name: "memory_fraction", Value: float32(fraction)}}
	if g.Allocator != "" {
		options = append(options, pjrt.Option{Name: "allocator", Value: g.Allocator})
	}
	return options
}

// gpuSoftware tells versions of the driver and of CUDA's libraries apart, on which compiled programs may depend.
func gpuSoftware(libraries []string) string {
	var b strings.Builder
	driver, _ := os.ReadFile("/proc/driver/nvidia/version") // only where there is such a driver
	b.Write(driver)
	for _, path := range libraries {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}
