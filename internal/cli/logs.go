package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/logfile"
	"harness/internal/view"
	"harness/registry"
	"harness/registry/journal"
	"harness/runner"
	"harness/runner/cluster"
)

func newLogsCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "logs NAME|ID",
		Short: "Print what a sweep in the background or a trial prints",
		Long: `Print what a trial printed in its newest attempt, or what a sweep printed that runs in the background (sweep --detach).

With -f what is added is printed, too: of a trial until it has ended, through all its attempts; of a sweep until it has ended. Ctrl-C ends
the command and nothing else.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return logs(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), db, args[0], follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is added")
	return cmd
}

// logs prints the log of a sweep or of a trial.
func logs(ctx context.Context, w, log io.Writer, db *registry.DB, name string, follow bool) error {
	out := newShown(w)
	if handle, err := sweepNamed(ctx, db, name); err == nil {
		return sweepLogs(ctx, out, db, handle, follow)
	}
	id, err := findTrial(ctx, db, name)
	if err != nil {
		return withHint(usageError("%s: %w: and no sweep has this name", name, err), "harness ls --sweeps lists the sweeps, harness ls the trials")
	}
	return trialLogs(ctx, out, log, db, id, follow)
}

const lookEvery = 200 * time.Millisecond

// sweepLogs prints the log of a sweep's detached runs.
func sweepLogs(ctx context.Context, out *shown, db *registry.DB, handle string, follow bool) error {
	path := sweepLog(db.Home, handle)
	t := &tailing{path: path}
	defer t.close()
	for {
		_, running, err := detachedOf(db.Home, handle) // asked first: what it printed last is read
		if err != nil {
			return err
		}
		err = t.copy(out)
		if errors.Is(err, fs.ErrNotExist) {
			return withHint(fmt.Errorf("sweep %s was not run in the background: it printed to its terminal", handle),
				"harness logs ID prints what a trial printed; harness status lists those that run")
		}
		if err != nil || !follow || !running {
			return errors.Join(err, out.end())
		}
		if !wait(ctx) {
			return out.end()
		}
	}
}

// wait waits a moment, and reports whether to go on.
func wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(lookEvery):
		return true
	}
}

// trialLogs prints the log of a trial's newest attempt, and with follow of those that come after it.
func trialLogs(ctx context.Context, out *shown, log io.Writer, db *registry.DB, id string, follow bool) error {
	number, said := 0, false
	var caughtUp time.Time
	var open []*cluster.Batch // that schedulers have
	t := &tailing{}
	defer func() { t.close() }()
	for {
		if time.Since(caughtUp) >= time.Second { // what tasks of a scheduler write, nobody else may be taking in
			if err := catchUpTasks(ctx, io.Discard, db.Home); err != nil {
				return err
			}
			open, _, _ = cluster.Open(db.Home) // a batch that cannot be read keeps nobody from looking
			caughtUp = time.Now()
		}
		goes, err := goesOn(ctx, db, id, open)
		if err != nil {
			return err
		}
		numbers, err := registry.AttemptNumbers(db.Home, id)
		switch {
		case err != nil:
			return err
		case len(numbers) == 0 && !(follow && goes):
			return fmt.Errorf("trial %s was never started", id[:8])
		case number == 0 && len(numbers) > 0:
			number = numbers[len(numbers)-1]
			t = &tailing{path: filepath.Join(db.AttemptDir(id, number), runner.LogName)}
		}
		if err := t.copy(out); err != nil && !(errors.Is(err, fs.ErrNotExist) && follow) {
			return fmt.Errorf("read log: %w", err)
		}
		if later := slices.IndexFunc(numbers, func(n int) bool { return n > number }); number > 0 && later >= 0 {
			t.close()
			number = numbers[later]
			t = &tailing{path: filepath.Join(db.AttemptDir(id, number), runner.LogName)}
			if err := out.attempt(number); err != nil {
				return err
			}
			continue
		}
		if !follow || !goes {
			return out.end()
		}
		if number == 0 && !said {
			fmt.Fprintf(log, "trial %s has not started yet\n", id[:8])
			said = true
		}
		if !wait(ctx) {
			return out.end()
		}
	}
}

// goesOn reports whether a trial runs, or will: it waits for its turn in a sweep that runs, or to be tried again by it.
func goesOn(ctx context.Context, db *registry.DB, id string, open []*cluster.Batch) (bool, error) {
	if runner.Claimed(db.TrialDir(id)) {
		return true, nil
	}
	trials, err := db.Trials(ctx, registry.Query{IDs: []string{id}})
	if err != nil || len(trials) == 0 {
		return false, err
	}
	t := trials[0]
	if handle, has := cluster.Has(open, t); has {
		return taskGoesOn(ctx, db, t, handle)
	}
	if t.State != registry.Queued && t.State != registry.Running && t.State != registry.Failed { // it has ended
		return false, nil
	}
	running, err := runner.ListRunning(db.Home)
	if err != nil {
		return false, err
	}
	handles, err := db.SweepsOf(ctx, id)
	if err != nil {
		return false, err
	}
	for _, r := range running {
		if !slices.Contains(handles, r.Handle) {
			continue
		}
		if t.State != registry.Failed {
			return true, nil
		}
		if again, err := triedAgain(ctx, db, t, r.Handle); again || err != nil {
			return again, err
		}
	}
	return false, nil
}

// taskGoesOn reports the same of a trial that a scheduler has for the sweep: what it interrupts it starts again.
func taskGoesOn(ctx context.Context, db *registry.DB, t registry.Trial, handle string) (bool, error) {
	switch {
	case t.State == registry.Failed:
		return triedAgain(ctx, db, t, handle)
	case t.State == registry.Interrupted:
		return t.Newest.Class != journal.ClassCanceled, nil
	}
	return !t.State.Ended(), nil
}

// triedAgain reports whether a sweep tries a trial again that has failed.
func triedAgain(ctx context.Context, db *registry.DB, t registry.Trial, handle string) (bool, error) {
	s, err := db.SweepPlan(ctx, handle)
	if err != nil {
		return false, err
	}
	plan, err := view.DecodePlan(db, s, nil)
	if err != nil {
		return false, nil // of another version: nothing is known of its rules
	}
	attempts, err := db.Attempts(ctx, t.ID)
	if err != nil {
		return false, err
	}
	o := runner.Options{Retries: plan.Run.Retries, RetryOn: retryOn(plan)}
	_, again := o.Retry(t.Newest.Class, attempts, t.RedoAfter, 0)
	return again, nil
}

// tailing is a file that grows, and how much of it was read.
type tailing struct {
	path string
	file *os.File
}

// copy copies what is new.
func (t *tailing) copy(out *shown) error {
	if t.path == "" {
		return nil
	}
	if t.file == nil {
		file, err := os.Open(t.path)
		if err != nil {
			return err
		}
		t.file = file
	}
	_, err := io.Copy(out, t.file)
	return err
}

func (t *tailing) close() {
	if t.file != nil {
		t.file.Close()
	}
}

// shown is where a log is shown: as it is, or on a terminal so that nothing in it acts on that.
type shown struct {
	w       io.Writer
	escaped bool
	lines   logfile.Lines // on a terminal
	midLine bool          // what was written does not end with a line end
}

func newShown(w io.Writer) *shown {
	return &shown{w: w, escaped: isTerminal(w)}
}

func (s *shown) Write(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, nil
	}
	if !s.escaped {
		s.midLine = data[len(data)-1] != '\n'
		return s.w.Write(data)
	}
	var err error
	s.lines.Add(data, func(line string) {
		if err == nil {
			_, err = fmt.Fprintln(s.w, line)
		}
	})
	return len(data), err
}

// end writes what is left of a line.
func (s *shown) end() error {
	open := s.lines.Open()
	if open == "" {
		return nil
	}
	s.lines = logfile.Lines{}
	_, err := fmt.Fprintln(s.w, open)
	return err
}

// attempt says that what follows is of another attempt.
func (s *shown) attempt(number int) error {
	err := s.end()
	head := ""
	if s.midLine {
		head, s.midLine = "\n", false
	}
	if err == nil {
		_, err = fmt.Fprintf(s.w, "%s--- attempt %d ---\n", head, number)
	}
	return err
}
