package runner

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// GPUs says which GPUs trials may use. Without devices, trials are not told of any.
type GPUs struct {
	Devices  []string // as CUDA_VISIBLE_DEVICES names them
	PerTrial int      // how many a trial needs; 0 = none
	PerGPU   int      // trials that share one; 0 = 1
}

// CheckResources refuses trials that need more GPUs or CPUs each than this machine has for them.
func CheckResources(g GPUs, cpus int) error {
	if have := len(g.Devices); g.PerTrial > have {
		return fmt.Errorf("gpus: a trial needs %d, and %s here%s", g.PerTrial, count(have, "GPU"), visible(g.Devices))
	}
	if have := cores(); cpus > have {
		return fmt.Errorf("cpus: a trial needs %d, and %s here", cpus, count(have, "CPU"))
	}
	return nil
}

func count(n int, what string) string {
	switch n {
	case 0:
		return "there is no " + what
	case 1:
		return "there is 1 " + what
	}
	return fmt.Sprintf("there are %d %ss", n, what)
}

// visible says where the list of GPUs may have been cut.
func visible(devices []string) string {
	if _, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); !set {
		return ""
	}
	return " (CUDA_VISIBLE_DEVICES=" + strings.Join(devices, ",") + ")"
}

// pool hands out GPUs.
type pool struct {
	GPUs
	load []int // trials on each device
}

func newPool(g GPUs) *pool {
	g.PerGPU = max(1, g.PerGPU)
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
