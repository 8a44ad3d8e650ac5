package xla

import (
	"fmt"
	"os"
	"strings"

	"harness/internal/nvml"
	"harness/model/engine/xla/pjrt"
)

// contextRoom is about what CUDA and its libraries take of a GPU before a program runs.
const contextRoom = 1 << 30

// fullGPU is an error of memory in place of one with which a plugin for GPUs did not start, if every GPU that it may use is full: the
// plugin says of that only that there is no device.
func fullGPU(err error, library func() (*nvml.Library, error)) error {
	driver, missing := library()
	if missing != nil {
		return err
	}
	devices := visible(driver)
	if len(devices) == 0 {
		return err
	}
	var said []string
	for _, d := range devices {
		used := d.Read(func(int) bool { return false }).Memory
		if used == nil || d.Memory-int64(*used) >= contextRoom {
			return err
		}
		said = append(said, fmt.Sprintf("GPU %s has %.1f of %.1f GiB free", d.UUID, gibibytes(d.Memory-int64(*used)), gibibytes(d.Memory)))
	}
	return fmt.Errorf("out of memory before the first step: %s: other programs hold the rest (%w; the plugin: %w)", strings.Join(said, ", "),
		pjrt.ResourceExhausted, err)
}

func gibibytes(n int64) float64 { return float64(n) / (1 << 30) }

// visible are the GPUs that CUDA may use; none where that is not known.
func visible(driver *nvml.Library) []*nvml.Device {
	names, set := os.LookupEnv("CUDA_VISIBLE_DEVICES")
	if !set {
		return driver.Devices()
	}
	var devices []*nvml.Device
	for _, name := range nvml.Named(names) {
		d, err := driver.Find(name, nvml.ByBus())
		if err != nil {
			return nil
		}
		devices = append(devices, d)
	}
	return devices
}
