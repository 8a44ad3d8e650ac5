package model

import (
	"context"
	"fmt"
	"math"
	"time"

	"harness/model/engine"
	"harness/model/spec"
)

// Between two checkpoints at most this much time is lost.
const checkpointEvery = 20 * time.Second

// logEvery is the number of steps between two recorded points of a curve; each is the mean over them.
const logEvery = 10

// loop trains one model.
type loop struct {
	name    string // of the stage: its metrics are NAME/loss, NAME/grad_norm, NAME/lr
	steps   int
	opt     spec.Optimizer
	program func(step int) (key string, p engine.Program)
	// batch makes the inputs of step 1 … steps. It depends on the step alone, so that a resumed run sees the same.
	batch func(step int) (engine.Inputs, error)
	// check, if set, is called after each checkEvery steps.
	check      func(step int) error
	checkEvery int
}

// train runs the loop from the stage's last checkpoint. It returns ctx's error, after a checkpoint, when ctx ends.
func train(ctx context.Context, session engine.Session, st *stage, l loop, rec Recorder) error {
	// Resume: all that a step needs follows from its number.
	done, err := st.resume(session)
	if err != nil {
		return err
	}
	if err := st.replay(rec); err != nil {
		return err
	}
	adam := engine.AdamW{Beta1: l.opt.Beta1, Beta2: l.opt.Beta2, Eps: 1e-8, Decay: l.opt.WeightDecay, Clip: l.opt.Clip}
	warmup := warmupSteps(l.opt.Warmup, l.steps)
	saved := time.Now()
	var loss, norm float64
	var seen int
	for step := done + 1; step <= l.steps; step++ {
		// Step.
		in, err := l.batch(step)
		if err != nil {
			return fmt.Errorf("%s: batch of step %d: %w", l.name, step, err)
		}
		lr := rate(step, l.steps, warmup, l.opt.LR)
		key, program := l.program(step)
		result, err := session.Step(key, program, in, lr, adam)
		if err != nil {
			return fmt.Errorf("%s: step %d: %w", l.name, step, err)
		}
		loss, norm, seen = loss+result.Loss, norm+result.GradNorm, seen+1
		rec.Progress(l.name, step, l.steps, result.Loss)

		// Log: means over the steps since the last point. They start anew at multiples of logEvery, and a checkpoint is
		// written only there, so that a resumed run records the same.
		if step%logEvery != 0 && step != l.steps {
			continue
		}
		for _, p := range []point{
			{l.name + "/loss", step, loss / float64(seen)},
			{l.name + "/grad_norm", step, norm / float64(seen)},
			{l.name + "/lr", step, lr},
		} {
			if err := st.record(rec, p.Metric, p.Step, p.Value); err != nil {
				return err
			}
		}
		loss, norm, seen = 0, 0, 0
		if l.check != nil && step%l.checkEvery == 0 && step != l.steps {
			if err := l.check(step); err != nil {
				return err
			}
		}

		// Save.
		stopped := ctx.Err() != nil
		if step < l.steps && (stopped || time.Since(saved) > checkpointEvery) {
			if err := st.save(session, step); err != nil {
				return err
			}
			if err := rec.Sync(); err != nil {
				return err
			}
			saved = time.Now()
		}
		if stopped {
			return context.Cause(ctx)
		}
	}
	return nil
}

// totalSteps is the length of a stage given in steps, or in passes over its samples.
func totalSteps(steps int, epochs float64, samples, batch int) int {
	if steps > 0 {
		return steps
	}
	return max(1, int(math.Round(epochs*float64(samples)/float64(batch))))
}
