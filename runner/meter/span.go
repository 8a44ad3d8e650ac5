package meter

import (
	"math"
	"time"

	"harness/internal/nvml"
	"harness/registry/journal"
)

// reading is what a process tree is at a moment, and what it used since the reading before. What could not be read is nil.
type reading struct {
	cpu           *float64 // seconds since the reading before
	read, written *int64   // bytes since the reading before
	rss, pss      *int64   // bytes now
	processes     int
}

// span adds up the readings of one line.
type span struct {
	from, to      time.Duration // since the start
	cpu           *float64
	read, written *int64
	rss, pss      gauge
	processes     int
	gpus          []gpuSpan
}

// gauge adds up what a quantity was.
type gauge struct {
	n        int
	sum, max float64
}

func (g *gauge) add(v *float64) {
	if v == nil {
		return
	}
	if g.n == 0 || *v > g.max {
		g.max = *v
	}
	g.n++
	g.sum += *v
}

// level is nil where there was no reading.
func (g gauge) level() *journal.Level {
	if g.n == 0 {
		return nil
	}
	return &journal.Level{Mean: short(g.sum / float64(g.n)), Max: short(g.max)}
}

// short leaves six digits of a number, which is more than was measured.
func short(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(v)))-5)
	if unit >= 1 {
		return math.Round(v/unit) * unit
	}
	return math.Round(v/unit) / math.Round(1/unit)
}

func sum[T int64 | float64](total, more *T) *T {
	if more == nil {
		return total
	}
	v := *more
	if total != nil {
		v += *total
	}
	return &v
}

func (s *span) add(r reading, elapsed time.Duration) {
	s.to = elapsed
	s.cpu, s.read, s.written = sum(s.cpu, r.cpu), sum(s.read, r.read), sum(s.written, r.written)
	s.rss.add(float(r.rss))
	s.pss.add(float(r.pss))
	s.processes = max(s.processes, r.processes)
}

func float(v *int64) *float64 {
	if v == nil {
		return nil
	}
	f := float64(*v)
	return &f
}

// usage is the span as a line.
func (s *span) usage() journal.Usage {
	u := journal.Usage{From: s.from.Milliseconds(), To: s.to.Milliseconds(), Read: s.read, Written: s.written,
		PSS: s.pss.level(), RSS: s.rss.level(), Processes: s.processes}
	if s.cpu != nil {
		cpu := short(*s.cpu)
		u.CPU = &cpu
	}
	for _, g := range s.gpus {
		u.Devices = append(u.Devices, g.usage())
	}
	return u
}

// next is the span that follows.
func (s *span) next() span {
	next := span{from: s.to, to: s.to}
	for _, g := range s.gpus {
		next.gpus = append(next.gpus, gpuSpan{counter: g.counter, at: g.at})
	}
	return next
}

// gpuSpan adds up the readings of one GPU.
type gpuSpan struct {
	busy, memory, own, power, temperature gauge
	energy                                *float64 // joules
	counter                               *float64 // of the GPU, at the reading before
	at                                    time.Duration
}

func (s *span) addGPUs(readings []nvml.Reading, elapsed time.Duration) {
	for i, r := range readings {
		if i == len(s.gpus) {
			s.gpus = append(s.gpus, gpuSpan{at: s.to})
		}
		s.gpus[i].add(r, elapsed)
	}
}

func (g *gpuSpan) add(r nvml.Reading, elapsed time.Duration) {
	g.busy.add(r.Busy)
	g.memory.add(r.Memory)
	g.own.add(r.Own)
	g.power.add(r.Power)
	g.temperature.add(r.Temperature)
	switch {
	case r.Energy != nil: // a count of joules
		if g.counter != nil && *r.Energy >= *g.counter {
			used := *r.Energy - *g.counter
			g.energy = sum(g.energy, &used)
		}
		g.counter = r.Energy
	case r.Power != nil && elapsed > g.at:
		used := *r.Power * (elapsed - g.at).Seconds()
		g.energy = sum(g.energy, &used)
	}
	g.at = elapsed
}

func (g *gpuSpan) usage() journal.DeviceUsage {
	u := journal.DeviceUsage{Busy: g.busy.level(), Memory: g.memory.level(), Own: g.own.level(), Power: g.power.level(), Temperature: g.temperature.level()}
	if g.energy != nil {
		energy := short(*g.energy)
		u.Energy = &energy
	}
	return u
}
