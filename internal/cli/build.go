package cli

import (
	"context"
	"os/exec"
	"sync"

	"harness/model/engine/native"
	"harness/model/spec"
	"harness/registry/journal"
	"harness/registry/provenance"
)

// build says what program this is and on what machine it runs; asked once, since it hashes the program.
func build(ctx context.Context) journal.Provenance {
	collected.Do(func() {
		here = provenance.Collect(ctx)
		here.Kernels = native.Kernels()
	})
	return here
}

var (
	collected sync.Once
	here      journal.Provenance
)

// codeOf returns what tells the runner which code a program's attempt runs.
func codeOf(ctx context.Context, home string) func(dir string, command spec.Words) (digest, commit, diff string, err error) {
	return func(dir string, command spec.Words) (digest, commit, diff string, err error) {
		s, err := provenance.Take(ctx, home, dir, command.List())
		return s.Digest, s.Commit, s.Diff, err
	}
}

// guardian is the process that ends what a killed sweep leaves behind.
func guardian() *exec.Cmd { return self("guard") }
