package cli

import (
	"context"
	"os"
	"os/exec"
	"sync"

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

// guardian is the process that ends what a killed sweep leaves behind.
func guardian() *exec.Cmd {
	cmd := exec.Command(self(), "guard")
	cmd.Args[0] = os.Args[0]
	return cmd
}
