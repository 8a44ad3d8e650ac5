package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"

	"harness/internal/nearest"
	"harness/internal/view"
	"harness/model/checkpoint/hub"
	"harness/registry"
	"harness/registry/journal"
	"harness/registry/provenance"
)

// build says what program this is and on what machine it runs; asked once, since it hashes the program.
func build(ctx context.Context) journal.Provenance {
	collected.Do(func() {
		here = provenance.Collect(ctx)
		here.Kernels = nativeKernels()
	})
	return here
}

var (
	collected sync.Once
	here      journal.Provenance
)

// thisBuild names the build that runs. The file of the program is hashed only where there is no commit to name it by.
func thisBuild(ctx context.Context) string {
	commit, modified := provenance.Build()
	switch {
	case commit != "" && modified:
		return view.BuildName(journal.Provenance{Commit: commit, DiffHash: "modified"})
	case commit != "":
		return view.BuildName(journal.Provenance{Commit: commit})
	}
	return view.BuildName(build(ctx))
}

// newStaleness compares results with the code, data and weights that are there now.
func newStaleness(ctx context.Context, db *registry.DB) *view.Staleness {
	return view.NewStaleness(db, func() journal.Provenance { return build(ctx) }, openHub(hub.CacheOnly, nil))
}

// guardian is the process that ends what a killed sweep leaves behind.
func guardian() *exec.Cmd {
	cmd := exec.Command(self(), "guard")
	cmd.Args[0] = os.Args[0]
	return cmd
}

// followed follows the folder of a program that a trial is run in again; nil for a built-in trial.
func followed(ctx context.Context, db *registry.DB, t registry.Trial, a registry.Attempt) (*provenance.Program, error) {
	if t.Spec.Command == "" {
		return nil, nil
	}
	dir := a.Dir
	if dir == "" {
		dir = "."
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, withHint(fmt.Errorf("trial %s: the folder that it ran in is gone: %w", t.ID, err), "put the program's folder back where it was")
	}
	given, err := t.Spec.Args.Strings()
	if err != nil {
		return nil, fmt.Errorf("trial %s: %w", t.ID, err)
	}
	return provenance.Follow(ctx, db.Home, dir, t.Spec.Command.List(), given...)
}

// attemptCode is what the runner asks for the code of an attempt; nil for a built-in trial.
func attemptCode(p *provenance.Program) func(dir string, given []string) (digest, commit, diff string) {
	if p == nil {
		return nil
	}
	return p.Attempt
}

// endProgram tells, when all attempts have ended, which files are taken for their results.
func endProgram(log io.Writer, p *provenance.Program) {
	if p == nil {
		return
	}
	if written, err := p.End(); err != nil {
		fmt.Fprintf(log, "the code of the program could not be kept whole: %v\n", err)
	} else if len(written) > 0 {
		fmt.Fprintf(log, "taken for results, since they changed while trials ran: %s\n", nearest.Some(written, 5))
	}
}
