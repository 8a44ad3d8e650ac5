package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"harness/model/spec"
	"harness/registry"
	"harness/runner"
	"harness/sweeps"
)

// A detached sweep is the same command in a session of its own, which a hidden flag tells that nobody is there: it is found by its file
// in HOME/running, as every sweep is, prints to a log beside that file, and outlives the terminal.

// detachOptions are the flags of sweep that say where it goes on.
type detachOptions struct {
	detach   bool
	unit     bool
	detached bool     // this is the process that goes on
	words    []string // the other flags, as they stand on a command line
}

func (o *detachOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.detach, "detach", false, "go on in the background, also after you have logged out, or hand the trials in to the scheduler and return; the same command again, harness status and harness logs -f show it")
	f.BoolVar(&o.unit, "unit", false, "with --detach: write a systemd user unit that takes the sweep up again after a restart of the machine, until it is done")
	f.BoolVar(&o.detached, "detached", false, "")
	if err := f.MarkHidden("detached"); err != nil {
		panic(err)
	}
}

// check reads the other flags of the command, and refuses what does not go together.
func (o *detachOptions) check(cmd *cobra.Command, s sweepOptions) error {
	switch {
	case o.unit && !o.detach:
		return usageError("--unit: it goes with --detach")
	case o.detach && s.dryRun:
		return usageError("--detach and --dry-run: want one of them")
	case o.detach && s.redo != "" && !s.yes:
		return withHint(usageError("--detach with --redo: nobody can be asked there"), "add --yes to do it")
	}
	if o.detached { // the terminal that has gone is none of its business, nor of its trials
		signal.Ignore(syscall.SIGHUP)
	}
	o.words = givenFlags(cmd, "detach", "unit", "detached", "home")
	return nil
}

// givenFlags are the flags that a command was called with, but for some.
func givenFlags(cmd *cobra.Command, but ...string) []string {
	var words []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		for _, name := range but {
			if f.Name == name {
				return
			}
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, value := range list.GetSlice() {
				words = append(words, "--"+f.Name+"="+value)
			}
			return
		}
		words = append(words, "--"+f.Name+"="+f.Value.String())
	})
	return words
}

// sweepLog is the log of the detached runs of a sweep.
func sweepLog(home, handle string) string { return runner.BesideRunning(home, handle, ".log") }

// logOf is where this process prints, if it is detached.
func (o sweepOptions) logOf(handle string) string {
	if !o.detached {
		return ""
	}
	return sweepLog(o.home, handle)
}

// handOver lets another process run the planned sweep where there is one or shall be one; false where this process goes on itself.
func (o sweepOptions) handOver(ctx context.Context, w, log io.Writer, db *registry.DB, plan *sweeps.Plan, left []spec.Trial, name string) (bool, error) {
	if o.elsewhere() || o.detached || len(left) == 0 && o.redo == "" {
		return false, nil
	}
	running, found, err := detachedOf(db.Home, plan.Handle)
	switch {
	case err != nil:
		return true, err
	case found && (o.redo != "" || o.unit):
		return true, withHint(fmt.Errorf("sweep %s is running in the background (pid %d)", plan.Handle, running.PID),
			fmt.Sprintf("harness cancel %s stops it, harness logs -f %s follows it", plan.Handle, plan.Handle))
	case found && o.detach:
		fmt.Fprintf(log, "sweep %s runs in the background already (pid %d)\n", plan.Handle, running.PID)
		sayDetached(log, plan.Handle)
		return true, nil
	case found:
		return true, o.attach(ctx, w, log, db, plan, running)
	case o.unit:
		return true, o.installUnit(ctx, log, plan, name)
	case o.detach:
		return true, o.goOn(ctx, log, plan, name)
	}
	return false, nil
}

// detachedOf finds the detached process that runs a sweep on this machine.
func detachedOf(home, handle string) (runner.Running, bool, error) {
	list, err := runner.ListRunning(home)
	host, _ := os.Hostname()
	for _, r := range list {
		if r.Handle == handle && r.Log != "" && r.Host == host {
			return r, true, err
		}
	}
	return runner.Running{}, false, err
}

func sayDetached(log io.Writer, handle string) {
	fmt.Fprintf(log, "  follow it: harness logs -f %s\n  stop it:   harness cancel %s\n", runner.ShellQuote(handle), runner.ShellQuote(handle))
}

// detachedArgs are the words behind the program's name by which a sweep goes on without a terminal.
func (o sweepOptions) detachedArgs(name string) ([]string, error) {
	home, err := filepath.Abs(o.home)
	if err != nil {
		return nil, fmt.Errorf("find home: %w", err)
	}
	return append([]string{"sweep", name, "--home=" + home, "--detached"}, o.words...), nil
}

// startWait is how long is waited for a detached sweep to begin.
const startWait = 30 * time.Second

// goOn starts the detached process and returns when it runs.
func (o sweepOptions) goOn(ctx context.Context, log io.Writer, plan *sweeps.Plan, name string) error {
	args, err := o.detachedArgs(name)
	if err != nil {
		return err
	}
	path := sweepLog(o.home, plan.Handle)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("detach sweep: %w", err)
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("detach sweep: %w", err)
	}
	defer out.Close()
	info, err := out.Stat()
	if err != nil {
		return fmt.Errorf("detach sweep: %w", err)
	}
	cmd := exec.Command(self(), args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("detach sweep: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ticker, late := time.NewTicker(20*time.Millisecond), time.After(startWait)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			return o.endedAtOnce(log, plan.Handle, path, info.Size(), err)
		case <-ctx.Done():
			_ = cmd.Process.Signal(os.Interrupt)
			<-ended
			return context.Cause(ctx)
		case <-late: // it waits for trials that another sweep runs
		case <-ticker.C:
			running, found, err := detachedOf(o.home, plan.Handle)
			if err != nil {
				return err
			}
			if !found || running.PID != cmd.Process.Pid {
				continue
			}
		}
		fmt.Fprintf(log, "sweep %s goes on in the background (pid %d)\n", plan.Handle, cmd.Process.Pid)
		sayDetached(log, plan.Handle)
		return nil
	}
}

// endedAtOnce shows what a detached process has printed that has ended before it was seen to run.
func (o sweepOptions) endedAtOnce(log io.Writer, handle, path string, from int64, err error) error {
	if file, opened := os.Open(path); opened == nil {
		defer file.Close()
		_, _ = io.Copy(log, io.NewSectionReader(file, from, 1<<20))
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return withCode(exit.ExitCode(), fmt.Errorf("sweep %s has ended at once: see above", handle))
	}
	return err
}
