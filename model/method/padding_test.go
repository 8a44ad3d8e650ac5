package method

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"harness/model/engine"
	"harness/model/engine/flops"
	"harness/model/engine/native"
	"harness/model/nn"
	"harness/model/spec"
)

// compiling is an engine that wants few shapes.
type compiling struct{ engine.Engine }

func (compiling) Name() string { return "compiling" }

// stagesOf are the stages of pretraining of a run, none of which is trained.
func stagesOf(t *testing.T, r Run, e engine.Engine) map[spec.Stage]Training {
	t.Helper()
	stages := map[spec.Stage]Training{}
	r.Engine = e
	r.Train = func(_ context.Context, _ spec.Trial, stage spec.Stage, build func() (Training, error)) (Weights, error) {
		s, err := build()
		if err != nil {
			return nil, err
		}
		if s.Params, err = Started(s.Params, s.Start, s.Frozen); err != nil {
			return nil, err
		}
		stages[stage] = s
		return ValuesOf(s.Params), nil
	}
	r.PublishedLM = func(nn.LanguageModel) (Weights, error) { return nil, nil }
	if _, err := Of(r.Trial).Pretrain(context.Background(), &r, nil); err != nil {
		t.Fatal(err)
	}
	return stages
}

// In 400 steps, every stage of pretraining has few shapes on an engine that compiles, and pads little.
func TestFewShapes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, m := range []spec.Method{spec.LocationAware, spec.RegionalContrastive, spec.BLIP2, spec.PLURAL} {
		r := smallRun(t, m)
		r.Trial.Pretrain.Steps = 400
		for _, batch := range []int{4, 32} {
			r.Trial.Pretrain.BatchSize = batch
			one := native.New(1)
			tight := stagesOf(t, *r, one)
			for stage, s := range stagesOf(t, *r, compiling{one}) {
				checkShapes(t, fmt.Sprintf("%s, batch %d, %s", m, batch, stage), s, tight[stage])
			}
		}
	}
}

// checkShapes draws all batches of a stage, and compares their work with what needs no compiler.
func checkShapes(t *testing.T, what string, s, tight Training) {
	t.Helper()
	session := openSmall(t, native.New(2), s.Params)
	counter := flops.New(s.Params)
	work := func(s Training, step int) (total float64, shapes []string) {
		b, err := s.Batch(session, step)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range b.Parts {
			count, err := counter.Count(part.Key, part.Program, part.Inputs, flops.Training)
			if err != nil {
				t.Fatal(err)
			}
			total += float64(count.Total())
			shape := part.Key
			for _, name := range slices.Sorted(maps.Keys(part.Inputs)) {
				shape += fmt.Sprint(" ", name, part.Inputs[name].Shape)
			}
			shapes = append(shapes, shape)
		}
		return total, shapes
	}
	seen := map[string]bool{}
	var padded, needed float64
	for step := 1; step <= s.Steps; step++ {
		done, shapes := work(s, step)
		for _, shape := range shapes {
			seen[shape] = true
		}
		if step%8 == 0 {
			least, _ := work(tight, step)
			padded, needed = padded+done, needed+least
		}
	}
	waste := padded/needed - 1
	t.Logf("%s: %d programs, %.1f%% of the work is padding", what, len(seen), 100*waste)
	if len(seen) > 4 {
		t.Errorf("%s: %d programs", what, len(seen))
	}
	if waste < 0 || waste > 0.6 {
		t.Errorf("%s: padding makes %.0f%% more work", what, 100*waste)
	}
}
