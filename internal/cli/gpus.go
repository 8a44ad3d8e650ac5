package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/nvml"
	"harness/model/engine/plugins"
	"harness/model/spec"
	"harness/runner"
	"harness/sweeps"
)

// gpuOptions are the flags that say how many GPUs a trial gets, and which there are.
type gpuOptions struct {
	gpus   string
	perGPU int
}

func (o *gpuOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.gpus, "gpus", "", "how many GPUs each trial has for itself (default: what the file says, else one for engine xla with a plugin for GPUs), or which ones trials "+
		"may use: all, a list such as 0,2 or GPU-…,MIG-…, or device=1 for one; else those of $CUDA_VISIBLE_DEVICES, else all")
	positiveVar(f, &o.perGPU, "per-gpu", "trials that share a GPU (default: what the file says, else 1)")
}

// gpuChoice is what --gpus says.
type gpuChoice struct {
	count   int      // of each trial; 0 = what the file says
	devices []string // that trials may use; nil = all that are visible
	chosen  bool     // devices were asked for: each trial has one at least
}

// choice reads --gpus.
func (o gpuOptions) choice() (gpuChoice, error) {
	if o.gpus == "" {
		return gpuChoice{}, nil
	}
	if n, err := strconv.Atoi(o.gpus); err == nil {
		if n < 1 {
			return gpuChoice{}, usageError("--gpus %d: want at least 1", n)
		}
		return gpuChoice{count: n}, nil
	}
	if o.gpus == "all" {
		return gpuChoice{chosen: true}, nil
	}
	list := strings.TrimPrefix(o.gpus, "device=")
	c := gpuChoice{devices: nvml.Named(list), chosen: true}
	if len(c.devices) != strings.Count(list, ",")+1 {
		return c, withHint(usageError("--gpus %s: want a number of GPUs for each trial, all, or different devices with commas: indices, GPU-… or MIG-…", o.gpus),
			"harness doctor lists them")
	}
	return c, nil
}

// check refuses flags that make no sense, and devices that are not there.
func (o gpuOptions) check() error {
	c, err := o.choice()
	if err != nil || len(c.devices) == 0 {
		return err
	}
	if visible, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); set {
		left := nvml.Named(visible)
		for _, name := range c.devices {
			if !slices.Contains(left, name) {
				return usageError("--gpus: %s is not one of CUDA_VISIBLE_DEVICES=%s", name, visible)
			}
		}
	}
	return existing(c.devices)
}

// existing refuses devices that this machine does not have, as far as that can be known.
func existing(devices []string) error {
	instruments, err := runner.NVML()
	if err != nil {
		for _, name := range devices {
			if i, err := strconv.Atoi(name); err == nil && i >= countGPUs() {
				return usageError("--gpus: there is no GPU %s: %s here", name, counted(countGPUs(), "GPU"))
			}
		}
		return nil
	}
	for _, name := range devices {
		if _, err := instruments.Find(name); err != nil {
			return usageError("--gpus: %w", err)
		}
	}
	return nil
}

// of is what trials may have of this machine's GPUs: what the flags say, else the file. engine is the value of --engine, with the path of
// a plugin where there is one.
func (o gpuOptions) of(r sweeps.Resources, engine string, trials []spec.Trial) runner.GPUs {
	g := runner.GPUs{PerTrial: r.GPUs, PerGPU: r.PerGPU}
	choice, _ := o.choice() // was checked
	switch {
	case choice.count > 0:
		g.PerTrial = choice.count
	case choice.chosen:
		g.PerTrial = max(1, g.PerTrial)
	}
	if o.perGPU > 0 {
		g.PerGPU = o.perGPU
	}
	if isForGPUs(engine) && slices.ContainsFunc(trials, runner.OnXLA) {
		g.OnXLA = 1
	}
	if g.PerTrial+g.OnXLA > 0 {
		if instruments, err := runner.NVML(); err == nil {
			g.Instruments = instruments
		}
	}
	if g.Devices = choice.devices; g.Devices == nil {
		g.Devices = visibleGPUs(g.PerTrial+g.OnXLA > 0)
	}
	return g
}

// sayUnshared says that programs which run side by side see all GPUs, since nothing gives each its own.
func sayUnshared(log io.Writer, plan *sweeps.Plan, g runner.GPUs, parallel int) {
	if !plan.Command || g.PerTrial > 0 || len(g.Devices) == 0 || parallel == 1 || len(plan.Trials) < 2 {
		return
	}
	seen := "the same one"
	if n := len(g.Devices); n > 1 {
		seen = fmt.Sprintf("all %d", n)
	}
	fmt.Fprintf(log, "trials ask for no GPU, and each sees %s: with --gpus 1, or resources: {gpus: 1} in the file, each has its own\n", seen)
}

// isForGPUs reports whether an engine's plugin computes on GPUs.
func isForGPUs(engine string) bool {
	name, err := spec.ParseEngine(engine)
	return err == nil && name.Plugin != "" && plugins.At(name.Plugin).GPU
}

// visibleGPUs lists the GPUs that the user leaves to us: $CUDA_VISIBLE_DEVICES, else all that there are. Where they are wanted, the driver
// is asked for names: instances of GPUs that are divided (MIG), and GPUs that differ, have no numbers that CUDA and the driver agree on.
func visibleGPUs(wanted bool) []string {
	if visible, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		return nvml.Named(visible)
	}
	if wanted {
		if library, err := nvml.Open(); err == nil {
			return gpuNames(library.Devices())
		}
	}
	devices := make([]string, countGPUs())
	for i := range devices {
		devices[i] = strconv.Itoa(i)
	}
	return devices
}

// gpuNames are names of devices that mean the same to CUDA: their numbers where all are alike.
func gpuNames(devices []*nvml.Device) []string {
	byNumber := !slices.ContainsFunc(devices, func(d *nvml.Device) bool { return d.MIG || d.Name != devices[0].Name })
	names := make([]string, len(devices))
	for i, d := range devices {
		if names[i] = d.UUID; byNumber {
			names[i] = strconv.Itoa(d.Index)
		}
	}
	return names
}

// countGPUs is how many GPUs the system shows; the driver need not be asked.
func countGPUs() int {
	for _, pattern := range []string{"/dev/nvidia[0-9]*", "/proc/driver/nvidia/gpus/*", "/dev/dxg"} { // the last is Windows' (WSL): it has one
		if files, _ := filepath.Glob(pattern); len(files) > 0 { // the patterns are right
			return len(files)
		}
	}
	return 0
}
