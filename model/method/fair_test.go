package method_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"harness/experiments"
	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/method"
	"harness/model/spec"
	"harness/sweeps"
)

type silent struct{}

func (silent) Note(string, string) error          { return nil }
func (silent) Progress(string, int, int, float64) {}

// seen is what the steps of a stage see.
type seen struct{ images, sequences int }

// errEnough ends a method once the stage that is looked at was built.
var errEnough = errors.New("enough")

// countSteps builds the first stage that trains the encoder, and counts what its first steps see: as it says, and in its inputs.
func countSteps(t *testing.T, trial spec.Trial, c *corpus.Corpus, steps int) seen {
	t.Helper()
	e := native.New(1)
	var total seen
	run := &method.Run{Trial: trial, Corpus: c, Engine: e}
	run.Train = func(_ context.Context, _ spec.Trial, stage spec.Stage, build func() (method.Training, error)) (method.Weights, error) {
		if !stage.TrainsEncoder() {
			return nil, errEnough
		}
		s, err := build()
		if err != nil {
			return nil, err
		}
		session, err := e.New(s.Params)
		if err != nil {
			return nil, err
		}
		defer session.Close()
		for step := 1; step <= steps; step++ {
			batch, err := s.Batch(session, step)
			if err != nil {
				return nil, err
			}
			var fed seen
			for _, part := range batch.Parts {
				one := inInputs(part.Inputs)
				fed.images, fed.sequences = fed.images+one.images, fed.sequences+one.sequences
			}
			if said := (seen{batch.Images, batch.Sequences}); said != fed {
				t.Errorf("%s, step %d of stage %s: says %v, the inputs have %v", trial.Method, step, stage, said, fed)
			}
			total.images, total.sequences = total.images+fed.images, total.sequences+fed.sequences
		}
		return nil, errEnough
	}
	if _, err := method.Of(trial).Pretrain(context.Background(), run, nil); !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	return total
}

// inInputs counts images and texts in the inputs of a program.
func inInputs(in engine.Inputs) (s seen) {
	for name, tensor := range in {
		switch {
		case name == "patches":
			s.images = tensor.Shape[0]
		case strings.HasSuffix(name, ".ids"):
			if _, predicted := in[strings.TrimSuffix(name, "ids")+"rows"]; predicted { // else it is read only, as a question is
				s.sequences += tensor.Shape[0]
			}
		}
	}
	if _, labelled := in["present"]; labelled { // the labels of an image are its text
		s.sequences = s.images
	}
	return s
}

// Every row of every built-in experiment sees as many samples a step as the others: images by default, sequences where these are
// to be equal, and both where an image has one task, as in the paper.
func TestRowsAreFair(t *testing.T) {
	home := t.TempDir()
	for _, way := range []struct {
		name string
		set  []string
		of   func(seen) any
	}{
		{"images", nil, func(s seen) any { return s.images }},
		{"sequences", []string{"pretrain.equal=sequences"}, func(s seen) any { return s.sequences }},
		{"one task an image", []string{"pretrain.per_image=one"}, func(s seen) any { return s }},
		{"chunks", []string{"pretrain.chunk=3"}, func(s seen) any { return s.images }},
	} {
		t.Run(way.name, func(t *testing.T) {
			rows := 0
			for _, name := range experiments.Names() {
				data, err := experiments.Read(name)
				if err != nil {
					t.Fatal(err)
				}
				sweep, err := sweeps.Parse(name+".yaml", data)
				if err != nil {
					t.Fatal(err)
				}
				if err := sweep.Override(spec.Smoke, append([]string{"pretrain.batch=8"}, way.set...)); err != nil {
					t.Fatal(err)
				}
				plan, err := sweep.Expand(func(*spec.Trial) error { return nil })
				if err != nil {
					t.Fatal(err)
				}
				rows += fairRows(t, plan, home, way.of)
			}
			if rows < 20 {
				t.Errorf("only %d rows were looked at", rows)
			}
		})
	}
}

// fairRows compares the rows of an experiment by what of says of their steps.
func fairRows(t *testing.T, plan *sweeps.Plan, home string, of func(seen) any) (rows int) {
	t.Helper()
	first := map[spec.Equal]map[any]string{} // a row may say itself what it is equal in
	done := map[string]bool{}
	for _, trial := range plan.Trials {
		id := trial.Spec.StageID(spec.StagePretrain)
		if !trial.Spec.Pretrains() || done[id] || trial.Seed != plan.Seeds[0] {
			continue
		}
		done[id] = true
		c, err := corpus.Open(context.Background(), trial.Spec, home, silent{})
		if err != nil {
			t.Fatal(err)
		}
		sees := countSteps(t, trial.Spec, c, 6)
		c.Close()
		if trial.Spec.Method == spec.PLURAL { // a sample is a text with one image or two: a table's footnote says how many there were
			if want := 6 * trial.Spec.Pretrain.BatchSize; sees.sequences != want || sees.images < want || sees.images > 2*want {
				t.Errorf("%s: sees %+v of %d samples", trial.Label, sees, want)
			}
			continue
		}
		equal := trial.Spec.Pretrain.Equal
		if first[equal] == nil {
			first[equal] = map[any]string{}
		}
		first[equal][of(sees)] = trial.Label
		rows++
	}
	for _, group := range first {
		if len(group) > 1 {
			t.Errorf("%s: rows do not see the same: %s", plan.Name, fmt.Sprint(group))
		}
	}
	return rows
}
