package plugins

import (
	"fmt"
	"path/filepath"
	"strings"
)

// GPUs says what the environment leaves of a machine's NVIDIA GPUs.
type GPUs struct {
	Set     bool   // CUDA_VISIBLE_DEVICES is set
	Devices string // to this
}

// Visible refuses a plugin for GPUs where none can be seen: CUDA would say so after minutes, and in other words.
func (g GPUs) Visible(p Plugin) error {
	if !p.GPU {
		return nil
	}
	first, _, _ := strings.Cut(g.Devices, ",")
	switch first = strings.TrimSpace(first); {
	case g.Set && strings.TrimSpace(g.Devices) == "":
		return fmt.Errorf("no GPU is visible: CUDA_VISIBLE_DEVICES is empty")
	case g.Set && strings.HasPrefix(first, "-"): // CUDA stops reading at what is no device
		return fmt.Errorf("no GPU is visible: CUDA_VISIBLE_DEVICES is %s", g.Devices)
	case !present("/proc/driver/nvidia/version") && !present("/dev/nvidia[0-9]*") && !present("/dev/dxg"): // the last is Windows' (WSL)
		return fmt.Errorf("no GPU is visible: there is no NVIDIA driver here")
	}
	return nil
}

func present(pattern string) bool {
	found, _ := filepath.Glob(pattern) // the pattern is right
	return len(found) > 0
}
