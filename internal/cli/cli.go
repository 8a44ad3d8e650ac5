// Package cli is the command line of the harness.
//
// Every command is one file: a constructor, newSweepCommand, that declares flags, and a function, sweep, that does the
// work and takes its writers. What two commands need has a file of its own name. What could be wrong without a terminal
// belongs to the package whose noun it is.
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/sweeps"
)

// Run executes the command line and returns the exit code. Errors are one line on stderr, with a hint line if there is one; what they
// quote gives the terminal no commands.
func Run(ctx context.Context, args []string) int {
	root := newRootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	err = suggested(cmd, err)
	for _, line := range linesOf(err) {
		fmt.Fprintln(os.Stderr, "harness:", escape.Line(strings.ReplaceAll(line, "\n", " ")))
	}
	if hint := hintOf(err); hint != "" {
		fmt.Fprintln(os.Stderr, "hint:", escape.Line(hint))
	}
	return exitCodeOf(err)
}
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "harness",
		Short:         "Plan, run, record and report ablations of vision-language models",
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(usageError("unknown command %q", args[0]), cmd, args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(flagError)
	addColorFlag(root)
	root.PersistentFlags().String("home", "", "where runs, data and caches lie (default $HARNESS_HOME, else runs)")
	root.AddCommand(
		newScoreCommand(),
		newSweepCommand(), newListCommand(), newShowCommand(), newDiffCommand(), newTrialCommand(),
		newReportCommand(), newExamplesCommand(), newPlotCommand(), newExportCommand(), newExportModelCommand(), newImportCommand(),
		newStatusCommand(), newTopCommand(), newCancelCommand(), newLogsCommand(), newServeCommand(),
		newBundleCommand(), newUnbundleCommand(), newVerifyCommand(), newGCCommand(), newBackupCommand(),
		newNewCommand(), newExplainCommand(), newCompletionCommand(), newManCommand(), newSchemaCommand(), newDataCommand(), newDoctorCommand(), newDoctorPluginCommand(), newVersionCommand(), newGuardCommand(),
	)
	root.CompletionOptions.DisableDefaultCmd = true
	misuse(root)
	completes(root)
	return root
}

// misuse makes the wrong number of arguments to any command what it is, with the form that is wanted.
func misuse(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := check(cmd, args)
			if own := (*commandError)(nil); err == nil || errors.As(err, &own) {
				return err
			}
			return usageError("%s: %w: want %s", cmd.Name(), err, cmd.UseLine())
		}
	}
	for _, sub := range cmd.Commands() {
		misuse(sub)
	}
}

// homeOf returns the folder where everything lies: --home, else $HARNESS_HOME, else runs.
func homeOf(cmd *cobra.Command) string {
	if home, _ := cmd.Flags().GetString("home"); home != "" {
		return home
	}
	if home := os.Getenv("HARNESS_HOME"); home != "" {
		return home
	}
	return "runs"
}

// linesOf are the lines of an error: one, or one for each mistake of a file.
func linesOf(err error) []string {
	var several sweeps.Errors
	if !errors.As(err, &several) {
		return []string{err.Error()}
	}
	lines := make([]string, len(several))
	for i, one := range several {
		lines[i] = one.Error()
	}
	return lines
}
