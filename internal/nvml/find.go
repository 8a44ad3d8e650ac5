package nvml

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Find returns the device that CUDA_VISIBLE_DEVICES names so: by an index, a UUID or the beginning of one, of a GPU or an instance, or
// by the older name of an instance, MIG-GPU-UUID/GI/CI. byBus says that CUDA counts as NVML does (CUDA_DEVICE_ORDER=PCI_BUS_ID); where it
// does not, an index means something only among GPUs that are alike.
func (l *Library) Find(name string, byBus bool) (*Device, error) {
	if i, err := strconv.Atoi(name); err == nil {
		return l.byIndex(i, byBus)
	}
	if old, ok := strings.CutPrefix(name, "MIG-GPU-"); ok {
		return l.byPlace("GPU-" + old)
	}
	var found []*Device
	for _, d := range l.devices {
		for _, one := range append([]*Device{d}, d.instances...) {
			if len(name) > len("GPU-") && strings.HasPrefix(strings.ToLower(one.UUID), strings.ToLower(name)) {
				found = append(found, one)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("there is no GPU %s", name)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("GPU %s: %d have a name that begins so", name, len(found))
}

// deviceName is what CUDA takes for a device: a number, or the name of a GPU or of a part of one (MIG).
var deviceName = regexp.MustCompile(`^(\d+|GPU-[0-9A-Fa-f-]+|MIG-[0-9A-Za-z/-]+)$`)

// Named reads $CUDA_VISIBLE_DEVICES as CUDA does: what follows the first that is no device, such as -1, does not count.
func Named(visible string) []string {
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

// ByBus says that CUDA counts GPUs as NVML does: what [Library.Find] wants to know.
func ByBus() bool { return os.Getenv("CUDA_DEVICE_ORDER") == "PCI_BUS_ID" }

var errOrder = errors.New("the GPUs differ, and CUDA counts them in another order than the driver does: set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name them by UUID")

func (l *Library) byIndex(i int, byBus bool) (*Device, error) {
	var found *Device
	for _, d := range l.devices {
		if d.Index == i {
			found = d
		}
		if first := l.devices[0]; !byBus && (d.Name != first.Name || d.MIG != first.MIG) {
			return nil, fmt.Errorf("GPU %d: %w", i, errOrder)
		}
	}
	switch {
	case found == nil:
		return nil, fmt.Errorf("there is no GPU %d", i)
	case found.MIG:
		return nil, fmt.Errorf("GPU %d is divided into instances (MIG): name one of them by UUID", i)
	}
	return found, nil
}

// byPlace finds an instance by GPU-UUID/GI/CI.
func (l *Library) byPlace(place string) (*Device, error) {
	parts := strings.Split(place, "/")
	if len(parts) == 3 {
		for _, d := range l.devices {
			for _, one := range d.instances {
				if strings.EqualFold(d.UUID, parts[0]) && strconv.Itoa(one.gpu) == parts[1] && strconv.Itoa(one.compute) == parts[2] {
					return one, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("there is no instance MIG-%s", place)
}
