package provenance

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// gpus names the NVIDIA GPUs and their driver, from /proc where the driver shows them there, else from nvidia-smi.
func gpus(ctx context.Context) (models, driver string) {
	if version, err := os.ReadFile("/sys/module/nvidia/version"); err == nil {
		driver = string(bytes.TrimSpace(version))
	}
	var names []string
	files, _ := filepath.Glob("/proc/driver/nvidia/gpus/*/information")
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if key, value, ok := strings.Cut(line, ":"); ok && key == "Model" {
				names = append(names, strings.TrimSpace(value))
			}
		}
	}
	if len(names) > 0 && driver != "" {
		return strings.Join(slices.Compact(names), ", "), driver
	}
	if _, err := exec.LookPath("nvidia-smi"); err != nil {
		return strings.Join(slices.Compact(names), ", "), driver
	}
	out, err := exec.CommandContext(ctx, "nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader").Output()
	if err != nil {
		return strings.Join(slices.Compact(names), ", "), driver
	}
	names = nil
	for line := range strings.Lines(string(out)) {
		name, version, _ := strings.Cut(strings.TrimSpace(line), ", ")
		names, driver = append(names, name), version
	}
	return strings.Join(slices.Compact(names), ", "), driver
}
