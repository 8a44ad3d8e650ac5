package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/model"
	"harness/model/checkpoint/hub"
	"harness/model/engine/xla"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/runner"
)

func newTrialCommand() *cobra.Command {
	return newGroup("trial", "Run a single trial again, read its log, tag, note or remove it",
		newTrialRerunCommand(), newTrialLogCommand(), newTrialRemoveCommand(), newTrialTagCommand(), newTrialNoteCommand(),
		newTrialRunCommand(), newTrialTaskCommand(), newTrialMeasureCommand())
}

// newTrialRunCommand is the process that sweep starts for each attempt of a built-in trial.
func newTrialRunCommand() *cobra.Command {
	var env model.Env
	var fresh, rethread bool
	cmd := &cobra.Command{
		Use:    "run --dir DIR",
		Short:  "Run one attempt of a trial in its folder",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			env.Home, env.Hub = homeOf(cmd), openHub(hub.Download, os.Stderr)
			if fresh {
				scratch, err := makeScratch(env.Home, env.Dir)
				if err != nil {
					return err
				}
				env.Home = scratch
			}
			if rethread {
				env.Rethread = rethreads(cmd.InOrStdin())
			}
			return runAttempt(cmd.Context(), env)
		},
	}
	f := cmd.Flags()
	f.StringVar(&env.Dir, "dir", "", "folder of the attempt, which holds spec.json")
	f.StringVar(&env.Engine, "engine", "", engineUsage)
	f.IntVar(&env.Threads, "threads", 0, "threads; 0 = all cores")
	f.BoolVar(&rethread, "rethread", false, "go on with as many threads as the newest line of standard input says")
	f.StringVar(&env.Build, "build", "", "what build of the harness this is; found out where it is not given")
	f.BoolVar(&fresh, "fresh", false, "share no stage with other trials")
	return cmd
}

// rethreads passes on the numbers of threads that come in as lines.
func rethreads(in io.Reader) <-chan int {
	told := make(chan int)
	go func() {
		for lines := bufio.NewScanner(in); lines.Scan(); {
			if n, err := strconv.Atoi(lines.Text()); err == nil && n > 0 {
				told <- n
			}
		}
	}()
	return told
}

// runAttempt trains and tests the trial of env.Dir and writes its journal.
func runAttempt(ctx context.Context, env model.Env) error {
	data, err := os.ReadFile(filepath.Join(env.Dir, "spec.json"))
	if err != nil {
		return usageError("run trial: %w", err)
	}
	var t spec.Trial
	if err := json.Unmarshal(data, &t); err != nil {
		return usageError("run trial: %s: %w", filepath.Join(env.Dir, "spec.json"), err)
	}
	if env.Engine, err = located(os.Stderr, env.Engine, []spec.Trial{t}); err != nil {
		return err
	}
	if env.Engine, err = engineFor(t, env.Engine); err != nil {
		return err
	}
	if strings.HasPrefix(env.Engine, "xla:") {
		if env.GPU, err = xla.GPUOf(os.Getenv, true); err != nil { // a sweep sets the variable where trials share GPUs
			return usageError("run trial: %w", err)
		}
	}
	if env.Build == "" {
		env.Build = thisBuild(ctx)
	}
	w, err := openJournal(ctx, env, t)
	if err != nil {
		return err
	}
	err = model.Run(ctx, t, env, announcing{w, os.Stdout})
	end := journal.End{Outcome: journal.Done}
	switch {
	case err != nil && ctx.Err() != nil:
		end = journal.End{Outcome: journal.Interrupted, Error: "stopped"}
		err = withCode(exitInterrupted, errors.New("interrupted"))
	case err != nil:
		end = journal.End{Outcome: journal.Failed, Error: err.Error()}
	}
	// Before the end is recorded: whoever finds no end looks for it. Where the run went wrong earlier, the sweep does.
	err = errors.Join(err, os.RemoveAll(filepath.Join(env.Dir, registry.ScratchName)))
	return errors.Join(err, w.End(end), w.Close())
}

// openJournal goes on with the journal that the runner has begun, or begins one.
func openJournal(ctx context.Context, env model.Env, t spec.Trial) (*journal.Writer, error) {
	w, err := journal.Continue(env.Dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return w, err
	}
	number, err := strconv.Atoi(filepath.Base(env.Dir))
	id := filepath.Base(filepath.Dir(env.Dir)) // an older rule may have given it
	if err != nil || id != t.ID() && id != t.LegacyID() {
		return nil, usageError("run trial: %s is no folder of an attempt of trial %s", env.Dir, t.ID())
	}
	if w, err = journal.Create(env.Dir); err != nil {
		return nil, err
	}
	return w, w.Start(journal.Start{Trial: id, Attempt: number, Purpose: journal.PurposeRun, Spec: t.Canonical(),
		Engine: cmp.Or(env.Engine, "native"), Threads: env.Threads, Provenance: build(ctx)})
}

func newTrialLogCommand() *cobra.Command {
	var number int
	cmd := &cobra.Command{
		Use:   "log ID",
		Short: "Print what a trial printed",
		Args:  trialIDs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return printLog(cmd.Context(), cmd.OutOrStdout(), db, args[0], number)
		},
	}
	positiveVar(cmd.Flags(), &number, "attempt", "number of the attempt (default: the newest)")
	return cmd
}

// printLog copies the log of an attempt, the newest for number 0.
func printLog(ctx context.Context, w io.Writer, db *registry.DB, prefix string, number int) error {
	id, err := findTrial(ctx, db, prefix)
	if err != nil {
		return err
	}
	numbers, err := registry.AttemptNumbers(db.Home, id)
	if err != nil {
		return err
	}
	switch {
	case len(numbers) == 0:
		return fmt.Errorf("trial %s was never started", id[:8])
	case number == 0:
		number = numbers[len(numbers)-1]
	case !slices.Contains(numbers, number):
		return usageError("trial %s has no attempt %d: want one of %s", id[:8], number, strings.Trim(fmt.Sprint(numbers), "[]"))
	}
	file, err := os.Open(filepath.Join(db.AttemptDir(id, number), runner.LogName))
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	defer file.Close()
	if isTerminal(w) {
		return copyVisible(w, file)
	}
	_, err = io.Copy(w, file)
	return err
}

// copyVisible copies lines so that what a program printed does not act on the terminal that shows it.
func copyVisible(w io.Writer, from io.Reader) error {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			fmt.Fprintln(w, escape.Line(strings.TrimRight(line, "\r\n")))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read log: %w", err)
		}
	}
}
