// Package provenance says which code ran, where: what the harness itself was built from, on which machine, and what a
// program's folder held.
//
//	Build     commit that this program was built from
//	Collect   the same with the machine, for the journal of an attempt
//	Take      snapshot of a program's folder, kept as HOME/code/DIGEST.json
//	Load      a snapshot that was kept
//	Differences  between two snapshots, in words
//	Edits     the same line by line, as far as the lines are known
//	Settle    tells files that trials write from files that the user edits
//	Follow    all of these through one call of sweep
//
// One call of sweep on a program's folder goes like this:
//
//	program, err := provenance.Follow(ctx, home, dir, command) // before anything runs
//	stale, err := program.Stale(digests)                       // whose results are of other code or data
//	runner.Options{Code: program.Attempt}                      // asked before each attempt
//	written, err := program.End()                              // files to name once
//
// The rules of what counts stand at [Take], [Code.Settle] and [Differences]; docs/DESIGN.md explains them to users.
package provenance

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"harness/registry/journal"
)

// Collect finds out what code runs on what machine; what cannot be found out stays empty. It takes some tens of
// milliseconds, most of them to hash the program: ask once, not for every trial. It looks at this program only, never at
// the working directory. The caller fills in Code and Kernels.
func Collect(ctx context.Context) journal.Provenance {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	p := journal.Provenance{GoVersion: runtime.Version(), Cores: runtime.NumCPU(), CPU: CPU()}
	p.Host, _ = os.Hostname()
	commit, modified := Build()
	p.Commit = commit
	if modified {
		p.DiffHash = "modified" // which changes is not known; BinaryHash tells two such programs apart
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		p.Harness = info.Main.Version
	}
	if digest := hashFile(executable()); digest != "" {
		p.BinaryHash = digest[:32]
	}
	p.GPU, p.Driver = gpus(ctx)
	return p
}

// Build is the commit that this program was built from, and whether files differed from it. The commit is empty where
// the go command did not stamp one: tests, go run, -buildvcs=false.
func Build() (commit string, modified bool) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", false
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			modified = s.Value == "true"
		}
	}
	return commit, modified
}
