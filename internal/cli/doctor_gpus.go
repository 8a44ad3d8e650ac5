package cli

import (
	"errors"
	"fmt"

	"harness/internal/nvml"
	"harness/model"
)

// gpuState is a GPU as the driver shows it.
type gpuState struct {
	Index     int             `json:"index"`
	UUID      string          `json:"uuid"`
	Name      string          `json:"name"`
	Memory    int64           `json:"memory"`        // bytes; 0 = not known
	MIG       bool            `json:"mig,omitempty"` // it is divided: programs compute on its instances only
	Instances []instanceState `json:"instances,omitempty"`
}

// instanceState is a part of a GPU that is divided.
type instanceState struct {
	UUID   string `json:"uuid"`
	Name   string `json:"name"`
	Memory int64  `json:"memory"`
}

// examineGPUs asks the driver. Where there is none, there is nothing to say.
func examineGPUs(m *machineState) {
	library, err := nvml.Open()
	if err != nil {
		if !errors.Is(err, nvml.ErrMissing) {
			m.Missing = err.Error()
		}
		return
	}
	if library.Driver != "" {
		m.Driver = library.Driver
	}
	for _, d := range library.GPUs() {
		g := gpuState{Index: d.Index, UUID: d.UUID, Name: d.Name, Memory: d.Memory, MIG: d.MIG}
		for _, i := range d.Instances() {
			g.Instances = append(g.Instances, instanceState{i.UUID, i.Name, i.Memory})
		}
		m.GPUs = append(m.GPUs, g)
	}
}

// gpuLines are the GPUs for people, with their names for --gpus and CUDA_VISIBLE_DEVICES.
func (m machineState) gpuLines() []string {
	var lines []string
	for _, g := range m.GPUs {
		line := fmt.Sprintf("%d: %s", g.Index, sized(g.Name, g.Memory))
		if g.MIG {
			line += fmt.Sprintf(", divided into %s", counted(len(g.Instances), "instance"))
		}
		lines = append(lines, line+": "+g.UUID)
		for _, i := range g.Instances {
			lines = append(lines, fmt.Sprintf("   %s: %s", sized(i.Name, i.Memory), i.UUID))
		}
	}
	if m.Missing != "" {
		lines = append(lines, "missing: "+m.Missing)
	}
	return lines
}

func sized(name string, memory int64) string {
	if memory == 0 {
		return name
	}
	return name + ", " + model.Bytes(memory)
}
