package runner

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"harness/internal/nvml"
	"harness/registry/journal"
	"harness/runner/meter"
)

// Instruments read the GPUs of this machine.
type Instruments interface {
	// Find returns the device that CUDA_VISIBLE_DEVICES names so.
	Find(name string) (meter.GPU, error)
	// Broken returns the GPUs that have reported an error of their hardware, each error once. It does not wait.
	Broken() []Broken
}

// Broken is a GPU that has reported an error of its hardware.
type Broken struct {
	UUID string // of the GPU, also where one of its instances has failed
	What string
}

// NVML reads GPUs through NVIDIA's library. It loads the library; an error says why that cannot be done.
func NVML() (Instruments, error) {
	library, err := nvml.Open()
	if err != nil {
		return nil, err
	}
	return &nvmlInstruments{library: library, answers: make(chan []Broken, 1)}, nil
}

// nvmlInstruments ask for errors in a goroutine of its own: a driver that is in trouble may keep who asks waiting, and a sweep has others to
// look after.
type nvmlInstruments struct {
	library *nvml.Library
	watch   sync.Once
	answers chan []Broken
}

func (n *nvmlInstruments) Find(name string) (meter.GPU, error) {
	d, err := n.library.Find(name, nvml.ByBus())
	if err != nil {
		return nil, err
	}
	return nvmlGPU{d}, nil
}

func (n *nvmlInstruments) Broken() []Broken {
	n.watch.Do(func() {
		go func() {
			for _, d := range n.library.GPUs() {
				_ = n.library.Watch(d) // an old one does not tell
			}
			n.ask()
		}()
	})
	select {
	case all := <-n.answers:
		go n.ask()
		return all
	default:
		return nil
	}
}

// ask hands on what has been reported.
func (n *nvmlInstruments) ask() {
	var all []Broken
	for range 100 {
		e, some := n.library.Next()
		if !some {
			break
		}
		if e.OfHardware() {
			all = append(all, Broken{e.Device.UUID, e.String()})
		}
	}
	n.answers <- all
}

// nvmlGPU is a device of NVML as a meter takes it.
type nvmlGPU struct{ d *nvml.Device }

func (g nvmlGPU) Device() journal.Device {
	d := journal.Device{UUID: g.d.UUID, Name: g.d.Name, Memory: g.d.Memory, MIG: g.d.MIG}
	if g.d.Parent != nil {
		d.Parent = g.d.Parent.UUID
	}
	return d
}

func (g nvmlGPU) Read(own func(pid int) bool) nvml.Reading { return g.d.Read(own) }

// sharedGPU is a device on which several trials may be at a time.
type sharedGPU struct {
	meter.GPU
	trials int
}

func (g sharedGPU) Device() journal.Device {
	d := g.GPU.Device()
	d.Shared = g.trials
	return d
}

// equip finds the devices of the pool with the instruments. What cannot be told apart is not measured, and said once.
func (p *pool) equip(i Instruments) error {
	p.found = make([]meter.GPU, len(p.Devices))
	var unknown []error
	for at, name := range p.Devices {
		gpu, err := i.Find(name)
		if err != nil {
			unknown = append(unknown, err)
			continue
		}
		if p.PerGPU > 1 {
			gpu = sharedGPU{gpu, p.PerGPU}
		}
		p.found[at] = gpu
	}
	if len(unknown) > 0 {
		return fmt.Errorf("GPUs are not measured: %w", errors.Join(unknown[:1]...))
	}
	return nil
}

// allottedGPUs are the devices that a scheduler has given this process, if CUDA_VISIBLE_DEVICES names all of them by UUID: which one a
// number means within a job depends on the cluster.
func allottedGPUs() []meter.GPU {
	names := strings.Split(os.Getenv("CUDA_VISIBLE_DEVICES"), ",")
	for i, name := range names {
		if names[i] = strings.TrimSpace(name); !strings.HasPrefix(names[i], "GPU-") && !strings.HasPrefix(names[i], "MIG-") {
			return nil
		}
	}
	instruments, err := NVML()
	if err != nil {
		return nil
	}
	var list []meter.GPU
	for _, name := range names {
		gpu, err := instruments.Find(name)
		if err != nil {
			return nil
		}
		list = append(list, gpu)
	}
	return list
}

// measured are the devices of a share, if all of them are known.
func (p *pool) measured(s share) []meter.GPU {
	var list []meter.GPU
	for _, i := range s.devices {
		if i >= len(p.found) || p.found[i] == nil {
			return nil
		}
		list = append(list, p.found[i])
	}
	return list
}
