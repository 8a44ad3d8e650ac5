package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// roundTicks labels some four to seven round values.
type roundTicks struct{}

// Ticks lists multiples of 1, 2 or 5 times a power of ten between low and high.
func (roundTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) || !finite(high-low) || math.Max(math.Abs(low), math.Abs(high)) > 1e12*(high-low) { // no round number between
		return []plot.Tick{{Value: low, Label: fmt.Sprintf("%.4g", low)}}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, factor := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if (high-low)/step <= 7 {
			break
		}
		step *= factor
	}
	format, digits := byte('f'), max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	if digits > 3 { // tiny numbers would run into each other
		step *= 2
		format, digits = 'g', 1+int(math.Ceil(math.Log10(math.Max(math.Abs(low), math.Abs(high))/step)))
	}
	if largest := math.Max(math.Abs(low), math.Abs(high)); largest >= 1e7 {
		format, digits = 'g', 1+int(math.Ceil(math.Log10(largest/step)))
	}
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step+0, format, digits, 64)})
	}
	return ticks
}

// logTicks labels powers of ten, and 2 and 5 times those where there are few; further multiples are ticks without a label.
type logTicks struct{}

// mostDecades is how many powers of ten have a label; of more, every second, third … has one.
const mostDecades = 8

// Ticks lists the ticks of a logarithmic axis.
func (logTicks) Ticks(low, high float64) []plot.Tick {
	if !(low > 0) || !finite(high) || !(high > low) {
		return []plot.Tick{{Value: low, Label: tickText(low)}}
	}
	first, last := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	every := 1 + (last-first-1)/mostDecades
	labelled := []float64{1}
	if math.Log10(high/low) < 2 {
		labelled = []float64{1, 2, 5}
	}
	var ticks []plot.Tick
	labels := 0
	for decade := first; decade <= last; decade++ {
		for m := 1.; m < 10; m++ {
			tick := plot.Tick{Value: m * math.Pow(10, float64(decade))}
			if tick.Value < low*(1-1e-9) || tick.Value > high*(1+1e-9) || every > 1 && m > 1 {
				continue
			}
			if slices.Contains(labelled, m) && (decade-first)%every == 0 {
				tick.Label = tickText(tick.Value)
				labels++
			}
			ticks = append(ticks, tick)
		}
	}
	if labels < 2 {
		return roundTicks{}.Ticks(low, high)
	}
	return ticks
}

// tickText is a number at a logarithmic axis: 0.001, 10, 1e6.
func tickText(v float64) string {
	if v >= 1e-3*(1-1e-9) && v < 1e5 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	mantissa, exponent, found := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	if n, err := strconv.Atoi(exponent); found && err == nil {
		if short, err := strconv.ParseFloat(mantissa, 64); err == nil {
			return fmt.Sprintf("%.4ge%d", short, n)
		}
	}
	return fmt.Sprintf("%.4g", v)
}

// valueTicks puts a tick at each value of an axis, with its text.
func valueTicks(values []float64, text func(float64) string) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(values))
	for i, v := range values {
		ticks[i] = plot.Tick{Value: v, Label: text(v)}
	}
	return ticks
}

// fitting leaves out labels that would run into the one before; their ticks stay.
type fitting struct {
	plot.Ticker
	axis   *plot.Axis
	room   vg.Length                    // of the whole axis
	extent func(label string) vg.Length // of a label along the axis
}

// Ticks lists the ticks of the axis.
func (t fitting) Ticks(low, high float64) []plot.Tick {
	ticks := slices.Clone(t.Ticker.Ticks(low, high))
	order := make([]int, 0, len(ticks))
	for i, tick := range ticks {
		if tick.Label != "" {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ticks[a].Value, ticks[b].Value) })
	end := vg.Length(math.Inf(-1))
	for _, i := range order {
		at, half := vg.Length(t.axis.Norm(ticks[i].Value))*t.room, t.extent(ticks[i].Label)/2
		if at-half < end {
			ticks[i].Label = ""
			continue
		}
		end = at + half + vg.Points(2)
	}
	return ticks
}

// fit makes the labels of an axis fit into a length.
func fit(a *plot.Axis, room vg.Length, extent func(string) vg.Length) {
	ticker := a.Tick.Marker
	if before, ok := ticker.(fitting); ok {
		ticker = before.Ticker
	}
	a.Tick.Marker = fitting{ticker, a, room, extent}
}
