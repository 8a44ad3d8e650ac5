package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/registry/provenance"
	"harness/sweeps"
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
	return provenance.Follow(ctx, db.Home, dir, wordsThen(db.Home, t.Spec, a.Code))
}

// attemptCode is what the runner asks for the code of an attempt; nil for a built-in trial.
func attemptCode(p *provenance.Program) func(dir string) (digest, commit, diff string) {
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
		fmt.Fprintf(log, "taken for results, since they changed while trials ran: %s\n", someTexts(written, 5))
	}
}

// codeWords are the words by which a program's trials may name files that count as its code: those of the command, and the
// texts among the parameters.
func codeWords(plan *sweeps.Plan) []string {
	words := plan.Trials[0].Spec.Command.List()
	seen := map[spec.Args]bool{}
	for _, t := range plan.Trials {
		if !seen[t.Spec.Args] {
			seen[t.Spec.Args] = true
			words = append(words, stringsOf(t.Spec.Args)...)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// wordsThen are the words by which a snapshot of now sees the same files as one that was taken then: the trial's own, and the
// files that were named at that time, by other trials too.
func wordsThen(home string, t spec.Trial, then string) []string {
	words := append(t.Command.List(), stringsOf(t.Args)...)
	code, err := provenance.Load(home, then)
	if err != nil {
		return words
	}
	for _, f := range code.Files {
		if f.Named {
			words = append(words, f.Path)
		}
	}
	return words
}

// stringsOf lists the texts among the values of a program's configuration.
func stringsOf(args spec.Args) []string {
	config, err := args.Map()
	if err != nil {
		return nil
	}
	var texts []string
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case string:
			texts = append(texts, v)
		case []any:
			for _, item := range v {
				collect(item)
			}
		case map[string]any:
			for _, key := range sortedKeys(v) {
				collect(v[key])
			}
		}
	}
	collect(config)
	return texts
}
