package registry

import (
	"math"

	"harness/registry/journal"
)

// Used is what an attempt used, summed up. What was not measured is nil.
type Used struct {
	Seconds   float64        `json:"seconds"` // from the start to the last reading
	Cores     *journal.Level `json:"cores"`   // computed on at a time: mean, and the most over a line of half a second or more
	Memory    *journal.Level `json:"memory"`  // bytes
	Kind      MemoryKind     `json:"memory_kind,omitempty"`
	Read      *int64         `json:"read"`
	Written   *int64         `json:"written"`   // bytes, from and to disks
	Processes int            `json:"processes"` // the most at a time
	GPUs      []UsedGPU      `json:"gpus"`
}

// MemoryKind is how memory that processes share was counted.
type MemoryKind string

const (
	PSS MemoryKind = "pss" // once
	RSS MemoryKind = "rss" // once for each process
)

// UsedGPU is what a GPU of the attempt did meanwhile, for whomever.
type UsedGPU struct {
	journal.Device
	Busy        *journal.Level `json:"busy"`        // percent
	InUse       *journal.Level `json:"in_use"`      // bytes of its memory
	Own         *journal.Level `json:"own"`         // bytes of its memory in use by the attempt itself
	Power       *journal.Level `json:"power"`       // watts
	Energy      *float64       `json:"energy"`      // watt hours
	Temperature *journal.Level `json:"temperature"` // °C
}

// SumUp sums up what an attempt used; false where nothing was recorded.
func SumUp(r journal.Resources) (Used, bool) {
	if len(r.Usage) == 0 {
		return Used{}, false
	}
	first, last := r.Usage[0], r.Usage[len(r.Usage)-1]
	used := Used{Seconds: float64(last.To-first.From) / 1e3, Kind: RSS, GPUs: []UsedGPU{}}
	pss := isPSS(r)
	if pss {
		used.Kind = PSS
	}
	used.Cores = coresOf(r)
	used.Memory = overTime(r, func(u journal.Usage) *journal.Level { return memoryOf(u, pss) })
	if used.Memory == nil {
		used.Kind = ""
	}
	used.Read = total(r, func(u journal.Usage) *int64 { return u.Read })
	used.Written = total(r, func(u journal.Usage) *int64 { return u.Written })
	for _, u := range r.Usage {
		used.Processes = max(used.Processes, u.Processes)
	}
	for i, d := range r.Meter.Devices {
		of := func(pick func(journal.DeviceUsage) *journal.Level) *journal.Level {
			return overTime(r, func(u journal.Usage) *journal.Level {
				if i >= len(u.Devices) {
					return nil
				}
				return pick(u.Devices[i])
			})
		}
		used.GPUs = append(used.GPUs, UsedGPU{
			Device:      d,
			Busy:        of(func(d journal.DeviceUsage) *journal.Level { return d.Busy }),
			InUse:       of(func(d journal.DeviceUsage) *journal.Level { return d.Memory }),
			Own:         of(func(d journal.DeviceUsage) *journal.Level { return d.Own }),
			Power:       of(func(d journal.DeviceUsage) *journal.Level { return d.Power }),
			Temperature: of(func(d journal.DeviceUsage) *journal.Level { return d.Temperature }),
			Energy:      energyOf(r, i),
		})
	}
	return used, true
}

// coresOf is the computing time of each second.
func coresOf(r journal.Resources) *journal.Level {
	var cpu, seconds, most float64
	for _, u := range r.Usage {
		if u.CPU == nil {
			return nil
		}
		span := float64(u.To-u.From) / 1e3
		cpu, seconds = cpu+*u.CPU, seconds+span
		if u.To-u.From >= leastSpan {
			most = math.Max(most, *u.CPU/span)
		}
	}
	if seconds == 0 {
		return nil
	}
	return &journal.Level{Mean: cpu / seconds, Max: math.Max(most, cpu/seconds)}
}

// overTime is a level over all lines, each weighed by its length.
func overTime(r journal.Resources, of func(journal.Usage) *journal.Level) *journal.Level {
	var sum, weight float64
	most := math.Inf(-1)
	for _, u := range r.Usage {
		if l := of(u); l != nil {
			span := math.Max(1, float64(u.To-u.From))
			sum, weight, most = sum+l.Mean*span, weight+span, math.Max(most, l.Max)
		}
	}
	if weight == 0 {
		return nil
	}
	return &journal.Level{Mean: sum / weight, Max: most}
}

// total adds up a count; nil where it is missing anywhere.
func total(r journal.Resources, of func(journal.Usage) *int64) *int64 {
	sum := new(int64)
	for _, u := range r.Usage {
		n := of(u)
		if n == nil {
			return nil
		}
		*sum += *n
	}
	return sum
}

// energyOf is the energy of a GPU in watt hours, of the lines in which it was read.
func energyOf(r journal.Resources, gpu int) *float64 {
	var sum *float64
	for _, u := range r.Usage {
		if gpu < len(u.Devices) && u.Devices[gpu].Energy != nil {
			if sum == nil {
				sum = new(float64)
			}
			*sum += *u.Devices[gpu].Energy / 3600
		}
	}
	return sum
}
