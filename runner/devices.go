package runner

import (
	"slices"
	"strings"
)

// GPUs says which GPUs trials may use. Without devices, trials are not told of any.
type GPUs struct {
	Devices  []string // as CUDA_VISIBLE_DEVICES names them
	PerTrial int      // how many a trial needs; 0 = none
	PerGPU   int      // trials that share one; 0 = 1
}

// pool hands out GPUs.
type pool struct {
	GPUs
	load []int // trials on each device
}

func newPool(g GPUs) *pool {
	g.PerGPU = max(1, g.PerGPU)
	if g.PerTrial > len(g.Devices) {
		g.PerTrial = len(g.Devices) // all there are
	}
	return &pool{GPUs: g, load: make([]int, len(g.Devices))}
}

// room is how many trials fit at a time; 0 means that the GPUs set no limit.
func (p *pool) room() int {
	if p.PerTrial == 0 {
		return 0
	}
	return max(1, len(p.Devices)/p.PerTrial) * p.PerGPU
}

// take returns the devices of a trial, those with the fewest trials first, and false when there are not enough now.
func (p *pool) take() (devices []int, ok bool) {
	for range p.PerTrial {
		best := -1
		for i, load := range p.load {
			if load < p.PerGPU && !slices.Contains(devices, i) && (best < 0 || load < p.load[best]) {
				best = i
			}
		}
		if best < 0 {
			return nil, false
		}
		devices = append(devices, best)
	}
	for _, i := range devices {
		p.load[i]++
	}
	return devices, true
}

// give takes back the devices of a trial.
func (p *pool) give(devices []int) {
	for _, i := range devices {
		p.load[i]--
	}
}

// environment tells a trial which devices are its own.
func (p *pool) environment(devices []int) []string {
	if len(devices) == 0 {
		return nil
	}
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = p.Devices[d]
	}
	return []string{"CUDA_VISIBLE_DEVICES=" + strings.Join(names, ",")}
}
