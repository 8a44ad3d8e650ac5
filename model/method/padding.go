package method

import "harness/model/nn"

// Padding is how the texts of a stage are padded. An engine that takes any shape pads little. One that compiles a program for each shape
// has two shapes a stage: one that nearly every step fits in, and the largest that a step may need.
type Padding struct {
	step    int        // on an engine that takes any shape: lengths and rows are multiples of it
	longest int        // but no text is longer
	shapes  []nn.Rooms // on an engine that compiles, from small to large
}

// nativeStep is the multiple to which the native engine wants lengths rounded up.
const nativeStep = 4

// The usual shape of a stage is that of the largest of the first probedSteps steps of seed 0, with length and rows rounded up to a multiple of
// usualStep: trials that differ in the seed share their programs, and a stage that goes on pads as if it had never been stopped.
const (
	probedSteps = 32
	usualStep   = 8
)

// Unseeded is the run of the same trial with seed 0.
func (r *Run) Unseeded() *Run {
	other := *r
	other.Trial.Seed = 0
	return &other
}

// Padding finds how to pad the texts of a stage. need tells what the texts of a step of the run with seed 0 need ([Run.Unseeded]), most what those of any step of any
// seed may; no text has more than longest tokens. Neither is asked on an engine that takes any shape.
func (r *Run) Padding(longest int, most func() nn.Rooms, need func(step int) (nn.Rooms, error)) (Padding, error) {
	p := Padding{step: nativeStep, longest: longest}
	if r.Native() {
		return p, nil
	}
	largest, usual := most(), nn.Rooms{}
	for step := 1; step <= probedSteps; step++ {
		rooms, err := need(step)
		if err != nil {
			return Padding{}, err
		}
		for name, room := range rooms {
			usual[name] = usual[name].Or(room)
		}
	}
	for name, room := range usual {
		limit := largest[name].Or(room) // a bound that is too low is none
		limit.Length = max(room.Length, min(limit.Length, longest))
		largest[name] = limit
		usual[name] = room.Rounded(usualStep, longest).Within(limit)
	}
	p.shapes = []nn.Rooms{usual, largest}
	return p, nil
}

// Rooms is the shape for the texts of a step.
func (p Padding) Rooms(need nn.Rooms) nn.Rooms {
	for _, rooms := range p.shapes {
		if rooms.Hold(need) {
			return rooms
		}
	}
	step := p.step
	if len(p.shapes) > 0 { // larger than any that was thought of: a shape of its own
		step = 32
	}
	rooms := nn.Rooms{}
	for name, room := range need {
		rooms[name] = room.Rounded(step, p.longest)
	}
	return rooms
}
