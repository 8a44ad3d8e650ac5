package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/internal/nvml"
	"harness/model/spec"
	"harness/sweeps"
)

// What stands in CUDA_VISIBLE_DEVICES is read as CUDA does, and names stay as they are.
func TestDevicesIn(t *testing.T) {
	for visible, want := range map[string][]string{
		"":           nil,
		"-1":         nil,
		"NoDevFiles": nil,
		"0":          {"0"},
		"2, 0":       {"2", "0"},
		"1,-1,0":     {"1"},
		"0,0,1":      {"0", "1"},
		"0,,1":       {"0"},
		"GPU-8932f937-d72c-4106-c12f-20bd9faed9f6": {"GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"},
		"MIG-1f0a,MIG-GPU-8932f937/1/0":            {"MIG-1f0a", "MIG-GPU-8932f937/1/0"},
	} {
		if d := cmp.Diff(want, nvml.Named(visible)); d != "" {
			t.Errorf("%q: %s", visible, d)
		}
		t.Setenv("CUDA_VISIBLE_DEVICES", visible)
		if d := cmp.Diff(want, visibleGPUs(true)); d != "" {
			t.Errorf("%q: %s", visible, d)
		}
	}
}

// A trial on a plugin for GPUs gets one of its own; flags count more than the file.
func TestGPUOptions(t *testing.T) {
	t.Setenv("CUDA_VISIBLE_DEVICES", "0,1")
	xla, native := spec.Trial{Engine: "xla"}, spec.Trial{}
	for _, c := range []struct {
		flags                   gpuOptions
		file                    sweeps.Resources
		engine                  string
		trials                  []spec.Trial
		perTrial, onXLA, perGPU int
	}{
		{engine: "xla:/p/xla_cuda_plugin.so", trials: []spec.Trial{native, xla}, onXLA: 1},
		{engine: "xla:/p/xla_cuda_plugin.so,bf16", trials: []spec.Trial{xla}, onXLA: 1},
		{engine: "xla:/p/cuda/libpjrt_cpu.so", trials: []spec.Trial{xla}},
		{engine: "xla:/p/xla_cuda_plugin.so", trials: []spec.Trial{native}},
		{engine: "", trials: []spec.Trial{native}},
		{file: sweeps.Resources{GPUs: 2, PerGPU: 3}, perTrial: 2, perGPU: 3},
		{flags: gpuOptions{gpus: "all"}, perTrial: 1},
		{flags: gpuOptions{gpus: "1,0"}, file: sweeps.Resources{GPUs: 2}, perTrial: 2},
		{flags: gpuOptions{gpus: "1", perGPU: 4}, file: sweeps.Resources{GPUs: 2, PerGPU: 3}, perTrial: 1, perGPU: 4},
	} {
		got := c.flags.of(c.file, c.engine, c.trials)
		if got.PerTrial != c.perTrial || got.OnXLA != c.onXLA || got.PerGPU != c.perGPU || len(got.Devices) != 2 {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}
