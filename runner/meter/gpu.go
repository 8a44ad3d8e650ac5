package meter

import (
	"errors"
	"maps"
	"time"

	"harness/internal/nvml"
	"harness/registry/journal"
)

// GPU is a device that a trial computes on.
type GPU interface {
	// Device says which one it is.
	Device() journal.Device
	// Read reads it now. own tells which processes are the trial's.
	Read(own func(pid int) bool) nvml.Reading
}

var errStuck = errors.New("what it used at last is not known: a GPU did not answer")

// answer is how long a reading of GPUs may take. One that has broken may never answer.
const answer = 2 * time.Second

// gpus are the devices of a trial.
type gpus struct {
	list    []GPU
	pending chan []nvml.Reading // of a reading that takes too long; nil = none
}

func newGPUs(list []GPU) *gpus { return &gpus{list: list} }

func (g *gpus) devices() []journal.Device {
	var devices []journal.Device
	for _, one := range g.list {
		devices = append(devices, one.Device())
	}
	return devices
}

// read reads all of them; nothing where they do not answer in time.
func (g *gpus) read(own map[int]bool) []nvml.Reading {
	if len(g.list) == 0 {
		return nil
	}
	if g.pending != nil { // its answer is old
		select {
		case <-g.pending:
			g.pending = nil
		default:
			return nil
		}
	}
	own = maps.Clone(own)
	answered := make(chan []nvml.Reading, 1)
	go func() {
		readings := make([]nvml.Reading, len(g.list))
		for i, one := range g.list {
			readings[i] = one.Read(func(pid int) bool { return own[pid] })
		}
		answered <- readings
	}()
	select {
	case readings := <-answered:
		return readings
	case <-time.After(answer):
		g.pending = answered
		return nil
	}
}

// end reads what has been counted up to the end; what the GPUs hold now is no longer the trial's.
func (g *gpus) end() []nvml.Reading {
	readings := g.read(nil)
	for i, r := range readings {
		readings[i] = nvml.Reading{Energy: r.Energy}
	}
	return readings
}
