package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/hostmemory"
	"harness/model"
	"harness/model/engine/native"
	"harness/model/engine/plugins"
	"harness/model/spec"
)

// diagnosis is what this machine can compute with, and what is missing.
type diagnosis struct {
	Engines []engineState `json:"engines"`
	Plugins []pluginState `json:"plugins"`
	Looked  []string      `json:"looked"` // folders of packages
	Pythons []string      `json:"pythons"`
	Home    homeState     `json:"home"`
	Machine machineState  `json:"machine"`
}

// engineState is an engine, and why it cannot be used.
type engineState struct {
	Name    string `json:"name"`
	Ready   bool   `json:"ready"`
	Missing string `json:"missing,omitempty"`
	Kernels string `json:"kernels,omitempty"` // of native
	Library string `json:"library,omitempty"` // of the others
	// BF16 says why precision bf16 cannot be had; "" where it can.
	BF16 string `json:"bf16_missing,omitempty"`
	// GFLOPS are products of large float32 matrices, on one thread and on all.
	GFLOPSOne float64 `json:"gflops_one_thread,omitempty"`
	GFLOPS    float64 `json:"gflops,omitempty"`
}

// machineState is what there is to compute on.
type machineState struct {
	CPU     string  `json:"cpu"`
	Cores   int     `json:"cores"`
	Memory  int64   `json:"memory"`
	GPU     string  `json:"gpu,omitempty"`
	Driver  string  `json:"driver,omitempty"`
	Visible *string `json:"cuda_visible_devices"` // null: not set

	GPUs    []gpuState `json:"gpus,omitempty"`
	Missing string     `json:"gpus_missing,omitempty"` // why the driver does not tell of them, although it is there
}

func newDoctorCommand() *cobra.Command {
	var engine string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what this machine can compute with: engines, plugins, GPUs, the home",
		Long: `Tell what this machine can compute with: engines with their speed, the PJRT plugins that were found and what they compute on, where was looked,
the home and the machine; and what is missing, one line each. Plugins are loaded in a process of their own, for at most a minute.

The exit code is 1 when nothing can run, or when the engine that --engine names cannot.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return doctor(cmd.Context(), cmd.OutOrStdout(), homeOf(cmd), engine, asJSON)
		},
	}
	cmd.Flags().StringVar(&engine, "engine", "", engineUsage)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func doctor(ctx context.Context, w io.Writer, home, engine string, asJSON bool) error {
	asked, err := readEngine(engine)
	if err != nil {
		return err
	}
	d := examine(ctx, home, asked)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if asJSON {
		err = printJSON(w, d)
	} else {
		err = d.write(w)
	}
	if err != nil {
		return err
	}
	return d.verdict(asked)
}

// verdict is the error that tells the exit code.
func (d diagnosis) verdict(asked spec.EngineName) error {
	name := asked.Kind
	if name == "" {
		name = nativeName
	}
	for _, e := range d.Engines {
		switch {
		case e.Name != name:
		case !e.Ready:
			return fmt.Errorf("engine %s cannot be used: %s", name, e.Missing)
		case asked.Precision == spec.BF16 && e.BF16 != "":
			return fmt.Errorf("engine %s has no precision bf16: %s", name, e.BF16)
		}
	}
	if d.Home.Missing != "" {
		return fmt.Errorf("home %s: %s", d.Home.Path, d.Home.Missing)
	}
	return nil
}

const nativeName = "native"

func examine(ctx context.Context, home string, asked spec.EngineName) diagnosis {
	here := build(ctx)
	d := diagnosis{
		Home:    examineHome(home),
		Pythons: pythons(),
		Machine: machineState{CPU: here.CPU, Cores: runtime.NumCPU(), Memory: hostmemory.Size(), GPU: here.GPU, Driver: here.Driver},
	}
	examineGPUs(&d.Machine)
	if visible, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); set {
		d.Machine.Visible = &visible
	}
	var found []plugins.Plugin
	if found, d.Looked = installedPlugins(); asked.Plugin != "" {
		found = []plugins.Plugin{plugins.At(asked.Plugin)}
	}
	d.Plugins = []pluginState{}
	for _, p := range found {
		d.Plugins = append(d.Plugins, examinePlugin(ctx, p))
	}
	version := readVersion()
	d.Engines = []engineState{
		examineNative(),
		{Name: spec.GoEngine, Ready: true, Library: version.Engines[1].Library},
		d.xla(version.Engines[2].Library),
	}
	return d
}

// xla is the state of the engine that needs a plugin: that of the first plugin, which is the one that is taken.
func (d diagnosis) xla(library string) engineState {
	e := engineState{Name: spec.XLAEngine, Library: library}
	if len(d.Plugins) == 0 {
		e.Missing = "no PJRT plugin is installed: " + plugins.Install
		return e
	}
	first := d.Plugins[0]
	e.Ready, e.Missing, e.GFLOPS = first.Missing == "", first.Missing, first.GFLOPS
	return e
}

func examineNative() engineState {
	e := engineState{Name: nativeName, Ready: true, Kernels: nativeKernels()}
	if err := model.CheckNative(spec.BF16); err != nil {
		e.BF16 = strings.TrimPrefix(strings.TrimPrefix(err.Error(), "precision: "), "bf16: ")
	}
	for _, m := range []struct {
		threads int
		to      *float64
	}{{1, &e.GFLOPSOne}, {0, &e.GFLOPS}} {
		speed, err := productSpeed(native.New(m.threads), 768)
		if err != nil {
			e.Ready, e.Missing = false, err.Error()
			return e
		}
		*m.to = speed
	}
	return e
}

// pythons lists the programs whose packages were looked through.
func pythons() []string {
	found := []string{}
	for _, name := range []string{"python3", "python"} {
		if path, err := exec.LookPath(name); err == nil {
			found = append(found, path)
		}
	}
	return found
}
