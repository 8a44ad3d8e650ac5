package runner

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"harness/model/spec"
	"harness/runner/meter"
)

// GPUs says which GPUs trials may use. Without devices, trials are not told of any.
type GPUs struct {
	Devices  []string // as CUDA_VISIBLE_DEVICES names them
	PerTrial int      // how many a trial needs; 0 = none
	OnXLA    int      // how many a trial needs at least that is OnXLA: 1 where its plugin computes on GPUs
	PerGPU   int      // trials that share one; 0 = 1
	// Instruments measure them; nil = nothing is known of them.
	Instruments Instruments
}

// OnXLA reports whether a trial is one of the built-in trainer's on the engine xla.
func OnXLA(t spec.Trial) bool { return t.Command == "" && t.Engine == spec.XLAEngine }

// need is how many GPUs a trial gets.
func (g GPUs) need(t spec.Trial) int {
	if OnXLA(t) {
		return max(g.PerTrial, g.OnXLA)
	}
	return g.PerTrial
}

// CheckResources refuses trials that need more GPUs or CPUs each than this machine has for them.
func CheckResources(g GPUs, cpus int) error {
	if have, need := len(g.Devices), max(g.PerTrial, g.OnXLA); need > have {
		return fmt.Errorf("gpus: a trial needs %d, and %s here%s", need, count(have, "GPU"), visible())
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
func visible() string {
	devices, set := os.LookupEnv("CUDA_VISIBLE_DEVICES")
	switch {
	case !set:
		return ""
	case devices == "":
		return " (CUDA_VISIBLE_DEVICES is empty)"
	}
	return " (CUDA_VISIBLE_DEVICES=" + devices + ")"
}

// pool hands out GPUs.
type pool struct {
	GPUs
	load    []int       // trials on each device; a trial that has one to itself counts as PerGPU
	found   []meter.GPU // each device as it can be measured; nil = it cannot
	records []record    // of each device
	cleared []strike    // failures that no device is to blame for
}

// share is what a trial has of the pool.
type share struct {
	devices []int
	alone   bool // no other trial gets them meanwhile
}

func newPool(g GPUs) *pool {
	g.PerGPU = max(1, g.PerGPU)
	return &pool{GPUs: g, load: make([]int, len(g.Devices)), records: make([]record, len(g.Devices))}
}

// room is how many of these trials fit at a time; 0 means that the GPUs set no limit, since some need none.
func (p *pool) room(trials []*job) int {
	most := 0
	for _, k := range trials {
		need := p.need(k.Spec)
		if need == 0 {
			return 0
		}
		most = max(most, need)
	}
	if most == 0 {
		return 0
	}
	return max(1, len(p.Devices)/most) * p.PerGPU
}

// weight is what a trial adds to the load of a device.
func (p *pool) weight(alone bool) int {
	if alone {
		return p.PerGPU
	}
	return 1
}

// find returns the devices that a trial would get now, those with the fewest trials first, and false when there are not enough. One that
// the trial has failed on comes last.
func (p *pool) find(need int, alone bool, trial string) (found share, ok bool) {
	found.alone = alone
	rank := func(i int) int {
		if slices.ContainsFunc(p.records[i].strikes, func(s strike) bool { return s.trial == trial }) {
			return p.load[i] + p.PerGPU
		}
		return p.load[i]
	}
	for range need {
		best := -1
		for i, load := range p.load {
			if load+p.weight(alone) <= p.PerGPU && p.records[i].aside == "" && !slices.Contains(found.devices, i) && (best < 0 || rank(i) < rank(best)) {
				best = i
			}
		}
		if best < 0 {
			return share{}, false
		}
		found.devices = append(found.devices, best)
	}
	return found, true
}

// take gives devices to a trial.
func (p *pool) take(s share) {
	for _, i := range s.devices {
		p.load[i] += p.weight(s.alone)
	}
}

// give takes them back.
func (p *pool) give(s share) {
	for _, i := range s.devices {
		p.load[i] -= p.weight(s.alone)
	}
}

// XLA, which JAX computes with, takes three quarters of a GPU's memory when it starts. Trials that share a GPU each take what they
// need instead, up to their part of nine tenths.
const (
	preallocate    = "XLA_PYTHON_CLIENT_PREALLOCATE"
	memoryFraction = "XLA_PYTHON_CLIENT_MEM_FRACTION"
	sharedMemory   = 0.9
)

// environment tells a trial which devices are its own, and how much of them. What the user has set stays.
func (p *pool) environment(s share) []string {
	if len(s.devices) == 0 {
		return nil
	}
	names := make([]string, len(s.devices))
	for i, d := range s.devices {
		names[i] = p.Devices[d]
	}
	told := []string{"CUDA_VISIBLE_DEVICES=" + strings.Join(names, ",")}
	if p.PerGPU == 1 || s.alone {
		return told
	}
	if !isSet(preallocate) {
		told = append(told, preallocate+"=false")
	}
	if !isSet(memoryFraction) && !isSet("XLA_CLIENT_MEM_FRACTION") { // the newer name
		told = append(told, fmt.Sprintf("%s=%.3f", memoryFraction, sharedMemory/float64(p.PerGPU)))
	}
	return told
}

func isSet(variable string) bool {
	_, set := os.LookupEnv(variable)
	return set
}
