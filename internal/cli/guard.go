package cli

import (
	"os"

	"github.com/spf13/cobra"

	"harness/runner"
)

// newGuardCommand is the process that a sweep starts to end its trials, should the sweep itself be killed.
func newGuardCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "guard",
		Short:  "End what a killed sweep leaves behind",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			os.Exit(runner.Guard(os.Stdin))
			return nil
		},
	}
}
