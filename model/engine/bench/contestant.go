package main

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/engine/xla"
)

// contestant is a workload on one engine.
type contestant struct {
	name string
	// step computes the workload once and says how long that took.
	step func() (time.Duration, error)
	// result is what the last step found; gradients are nil where the parameters were moved at once.
	result func() (loss float64, gradients map[string][]float32)
	close  func()
}

// errCannotExpress says that an engine lacks the operations of a workload.
var errCannotExpress = errors.New("it lacks the operations")

func openNative(threads int) func(workload) (contestant, error) {
	name := "native, 1 thread"
	if threads > 1 {
		name = fmt.Sprintf("native, %d threads", threads)
	}
	return func(work workload) (contestant, error) { return onEngine(name, native.New(threads), work) }
}

func openGoMLX(work workload) (contestant, error) {
	e, err := xla.Open("go")
	if err != nil {
		return contestant{}, err
	}
	return onEngine(versioned("GoMLX", "github.com/gomlx/gomlx")+", Go backend", e, work)
}

// versioned is a name with the version of the module that this program was built with.
func versioned(name, module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return name + " " + strings.TrimPrefix(m.Version, "v")
		}
	}
	return name
}

// onEngine runs a workload on one of the engines of the harness.
func onEngine(name string, e engine.Engine, work workload) (contestant, error) {
	session, err := e.New(work.params)
	if err != nil {
		return contestant{}, err
	}
	var loss float64
	var gradients map[string]engine.Tensor
	step := func() (err error) {
		loss, gradients, err = session.Gradients(work.name, work.program, work.inputs)
		return err
	}
	if work.adamW != nil {
		step = func() error {
			result, err := session.Step(work.name, work.program, work.inputs, 1e-3, *work.adamW)
			loss = result.Loss
			return err
		}
	}
	return contestant{
		name: name,
		step: clocked(step),
		result: func() (float64, map[string][]float32) {
			if gradients == nil {
				return loss, nil
			}
			flat := map[string][]float32{}
			for name, g := range gradients {
				flat[name] = g.F32
			}
			return loss, flat
		},
		close: session.Close,
	}, nil
}

// clocked times a step. Garbage is collected before, off the clock: none pays for what another has left.
func clocked(step func() error) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		runtime.GC()
		start := time.Now()
		err := step()
		return time.Since(start), err
	}
}

// agree steps every contestant twice and compares what they found with the first's: one that computes something else, or
// something else the second time, is not timed.
func agree(all []contestant) error {
	for _, c := range all {
		for range 2 {
			if _, err := c.step(); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	wantLoss, want := all[0].result()
	scale := 0.0 // of all gradients together: some are nothing but rounding
	for _, g := range want {
		scale = math.Hypot(scale, distance(g, make([]float32, len(g))))
	}
	for _, c := range all[1:] {
		loss, got := c.result()
		if !(math.Abs(loss-wantLoss) <= 1e-4*math.Abs(wantLoss)) {
			return fmt.Errorf("%s has the loss %g, %s %g", c.name, loss, all[0].name, wantLoss)
		}
		for name, g := range want {
			if d := distance(g, got[name]) / scale; !(d <= 1e-4) {
				return fmt.Errorf("%s and %s differ in the gradient of %s: %.2g of the norm", c.name, all[0].name, name, d)
			}
		}
	}
	return nil
}

// distance is ‖got - want‖; NaN where the lengths differ.
func distance(want, got []float32) float64 {
	if len(want) != len(got) {
		return math.NaN()
	}
	var sum float64
	for i, x := range want {
		d := float64(got[i]) - float64(x)
		sum += d * d
	}
	return math.Sqrt(sum)
}

// measure times all contestants in turn, so that other load on the machine affects all of them, after warm-up steps.
func measure(all []contestant, rounds int) ([][]time.Duration, error) {
	const warm = 3
	times := make([][]time.Duration, len(all))
	for round := range warm + rounds {
		for i, c := range all {
			took, err := c.step()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			if round >= warm {
				times[i] = append(times[i], took)
			}
		}
	}
	return times, nil
}
