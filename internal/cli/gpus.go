package cli

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"harness/model/engine/plugins"
	"harness/model/spec"
	"harness/registry"
	"harness/runner"
	"harness/sweeps"
)

// gpuOptions are the flags that say how many GPUs a trial gets.
type gpuOptions struct{ gpus, perGPU int }

func (o *gpuOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&o.gpus, "gpus", 0, "GPUs of each trial (default: what the file says, else one for engine xla with a plugin for GPUs); $CUDA_VISIBLE_DEVICES says which")
	f.IntVar(&o.perGPU, "per-gpu", 0, "trials that share a GPU (default: what the file says, else 1)")
}

func (o gpuOptions) check() error {
	if o.gpus < 0 || o.perGPU < 0 {
		return usageError("--gpus and --per-gpu: want at least 1")
	}
	return nil
}

// of is what trials may have of this machine's GPUs: what the flags say, else the file. engine is the value of --engine, with the path of
// a plugin where there is one.
func (o gpuOptions) of(r sweeps.Resources, engine string, trials []spec.Trial) runner.GPUs {
	g := runner.GPUs{Devices: visibleGPUs(), PerTrial: r.GPUs, PerGPU: r.PerGPU}
	if o.gpus > 0 {
		g.PerTrial = o.gpus
	}
	if o.perGPU > 0 {
		g.PerGPU = o.perGPU
	}
	if isForGPUs(engine) && slices.ContainsFunc(trials, runner.OnXLA) {
		g.OnXLA = 1
	}
	return g
}

// resourcesOf are the GPUs that the plans of a trial's sweeps ask for, for a rerun: it has them to itself.
func resourcesOf(ctx context.Context, db *registry.DB, id string) (sweeps.Resources, error) {
	var r sweeps.Resources
	handles, err := db.SweepsOf(ctx, id)
	if err != nil {
		return r, err
	}
	for _, handle := range handles {
		s, err := db.Sweep(ctx, handle)
		if err != nil {
			return r, err
		}
		if plan, err := decodePlan(db, s, nil); err == nil { // what cannot be read asks for nothing
			r.GPUs = max(r.GPUs, plan.Resources.GPUs)
		}
	}
	return r, nil
}

// isForGPUs reports whether an engine's plugin computes on GPUs.
func isForGPUs(engine string) bool {
	name, err := spec.ParseEngine(engine)
	return err == nil && name.Plugin != "" && plugins.At(name.Plugin).GPU
}

// visibleGPUs lists the GPUs that the user leaves to us: $CUDA_VISIBLE_DEVICES, else all that there are.
func visibleGPUs() []string {
	if visible, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		return devicesIn(visible)
	}
	var count int
	for _, pattern := range []string{"/dev/nvidia[0-9]*", "/proc/driver/nvidia/gpus/*", "/dev/dxg"} { // the last is Windows' (WSL): it has one
		if files, _ := filepath.Glob(pattern); len(files) > 0 { // the patterns are right
			count = len(files)
			break
		}
	}
	devices := make([]string, count)
	for i := range devices {
		devices[i] = strconv.Itoa(i)
	}
	return devices
}

// deviceName is what CUDA takes for a device: a number, or the name of a GPU or of a part of one (MIG).
var deviceName = regexp.MustCompile(`^(\d+|GPU-[0-9A-Fa-f-]+|MIG-[0-9A-Za-z/-]+)$`)

// devicesIn reads $CUDA_VISIBLE_DEVICES as CUDA does: what follows the first that is no device, such as -1, does not count.
func devicesIn(visible string) []string {
	var devices []string
	for name := range strings.SplitSeq(visible, ",") {
		name = strings.TrimSpace(name)
		if !deviceName.MatchString(name) {
			break
		}
		if !slices.Contains(devices, name) {
			devices = append(devices, name)
		}
	}
	return devices
}
