package collect

import (
	"math"
	"slices"
)

// curve is the values of one name in one place, by rising step.
type curve struct {
	steps  []int64
	values []float64

	metric *metric // that it is recorded as, or waits to be; nil = none
	state  state
}

// state is what is done with a curve.
type state int

const (
	dropped  state = iota // not recorded
	recorded              // it gives the numbers of its metric
	compared              // another place gives the numbers; so far this one agrees, or shares no step with it
	agreeing              // as compared, and they share steps
)

// set gives a step a value and reports whether that is new.
func (c *curve) set(step int64, value float64) bool {
	i, known := len(c.steps), false
	if i > 0 && c.steps[i-1] >= step {
		i, known = slices.BinarySearch(c.steps, step)
	}
	if known {
		if same(c.values[i], value) {
			return false
		}
		c.values[i] = value
		return true
	}
	c.steps, c.values = slices.Insert(c.steps, i, step), slices.Insert(c.values, i, value)
	return true
}

// at is the value at a step, if there is one.
func (c *curve) at(step int64) (float64, bool) {
	i, known := slices.BinarySearch(c.steps, step)
	if !known {
		return 0, false
	}
	return c.values[i], true
}

// same reports whether two values are the same number; NaN is the same as NaN.
func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// alike reports whether two values may be one number, of which one place has kept a float32, or the digits that Python prints of one.
func alike(a, b float64) bool {
	if same(a, b) || same(float64(float32(a)), float64(float32(b))) {
		return true
	}
	const float32Step = 1.0 / (1 << 23)
	return math.Abs(a-b) <= float32Step*math.Max(math.Abs(a), math.Abs(b))
}
