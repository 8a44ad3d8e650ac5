package plots

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
)

// axisScale is how an axis is drawn, and what that leaves out.
type axisScale struct {
	log     bool
	floor   float64 // the least value above zero
	noLog   bool    // it was asked to be logarithmic, and nothing is above zero
	leftOut int     // points that are zero or below
	cut     bool    // a spread reaches zero or below
}

// scaleOf chooses the scale of an axis for its values: as the option says, or by rule.
func scaleOf(o Log, axis Log, values []float64, rule func([]float64) bool) axisScale {
	values = slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return !finite(v) })
	s := axisScale{floor: math.Inf(1)}
	for _, v := range values {
		if v > 0 {
			s.floor = math.Min(s.floor, v)
		}
	}
	switch o {
	case LogAuto:
		s.log = rule(values)
	case axis, LogXY:
		s.log = finite(s.floor)
		s.noLog = !s.log && len(values) > 0
	}
	return s
}

// low is where a spread ends that reaches down to v: at the edge of a logarithmic axis where v is not on it.
func (s *axisScale) low(v float64) float64 {
	if s.log && v <= 0 {
		s.cut = true
		return s.floor * .95
	}
	return v
}

// keeps reports whether a value can be drawn, and counts it where only the logarithm forbids it.
func (s *axisScale) keeps(v float64) bool {
	if s.log && v <= 0 && finite(v) {
		s.leftOut++
		return false
	}
	return finite(v)
}

// say says what the scale does to the data.
func (s axisScale) say(f *Figure, what string) {
	switch {
	case s.noLog:
		f.say("%s: straight axis, since nothing is above zero", what)
	case s.leftOut == 1:
		f.say("%s: not drawn on the logarithmic axis: 1 point that is zero or negative", what)
	case s.leftOut > 1:
		f.say("%s: not drawn on the logarithmic axis: %d points that are zero or negative", what, s.leftOut)
	}
	if s.cut {
		f.say("spreads that reach zero or below end at the edge of the logarithmic axis")
	}
}

// between is where a number stands from 0 at low to 1 at high on a straight or a logarithmic axis; in the middle where low is high.
func between(v, low, high float64, log bool) float64 {
	switch {
	case low == high:
		return .5
	case log:
		return math.Log(v/low) / math.Log(high/low)
	}
	return (v - low) / (high - low)
}

// apply makes an axis logarithmic, with room around the data, or widens a straight one.
func (s axisScale) apply(a *plot.Axis) {
	if !s.log {
		widen(a)
		return
	}
	a.Scale, a.Tick.Marker = plot.LogScale{}, logTicks{}
	if !(a.Min > 0) || !finite(a.Max) || a.Max < a.Min { // nothing was drawn
		a.Min, a.Max = 1, 10
	}
	room := math.Max(math.Pow(a.Max/a.Min, .05), 1.1)
	a.Min, a.Max = math.Max(a.Min/room, math.SmallestNonzeroFloat64), math.Min(a.Max*room, largest)
}

// widen leaves room around the data.
func widen(a *plot.Axis) {
	if !(a.Min <= a.Max) { // nothing was drawn
		a.Min, a.Max = 0, 1
	}
	room := (a.Max - a.Min) * .08
	if room == 0 {
		room = math.Max(math.Abs(a.Max)*.1, .05)
	}
	a.Min, a.Max = a.Min-room, a.Max+room
}
