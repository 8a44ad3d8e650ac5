// Command harness plans, runs, records and reports ablations of vision-language models.
//
// Every command is one file, cmd_NAME.go: a constructor that declares flags and the function that does the work.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes the command line and returns the exit code. Errors are one line on stderr, with a hint line if there is one.
func run(ctx context.Context, args []string) int {
	root := newRootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(os.Stderr, "harness:", strings.ReplaceAll(err.Error(), "\n", " "))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintln(os.Stderr, "hint:", hint)
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
				return usageError("unknown command %q", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError("%w", err) })
	root.PersistentFlags().String("home", "", "where runs, data and caches lie (default $HARNESS_HOME, else runs)")
	root.AddCommand(
		newScoreCommand(),
		newSweepCommand(), newListCommand(), newShowCommand(), newDiffCommand(), newTrialCommand(),
		newReportCommand(), newPlotCommand(),
		newDataCommand(),
	)
	return root
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
