package view

import (
	"fmt"
	"math"
	"strings"

	"harness/model"
	"harness/registry"
	"harness/registry/journal"
)

// Resources is what an attempt used, as JSON shows it.
type Resources struct {
	registry.Used
	Lines []journal.Usage `json:"lines"` // over time

	all journal.Resources
}

// newResources sums up what an attempt used; nil where nothing was recorded.
func newResources(r journal.Resources) *Resources {
	used, some := registry.SumUp(r)
	if !some {
		return nil
	}
	return &Resources{Used: used, Lines: r.Usage, all: r}
}

// Facts are what is known, for people.
func (r *Resources) Facts() []Field {
	if r == nil {
		return nil
	}
	var all []Field
	if c := r.Cores; c != nil {
		all = append(all, Field{"cores used", fmt.Sprintf("%.2f, at most %.2f", c.Mean, c.Max) + r.spark("system/cpu")})
	}
	if m := r.Memory; m != nil {
		kind := ""
		if r.Kind == registry.RSS && r.Processes > 1 {
			kind = " (shared pages counted for each process)"
		}
		all = append(all, Field{"memory used", fmt.Sprintf("%s, at most %s when read%s", model.Bytes(int64(m.Mean)), model.Bytes(int64(m.Max)), kind) + r.spark("system/memory")})
	}
	if r.Read != nil && r.Written != nil && *r.Read+*r.Written > 0 {
		all = append(all, Field{"disk", fmt.Sprintf("%s read, %s written", model.Bytes(*r.Read), model.Bytes(*r.Written))})
	}
	for i, g := range r.GPUs {
		all = append(all, Field{fmt.Sprintf("gpu %d", i), gpuText(g)})
	}
	if len(r.GPUs) > 0 {
		all = append(all, Field{"gpus used", strings.TrimSpace(r.spark("system/gpu"))})
	}
	return all
}

// gpuText is what a GPU did, on one line.
func gpuText(g registry.UsedGPU) string {
	parts := []string{strings.TrimSpace(g.Name + " " + g.UUID)}
	if g.Busy != nil {
		parts = append(parts, fmt.Sprintf("%.0f%% busy", g.Busy.Mean))
	}
	if g.InUse != nil {
		text := "when read at most " + model.Bytes(int64(g.InUse.Max))
		if g.Memory > 0 {
			text += " of " + model.Bytes(g.Memory)
		}
		if g.Own != nil {
			text += " in use, " + model.Bytes(int64(g.Own.Max)) + " of it its own"
		} else {
			text += " in use"
		}
		parts = append(parts, text)
	}
	if g.Power != nil {
		parts = append(parts, fmt.Sprintf("%.0f W", g.Power.Mean))
	}
	if g.Energy != nil {
		parts = append(parts, fmt.Sprintf("%.3g Wh", *g.Energy))
	}
	if g.Temperature != nil {
		parts = append(parts, fmt.Sprintf("at most %.0f °C", g.Temperature.Max))
	}
	if g.Shared > 1 {
		parts = append(parts, fmt.Sprintf("shared by up to %d trials", g.Shared))
	}
	return strings.Join(parts, "; ")
}

const sparkWidth = 32

// spark draws a quantity over the life of the attempt, from zero to its most; nothing where there is nothing to see.
func (r *Resources) spark(name string) string {
	m, known := registry.LookupSystem(name)
	if !known {
		return ""
	}
	if line := sparkline(m.Curve(r.all), sparkWidth); line != "" {
		return "  " + line
	}
	return ""
}

// sparkline draws samples as at most width blocks of equal time. Where nothing was measured is a blank.
func sparkline(samples []registry.Sample, width int) string {
	if len(samples) < 2 {
		return ""
	}
	width = min(width, len(samples))
	end := samples[len(samples)-1].To
	sums, weights := make([]float64, width), make([]float64, width)
	for _, s := range samples {
		for i := range width {
			from, to := end*float64(i)/float64(width), end*float64(i+1)/float64(width)
			if overlap := math.Min(to, s.To) - math.Max(from, s.From); overlap > 0 {
				sums[i] += s.Mean * overlap
				weights[i] += overlap
			}
		}
	}
	most := 0.0
	for i := range width {
		if weights[i] > 0 {
			sums[i] /= weights[i]
			most = math.Max(most, sums[i])
		}
	}
	blocks := []rune("▁▂▃▄▅▆▇█")
	var line strings.Builder
	for i := range width {
		switch {
		case weights[i] == 0:
			line.WriteByte(' ')
		case most == 0:
			line.WriteRune(blocks[0])
		default:
			line.WriteRune(blocks[min(len(blocks)-1, int(sums[i]/most*float64(len(blocks))))])
		}
	}
	return line.String()
}
