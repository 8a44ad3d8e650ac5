package model

import (
	"context"
	"fmt"
	"math"
	"time"

	"harness/metrics"
	"harness/model/engine"
	"harness/model/engine/flops"
	"harness/model/method"
	"harness/model/nn"
)

// logEvery is the number of steps between two recorded points of a curve; each is the mean over them.
const logEvery = 10

// train runs the steps of s from the stage's last checkpoint. It returns ctx's error, after a checkpoint, when ctx ends. before is called with the
// first batch before it is trained on. work is the number of operations of the steps that this call has made.
func train(ctx context.Context, session engine.Session, st *stage, s training, rec Recorder, before func(method.Batch) error) (work float64, err error) {
	// Resume: all that a step needs follows from its number.
	at, err := st.resume(session)
	if err != nil {
		return 0, err
	}
	done := at.FLOPs
	if err := st.replay(rec); err != nil {
		return 0, err
	}
	adam := engine.AdamW{Beta1: s.opt.Beta1, Beta2: s.opt.Beta2, Eps: 1e-8, Decay: s.opt.WeightDecay, MaxGradNorm: s.opt.MaxGradNorm}
	warmup := nn.WarmupSteps(s.opt.Warmup, s.Steps)
	saves := saves{last: time.Now()}
	counter := flops.New(s.Params)
	batches := newBatches(s, session, at.Step+1)
	defer batches.close()
	for first := true; at.Step < s.Steps && (s.enough == nil || !s.enough(at)); first = false {
		// Step.
		at.Step++
		batch, err := batches.next(at.Step)
		if err != nil {
			return 0, fmt.Errorf("%s: batch of step %d: %w", st.name, at.Step, err)
		}
		if first {
			if err := before(batch); err != nil {
				return 0, fmt.Errorf("%s: %w", st.name, err)
			}
		}
		lr := nn.LearningRate(at.Step, s.Steps, warmup, s.opt.LR)
		result, err := step(session, batch, lr, adam)
		if notFinite(result.Loss) || notFinite(result.GradNorm) { // the engine has refused to make the step
			return 0, st.diverged(rec, at.Step, result)
		}
		if err != nil {
			return 0, fmt.Errorf("%s: step %d: %w", st.name, at.Step, err)
		}
		at.add(result)
		if err := at.count(counter, batch); err != nil {
			return 0, fmt.Errorf("%s: step %d: %w", st.name, at.Step, err)
		}
		rec.Progress(string(st.name), at.Step, s.Steps, result.Loss)

		// Log: means over the steps since the last point.
		if at.Step%logEvery == 0 || at.Step == s.Steps {
			points := at.points(string(st.name), lr)
			if at.Step == s.Steps {
				points = append(points, at.effort(string(st.name))...)
			}
			for _, p := range points {
				if err := st.record(rec, p.Metric, p.Step, p.Value); err != nil {
					return 0, err
				}
			}
			at.Loss, at.GradNorm, at.Seen = 0, 0, 0
		}

		// Save, now and then and when asked to stop.
		stopped := ctx.Err() != nil
		if at.Step < s.Steps && (stopped || saves.due(time.Now())) {
			if err := saves.write(func() error { return st.save(session, at) }); err != nil {
				return 0, err
			}
			if err := rec.Sync(); err != nil {
				return 0, err
			}
		}
		if stopped {
			return 0, context.Cause(ctx)
		}
	}
	return at.FLOPs - done, nil
}

// step moves the parameters by the gradients of all parts of a batch; its loss is their sum.
func step(session engine.Session, batch method.Batch, lr float64, adam engine.AdamW) (engine.StepResult, error) {
	if len(batch.Parts) == 1 {
		one := batch.Parts[0]
		return session.Step(one.Key, one.Program, one.Inputs, lr, adam)
	}
	var result engine.StepResult
	for _, part := range batch.Parts {
		loss, _, err := session.Accumulate(part.Key, part.Program, part.Inputs)
		result.Loss += loss
		if err != nil {
			return result, err
		}
	}
	var err error
	result.GradNorm, err = session.Apply(lr, adam)
	return result, err
}

// diverged records where the loss or its gradient stopped being a number, and is the error that
// ends the trial.
func (s *stage) diverged(rec Recorder, step int, result engine.StepResult) error {
	points := []point{{string(s.name) + "/loss", step, result.Loss}, {string(s.name) + "/grad_norm", step, result.GradNorm}}
	if err := recordPoints(rec, points); err != nil {
		return err
	}
	return fmt.Errorf("%s: diverged between steps %d and %d: loss %v, gradient norm %v", s.name, step-1, step, result.Loss, result.GradNorm)
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// position is where a loop stands: the steps done, and the sums over those since the last recorded point, so that a
// resumed run records the same.
type position struct {
	Step     int     `json:"step"`
	Loss     float64 `json:"loss"`
	GradNorm float64 `json:"grad_norm"`
	Seen     int     `json:"seen"`

	// In all, since the first step; 0 after a checkpoint of a version that did not count.
	Images    int     `json:"images,omitempty"`
	Sequences int     `json:"sequences,omitempty"`
	FLOPs     float64 `json:"flops,omitempty"`
}

// count adds what a step has seen and computed. What was not counted from the start is not counted at all.
func (p *position) count(counter *flops.Counter, batch method.Batch) error {
	if p.Step > 1 && p.Sequences == 0 {
		return nil
	}
	p.Images, p.Sequences = p.Images+batch.Images, p.Sequences+batch.Sequences
	for _, list := range []struct {
		parts []method.Part
		pass  flops.Pass
	}{{batch.Before, flops.Inference}, {batch.Parts, flops.Training}} {
		for _, part := range list.parts {
			work, err := counter.Count(part.Key, part.Program, part.Inputs, list.pass)
			if err != nil {
				return err
			}
			p.FLOPs += float64(work.Total())
		}
	}
	return nil
}

// effort are the counts of a finished stage.
func (p *position) effort(stage string) []point {
	if p.Sequences == 0 {
		return nil
	}
	return []point{
		{stage + "/" + metrics.StageImages, p.Step, float64(p.Images)},
		{stage + "/" + metrics.StageSequences, p.Step, float64(p.Sequences)},
		{stage + "/" + metrics.StageFLOPs, p.Step, p.FLOPs},
	}
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
