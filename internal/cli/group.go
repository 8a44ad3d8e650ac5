package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// newGroup returns a command that only holds others; a name that is none of them is misuse.
func newGroup(use, short string, commands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs}
	group.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		var names []string
		for _, c := range cmd.Commands() {
			if !c.Hidden {
				names = append(names, c.Name())
			}
		}
		return unknownCommand(usageError("unknown command %q: want %s", use+" "+args[0], strings.Join(names, ", ")), cmd, args[0])
	}
	group.AddCommand(commands...)
	return group
}
