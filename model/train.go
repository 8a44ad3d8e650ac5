package model

import (
	"context"
	"fmt"
	"math"
	"time"

	"harness/model/engine"
	"harness/model/spec"
)

// At most this much training time is lost between two checkpoints.
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
}

// train runs the loop from the stage's last checkpoint. It returns ctx's error, after a checkpoint, when ctx ends.
func train(ctx context.Context, session engine.Session, st *stage, l loop, rec Recorder) error {
	// Resume: all that a step needs follows from its number.
	at, err := st.resume(session)
	if err != nil {
		return err
	}
	if err := st.replay(rec); err != nil {
		return err
	}
	adam := engine.AdamW{Beta1: l.opt.Beta1, Beta2: l.opt.Beta2, Eps: 1e-8, Decay: l.opt.WeightDecay, MaxGradNorm: l.opt.MaxGradNorm}
	warmup := warmupSteps(l.opt.Warmup, l.steps)
	saved := time.Now()
	for at.Step < l.steps {
		// Step.
		at.Step++
		in, err := l.batch(at.Step)
		if err != nil {
			return fmt.Errorf("%s: batch of step %d: %w", l.name, at.Step, err)
		}
		lr := learningRate(at.Step, l.steps, warmup, l.opt.LR)
		key, program := l.program(at.Step)
		result, err := session.Step(key, program, in, lr, adam)
		if notFinite(result.Loss) || notFinite(result.GradNorm) { // the engine has refused to make the step
			return l.diverged(rec, at.Step, result)
		}
		if err != nil {
			return fmt.Errorf("%s: step %d: %w", l.name, at.Step, err)
		}
		at.add(result)
		rec.Progress(l.name, at.Step, l.steps, result.Loss)

		// Log: means over the steps since the last point.
		if at.Step%logEvery == 0 || at.Step == l.steps {
			for _, p := range at.points(l.name, lr) {
				if err := st.record(rec, p.Metric, p.Step, p.Value); err != nil {
					return err
				}
			}
			at.Loss, at.GradNorm, at.Seen = 0, 0, 0
		}

		// Save, now and then and when asked to stop.
		stopped := ctx.Err() != nil
		if at.Step < l.steps && (stopped || time.Since(saved) > checkpointEvery) {
			if err := st.save(session, at); err != nil {
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

// diverged records where the loss or its gradient stopped being a number, and is the error that
// ends the trial.
func (l loop) diverged(rec Recorder, step int, result engine.StepResult) error {
	for _, p := range []point{{l.name + "/loss", step, result.Loss}, {l.name + "/grad_norm", step, result.GradNorm}} {
		if err := rec.Point(p.Metric, p.Step, p.Value); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: diverged between steps %d and %d: loss %v, gradient norm %v", l.name, step-1, step, result.Loss, result.GradNorm)
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// position is where a loop stands: the steps done, and the sums over those since the last recorded point, so that a
// resumed run records the same.
type position struct {
	Step     int     `json:"step"`
	Loss     float64 `json:"loss"`
	GradNorm float64 `json:"grad_norm"`
	Seen     int     `json:"seen"`
}

func (p *position) add(r engine.StepResult) {
	p.Loss, p.GradNorm, p.Seen = p.Loss+r.Loss, p.GradNorm+r.GradNorm, p.Seen+1
}

func (p *position) points(stage string, lr float64) []point {
	n := float64(p.Seen)
	return []point{
		{stage + "/loss", p.Step, p.Loss / n},
		{stage + "/grad_norm", p.Step, p.GradNorm / n},
		{stage + "/lr", p.Step, lr},
	}
}

// totalSteps is the length of a stage given in steps, or in passes over its samples.
func totalSteps(steps int, epochs float64, samples, batch int) int {
	if steps > 0 {
		return steps
	}
	return max(1, int(math.Round(epochs*float64(samples)/float64(batch))))
}
