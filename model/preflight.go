package model

import (
	"context"
	"fmt"

	"harness/model/checkpoint/hub"
	"harness/model/dataset"
	"harness/model/engine/native"
	"harness/model/engine/xla"
	"harness/model/spec"
)

// Preflight says what is known to keep the trial from running, before it starts: a setting that cannot be, an engine
// that is not the trial's, a plugin, weights or data that are not there, weights of other sizes than the trial's, a
// paraphrase table that is none; weights named as hf:ORG/NAME are found as from allows, and what is read of the table is kept below home/cache for the trial. engine
// names the engine as on the command line; where the trial's own needs no path it may be empty. The error is one line
// with the path and what to do. Run checks the same again. Programs are not checked.
func Preflight(ctx context.Context, home string, from *hub.Hub, t spec.Trial, engine string) error {
	if t.Command != "" {
		return nil
	}
	if err := t.Validate(); err != nil {
		return err
	}
	name, err := t.EngineFor(engine)
	if err != nil {
		return err
	}
	if err := checkAvailable(t.Precision, name); err != nil {
		return err
	}
	if t, _, err = located(ctx, from, t); err != nil {
		return err
	}
	if err := checkWeights(t); err != nil {
		return err
	}
	if err := checkParaphrases(ctx, t, home); err != nil {
		return err
	}
	if err := checkBERTScore(t); err != nil {
		return err
	}
	if t.Data.Source == spec.SourceFiles {
		if err := dataset.Find(t.Data.Root); err != nil {
			return fmt.Errorf("data.root: %w: name the folder that holds the data (docs/datasets.md says which can be read)", err)
		}
	}
	return context.Cause(ctx)
}

// checkEngine refuses to run a trial on another engine than the one it names.
func checkEngine(t spec.Trial, name string) error {
	named, err := spec.ParseEngine(name)
	if err != nil {
		return err
	}
	own := spec.EngineName{Kind: t.Engine}
	if t.Precision == spec.BF16 {
		own.Precision = spec.BF16
	}
	if named.Plugin = ""; named != own {
		return fmt.Errorf("engine %q: the trial's numbers are those of %q: set engine and precision to run it on the other", named, own)
	}
	return nil
}

// checkAvailable says what keeps this machine from running the engine of that name.
func checkAvailable(p spec.Precision, name string) error {
	named, err := spec.ParseEngine(name)
	switch {
	case err != nil:
		return err
	case named.Kind != "":
		return xla.Check(name)
	}
	return CheckNative(p)
}

// CheckNative says what keeps the native engine from computing in a precision on this machine.
func CheckNative(p spec.Precision) error {
	if p != spec.BF16 {
		return nil
	}
	if err := native.CheckBF16(); err != nil {
		return &spec.FieldError{Path: "precision", Reason: err.Error()}
	}
	return nil
}
