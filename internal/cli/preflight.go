package cli

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"harness/model"
	"harness/model/checkpoint/hub"
	"harness/model/spec"
	"harness/registry"
	"harness/runner"
	"harness/sweeps"
)

// roomNeeded is the disk space below which no sweep of the built-in trainer starts: checkpoints and pixel caches.
const roomNeeded = 64 << 20

// preflight refuses a sweep that cannot go well, before anything is planned: plugin, weights, data, GPUs, CPUs and room on
// the disk. left are the trials that have no result: what is done needs nothing.
func (o sweepOptions) preflight(ctx context.Context, plan *sweeps.Plan, left []spec.Trial) error {
	if len(left) == 0 {
		return nil
	}
	if err := runner.CheckResources(o.gpuOptions.of(plan.Resources, o.engine, left), plan.Resources.CPUs); err != nil {
		return usageError("%s: resources: %w", plan.Name, err)
	}
	if err := o.preflightTrials(ctx, left); err != nil {
		return err
	}
	return checkRoom(o.home, !plan.Command)
}

// preflightTrials refuses trials of the built-in trainer whose plugin, weights or data are not there.
func (o sweepOptions) preflightTrials(ctx context.Context, trials []spec.Trial) error {
	checked, weights := map[string]bool{}, openHub(hub.Download, os.Stderr)
	for _, t := range trials {
		if t.Command != "" {
			continue
		}
		engine, err := engineFor(t, o.engine)
		if err != nil {
			return err
		}
		if key := preflightKey(t); !checked[key] {
			err := model.Preflight(ctx, o.home, weights, t, engine)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				return hintMissing(hintMissingPrecision(usageError("%w", err)))
			}
			checked[key] = true
		}
	}
	return nil
}

// preflightKey is what Preflight looks at; trials that agree in it need to be checked once.
func preflightKey(t spec.Trial) string {
	t.Seed, t.Pretrain, t.DiffVQA = 0, spec.Pretrain{}, spec.DiffVQA{}
	t.Eval = spec.Eval{MeteorParaphrases: t.Eval.MeteorParaphrases, MeteorParaphrasesDigest: t.Eval.MeteorParaphrasesDigest,
		BERTScore: t.Eval.BERTScore}
	return string(t.Canonical())
}

// unfinished lists the trials of the plan that are neither done nor stopped early.
func unfinished(plan *sweeps.Plan, states map[string]registry.State) []spec.Trial {
	var left []spec.Trial
	for _, t := range plan.Trials {
		if s := states[t.ID]; s != registry.Done && s != registry.Stopped {
			left = append(left, t.Spec)
		}
	}
	return left
}

// checkRoom refuses a disk that is nearly full.
func checkRoom(home string, builtIn bool) error {
	need := uint64(256 << 10)
	if builtIn {
		need = roomNeeded
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(home, &fs); err != nil {
		return nil // what cannot be known is no reason to refuse
	}
	if free := fs.Bavail * uint64(fs.Bsize); free < need {
		return withHint(fmt.Errorf("%s: %s are free, %s are needed", home, room(free), room(need)), "make room, or choose another folder with --home")
	}
	return nil
}

// room is a size for people.
func room(bytes uint64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
